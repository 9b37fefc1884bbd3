"""The sensor that ends runs whose process is gone."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bourne_assets.defs.operations.stuck_runs import lost_runs_sensor
from bourne_assets.runs.instance import open_instance
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
