"""The Celery run launcher: what it takes for a lost run, and what it refuses."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from celery import Celery
from dagster._core.launcher import WorkerStatus
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from bourne_assets.errors import ConfigurationError
from bourne_assets.execution import celery as launching
from bourne_assets.execution.celery import CeleryRunLauncher, worker_app
from bourne_assets_tests.support.services import RedisServer, needs_redis

pytestmark = needs_redis

#: A worker with a task that takes its time, in place of a run.
_WORKER = """
import sys, time
from bourne_assets.execution.celery import worker_app
app = worker_app()
@app.task(name="slow", track_started=True)
def slow():
    time.sleep(600)
app.worker_main(["worker", "--concurrency", "1", "--hostname", "slow@test"])
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A broker of the test's own, in the environment."""
    with RedisServer(tmp_path) as running:
        monkeypatch.setenv("BOURNE_REDIS_URL", running.url)
        yield running


@pytest.fixture
def launcher(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> CeleryRunLauncher:
    """The launcher on this broker; it is more patient than in life, as the machine may be busy."""
    monkeypatch.setattr(launching, "_PATIENCE_SECONDS", 120.0)
    monkeypatch.setattr(launching, "_GRACE_SECONDS", 3600.0)
    return CeleryRunLauncher(default_queue="dagster", broker=server.url, backend=server.url)


def _run(task_id: str) -> dg.DagsterRun:
    return dg.DagsterRun("a_job", run_id="a-run", tags={DAGSTER_CELERY_TASK_ID_TAG: task_id})


def _started(app: Celery) -> Any:
    task = app.send_task("slow", queue="dagster", routing_key="dagster.slow")
    end = time.monotonic() + 200
    while task.state != "STARTED":
        assert time.monotonic() < end, task.state
        time.sleep(0.1)
    return task


@pytest.mark.exhaustive
def test_a_run_is_lost_when_its_worker_was_silent_too_long_and_not_before(
    launcher: CeleryRunLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _WORKER], start_new_session=True)
    try:
        run = _run(_started(worker_app()).id)
        assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    finally:
        subprocess.run(["kill", "-9", "--", f"-{worker.pid}"], check=True)
        worker.wait(60)
    monkeypatch.setattr(launching, "_PATIENCE_SECONDS", 1.0)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING  # only silent
    monkeypatch.setattr(launching, "_GRACE_SECONDS", 0.0)  # by now it was so for too long
    lost = launcher.check_run_worker_health(run)
    assert lost.status == WorkerStatus.FAILED
    assert lost.msg == "No Celery worker has this run: its worker is gone."


def test_a_run_is_lost_at_once_when_its_worker_responds_and_does_not_have_it(
    launcher: CeleryRunLauncher,
) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _WORKER], start_new_session=True)
    try:
        app = worker_app()
        _started(app)
        # What a worker of the same name left behind when it was killed.
        app.backend.store_result("gone", {"pid": 1, "hostname": "slow@test"}, "STARTED")
        lost = launcher.check_run_worker_health(_run("gone"))
    finally:
        subprocess.run(["kill", "-9", "--", f"-{worker.pid}"], check=True)
        worker.wait(60)
    assert lost.status == WorkerStatus.FAILED


@pytest.mark.parametrize(
    ("state", "status"), [("SUCCESS", WorkerStatus.SUCCESS), ("FAILURE", WorkerStatus.FAILED)]
)
def test_a_task_that_is_over_is_over(
    launcher: CeleryRunLauncher, state: str, status: WorkerStatus
) -> None:
    error = RuntimeError("lost") if state == "FAILURE" else 0
    worker_app().backend.store_result("done", error, state)
    assert launcher.check_run_worker_health(_run("done")).status == status


def test_steps_and_runs_as_tasks_at_once_are_refused(
    launcher: CeleryRunLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_EXECUTOR", "celery")
    with pytest.raises(ConfigurationError, match="cannot wait for steps"):
        launcher.launch_run(None)  # type: ignore[arg-type]


def test_a_worker_finishes_a_step_before_it_acknowledges_it(server: RedisServer) -> None:
    app = worker_app()
    assert app.tasks["execute_plan"].acks_late
    assert not app.tasks["execute_job"].acks_late
    assert app.conf.broker_url == server.url
    assert launching.app.conf.broker_url == server.url
    with pytest.raises(AttributeError):
        _ = launching.nothing


def test_a_worker_needs_a_broker() -> None:
    with pytest.raises(ConfigurationError, match="needs BOURNE_REDIS_URL"):
        worker_app()
