"""Runs that were killed: ended when somebody looks, and no other run waits for them forever."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from bourne_assets import processes
from bourne_assets.processes import ProcessIdentity
from bourne_assets.runs.instance import open_instance
from bourne_assets.runs.processes import PROCESS_TAG, end_lost_runs
from bourne_assets.settings import Settings
from bourne_assets_tests.standin import Reply, TmdbStandIn
from bourne_assets_tests.support.dagster_runs import ended_process, started_run, starting_run
from bourne_assets_tests.support.tiers import in_every_run

POOL = "tmdb_api"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a home of the test's own, as the platform configures it."""
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        yield instance


def _status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def _claim(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default(POOL)
    return bool(storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed)


def test_the_shipped_instance_lets_one_step_at_a_time_use_tmdb(
    instance: dg.DagsterInstance,
) -> None:
    first, second = started_run(instance, os.getpid()), started_run(instance, os.getpid())
    assert _claim(instance, first)
    assert not _claim(instance, second)


def test_a_run_whose_process_is_gone_is_ended_and_its_turn_is_free(
    instance: dg.DagsterInstance,
) -> None:
    killed, waiting = started_run(instance, ended_process()), started_run(instance, os.getpid())
    assert _claim(instance, killed)
    assert not _claim(instance, waiting)
    assert end_lost_runs(instance) == [killed.run_id]
    assert _status(instance, killed) == dg.DagsterRunStatus.FAILURE
    assert _claim(instance, waiting)


def test_a_running_run_is_left_alone(instance: dg.DagsterInstance) -> None:
    going_on = started_run(instance, os.getpid())
    assert _claim(instance, going_on)
    assert end_lost_runs(instance) == []
    assert _status(instance, going_on) == dg.DagsterRunStatus.STARTED
    assert not _claim(instance, started_run(instance, os.getpid()))


def test_a_younger_process_of_the_same_number_does_not_stand_in(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started_run(instance, os.getpid())
    monkeypatch.setattr(ProcessIdentity, "earliest_start", time.time() + 3600)
    assert end_lost_runs(instance) == [run.run_id]


def _set_clock_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour: the boot, from which the kernel counts, has then been an hour later.

    The clock of the machine cannot be set by a test; events written before keep their times.
    """
    boot = processes._boot_moment()
    monkeypatch.setattr(processes, "_boot_moment", lambda: boot + 3600)


@pytest.mark.parametrize("was_seen", [True, False])
def test_a_running_run_survives_a_step_of_the_clock(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, *, was_seen: bool
) -> None:
    run = started_run(instance, os.getpid())
    if was_seen:
        assert end_lost_runs(instance) == []
    _set_clock_forward(monkeypatch)
    assert end_lost_runs(instance) == []
    assert _status(instance, run) == dg.DagsterRunStatus.STARTED


def test_a_run_that_named_its_process_itself_survives_a_step_of_the_clock(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started_run(instance, os.getpid())
    instance.add_run_tags(run.run_id, {PROCESS_TAG: str(ProcessIdentity.own())})
    _set_clock_forward(monkeypatch)
    assert end_lost_runs(instance) == []


def test_a_run_whose_process_was_seen_alive_and_was_killed_since_is_ended(
    instance: dg.DagsterInstance,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run = started_run(instance, process.pid)
        assert end_lost_runs(instance) == []
        process.kill()
    assert end_lost_runs(instance) == [run.run_id]


def test_a_run_that_took_over_the_tags_of_a_lost_one_is_judged_by_its_own_process(
    instance: dg.DagsterInstance,
) -> None:
    """Dagster copies the tags of a run to its re-execution."""
    run = started_run(instance, os.getpid())
    instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{ended_process()}:1:another-boot"})
    assert end_lost_runs(instance) == []


#: Names its process as `bourne run` does, and is killed before the run has begun.
KILLED_IN_ITS_TURN = """
import os, signal, sys
from pathlib import Path
import dagster as dg
from bourne_assets.runs.processes import PROCESS_TAG
from bourne_assets.processes import ProcessIdentity
from bourne_assets.runs.in_process import run_job
from bourne_assets.runs.instance import open_instance
from bourne_assets.settings import Settings

class Killed:
    def is_free(self, own):
        os.kill(os.getpid(), signal.SIGKILL)

@dg.job
def nothing():
    pass

with open_instance(Settings(home=Path(sys.argv[1]))) as instance:
    tags = {PROCESS_TAG: str(ProcessIdentity.own())}
    run_job(nothing, instance, run_config={}, tags=tags, turn=Killed())
"""


def test_a_run_that_was_killed_before_it_began_is_ended(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-c", KILLED_IN_ITS_TURN, tmp_path / "home"], check=False)
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.STARTING
    assert end_lost_runs(instance) == [run.run_id]
    assert _status(instance, run) == dg.DagsterRunStatus.FAILURE


def test_a_run_that_repeats_a_killed_one_is_left_to_begin(instance: dg.DagsterInstance) -> None:
    """Dagster copies the tags of a run to its re-execution, which has no process yet."""
    repeated = starting_run(instance, {PROCESS_TAG: f"{ended_process()}:1:another-boot"})
    assert end_lost_runs(instance) == []
    assert _status(instance, repeated) == dg.DagsterRunStatus.STARTING


@pytest.mark.parametrize("tag", in_every_run(["", "x", "1:2", "1:2:3:4", "a:b:c"], first=2))
def test_a_tag_that_names_no_process_is_passed_over(instance: dg.DagsterInstance, tag: str) -> None:
    run = started_run(instance, ended_process())
    instance.add_run_tags(run.run_id, {PROCESS_TAG: tag})
    assert end_lost_runs(instance) == [run.run_id]


def test_a_run_that_has_ended_and_kept_its_turn_gives_it_back(
    instance: dg.DagsterInstance,
) -> None:
    failed = started_run(instance, os.getpid())
    assert _claim(instance, failed)
    instance.report_run_failed(failed)
    assert end_lost_runs(instance) == []
    assert _claim(instance, started_run(instance, os.getpid()))


def test_runs_of_an_instance_that_may_span_machines_are_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        started_run(instance, ended_process())
        assert end_lost_runs(instance) == []


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_run_after_one_that_was_killed_during_its_requests_resumes_and_succeeds(
    tmp_path: Path,
) -> None:
    with TmdbStandIn() as server:
        server.script("/movie/2503", [Reply(seconds=60)])
        environment = {
            **os.environ,
            "BOURNE_HOME": str(tmp_path / "home"),
            "TMDB_READ_ACCESS_TOKEN": server.token,
            "TMDB_BASE_URL": server.base_url,
        }
        command = [str(Path(sys.executable).with_name("bourne")), "run"]
        day = datetime.now(UTC).date()
        killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 200
        while "/movie/2503" not in server.paths and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "/movie/2503" in server.paths
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        searched = server.paths.count("/search/movie")
        done = subprocess.run(
            [*command, "--resume"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"\d+ passed, \d+ failed", done.stdout)
        if datetime.now(UTC).date() == day:  # no midnight between
            assert server.paths.count("/search/movie") == searched
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        statuses = [run.status.value for run in instance.get_runs()]
    assert sorted(statuses) == ["FAILURE", "SUCCESS"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_two_runs_at_once_use_tmdb_one_after_the_other(tmp_path: Path) -> None:
    with TmdbStandIn(latency=0.2) as server:
        environment = {
            **os.environ,
            "BOURNE_HOME": str(tmp_path / "home"),
            "TMDB_READ_ACCESS_TOKEN": server.token,
            "TMDB_BASE_URL": server.base_url,
        }
        command = [str(Path(sys.executable).with_name("bourne")), "run", "--select", "tmdb_search"]
        open_instance(Settings(home=tmp_path / "home")).dispose()  # both at once would make it
        runs = [subprocess.Popen(command, env=environment) for _ in range(2)]
        assert [run.wait(timeout=250) for run in runs] == [0, 0]
        # Each requests a search and a collection: were they mixed, a path would come twice in turn.
        assert server.paths == ["/search/movie", "/collection/31562"] * 2


@pytest.mark.slow
def test_a_run_that_waits_for_its_turn_at_tmdb_says_so_and_ends_by_one_interrupt(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    other = started_run(instance, os.getpid())
    assert _claim(instance, other)
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("bourne")), "run", "--select", "tmdb_search"],
        env={**os.environ, "BOURNE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as waiting:
        assert waiting.stdout is not None
        lines = iter(waiting.stdout.readline, "")
        assert any("Waiting for another run that uses the pool tmdb_api" in each for each in lines)
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=100)
    assert waiting.returncode == 130
    assert errors == "Error: Interrupted.\n"
    pool = instance.event_log_storage.get_concurrency_info(POOL)
    assert {step.run_id for step in pool.pending_steps} == {other.run_id}, "it waits no longer"
