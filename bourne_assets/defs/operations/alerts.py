"""One sensor that tells people what is wrong: failed runs, failed checks, data that is overdue.

An alert is sent when a problem appears or changes, not each time it is seen; a problem that passes
is forgotten, and reported again when it comes back. Not here: the text and its delivery
(`alert_messages`).
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import dagster as dg

from bourne_assets.defs.operations.alert_messages import Problem, message, post
from bourne_assets.defs.shared.naming import SAGA_TAG
from bourne_assets.markup import in_slack
from bourne_assets.runs.events import outcome_of
from bourne_assets.runs.outcomes import Checked, StepFailed, Stored
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext, in_english, ngettext

#: Runs a tick: each needs its events read.
_RUNS_A_TICK = 20
#: Dagster ends a tick after sixty seconds, and would forget what was sent.
_SECONDS_A_TICK = 30
_FAILED = in_english("failed")
_SUCCESS: Literal[dg.DagsterEventType.RUN_SUCCESS] = dg.DagsterEventType.RUN_SUCCESS
_FAILURE: Literal[dg.DagsterEventType.RUN_FAILURE] = dg.DagsterEventType.RUN_FAILURE
_KINDS = (_SUCCESS, _FAILURE)


@dataclass
class Memory:
    """What the sensor knows from its last tick.

    Attributes:
        seen: Storage ids of the last run events that were read, by kind.
        open: Fingerprints of the problems that people know, by subject.
    """

    seen: dict[str, int] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """From a cursor."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def write(self) -> str:
        """As a cursor."""
        return json.dumps({"seen": self.seen, "open": self.open})

    def take_new(self, problems: Iterable[Problem], settled: Iterable[str] = ()) -> list[Problem]:
        """The problems that people do not know yet; from now on they count as known.

        Args:
            problems: What is wrong now.
            settled: Subjects that are well again.
        """
        for subject in settled:
            self.open.pop(subject, None)
        new = []
        for problem in problems:
            if self.open.get(problem.subject) != problem.fingerprint:
                self.open[problem.subject] = problem.fingerprint
                new.append(problem)
        return new


@dataclass(frozen=True)
class Alert:
    """One message to be."""

    about: str
    problems: Sequence[Problem]
    run_id: str | None = None


def alerts_sensor(settings: Settings, titles: Mapping[str, str]) -> dg.SensorDefinition:
    """The sensor.

    Args:
        settings: Where alerts go, and where Dagster's UI is.
        titles: Titles of the sagas by slug.
    """
    to = "BOURNE_ALERT_WEBHOOK_URL" if settings.alert_webhook_url else gettext("its own log")

    @dg.sensor(
        name="saga_alerts",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=gettext(
            "Tells {to} of failed runs, failed checks and data that is overdue, once for each "
            "problem.",
            to=to,
        ),
    )
    def saga_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        memory = Memory.read(context.cursor)
        if begin(context.instance, memory):
            context.update_cursor(memory.write())
            return dg.SkipReason(gettext("Watching runs from now on."))
        count, kept, end = 0, memory.write(), time.monotonic() + _SECONDS_A_TICK
        try:
            for alert in alerts_of(context.instance, memory, titles, _asset_keys(context)):
                _send(alert, settings, context)
                count, kept = count + 1, memory.write()
                if time.monotonic() > end:
                    break
            else:
                kept = memory.write()
        except Exception:
            # What was sent stays sent; the rest is for the next tick.
            if not count:
                raise
            context.log.exception("An alert could not be sent; it is tried again.")
            context.update_cursor(kept)
            return dg.SkipReason(gettext("{sent}; the next one failed.", sent=_sent(count, to)))
        context.update_cursor(kept)
        return dg.SkipReason(f"{_sent(count, to)}." if count else gettext("Nothing new is wrong."))

    return saga_alerts


