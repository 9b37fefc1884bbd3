"""What went wrong in a run, and what people call the run.

Not here: whom that is told (`alerts`), and in which words (`alert_messages`).
"""

from collections.abc import Mapping

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
    """What people call the purpose of the run: its saga, or its job in words."""
    slug = run.tags.get(SAGA_TAG, "")
    if slug:
        return titles.get(slug) or slug
    if run.job_name in _JOBS:
        return gettext(_JOBS[run.job_name])
    planned = {name for names in _assets_of_steps(instance, run.run_id).values() for name in names}
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
    planned = _assets_of_steps(instance, run.run_id)
    for entry in instance.all_logs(run.run_id):
        outcome = outcome_of(entry.dagster_event) if entry.dagster_event else None
        match outcome:
            case Stored():
                settled.add(Problem(outcome.asset, _FAILED).subject)
            case Checked(passed=True):
                settled.add(_of_check(outcome).subject)
            case Checked():
                problems.append(_of_check(outcome))
            case StepFailed():
                sentence = outcome.message.partition("\n")[0]
                assets = planned.get(outcome.step, [outcome.step])
                problems += [Problem(asset, _FAILED, sentence) for asset in assets]
    whole = Problem(run.job_name, in_english("run failed"))
    if not failed:
        settled.add(whole.subject)
    elif not any(problem.is_error for problem in problems):
        problems.append(
            Problem(run.job_name, whole.what, in_english("no step says why: see its events"))
        )
    return problems, settled


def _assets_of_steps(instance: dg.DagsterInstance, run_id: str) -> dict[str, list[str]]:
    """The assets that each step of a run was to materialise."""
    found: dict[str, list[str]] = {}
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    for entry in instance.all_logs(run_id, of_type=planned):
        event = entry.dagster_event
        if event is not None and event.asset_key is not None:
            found.setdefault(str(event.step_key), []).append(event.asset_key.to_user_string())
    return found


def _of_check(found: Checked) -> Problem:
    what = in_english("check {check} failed", check=found.check)
    return Problem(found.asset, what, "", found.offending, found.count, is_error=found.is_error)
