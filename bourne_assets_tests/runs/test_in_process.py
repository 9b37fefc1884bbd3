"""A run of the command line is a run of the code location, which the UI lists and runs again."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from bourne_assets.definitions import PROGRESS
from bourne_assets.runs import in_process
from bourne_assets.runs.in_process import run_job
from bourne_assets.runs.outcomes import RunEvent
from bourne_assets.runs.turns import Turn
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import definitions_of


@dg.asset
def first() -> int:
    return 1


@dg.asset_check(asset=first)
def first_is_one(first: int) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=first == 1)


@dg.asset(deps=[first])
def second() -> None:
    raise ValueError("a mistake")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def job() -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=[first, second],
        asset_checks=[first_is_one],
        jobs=[dg.define_asset_job("everything", tags={"a": "tag"})],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def("everything")


def test_the_run_is_one_of_the_code_location_and_keeps_the_tags(
    instance: dg.DagsterInstance, job: dg.JobDefinition
) -> None:
    ended = run_job(job, instance, run_config={}, tags={"b": "tag"}, assets={first.key})
    run = instance.get_run_by_id(ended.run_id)
    assert run is not None
    assert run.is_success
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "bourne_assets"
    assert run.remote_job_origin.repository_origin.repository_name == "__repository__"
    assert {"a": "tag", "b": "tag", "dagster/code_location": "bourne_assets"}.items() <= (
        run.tags.items()
    )


def test_a_selection_runs_the_checks_of_its_assets_and_nothing_else(
    instance: dg.DagsterInstance, job: dg.JobDefinition
) -> None:
    run = run_job(job, instance, run_config={}, tags={}, assets={first.key})
    snapshot = instance.get_job_snapshot(str(run.job_snapshot_id))
    # The job as the UI has it: from another one it would warn before executing the run again.
    assert snapshot.lineage_snapshot is not None
    assert snapshot.lineage_snapshot.parent_snapshot_id == job.get_job_snapshot_id()
    steps = {each.step_key for each in instance.get_run_step_stats(run.run_id)}
    assert steps == {"first", "first_first_is_one"}


def test_a_run_that_fails_raises_nothing_and_is_recorded_as_failed(
    instance: dg.DagsterInstance, job: dg.JobDefinition
) -> None:
    assert run_job(job, instance, run_config={}, tags={}).is_failure


class _Stopped(Turn):
    """A turn that something stops while the run is known as starting."""

    def __init__(self, error: BaseException, instance: dg.DagsterInstance) -> None:
        super().__init__(known_sagas(Settings().sagas_file)["bourne"], instance, _unexpected)
        self._error = error
        self._instance = instance

    def is_free(self, own: str) -> bool:
        run = self._instance.get_run_by_id(own)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.STARTING
        raise self._error


def _unexpected(_: RunEvent) -> None:
    pytest.fail("nothing is waited for")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a database")])
def test_a_run_that_is_stopped_before_it_begins_leaves_nothing_that_others_wait_for(
    instance: dg.DagsterInstance, job: dg.JobDefinition, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run_job(job, instance, run_config={}, tags={}, turn=_Stopped(error, instance))
    assert not instance.get_runs()


def test_a_run_that_is_stopped_as_dagster_is_about_to_begin_it_leaves_nothing_either(
    instance: dg.DagsterInstance, job: dg.JobDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(in_process, "execute_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(job, instance, run_config={}, tags={})
    assert not instance.get_runs()


def test_the_code_location_takes_the_configuration_of_such_a_run() -> None:
    job = definitions_of().resolve_job_def("full_refresh")
    dg.validate_run_config(job, {"loggers": {PROGRESS: {}}})
    dg.validate_run_config(job, {"loggers": {"console": {"config": {"log_level": "ERROR"}}}})


def _watchers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):  # other tests'
            if "watch_orphans" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_watches_a_run_says_nothing_when_the_terminal_interrupts_it(
    instance: dg.DagsterInstance,
) -> None:
    targets: list[Path] = []

    @dg.asset
    def watched() -> None:
        while len(watchers := _watchers()) < 2:  # one may still be about to begin its program
            time.sleep(0.05)
        targets.extend(Path(f"/proc/{each.pid}/fd/2").readlink() for each in watchers)

    job = dg.define_asset_job("watching", executor_def=dg.in_process_executor)
    definitions = dg.Definitions(assets=[watched], jobs=[job])
    ended = run_job(definitions.resolve_job_def("watching"), instance, run_config={}, tags={})
    assert ended.is_success
    assert targets == [Path("/dev/null")] * 2
