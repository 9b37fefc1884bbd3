"""A dataset that the user describes has a page of its own, and may have an age."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.cli.runner import run_saga
from bourne_assets.cli.selection import SelectionError
from bourne_assets.csvs.errors import CsvDatasetsError
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.definitions import build_defs
from bourne_assets.defs.csvs.datasets import dataset_key
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import BOURNE
from bourne_assets_tests.support.tables import tables_of
from bourne_assets_tests.support.tiers import in_every_run

_DATASETS = """
datasets:
  Box_Office:
    id: film
    fresh_within_hours: 36
  stages:
"""
_BOX_OFFICE = dg.AssetKey(["csv_datasets", "box_office"])


class Platform:
    """The landing of CSV files, with a datasets file.

    Attributes:
        folder: The watched folder.
        datasets: The datasets file.
        instance: The instance.
    """

    def __init__(self, folder: Path, lake: LakeResource) -> None:
        self.folder = folder / "csv"
        self.folder.mkdir()
        self.datasets = folder / "datasets.yaml"
        self.datasets.write_text(_DATASETS, encoding="utf-8")
        self.instance = dg.DagsterInstance.ephemeral()
        self._lake = lake
        self._journal = folder / "journal"

    def defs(self) -> dg.Definitions:
        """The definitions with the datasets file as it is now."""
        return build_defs(
            settings=Settings(csv_datasets=self.datasets),
            sagas=[],
            resources={
                "lake": self._lake,
                "csv_folder": CsvFolderResource(
                    folder=str(self.folder),
                    datasets_file=str(self.datasets),
                    journal=str(self._journal),
                ),
            },
        )

    def specs(self) -> Mapping[dg.AssetKey, dg.AssetSpec]:
        """All assets by key."""
        return {spec.key: spec for spec in self.defs().resolve_all_asset_specs()}

    def write(self, name: str, text: str) -> None:
        """A file in the watched folder."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, **config: Any) -> dg.ExecuteInProcessResult:
        """Run the main job, the landing with these settings."""
        job = self.defs().resolve_job_def("full_refresh")
        return job.execute_in_process(
            instance=self.instance, run_config={"ops": {"raw_csvs_s3": {"config": config}}}
        )

    def deliveries(self, name: str) -> list[Mapping[str, Any]]:
        """Metadata of each materialisation of a dataset's page, the newest first."""
        records = self.instance.fetch_materializations(dataset_key(name), limit=10).records
        found = [record.asset_materialization for record in records]
        return [{n: v.value for n, v in each.metadata.items()} for each in found if each]


@pytest.fixture
def platform(tmp_path: Path, lake_resource: LakeResource) -> Platform:
    """A platform that knows of two datasets and has no file yet."""
    return Platform(tmp_path, lake_resource)


def test_a_described_dataset_says_what_it_is_where_it_lies_and_from_what(
    platform: Platform,
) -> None:
    spec = platform.specs()[_BOX_OFFICE]
    assert r"Box\_Office" in (spec.description or "")
    assert "id column is film" in (spec.description or "")
    assert spec.metadata["dagster/table_name"] == "trusted.box_office"
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey("raw_csvs_s3")]
    assert spec.owners == ["team:films"]
    assert spec.group_name == "raw"


def test_without_a_datasets_file_there_is_no_such_page() -> None:
    keys = build_defs(settings=Settings(), sagas=[]).resolve_asset_graph().get_all_asset_keys()
    assert keys == {dg.AssetKey("raw_csvs_s3")}


def test_a_dataset_must_be_as_fresh_as_its_setting_says(platform: Platform) -> None:
    specs = platform.specs()
    assert specs[_BOX_OFFICE].freshness_policy == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=36)
    )
    assert specs[dataset_key("stages")].freshness_policy is None


def test_a_landing_shows_rows_columns_and_files_of_the_datasets_that_it_brought(
    platform: Platform,
) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\nB,\n")
    platform.write("other.csv", "id\n1\n")
    assert platform.run().success
    (found,) = platform.deliveries("Box_Office")
    assert found["dagster/row_count"] == 2
    assert found["dagster/table_name"] == "trusted.box_office"
    assert [(c.name, c.type) for c in found["dagster/column_schema"].columns] == [
        ("film", "VARCHAR"),
        ("gross", "BIGINT"),
    ]
    assert "1 unknown, about 1 distinct" in found["dagster/column_schema"].columns[1].description
    (landed,) = found["landed_files"]
    assert landed.endswith("/box_office.csv")
    assert platform.deliveries("stages") == platform.deliveries("other") == []


def test_only_new_bytes_make_a_dataset_fresh(platform: Platform) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\n")
    for _ in range(2):
        platform.run()
    assert len(platform.deliveries("Box_Office")) == 1
    platform.write("box_office.csv", "film,gross\nA,2\n")
    platform.run()
    assert len(platform.deliveries("Box_Office")) == 2


def test_bytes_that_are_landed_once_more_on_another_day_are_not_a_delivery(
    platform: Platform,
) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\n")
    for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
        assert platform.run(landed_on=day).success
    assert len(platform.deliveries("Box_Office")) == 1


