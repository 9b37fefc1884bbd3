"""`bourne run` and the runs that Dagster starts: of one saga, one at a time."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.events import EngineEventData
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.cli.runner import run_saga
from bourne_assets.processes import ProcessIdentity
from bourne_assets.runs import turns
from bourne_assets.runs.in_process import run_job
from bourne_assets.runs.instance import WORKSPACE, instance_config, open_instance
from bourne_assets.runs.outcomes import ProgressLine, RunEvent
from bourne_assets.runs.processes import PROCESS_TAG
from bourne_assets.runs.turns import Turn
from bourne_assets.saga.definition import Saga, known_sagas
from bourne_assets.settings import Settings
from bourne_assets_tests.support.dagster_runs import nothing, started_run, starting_run


@pytest.fixture
def bourne() -> Saga:
    return known_sagas(Settings().sagas_file)["bourne"]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        yield instance


def test_a_run_that_is_starting_is_waited_for_before_its_process_is_known(
    instance: dg.DagsterInstance, bourne: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = starting_run(instance, {SAGA_TAG: "bourne"})
    starting_run(instance, {SAGA_TAG: "matrix"})
    said: list[RunEvent] = []

    def on_event(event: RunEvent) -> None:
        said.append(event)
        instance.report_run_canceled(other)

    turn = Turn(bourne, instance, on_event)
    turn.wait()
    assert [event.text for event in said if isinstance(event, ProgressLine)] == [
        f"Waiting for run {other.run_id} of Jason Bourne in Dagster to end."
    ]
    monkeypatch.setattr(turns, "_STARTING_SECONDS", 0.0)
    starting_run(
        instance, {SAGA_TAG: "bourne"}
    )  # its start was cut short: nobody knows whether it ever goes on
    turn.wait()
    assert len(said) == 1


def test_of_a_run_and_one_of_dagsters_that_begin_at_once_ours_waits(
    instance: dg.DagsterInstance, bourne: Saga
) -> None:
    others: list[dg.DagsterRun] = []

    class Meanwhile(Turn):
        """Dagster's queue lets one begin between our look and our own beginning."""

        def is_free(self, own: str) -> bool:
            if not others:
                others.append(starting_run(instance, {SAGA_TAG: "bourne"}))
            ours = instance.get_run_by_id(own)
            assert ours is not None
            assert ours.status is dg.DagsterRunStatus.STARTING  # so that the queue counts it
            return super().is_free(own)

    @dg.job(executor_def=dg.in_process_executor)
    def something() -> None:
        pass

    def on_event(_: RunEvent) -> None:
        instance.report_run_canceled(others[0])

    turn = Meanwhile(bourne, instance, on_event)
    tags = {SAGA_TAG: "bourne"}
    ended = run_job(something, instance, run_config={}, tags=tags, turn=turn)
    assert ended.is_success
    runs = {record.dagster_run.run_id for record in instance.get_run_records()}
    assert runs == {ended.run_id, others[0].run_id}


def _unexpected(event: RunEvent) -> None:
    pytest.fail(f"Nothing is waited for: {event}")


def _queued(instance: dg.DagsterInstance, saga: str) -> dg.DagsterRun:
    (location,) = location_origins_from_yaml_paths([str(WORKSPACE)])
    repository = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME)
    return instance.create_run_for_job(
        nothing,
        tags={SAGA_TAG: saga},
        status=dg.DagsterRunStatus.QUEUED,
        remote_job_origin=RemoteJobOrigin(repository, nothing.name),
    )


def test_a_queued_run_that_dagster_counted_before_ours_was_known_goes_first(
    instance: dg.DagsterInstance, bourne: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _queued(instance, "bourne")

    def begin(_: float) -> None:
        starting = dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, other.job_name)
        instance.report_dagster_event(starting, other.run_id)

    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=begin))
    own = starting_run(instance, {SAGA_TAG: "bourne"})
    assert not Turn(bourne, instance, _unexpected).is_free(own.run_id)


def test_a_queued_run_that_ours_holds_back_does_not_hold_ours_back(
    instance: dg.DagsterInstance, bourne: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    _queued(instance, "bourne")
    own = starting_run(instance, {SAGA_TAG: "bourne"})
    clock = itertools.count()
    waits: list[float] = []
    time_of_it = SimpleNamespace(monotonic=lambda: float(next(clock)), sleep=waits.append)
    monkeypatch.setattr(turns, "time", time_of_it)
    turn = Turn(bourne, instance, _unexpected)
    assert turn.is_free(own.run_id)
    assert waits
    waits.clear()
    other_saga = Turn(known_sagas(Settings().sagas_file)["matrix"], instance, _unexpected)
    assert other_saga.is_free(starting_run(instance, {SAGA_TAG: "matrix"}).run_id)
    assert not waits  # only a run of the same saga is given time


def test_a_run_whose_process_was_killed_before_its_start_is_not_waited_for(
    instance: dg.DagsterInstance, bourne: Saga
) -> None:
    run = starting_run(instance, {SAGA_TAG: "bourne"})
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = ProcessIdentity.of(process.pid)
        data = EngineEventData.in_process(process.pid)
        instance.report_engine_event("here", run, engine_event_data=data)
        instance.add_run_tags(run.run_id, {PROCESS_TAG: str(identity)})
        process.kill()
    Turn(bourne, instance, _unexpected).wait()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_run_that_dagster_started_is_waited_for(
    tmp_path: Path, instance: dg.DagsterInstance, bourne: Saga
) -> None:
    other = started_run(instance, os.getpid(), {SAGA_TAG: "bourne"})
    started_run(instance, os.getpid(), {SAGA_TAG: "matrix"})
    end = threading.Timer(1.0, instance.report_run_canceled, [other])
    events: list[RunEvent] = []

    def on_event(event: RunEvent) -> None:
        events.append(event)
        if isinstance(event, ProgressLine) and "Waiting" in event.text:
            end.start()

    report = run_saga(
        Settings(home=tmp_path / "home"), bourne, instance, select="raw_csvs_s3", on_event=on_event
    )
    end.join()
    assert report.succeeded
    assert events[0] == ProgressLine(
        f"Waiting for run {other.run_id} of Jason Bourne in Dagster to end."
    )


def test_dagster_keeps_runs_of_one_saga_apart(tmp_path: Path) -> None:
    (limit,) = instance_config(tmp_path)["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limit == {"key": SAGA_TAG, "limit": 1, "value": {"applyLimitPerUniqueValue": True}}
