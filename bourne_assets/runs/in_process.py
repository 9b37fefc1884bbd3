"""Runs a job in this process as a run of the code location that the UI shows.

`JobDefinition.execute_in_process` records a run without an origin: no page of the UI lists it below
its job, and it cannot be executed again from there. Not here: what is run, and what is reported.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution import compute_logs
from dagster._core.execution.api import execute_run
from dagster._core.execution.scripts import watch_orphans
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from bourne_assets.runs.instance import WORKSPACE


class TakesTurns(Protocol):
    """What `cli.turns.Turn` does."""

    def is_free(self, own: str) -> bool:
        """Whether no run but this one, which is starting, goes on."""
        ...

    def wait(self) -> None:
        """Wait until none goes on."""
        ...


def run_job(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    assets: AbstractSet[dg.AssetKey] | None = None,
    turn: TakesTurns | None = None,
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
    """
    while True:
        run = instance.create_run_for_job(
            job_def=job,
            run_config=run_config,
            tags={**job.run_tags, **tags},
            asset_selection=assets,
            remote_job_origin=_origin(job.name),
        )
        if turn is None:
            break
        starting = dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, run.job_name)
        instance.report_dagster_event(starting, run.run_id)
        if turn.is_free(run.run_id):
            break
        instance.delete_run(run.run_id)  # Dagster's queue was first, and nothing of ours has begun
        turn.wait()
    quieten_watchers()
    return execute_run(InMemoryJob(job), run, instance).dagster_run


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
