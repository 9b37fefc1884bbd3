"""What a person may set for one run in Dagster's launchpad: typed, described, validated."""

import re
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan
from pydantic import ValidationError

from bourne_assets.definitions import build_defs
from bourne_assets.defs.answers.report import ReportConfig
from bourne_assets.defs.csvs.assets import LandingConfig
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.assets import SearchConfig, TmdbConfig
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import BOURNE, QUIET


@pytest.mark.parametrize("config", [LandingConfig, ReportConfig, SearchConfig, TmdbConfig])
def test_every_setting_of_a_run_is_described_and_has_a_default(config: type[dg.Config]) -> None:
    for name, field in config.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
    assert config()


@pytest.mark.parametrize("day", ["today", "2026-1-1", "20260101", "2026-01-01T00:00", ""])
def test_an_invalid_day_is_refused(day: str) -> None:
    for config, name in ((ReportConfig, "as_of"), (LandingConfig, "landed_on")):
        with pytest.raises(ValidationError):
            config.model_validate({name: day})


def _run(lake: LakeResource, ops: dict[str, Any], *assets: str) -> dg.ExecuteInProcessResult:
    defs = build_defs(settings=Settings(), sagas=[BOURNE], resources={"lake": lake})
    return defs.resolve_job_def("refresh_bourne").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[dg.AssetKey(name) for name in assets] or None,
        run_config={"ops": ops, **QUIET},
        raise_on_error=False,
    )


def test_a_search_may_use_other_queries_once(lake_resource: LakeResource) -> None:
    ops = {"tmdb_search": {"config": {"queries": ["bourne"]}}}
    result = _run(lake_resource, ops, "tmdb_search")
    assert result.success
    (made,) = result.asset_materializations_for_node("tmdb_search")
    assert made.metadata["queries"].value == "bourne"


@pytest.mark.exhaustive
def test_a_report_of_an_earlier_day_is_stored_beside_the_current_one(
    lake: Lake, lake_resource: LakeResource
) -> None:
    assert _run(lake_resource, {}).success
    today = lake.read("Refined/saga_report.html")[0]
    ops = {"saga_report": {"config": {"as_of": "2024-12-31"}}}
    result = _run(lake_resource, ops, "saga_report")
    assert result.success
    assert b"2024" in lake.read("Refined/reports/2024-12-31.html")[0]
    assert lake.read("Refined/saga_report.html")[0] == today
    assert result.asset_materializations_for_node("saga_report") == []
    (observed,) = result.get_asset_observation_events()
    assert str(observed.asset_observation_data.asset_observation.metadata["path"].value).endswith(
        "/Refined/reports/2024-12-31.html"
    )


@pytest.mark.exhaustive
def test_a_report_of_a_day_without_figures_fails_and_stores_nothing(
    lake: Lake, lake_resource: LakeResource
) -> None:
    assert _run(lake_resource, {}).success
    ops = {"saga_report": {"config": {"as_of": "1999-01-01"}}}
    assert not _run(lake_resource, ops, "saga_report").success
    assert list(lake.list("Refined/reports")) == []


@pytest.mark.parametrize(
    ("asset", "setting"), [("saga_report", "as_of"), ("raw_csvs_s3", "landed_on")]
)
@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("yesterday", "'yesterday' is not a date; write it like 2017-09-01."),
        ("2024-02-31", "'2024-02-31' is not a date; write it like 2017-09-01."),
        ("2999-01-01", "2999-01-01 has not come yet; today is "),
    ],
)
def test_a_day_that_cannot_be_used_starts_no_run(
    asset: str, setting: str, day: str, sentence: str
) -> None:
    job = build_defs(settings=Settings(), sagas=[BOURNE]).resolve_job_def("refresh_bourne")
    with pytest.raises(dg.DagsterInvalidConfigError, match=re.escape(sentence)):
        create_execution_plan(job, {"ops": {asset: {"config": {setting: day}}}})
