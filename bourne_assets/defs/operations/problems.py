"""What went wrong in a run, a phrase each, and what people call the run.

Not here: whom that is told (`alerts`), and the message around it (`alert_messages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import dagster as dg

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.defs.operations.alert_messages import Problem
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.runs.events import outcome_of
from bourne_assets.runs.outcomes import Checked, StepFailed, Stored
from bourne_assets.saga.definition import DEFAULT_SLUG
from bourne_assets.translations import gettext, in_english

_FAILED = in_english("failed")
#: What a person calls the jobs of no saga.
_JOBS = {
    "full_refresh": in_english("Refresh of all sagas"),
    "land_csv_files": in_english("Landing of CSV files"),
    "maintain_tables": in_english("Upkeep of the tables"),
}


def purpose_of(instance: dg.DagsterInstance, run: dg.DagsterRun, titles: Mapping[str, str]) -> str:
    """What the run is for, in words: its saga or its job."""
    slug = run.tags.get(SAGA_TAG, "")
    if slug:
        return titles.get(slug) or slug
    if run.job_name in _JOBS:
        return gettext(_JOBS[run.job_name])
    planned = _planned(instance, run.run_id).assets
    if planned == {RAW_CSVS.to_user_string()}:
        return gettext("Landing of CSV files")
    sagas = {_slug_of(name, titles) for name in planned}
    if len(sagas) == 1 and (title := titles.get(sagas.pop())):
        return title
    return gettext("Materialisation of assets") if planned else run.job_name


def _slug_of(asset: str, titles: Mapping[str, str]) -> str:
    prefix = asset.rpartition("/")[0]
    return prefix if prefix in titles else DEFAULT_SLUG


def problems_of_run(
    instance: dg.DagsterInstance, run: dg.DagsterRun, *, failed: bool
) -> tuple[list[Problem], set[str]]:
    """What went wrong in a run, and the subjects that went well."""
    problems: list[Problem] = []
    settled = set()
    planned = _planned(instance, run.run_id)
    for entry in instance.all_logs(run.run_id):
        outcome = outcome_of(entry.dagster_event) if entry.dagster_event else None
        match outcome:
            case Stored():
                settled.add(Problem(outcome.asset, _FAILED).subject)
            case Checked():
                planned.answered.add((outcome.asset, outcome.check))
                if outcome.passed:
                    settled.add(_of_check(outcome).subject)
                else:
                    problems.append(_of_check(outcome))
            case StepFailed():
                sentence = outcome.message.partition("\n")[0]
                problems += [
                    Problem(asset, what, sentence) for asset, what in planned.of_step(outcome.step)
                ]
    whole = Problem(run.job_name, in_english("run failed"))
    if not failed:
        settled.add(whole.subject)
    elif not any(problem.is_error for problem in problems):
        why = in_english("no step says why: see its events")
        problems.append(replace(whole, detail=why, concerns=frozenset(planned.assets)))
    return problems, settled


@dataclass
class _Planned:
    """What the steps of a run were to do.

    Attributes:
        materialised: The assets of each step.
        checked: The assets and checks of each step.
        answered: The assets and checks that were evaluated.
    """

    materialised: dict[str, list[str]] = field(default_factory=dict)
    checked: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    answered: set[tuple[str, str]] = field(default_factory=set)

    @property
    def assets(self) -> set[str]:
        """All assets that were to be materialised or, where none was, checked."""
        checked = {asset for checks in self.checked.values() for asset, _ in checks}
        return {asset for assets in self.materialised.values() for asset in assets} or checked

    def of_step(self, step: str) -> list[tuple[str, str]]:
        """The assets that a failed step leaves, and what is wrong with each.

        A step that only checks leaves its checks unanswered: each is well again once it passes.
        """
        if step in self.materialised:
            return [(asset, _FAILED) for asset in self.materialised[step]]
        checks = [each for each in self.checked.get(step, []) if each not in self.answered]
        return [(asset, _failed(check)) for asset, check in checks] if checks else [(step, _FAILED)]


def _planned(instance: dg.DagsterInstance, run_id: str) -> _Planned:
    found = _Planned()
    kinds = {
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    }
    for entry in instance.all_logs(run_id, of_type=kinds):
        event = entry.dagster_event
        if event is None:
            continue
        step = str(event.step_key)
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            key = event.asset_check_planned_data
            pair = (key.asset_key.to_user_string(), key.check_name)
            found.checked.setdefault(step, []).append(pair)
        elif event.asset_key is not None:
            found.materialised.setdefault(step, []).append(event.asset_key.to_user_string())
    return found


def _failed(check: str) -> str:
    return in_english("check {check} failed", check=check)


def _of_check(found: Checked) -> Problem:
    return Problem(
        found.asset, _failed(found.check), "", found.offending, found.count, is_error=found.is_error
    )
