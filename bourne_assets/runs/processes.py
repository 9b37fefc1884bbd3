"""Which processes of this machine execute a run; runs whose processes are gone are ended.

A run that is killed with its process stays "started", and its slot of the pool `tmdb_api` stays
taken, so that every later run would wait for TMDB forever: Dagster frees the slots of runs that
have ended, and on one machine nobody else notices that this one has. Killed while it is starting,
it holds the turn of its saga in Dagster's queue as well.
Not here: anything that starts a run.
"""

from collections.abc import Iterator

import dagster as dg
import psutil
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

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
