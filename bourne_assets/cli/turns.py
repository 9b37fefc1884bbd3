"""The turn of a run of a saga among those that Dagster starts.

Dagster's queue keeps runs of a saga apart, and counts ours once it is starting. So ours is made
known as starting first, and looks for others then: of two that begin at once one sees the other.
Not here: several `bourne run` at once (`exclusive`).
"""

import time
from collections.abc import Callable

import dagster as dg

from bourne_assets.defs.operations.lost_runs import has_living_process
from bourne_assets.defs.shared.naming import SAGA_TAG
from bourne_assets.runs.outcomes import ProgressLine, RunEvent
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
        return not self._others(own)

    def _others(self, own: str | None) -> list[str]:
        unfinished = dg.RunsFilter(statuses=_UNFINISHED, tags={SAGA_TAG: self._saga.slug})
        runs = [record.dagster_run for record in self._instance.get_run_records(unfinished)]
        return [run.run_id for run in runs if run.run_id != own and self._goes_on(run)]

    def _goes_on(self, run: dg.DagsterRun) -> bool:
        first_seen = self._seen.setdefault(run.run_id, time.monotonic())
        if has_living_process(self._instance, run):
            return True
        is_young = time.monotonic() - first_seen < _STARTING_SECONDS
        return run.status is dg.DagsterRunStatus.STARTING and is_young
