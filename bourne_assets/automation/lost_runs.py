"""Runs whose process is gone: ended, and the turns that they held given to others.

A run that is killed with its process stays "started", and its slot of the pool `tmdb_api` stays
taken, so that every later run would wait for TMDB for ever: Dagster frees the slots of runs that
have ended, and on one machine nobody else notices that this one has.
What must not be put here: anything that starts a run.
"""

from collections.abc import Iterator

import dagster as dg
import psutil
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

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
    going_on = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    lost = [
        record.dagster_run
        for record in instance.get_run_records(going_on)
        if _is_gone(instance, record.dagster_run.run_id)
    ]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone: it was killed.")
    for run_id in storage.get_concurrency_run_ids():
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)
    return [run.run_id for run in lost]


@dg.sensor(
    name="lost_runs",
    description="Ends runs whose process was killed, so that no other waits for them for ever.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lost_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look after the runs of this machine."""
    lost = end_lost_runs(context.instance)
    return dg.SkipReason(
        f"Ended, for their processes are gone: {', '.join(lost)}." if lost else "No run is lost."
    )


def _is_gone(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether all processes that a run named are gone; one that named none is just starting."""
    alive = [_is_alive(pid, since) for pid, since in _processes(instance, run_id)]
    return bool(alive) and not any(alive)


def _processes(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[int, float]]:
    """Process ids that a run's engine events name, with the times of the events."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            yield int(str(pid.value)), entry.timestamp


def _is_alive(pid: int, since: float) -> bool:
    """Whether this very process runs: a younger one has only got its number."""
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.create_time() <= since + _CLOCKS_DIFFER_SECONDS
        )
    except psutil.NoSuchProcess:
        return False
