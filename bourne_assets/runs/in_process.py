"""Runs a job in this process as a run of the code location that the UI shows.

`JobDefinition.execute_in_process` records a run without an origin: no page of the UI lists it below
its job, and it cannot be executed again from there. Not here: what is run, and what is reported.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.errors import raise_execution_interrupts
from dagster._core.events import EngineEventData
from dagster._core.execution import compute_logs
from dagster._core.execution.api import execute_run
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.scripts import watch_orphans
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from bourne_assets.runs.instance import WORKSPACE
from bourne_assets.runs.turns import Turn
from bourne_assets.translations import gettext

_NOT_BEGUN = frozenset({dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING})


def run_job(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    assets: AbstractSet[dg.AssetKey] | None = None,
    turn: Turn | None = None,
) -> dg.DagsterRun:
    """Run a job to its end, as Dagster's own run worker does.

    Args:
        job: The job; its executor must be one that stays in this process.
        instance: Where the run is recorded.
        run_config: Its configuration.
        tags: Its tags, in addition to those of the job.
        assets: The assets to materialise, with their checks; None for all of the job.
        turn: Says when it may begin; None: at once.

    Returns:
        The run as it ended.

    Raises:
        KeyboardInterrupt: An interrupt ended it while it waited for a pool.
    """
    while True:
        run = instance.create_run_for_job(
            job_def=job,
            run_config=run_config,
            tags={**job.run_tags, **tags},
            asset_selection=assets,
            remote_job_origin=_origin(job.name),
        )
        with _deleting_unless_begun(instance, run):
            if turn is None or _is_its_turn(turn, instance, run):
                quieten_watchers()
                with _interrupts_end_waiting():
                    return execute_run(InMemoryJob(job), run, instance).dagster_run
        instance.delete_run(run.run_id)  # Dagster's queue was first, and nothing of ours has begun
        turn.wait()


def _is_its_turn(turn: Turn, instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    # Were this process killed while it waits, others would know that nobody starts the run any
    # more. A tag is not enough: Dagster copies tags to the runs that repeat this one.
    process = EngineEventData.in_process(os.getpid())
    instance.report_engine_event(
        gettext("Waits for its turn among the runs of its saga."), run, engine_event_data=process
    )
    starting = dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, run.job_name)
    instance.report_dagster_event(starting, run.run_id)
    return turn.is_free(run.run_id)


@contextmanager
def _deleting_unless_begun(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[None]:
    """Delete the run where anything stops it before it begins: Dagster's queue would wait for it.

    Once it has begun, Dagster itself records how it ended.
    """
    try:
        yield
    except BaseException:
        with suppress(Exception):  # a database that fails has failed before: that is what is told
            known = instance.get_run_by_id(run.run_id)
            if known is not None and known.status in _NOT_BEGUN:
                instance.delete_run(run.run_id)
        raise


@contextmanager
def _interrupts_end_waiting() -> Iterator[None]:
    """Let an interrupt end a run that waits for a pool, too.

    Dagster raises interrupts inside steps: while none may begin, it would go on waiting.
    """
    wait, interrupted = ActiveExecution.sleep_til_ready, False

    def wait_interruptibly(execution: ActiveExecution) -> None:
        nonlocal interrupted
        try:
            with raise_execution_interrupts():
                wait(execution)
        except dg.DagsterExecutionInterruptedError:
            interrupted = True
            raise

    execution: Any = ActiveExecution
    execution.sleep_til_ready = wait_interruptibly
    try:
        yield
    finally:
        execution.sleep_til_ready = wait
    if interrupted:
        raise KeyboardInterrupt


def quieten_watchers() -> None:
    """Let Ctrl-C end what watches over Dagster's `tail` without a traceback.

    These small Python processes, two a run, receive what is typed in the terminal as the run does.
    """
    logs: Any = compute_logs
    logs.subprocess = SimpleNamespace(Popen=_started)


def _started(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    if os.path.abspath(watch_orphans.__file__) in command:  # noqa: PTH100 - as Dagster writes it
        options["stderr"] = subprocess.DEVNULL
    return subprocess.Popen(command, **options)


@cache
def _origin(job_name: str) -> RemoteJobOrigin:
    (location,) = location_origins_from_yaml_paths([str(WORKSPACE)])
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job_name)