def begin(instance: dg.DagsterInstance, memory: Memory) -> bool:
    """Note the newest runs at the very first tick: what ended before is not reported.

    Returns:
        Whether this was the first tick.
    """
    if memory.seen:
        return False
    for kind in _KINDS:
        newest = instance.fetch_run_status_changes(kind, limit=1).records
        memory.seen[kind.value] = newest[0].storage_id if newest else 0
    return True


def alerts_of(
    instance: dg.DagsterInstance,
    memory: Memory,
    titles: Mapping[str, str],
    keys: Sequence[dg.AssetKey],
) -> Iterator[Alert]:
    """All alerts, one by one; each time the memory covers the alerts so far.

    Args:
        instance: The instance.
        memory: Of the last tick; brought up to date.
        titles: Titles of the sagas by slug.
        keys: The assets whose freshness is checked.
    """
    yield from alerts_of_runs(instance, memory, titles)
    yield from alerts_of_freshness(instance, memory, keys)


def _sent(count: int, to: str) -> str:
    return ngettext("Sent {n} alert to {to}", "Sent {n} alerts to {to}", count, to=to)


def _send(alert: Alert, settings: Settings, context: dg.SensorEvaluationContext) -> None:
    link = f"{settings.ui_url}/runs/{alert.run_id}" if alert.run_id else None
    text = message(alert.about, alert.problems, link)
    for secret in settings.secrets:
        # An error that quotes it has been escaped by now.
        text = text.replace(in_slack(secret), "***").replace(secret, "***")
    if settings.alert_webhook_url:
        post(settings.alert_webhook_url, text)
    else:
        context.log.warning(text)


def alerts_of_runs(
    instance: dg.DagsterInstance, memory: Memory, titles: Mapping[str, str]
) -> Iterator[Alert]:
    """An alert for each run that has ended since the last look and has news."""
    for kind, storage_id, run_id in _ended(instance, memory):
        memory.seen[kind.value] = storage_id
        failed = kind == _FAILURE
        run = instance.get_run_by_id(run_id)
        if run is None:  # deleted meanwhile
            continue
        problems, settled = problems_of_run(instance, run, failed=failed)
        if news := memory.take_new(problems, settled):
            slug = run.tags.get(SAGA_TAG, "")
            yield Alert(titles.get(slug) or slug or run.job_name, news, run_id)


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


def alerts_of_freshness(
    instance: dg.DagsterInstance, memory: Memory, keys: Sequence[dg.AssetKey]
) -> list[Alert]:
    """An alert for all assets that became overdue."""
    overdue, settled = [], []
    for key, record in instance.get_freshness_state_records(keys).items():
        problem = Problem(
            key.to_user_string(),
            in_english("is overdue"),
            in_english("its freshness policy is broken"),
        )
        state = record.freshness_state.value
        if state == "FAIL":
            overdue.append(problem)
        elif state == "PASS":
            settled.append(problem.subject)
    news = memory.take_new(overdue, settled)
    return [Alert(gettext("Freshness"), news)] if news else []


def _asset_keys(context: dg.SensorEvaluationContext) -> list[dg.AssetKey]:
    repository = context.repository_def
    return sorted(repository.asset_graph.get_all_asset_keys()) if repository else []


def _ended(
    instance: dg.DagsterInstance, memory: Memory
) -> list[tuple[dg.DagsterEventType, int, str]]:
    """Runs that have ended since the last tick, in order.

    Returns:
        How each ended, the storage id of that event, and the run's id.
    """
    found, last = [], []
    for kind in _KINDS:
        records = instance.fetch_run_status_changes(
            dg.RunStatusChangeRecordsFilter(
                event_type=kind, after_storage_id=memory.seen.get(kind.value, 0)
            ),
            limit=_RUNS_A_TICK,
            ascending=True,
        ).records
        found += [(kind, record.storage_id, record.run_id) for record in records]
        if len(records) == _RUNS_A_TICK:
            last.append(records[-1].storage_id)
    # A kind with more than that waits, and what came after its last one waits for it.
    until = min(last, default=None)
    ended = [each for each in found if until is None or each[1] <= until]
    return sorted(ended, key=lambda each: each[1])
