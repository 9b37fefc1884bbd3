"""The platform on several workers, each a process of its own, as deploy/dagster.yaml describes it.

Not here: expectations, and the servers themselves (`services`).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import dagster as dg
import yaml
from dagster._cli.job import execute_launch_command
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.execution.stats import StepEventStatus
from dagster._core.storage.tags import RETRY_NUMBER_TAG, ROOT_RUN_ID_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_shared.cli import WorkspaceOpts

from bourne_assets.execution.celery import worker_app
from bourne_assets_tests.support.services import free_port

_MODULE = "bourne_assets.definitions"
_CONFIG = Path(__file__).parents[2] / "deploy" / "dagster.yaml"
#: What a test cannot wait for: the rest of the file is used as it is.
_QUICKER = {"poll_interval_seconds": 2, "start_timeout_seconds": 120}


class Workers:
    """A code server, a daemon and Celery workers over one instance.

    Attributes:
        instance: The Dagster instance.
    """

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = {**os.environ, **environment, "DAGSTER_HOME": str(home)}
        self._port = free_port()
        self._stack = ExitStack()
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self.instance: dg.DagsterInstance

    def __enter__(self) -> Self:
        config = yaml.safe_load(_CONFIG.read_text(encoding="utf-8"))
        config["run_monitoring"] |= _QUICKER
        (self._home / "dagster.yaml").write_text(yaml.safe_dump(config))
        server = {"host": "127.0.0.1", "port": self._port, "location_name": "bourne_assets"}
        workspace = self._home / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
        self._stack.enter_context(_variables(self._environment))
        # Makes the tables, before several processes would do so at once.
        self.instance = self._stack.enter_context(dg.DagsterInstance.from_config(str(self._home)))
        self.instance.get_runs_count()
        code_server = ["dagster", "code-server", "start", "-h", "127.0.0.1"]
        self._start("code-server", "-m", *code_server, "-p", str(self._port), "-m", _MODULE)
        client = DagsterGrpcClient(port=self._port, host="127.0.0.1")
        wait_until(lambda: _responds(client), 200, self.output)
        self._start("daemon", "-m", "dagster._daemon", "run", "-w", str(workspace))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_worker(self, name: str) -> None:
        """A Celery worker with room for two runs."""
        celery = ["-m", "celery", "--quiet", "--app", "bourne_assets.execution.celery", "worker"]
        self._workers[name] = self._start(
            name, *celery, "--concurrency", "2", "--hostname", f"{name}@%h", "--loglevel", "INFO"
        )

    def kill_worker_at_work(self, name: str) -> None:
        """Take a worker and all its processes away amid a run, as a lost machine would.

        Another worker of the same name takes its place.
        """
        is_lost = False
        while not is_lost:  # what it executed may have ended just before, or all but ended
            wait_until(lambda: self._runs_of(name), 300, self.output)
            runs = self._runs_of(name)
            worker = self._workers.pop(name)
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(60)
            is_lost = any(
                not run.is_finished and not self._has_done_all(run)
                for run in self.instance.get_runs()
                if run.run_id in runs
            )
            self.start_worker(name)

    def _runs_of(self, name: str) -> set[str]:
        """The runs that a Celery worker executes at this moment."""
        with worker_app() as app:
            node = f"{name}@{socket.gethostname()}"
            inspect = app.control.inspect(destination=[node], limit=1, timeout=10)
            tasks = {task["id"] for task in (inspect.active() or {}).get(node, [])}
        runs = self.instance.get_runs()
        return {run.run_id for run in runs if run.tags.get(DAGSTER_CELERY_TASK_ID_TAG) in tasks}

    def launch(self, jobs: list[str]) -> list[str]:
        """Queue a run of each job; the ids of the runs."""
        options = WorkspaceOpts(workspace=(str(self._home / "workspace.yaml"),))
        return [
            execute_launch_command(
                instance=self.instance, workspace_opts=options, job_name=job
            ).run_id
            for job in jobs
        ]

    def finished(self, root: str) -> dg.DagsterRun | None:
        """The run that brought a launched run to its end; None while there is none."""
        runs = [
            run
            for run in self.instance.get_runs()
            if run.run_id == root or run.tags.get(ROOT_RUN_ID_TAG) == root
        ]
        last = max(runs, key=lambda run: int(run.tags.get(RETRY_NUMBER_TAG, "0")))
        succeeded = last.status == dg.DagsterRunStatus.SUCCESS
        return last if succeeded or self._has_nothing_left(last) else None

    def _has_nothing_left(self, run: dg.DagsterRun) -> bool:
        """Whether a run was killed between its last step and its end: Dagster retries no step."""
        return run.status == dg.DagsterRunStatus.FAILURE and self._has_done_all(run)

    def _has_done_all(self, run: dg.DagsterRun) -> bool:
        if run.execution_plan_snapshot_id is None:
            return False
        plan = self.instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
        done = {
            step.step_key
            for step in self.instance.get_run_step_stats(run.run_id)
            if step.status == StepEventStatus.SUCCESS
        }
        return done >= set(plan.step_keys_to_execute)

    def statuses(self) -> dict[str, str]:
        """The status of every run, for the message of a test that fails."""
        return {
            run.run_id[:8]: f"{run.status.value} {run.job_name}" for run in self.instance.get_runs()
        }

    def output(self) -> str:
        """The last lines of every process."""
        logs = sorted(self._home.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in logs)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self._home / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        return process


def wait_until(condition: Any, seconds: float, message: Any) -> None:
    """Wait for a condition; `message` makes the sentence if it is not met in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, message()
        time.sleep(0.2)


def _responds(client: DagsterGrpcClient) -> bool:
    try:
        return bool(client.ping("ready?")["echo"] == "ready?")
    except DagsterUserCodeUnreachableError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    """This process's environment while the block lasts."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
