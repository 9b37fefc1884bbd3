"""Runs whose process is gone: ended, and the turns that they held given to others.

A run that is killed with its process stays "started", and its slot of the pool `tmdb_api` stays
taken, so that every later run would wait for TMDB forever: Dagster frees the slots of runs that
have ended, and on one machine nobody else notices that this one has. Killed while it is starting,
it holds the turn of its saga in Dagster's queue as well.
Not here: anything that starts a run.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, WILL_RETRY_TAG

from bourne_assets.processes import ProcessIdentity
from bourne_assets.translations import gettext

#: Tag of a run: the processes that execute it. Hidden in Dagster's UI, as its prefix is Dagster's.
PROCESS_TAG = ".dagster/bourne_process"
_CLOCKS_DIFFER_SECONDS = 2.0


def end_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """End runs whose process is gone, and free the slots of all runs that are over.

    Only for an instance on SQLite: there all runs are processes of this machine. A distributed
    instance has a run launcher that watches its workers.

    Returns:
        The ids of the runs that were ended.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    going_on = dg.RunsFilter(statuses=ACTIVE_RUN_STATUSES)
    lost = [
        record.dagster_run
        for record in instance.get_run_records(going_on)
        if is_gone(instance, record.dagster_run)
    ]
    for run in lost:
        instance.report_run_failed(run, gettext("The process of this run is gone: it was killed."))
    for run_id in storage.get_concurrency_run_ids():
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)
    return [run.run_id for run in lost]


def has_living_process(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a process of this machine that a run named still runs."""
    return any(process.is_alive for process in _written_down(run)) or any(
        _identify(pid, since) for pid, since in _named_processes(instance, run.run_id)
    )


@dg.sensor(
    name="lost_runs",
    description=gettext(
        "Ends runs whose process was killed, so that no other run waits for them forever."
    ),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lost_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look after the runs of this machine."""
    lost = end_lost_runs(context.instance)
    return dg.SkipReason(
        gettext("Ended because their processes are gone: {lost}.", lost=", ".join(lost))
        if lost
        else gettext("No run is lost.")
    )


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether all processes that a run named are gone; one that named none is just starting.

    Dagster's events name a process by its id and the wall time of the event, which a step of the
    clock makes worthless. So a process that is first seen alive is written down by its identity.
    """
    known = _written_down(run)
    if any(process.is_alive for process in known):
        return False
    pids = {process.pid for process in known}
    named = list(_named_processes(instance, run.run_id))
    found = {_identify(pid, since) for pid, since in named if pid not in pids} - {None}
    if found:
        text = ",".join(map(str, [*known, *found]))
        instance.add_run_tags(run.run_id, {PROCESS_TAG: text})
        return False
    return bool(named)


def _written_down(run: dg.DagsterRun) -> list[ProcessIdentity]:
    try:
        return [
            ProcessIdentity.parse(text) for text in run.tags.get(PROCESS_TAG, "").split(",") if text
        ]
    except ValueError:  # whoever starts a run may give it any tag
        return []


def _named_processes(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[int, float]]:
    """Process ids that a run's engine events name, with the times of the events."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            yield int(str(pid.value)), entry.timestamp


def _identify(pid: int, since: float) -> ProcessIdentity | None:
    """The process that an event named, if it runs: a younger one has only got its id."""
    try:
        identity = ProcessIdentity.of(pid)
    except psutil.NoSuchProcess:
        return None
    return identity if identity.earliest_start <= since + _CLOCKS_DIFFER_SECONDS else None


# Retries that Dagster owes and forgot.
#
# Its daemon looks at a failed run once, when the event of its failure is stored; where it looks in
# the moment before the run's status follows, it takes the run for one that goes on, and never comes
# back to it (seen with Dagster 1.13 on PostgreSQL: one failure in seven on a busy machine).

#: The daemon has this long to retry a run on its own; after a day nobody expects a retry any more.
_PATIENCE = timedelta(seconds=30)
_OVER = timedelta(days=1)


def remind_of_retries(instance: dg.DagsterInstance) -> list[str]:
    """Report the failure of runs again that were to be retried and were not.

    Returns:
        The ids of these runs.
    """
    now = datetime.now(UTC)
    owed = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=now - _OVER,
        updated_before=now - _PATIENCE,
    )
    forgotten = [
        record.dagster_run
        for record in instance.get_run_records(owed)
        if AUTO_RETRY_RUN_ID_TAG not in record.dagster_run.tags
    ]
    for run in forgotten:
        instance.report_run_failed(
            run, gettext("This run was to be retried and was not: reported again.")
        )
    return [run.run_id for run in forgotten]


@dg.sensor(
    name="forgotten_retries",
    description=gettext("Reminds Dagster of failed runs that it should have retried and did not."),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def forgotten_retries_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look after the retries of an instance of several machines."""
    found = remind_of_retries(context.instance)
    return dg.SkipReason(
        gettext("Reported again: {found}.", found=", ".join(found))
        if found
        else gettext("No retry is forgotten.")
    )
