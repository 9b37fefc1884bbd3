"""Lost runs are ended, and retries that are owed are reported again, once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, WILL_RETRY_TAG

from bourne_assets.defs.operations.stuck_runs import forgotten_retries_sensor, lost_runs_sensor
from bourne_assets.runs import retries
from bourne_assets.runs.instance import open_instance
from bourne_assets.runs.retries import REMINDED_TAG, remind_of_retries
from bourne_assets.settings import Settings
from bourne_assets_tests.support.dagster_runs import ended_process, started_run


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        yield instance


def test_the_sensor_says_what_it_saw(instance: dg.DagsterInstance) -> None:
    context = dg.build_sensor_context(instance)
    assert lost_runs_sensor(context).skip_message == "No run is lost."  # type: ignore[union-attr]
    run = started_run(instance, ended_process())
    skipped = lost_runs_sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    assert run.run_id in str(skipped.skip_message)
    assert lost_runs_sensor.default_status == dg.DefaultSensorStatus.RUNNING


def _failures(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int:
    return len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE))


def _failed(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    run = instance.create_run_for_job(_job, tags=tags)
    instance.report_run_failed(run, "It failed.")
    # Reporting computes the tag by the instance's own settings; the test's word is the last.
    instance.add_run_tags(run.run_id, tags)
    return run


@dg.op
def _nothing() -> None:
    pass


@dg.job
def _job() -> None:
    _nothing()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """None at all: a run that has just failed is old enough."""
    monkeypatch.setattr(retries, "_PATIENCE", timedelta(seconds=-60))


@pytest.mark.usefixtures("patience")
def test_a_retry_that_was_forgotten_is_reported_again_and_no_other() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        forgotten = _failed(instance, {WILL_RETRY_TAG: "true"})
        retried = _failed(instance, {WILL_RETRY_TAG: "true", AUTO_RETRY_RUN_ID_TAG: "another"})
        final = _failed(instance, {WILL_RETRY_TAG: "false"})
        context = dg.build_sensor_context(instance)
        assert forgotten.run_id in str(forgotten_retries_sensor(context))
        assert [_failures(instance, run) for run in (forgotten, retried, final)] == [2, 1, 1]


@pytest.mark.usefixtures("patience")
def test_a_run_that_nobody_can_retry_is_reported_again_once() -> None:
    """Dagster leaves the tag as it is where the run's job is gone, or its backfill is over."""
    with dg.DagsterInstance.ephemeral() as instance:
        forgotten = _failed(instance, {WILL_RETRY_TAG: "true"})
        assert remind_of_retries(instance) == [forgotten.run_id]
        instance.add_run_tags(forgotten.run_id, {WILL_RETRY_TAG: "true"})
        assert remind_of_retries(instance) == []
        assert _failures(instance, forgotten) == 2


@pytest.mark.usefixtures("patience")
def test_a_retry_with_the_tags_of_a_run_that_was_reported_again_is_itself_reported_again() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        retry = _failed(instance, {WILL_RETRY_TAG: "true", REMINDED_TAG: "the run before it"})
        assert remind_of_retries(instance) == [retry.run_id]


def test_a_run_that_has_just_failed_is_left_to_dagster() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _failed(instance, {WILL_RETRY_TAG: "true"})
        assert remind_of_retries(instance) == []
        assert "No retry" in str(forgotten_retries_sensor(dg.build_sensor_context(instance)))
