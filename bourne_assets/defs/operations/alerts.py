"""One sensor that alerts people to what is wrong: failed runs, failed checks, data that is overdue.

An alert is sent when a problem appears or changes, not each time it is seen; a problem that passes
is forgotten, and reported again when it comes back. Not here: what went wrong in a run
(`problems`), the message around it (`alert_messages`), and where it goes (`delivery`).
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import dagster as dg
from pydantic import TypeAdapter

from bourne_assets.defs.operations.alert_messages import Alert, Problem, post
from bourne_assets.defs.operations.delivery import Delivery, Message, Waiting, forget_removed_routes
from bourne_assets.defs.operations.problems import problems_of_run, purpose_of
from bourne_assets.defs.operations.routes import EVERYTHING, AlertRoutes
from bourne_assets.defs.shared.selections import SelectionUnusable, selected
from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext, in_english, ngettext

#: Runs a tick: each needs its events read.
_RUNS_A_TICK = 20
#: Dagster ends a tick after sixty seconds, and would forget what was sent.
_SECONDS_A_TICK = 30
_SUCCESS: Literal[dg.DagsterEventType.RUN_SUCCESS] = dg.DagsterEventType.RUN_SUCCESS
_FAILURE: Literal[dg.DagsterEventType.RUN_FAILURE] = dg.DagsterEventType.RUN_FAILURE
_KINDS = (_SUCCESS, _FAILURE)


@dataclass
class Memory:
    """What the sensor knows from its last tick.

    Attributes:
        seen: Storage ids of the last run events that were read, by kind.
        open: Fingerprints of the problems that people know, by subject.
        waiting: Messages that wait, by route.
    """

    seen: dict[str, int] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """From a cursor."""
        return TypeAdapter(cls).validate_json(cursor) if cursor else cls()

    def write(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self))

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


def alerts_sensor(
    settings: Settings, titles: Mapping[str, str], routes: AlertRoutes | None = None
) -> dg.SensorDefinition:
    """The sensor.

    Args:
        settings: Where alerts go, and where Dagster's UI is.
        titles: Titles of the sagas by slug.
        routes: Who is alerted to what, in place of the one webhook.
    """
    to = "BOURNE_ALERT_WEBHOOK_URL" if settings.alert_webhook_url else gettext("its own log")
    if routes is not None:
        to = gettext("the routes of BOURNE_ALERTS_FILE")
        selected_by(routes, None)  # what cannot be read is reported when the definitions are loaded

    @dg.sensor(
        name="saga_alerts",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=gettext(
            "Alerts {to} about failed runs, failed checks and overdue data, once for each problem.",
            to=to,
        ),
    )
    def saga_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        memory = Memory.read(context.cursor)
        if begin(context.instance, memory):
            context.update_cursor(memory.write())
            return dg.SkipReason(gettext("Watching runs from now on."))
        end = time.monotonic() + _SECONDS_A_TICK
        forget_removed_routes(memory.waiting, routes, context.log)
        assets = selected_by(routes, context.repository_def) if routes else {}
        sender = (
            Delivery(settings, routes, memory.waiting, assets, seconds=_SECONDS_A_TICK)
            if routes
            else _WebhookOrLog(settings, context.log)
        )
        count = sender.send_waiting()
        kept = memory.write()
        try:
            for alert in _alerts(context.instance, memory, titles, _asset_keys(context)):
                count += sender.send(alert)
                kept = memory.write()
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
        reason = (
            f"{_sent(count, to)}." if count or sender.state else gettext("Nothing new is wrong.")
        )
        return dg.SkipReason(reason + sender.state)

    return saga_alerts


def selected_by(
    routes: AlertRoutes, repository: dg.RepositoryDefinition | None
) -> dict[str, frozenset[str]]:
    """The assets of each route that does not select everything, by its name.

    Raises:
        ConfigurationError: A selection cannot be read.
    """
    graph = repository.asset_graph if repository else None
    found: dict[str, frozenset[str]] = {}
    for route in routes.routes:
        if route.selection == EVERYTHING:
            continue
        try:
            keys = selected(route.selection, graph, missing_ok=True)
        except SelectionUnusable as error:
            raise ConfigurationError(
                gettext(
                    "The selection {text!r} of the route {name!r} cannot be read: write it as "
                    "Dagster's, such as {example}.",
                    text=route.selection,
                    name=route.name,
                    example='key:"insight_metrics"',
                )
            ) from error
        if graph is not None:
            found[route.name] = frozenset(key.to_user_string() for key in keys)
    return found


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


def _alerts(
    instance: dg.DagsterInstance,
    memory: Memory,
    titles: Mapping[str, str],
    keys: Sequence[dg.AssetKey],
) -> Iterator[Alert]:
    """All alerts, one by one; each time the memory covers the alerts so far."""
    yield from alerts_of_runs(instance, memory, titles)
    yield from alerts_of_freshness(instance, memory, keys)


def _sent(count: int, to: str) -> str:
    return ngettext("Sent {n} alert to {to}", "Sent {n} alerts to {to}", count, to=to)


class _WebhookOrLog:
    """Alerts to the one webhook, or to the sensor's log; along routes, a `Delivery` sends them."""

    state = ""

    def __init__(self, settings: Settings, log: logging.Logger) -> None:
        self._settings, self._log = settings, log

    def send_waiting(self) -> int:
        """Nothing waits: a tick that fails is repeated."""
        return 0

    def send(self, alert: Alert) -> int:
        """Send an alert; how many messages that were."""
        link = alert.link(self._settings.ui_url)
        text = Message.of(alert.about, alert.problems, link, self._settings.secrets).marked
        if self._settings.alert_webhook_url:
            post(self._settings.alert_webhook_url, text)
        else:
            self._log.warning(text)
        return 1


def alerts_of_runs(
    instance: dg.DagsterInstance, memory: Memory, titles: Mapping[str, str]
) -> Iterator[Alert]:
    """An alert for each run that has ended since the last tick and has news."""
    for kind, storage_id, run_id in _ended(instance, memory):
        memory.seen[kind.value] = storage_id
        failed = kind == _FAILURE
        run = instance.get_run_by_id(run_id)
        if run is None:  # deleted meanwhile
            continue
        problems, settled = problems_of_run(instance, run, failed=failed)
        if news := memory.take_new(problems, settled):
            yield Alert(purpose_of(instance, run, titles), news, run_id)


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
    # A kind with more than that waits, and what happened after its last one waits for it.
    until = min(last, default=None)
    ended = [each for each in found if until is None or each[1] <= until]
    return sorted(ended, key=lambda each: each[1])