def test_a_delivery_whose_landing_was_not_recorded_is_recorded_by_the_next(
    platform: Platform, lake: Lake
) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\n")
    land_csv_files(
        [platform.folder / "box_office.csv"], lake, datetime.now(UTC).date(), tables=tables_of(lake)
    )
    result = platform.run()
    assert result.output_for_node("raw_csvs_s3")["status"].to_list() == ["unchanged"]
    assert len(platform.deliveries("Box_Office")) == 1


def test_the_same_bytes_read_in_another_way_are_observed_once(platform: Platform) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\n")
    platform.run()
    platform.datasets.write_text(
        _DATASETS.replace("id: film", "types: {gross: VARCHAR}"), encoding="utf-8"
    )
    for _ in range(2):
        platform.run()
    assert len(platform.deliveries("Box_Office")) == 1
    (record,) = platform.instance.fetch_observations(_BOX_OFFICE, limit=10).records
    assert record.asset_observation is not None
    schema: Any = record.asset_observation.metadata["dagster/column_schema"].value
    assert [column.type for column in schema.columns] == ["VARCHAR", "VARCHAR"]


def test_a_column_that_holds_nothing_says_so(platform: Platform) -> None:
    platform.write("box_office.csv", "film,gross\nA,\n")
    platform.run()
    (found,) = platform.deliveries("Box_Office")
    assert found["dagster/column_schema"].columns[1].description == "1 unknown, and nothing else."


@pytest.mark.parametrize("name", in_every_run(["straße", "οδος", "Box_Office", "2024"]))
def test_a_page_names_the_object_of_its_dataset_however_it_is_spelled(
    platform: Platform, name: str
) -> None:
    platform.datasets.write_text(f"datasets:\n  '{name}': {{}}\n", encoding="utf-8")
    platform.write(f"{name}.csv", "film,gross\nA,1\n")
    platform.run()
    (found,) = platform.deliveries(name)
    spec = platform.specs()[dataset_key(name)]
    assert spec.metadata["dagster/table_name"] == found["dagster/table_name"]


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "x\\ny", ".", "..", "movies.csv", "Movies.CSV.gz"]
)
def test_a_name_that_no_dataset_has_is_refused(platform: Platform, name: str) -> None:
    platform.datasets.write_text(f'datasets:\n  "{name}": {{}}\n', encoding="utf-8")
    with pytest.raises(CsvDatasetsError, match="which is not a dataset name"):
        platform.defs()


def test_a_name_that_stands_twice_is_refused(platform: Platform) -> None:
    platform.datasets.write_text("datasets:\n  Movies: {}\n  movies: {}\n", encoding="utf-8")
    with pytest.raises(CsvDatasetsError, match="'movies' twice"):
        platform.defs()


def test_a_dataset_whose_file_is_rejected_stays_as_old_as_it_is(platform: Platform) -> None:
    platform.write("box_office.csv", "")
    platform.write("stages.csv", "id\n1\n")
    platform.run()
    assert platform.deliveries("Box_Office") == []
    assert len(platform.deliveries("stages")) == 1


def test_how_fresh_a_dataset_must_be_changes_nothing_of_how_it_is_read(platform: Platform) -> None:
    platform.write("box_office.csv", "film,gross\nA,1\n")
    platform.run()
    before = platform.specs()[_BOX_OFFICE].freshness_policy
    platform.datasets.write_text(_DATASETS.replace("36", "12"), encoding="utf-8")
    assert platform.specs()[_BOX_OFFICE].freshness_policy != before
    result = platform.run()
    assert result.success
    manifest = result.output_for_node("raw_csvs_s3")
    assert manifest["status"].to_list() == ["unchanged"]
    assert len(platform.deliveries("Box_Office")) == 1


@pytest.mark.parametrize("hours", ["0", "0.09", "-1", "soon", "1e9", ".inf", ".nan"])
def test_an_age_that_cannot_be_is_named(platform: Platform, hours: str) -> None:
    platform.datasets.write_text(_DATASETS.replace("36", hours), encoding="utf-8")
    with pytest.raises(CsvDatasetsError, match=r"Box_Office\.fresh_within_hours"):
        platform.defs()


def test_a_page_is_not_a_step_of_its_own_for_jobs_and_selections(platform: Platform) -> None:
    platform.write("stages.csv", "id\n1\n")
    defs = platform.defs()
    repository = defs.get_repository_def()
    for job in repository.get_all_jobs():
        assert not [key for key in job.asset_layer.selected_asset_keys if key == _BOX_OFFICE]
    with pytest.raises(SelectionError, match="selects none") as raised:
        run_saga(
            Settings(csv_datasets=platform.datasets),
            BOURNE,
            platform.instance,
            select="csv_datasets/box_office",
            on_event=lambda _: None,
        )
    assert "raw_csvs_s3" in str(raised.value)
    assert "csv_datasets/box_office," not in str(raised.value)
