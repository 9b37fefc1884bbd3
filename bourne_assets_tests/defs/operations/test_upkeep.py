"""The weekly upkeep: what a run of it may be given, and what it leaves alone."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.operations.upkeep import UpkeepConfig, maintain_tables
from bourne_assets.errors import ConfigurationError


@pytest.mark.parametrize("days", [-1, 0])
def test_runs_that_end_in_the_future_or_today_are_not_old(days: int) -> None:
    with pytest.raises(ConfigurationError, match="runs_older_than_days"):
        UpkeepConfig.read({"runs_older_than_days": days})


def test_no_variable_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYS", "90")
    with pytest.raises(dg.DagsterInvalidConfigError):
        _validate({"env": "DAYS"})


@pytest.mark.parametrize("days", [90, None])
def test_a_number_of_days_or_none_may_be_given(days: int | None) -> None:
    _validate(days)


def test_where_there_is_no_lake_none_is_created(tmp_path: Path) -> None:
    home = tmp_path / "home"
    job = maintain_tables.graph.to_job(resource_defs={"lake": LakeResource(home=str(home))})
    assert job.execute_in_process().success
    assert not home.exists()


def _validate(days: Any) -> None:
    step = {"config": {"runs_older_than_days": days}}
    # The lake is the platform's; its configuration is not what is tried here.
    job = maintain_tables.graph.to_job(
        resource_defs={"lake": dg.ResourceDefinition.none_resource()}
    )
    dg.validate_run_config(job, {"ops": {"maintain_tables_and_runs": step}})
