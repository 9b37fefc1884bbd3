"""The turn of a run of a saga among those that Dagster starts.

Dagster's queue keeps runs of a saga apart, and counts ours once it is starting. So ours is made
known as starting first, and looks for others then. Dagster's daemon does it the other way round: it
counts first, and makes its own known as starting later. Where it counted before ours was known, its
run is still queued when ours looks; so ours gives a queued run the time to begin, and looks again.
A queued run that has not begun by then was held back by ours. This does not see a run that comes
into the queue while the daemon counts, nor a daemon that takes longer for what it counted.
Not here: several `bourne run` at once (`exclusive`).
"""

import time
from collections.abc import Callable

import dagster as dg

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.runs.outcomes import ProgressLine, RunEvent
from bourne_assets.runs.processes import has_living_process, is_gone
from bourne_assets.saga.definition import Saga
from bourne_assets.translations import gettext

_UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_POLL_SECONDS = 0.5
#: A run that is starting names its process in seconds; one whose start was cut short, never.
_STARTING_SECONDS = 30.0
#: What Dagster's daemon counted it has begun by now, as long as it rests between two iterations.
_COUNTED_SECONDS = 5.0


class Turn:
    """Waits for runs of a saga that Dagster started; its queue waits for ours in turn.

    Only for runs with a process on this machine: nobody knows whether others will ever end.

    Args:
        saga: The saga.
        instance: Where its runs are recorded.
        on_event: Called once with a sentence, where there is one to wait for.
    """

    def __init__(
        self, saga: Saga, instance: dg.DagsterInstance, on_event: Callable[[RunEvent], None]
    ) -> None:
        self._saga = saga
        self._instance = instance
        self._on_event = on_event
        self._is_announced = False
        self._seen: dict[str, float] = {}

    def wait(self) -> None:
        """Wait until none goes on."""
        while others := self._others(own=None):
            if not self._is_announced:
                self._is_announced = True
                self._on_event(
                    ProgressLine(
                        gettext(
                            "Waiting for run {run_id} of {title} in Dagster to end.",
                            run_id=others[0],
                            title=self._saga.title,
                        )
                    )
                )
            time.sleep(_POLL_SECONDS)

    def is_free(self, own: str) -> bool:
        """Whether no run but this one goes on; it is known as starting by now."""
        deadline = time.monotonic() + _COUNTED_SECONDS
        while self._is_one_queued() and time.monotonic() < deadline:
            if self._others(own):
                return False
            time.sleep(_POLL_SECONDS)
        return not self._others(own)

    def _is_one_queued(self) -> bool:
        queued = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.QUEUED], tags={SAGA_TAG: self._saga.slug}
        )
        return bool(self._instance.get_run_ids(queued, limit=1))

    def _others(self, own: str | None) -> list[str]:
        unfinished = dg.RunsFilter(statuses=_UNFINISHED, tags={SAGA_TAG: self._saga.slug})
        runs = [record.dagster_run for record in self._instance.get_run_records(unfinished)]
        return [run.run_id for run in runs if run.run_id != own and self._goes_on(run)]

    def _goes_on(self, run: dg.DagsterRun) -> bool:
        first_seen = self._seen.setdefault(run.run_id, time.monotonic())
        if has_living_process(self._instance, run):
            return True
        if run.status is not dg.DagsterRunStatus.STARTING or is_gone(self._instance, run):
            return False
        return time.monotonic() - first_seen < _STARTING_SECONDS
