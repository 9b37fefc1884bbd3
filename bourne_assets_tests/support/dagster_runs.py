"""Runs as Dagster records them while they start and go on, without anything that executes them."""

import logging
import subprocess
import sys
from collections.abc import Mapping

import dagster as dg
from dagster._core.events import EngineEventData

_NO_TAGS: Mapping[str, str] = {}


@dg.job
def nothing() -> None:
    """A job for runs that only stand in the instance."""


def starting_run(instance: dg.DagsterInstance, tags: Mapping[str, str] = _NO_TAGS) -> dg.DagsterRun:
    """What Dagster's queue makes of a run: its process begins seconds later."""
    run = instance.create_run_for_job(nothing, tags=tags)
    _report(instance, run, dg.DagsterEventType.RUN_STARTING)
    return run


def started_run(
    instance: dg.DagsterInstance, pid: int, tags: Mapping[str, str] = _NO_TAGS
) -> dg.DagsterRun:
    """A run that says which process it is."""
    run = instance.create_run_for_job(nothing, tags=tags)
    instance.report_engine_event(
        f"Executing steps in process (pid: {pid})",
        run,
        engine_event_data=EngineEventData.in_process(pid),
    )
    _report(instance, run, dg.DagsterEventType.RUN_START)
    return run


class KeptLog(logging.Handler):
    """Keeps what a sensor logs."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def ended_process() -> int:
    """The id of a process that was there."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _report(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> None:
    instance.report_dagster_event(dg.DagsterEvent(kind.value, run.job_name), run.run_id)
