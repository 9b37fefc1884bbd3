"""The main job, run twice on a real lake: what lies where, and what Dagster shows."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from bourne_assets.answers.questions import ANSWER_FIELDS
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga, load_sagas
from bourne_assets.settings import Settings
from bourne_assets.star.schemas import STAR
from bourne_assets.tables import from_json, from_parquet, records
from bourne_assets.tmdb import NOTICE
from bourne_assets_tests.answers.builders import films_of_2017
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.defs.definitions import (
    LINEAGE,
    check_specs_of,
    column_schema_of,
    specs_of,
    text_of,
)


@dataclass(frozen=True)
class Refreshed:
    """Two runs of the main job on one lake, the second with another saga of the same films."""

    lake: Lake
    defs: dg.Definitions
    first: dg.ExecuteInProcessResult
    first_objects: dict[str, bytes]
    both: dg.Definitions
    second: dg.ExecuteInProcessResult
    second_objects: dict[str, bytes]


def _objects(lake: Lake) -> dict[str, bytes]:
    return {key: lake.read(key)[0] for key in lake.list()}


def _refresh(defs: dg.Definitions) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def("full_refresh").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


@pytest.fixture(scope="module")
def refreshed(s3_server: EmbeddedLake, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The main job on a real lake with the bundled snapshot and the bundled CSV files."""
    prefix = f"test/{uuid.uuid4().hex}"
    resource = LakeResource(
        s3=S3Resource(
            endpoint_url=s3_server.endpoint,
            region_name=s3_server.region,
            aws_access_key_id=s3_server.credentials.access_key,
            aws_secret_access_key=s3_server.credentials.secret_key,
        ),
        bucket=BUCKET,
        prefix=prefix,
        home=str(tmp_path_factory.mktemp("home")),
    )
    settings = Settings(s3_bucket=BUCKET, s3_prefix=prefix)
    resources = {"lake": resource, "io_manager": LakeIOManager(lake=resource)}
    bourne = load_sagas(settings.sagas_file)["bourne"]
    other = Saga(slug="again", title="Again", queries=("Bourne",), collection_id=31562)
    defs = build_defs(settings=settings, sagas=[bourne], resources=resources)
    lake = resource.connect()
    first, first_objects = _refresh(defs), _objects(lake)
    both = build_defs(settings=settings, sagas=[bourne, other], resources=resources)
    second, second_objects = _refresh(both), _objects(lake)
    return Refreshed(lake, defs, first, first_objects, both, second, second_objects)


def _undated(keys: Mapping[str, bytes]) -> set[str]:
    """Keys without their days, and of each Iceberg table but its name."""
    named = (re.sub(r"(Warehouse/\w+/\w+)/.*", r"\1", key) for key in keys)
    return {re.sub(r"/20\d\d/\d\d/\d\d/", "/<day>/", key) for key in named}


def test_the_main_job_succeeds_and_every_check_passes(refreshed: Refreshed) -> None:
    assert refreshed.first.success
    evaluations = refreshed.first.get_asset_check_evaluations()
    assert len(evaluations) == len(check_specs_of(refreshed.defs))
    assert [check.check_name for check in evaluations if not check.passed] == []


def test_a_second_run_with_another_saga_beside_succeeds_as_well(refreshed: Refreshed) -> None:
    assert refreshed.second.success
    evaluations = refreshed.second.get_asset_check_evaluations()
    assert len(evaluations) == len(check_specs_of(refreshed.both))
    assert [check.check_name for check in evaluations if not check.passed] == []


def test_every_object_lies_where_the_design_says(refreshed: Refreshed) -> None:
    time = "20170901T000000000000Z-1.json"
    assert _undated(refreshed.first_objects) == {
        "Raw/Local/CSV/Movies/<day>/movies.csv",
        "Raw/Local/CSV/Series/<day>/series.csv",
        f"Raw/TMDB/JSON/<day>/collection/{time}",
        f"Raw/TMDB/JSON/<day>/movie_details/{time}",
        f"Raw/TMDB/JSON/<day>/search_movie/{time}",
        "Trusted/Local/Movies.profile.json",
        "Trusted/Local/Series.profile.json",
        "Trusted/raw_csvs_s3.parquet",
        "Trusted/tmdb_search.parquet",
        "Trusted/tmdb_external_ids.parquet",
        "Trusted/tmdb_details.parquet",
        "Refined/bourne_saga_table.parquet",
        "Refined/insight_metrics.json",
        "Refined/saga_history.parquet",
        "Refined/saga_report.html",
        *(f"Warehouse/refined/{name}" for name in STAR),
        *(f"Warehouse/trusted/{name}" for name in ("movies", "series")),
        *(f"Warehouse/trusted/{name}_titles" for name in ("movies", "series")),
    }


def test_another_sagas_objects_lie_under_its_slug(refreshed: Refreshed) -> None:
    added = _undated(refreshed.second_objects) - _undated(refreshed.first_objects)
    assert added == {
        "Trusted/again/tmdb_search.parquet",
        "Trusted/again/tmdb_external_ids.parquet",
        "Trusted/again/tmdb_details.parquet",
        "Refined/again/again_saga_table.parquet",
        "Refined/again/insight_metrics.json",
        "Refined/again/saga_history.parquet",
        "Refined/again/saga_report.html",
    }
    again = from_json(refreshed.second_objects["Refined/again/insight_metrics.json"])
    bourne = from_json(refreshed.second_objects["Refined/insight_metrics.json"])
    assert again["saga"] == "again"
    assert again["answers"] == bourne["answers"]


def test_the_landed_files_are_those_of_the_folder(refreshed: Refreshed) -> None:
    landed = {
        key.rpartition("/")[2]: data
        for key, data in refreshed.first_objects.items()
        if key.startswith("Raw/Local/")
    }
    folder = Settings().csv_dir
    assert landed == {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_a_second_run_sends_no_raw_object_again(refreshed: Refreshed) -> None:
    raw = {
        run: {key: data for key, data in objects.items() if "/JSON/2017/" in key}
        for run, objects in (
            ("first", refreshed.first_objects),
            ("second", refreshed.second_objects),
        )
    }
    assert raw["first"] == raw["second"]
    first, second = (
        records(from_parquet(objects["Trusted/raw_csvs_s3.parquet"]))
        for objects in (refreshed.first_objects, refreshed.second_objects)
    )
    assert {row["status"] for row in first} == {"landed"}
    if [row["uri"] for row in first] == [row["uri"] for row in second]:  # no midnight between
        assert {row["status"] for row in second} == {"unchanged"}


def test_a_second_run_gives_the_same_tables_and_answers(refreshed: Refreshed) -> None:
    table, stored = "Refined/bourne_saga_table.parquet", "Refined/insight_metrics.json"
    assert refreshed.second_objects[table] == refreshed.first_objects[table]
    first, second = (
        from_json(objects[stored])
        for objects in (refreshed.first_objects, refreshed.second_objects)
    )
    # The snapshots may be newer, as another saga was kept too; the rows are the same.
    digests = [[each.get("digest") for each in found.pop("inputs")] for found in (first, second)]
    assert digests[0] == digests[1]
    assert first == second


def test_the_saga_table_has_the_five_films_with_the_figures_of_2017_and_csv_ratings(
    refreshed: Refreshed,
) -> None:
    films = records(from_parquet(refreshed.first_objects["Refined/bourne_saga_table.parquet"]))
    figures = ("tmdb_id", "title", "imdb_id", "release_date", "budget", "revenue", "popularity")
    assert [{name: row[name] for name in figures} for row in films] == [
        {name: record[name] for name in figures} for record in films_of_2017()
    ]
    assert all(row["imdb_rating"] and row["imdb_votes"] for row in films)


def test_the_answers_are_those_of_2017_and_name_what_they_came_from(
    refreshed: Refreshed,
) -> None:
    result = from_json(refreshed.first_objects["Refined/insight_metrics.json"])
    _, table = refreshed.lake.read("Refined/bourne_saga_table.parquet")
    named, *tables = result["inputs"]
    assert named == {"uri": table.uri, "sha256": table.sha256}
    assert [each["table"] for each in tables] == ["refined.fact_film_day", "refined.dim_film"]
    for each in tables:
        listed = refreshed.first_objects[refreshed.lake.key(each["uri"])]
        assert each["sha256"] == hashlib.sha256(listed).hexdigest()
        assert each["uri"].partition("snap-")[2].startswith(each["snapshot_id"])
    assert (result["source"], result["as_of"]) == ("bundled-snapshot", "2017-09-01T00:00:00Z")
    assert result["answers"]["mean_revenue"]["value"] == 327_483_286.2
    assert result["answers"]["mean_budget"]["value"] == 91_000_000.0


def test_every_asset_is_where_its_definition_says(refreshed: Refreshed) -> None:
    events = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in refreshed.first.get_asset_materialization_events()
        if event.asset_key
    }
    specs = specs_of(refreshed.defs)
    assert set(events) == set(specs) == set(LINEAGE)
    for name, event in events.items():
        if name == "fact_answer":
            continue  # rows of a table that all sagas share
        uri = text_of(event.metadata["dagster/uri"])
        assert uri == text_of(specs[name].metadata["dagster/uri"])
        assert refreshed.lake.key(uri) in refreshed.first_objects
        assert re.fullmatch(r"[0-9a-f]{16}\.\.\.", text_of(event.metadata["sha256"]))
        assert ("preview" in event.metadata) == (name != "saga_report")


def test_tables_report_rows_and_columns_as_they_were_declared(refreshed: Refreshed) -> None:
    rows = {}
    for event in refreshed.first.get_asset_materialization_events():
        metadata = event.step_materialization_data.materialization.metadata
        assert event.asset_key
        name = event.asset_key.to_user_string()
        if name not in {"insight_metrics", "saga_report", "fact_answer"}:
            rows[name] = metadata["dagster/row_count"].value
            seen = metadata["dagster/column_schema"].value
            assert seen == column_schema_of(specs_of(refreshed.defs)[name])
    assert rows == {
        "raw_csvs_s3": 2,
        "tmdb_search": 9,
        "tmdb_external_ids": 9,
        "tmdb_details": 9,
        "bourne_saga_table": 5,
        "saga_history": 10,
    }


def test_the_page_of_the_answers_shows_both_languages_the_picture_and_the_numbers(
    refreshed: Refreshed,
) -> None:
    (metadata,) = (
        event.step_materialization_data.materialization.metadata
        for event in refreshed.first.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("insight_metrics")
    )
    assert [name for name in metadata if name[0].isdigit()] == list(metadata)[:6]
    assert text_of(metadata["1_mean_revenue"]) == (
        "The mean revenue is $327,483,286.20, over 5 films."
    )
    assert "What is the mean revenue" in text_of(metadata["answers"])
    assert "Qual a média de faturamento" in text_of(metadata["respostas"])
    assert NOTICE in text_of(metadata["answers"])
    pictures = {name for name in metadata if name.startswith("picture_of_")}
    assert pictures == {
        "picture_of_revenue",
        "picture_of_budget",
        "picture_of_figures",
        "picture_of_changes",
        "picture_of_popularity_and_revenue",
        "picture_of_popularity_and_profit",
        "picture_of_popularity_and_return",
        "picture_of_year_and_popularity",
    }
    for name in pictures:
        assert text_of(metadata[name]).startswith("![")
        assert "data:image/svg+xml;base64," in text_of(metadata[name])
        assert len(text_of(metadata[name])) < 80_000, "the event log keeps it forever"
    assert metadata["mean_revenue_usd"].value == 327_483_286.2
    assert metadata["source"].value == "bundled-snapshot"
    fields = [row.split(" | ")[0] for row in text_of(metadata["fields"]).splitlines()[2:]]
    assert fields == [f"| {name}" for name, _, _ in ANSWER_FIELDS]
    # Dagster's page has columns above all metadata, and so above the answers.
    assert "dagster/column_schema" not in specs_of(refreshed.defs)["insight_metrics"].metadata


def test_every_column_says_which_columns_upstream_it_comes_from(refreshed: Refreshed) -> None:
    known = {
        name: {column.name for column in column_schema_of(spec).columns}
        for name, spec in specs_of(refreshed.both).items()
        if not name.endswith(("saga_report", "insight_metrics"))
    }
    known["insight_metrics"] = {name for name, _, _ in ANSWER_FIELDS}
    for name in ("bourne_saga_table", "again/again_saga_table", "insight_metrics"):
        (lineage,) = (
            event.step_materialization_data.materialization.metadata["dagster/column_lineage"]
            for event in refreshed.second.get_asset_materialization_events()
            if event.asset_key == dg.AssetKey(name.split("/"))
        )
        found: Any = lineage.value
        sources = found.deps_by_column
        expected = {
            column for column in known[name] if "saga_table" in name or column[:8] == "answers."
        }
        assert set(sources) == expected
        for deps in sources.values():
            assert deps
            for dep in deps:
                assert dep.column_name in known[dep.asset_key.to_user_string()]
    assert {dep.asset_key.to_user_string() for dep in sources["answers.mean_budget"]} == {
        "bourne_saga_table"
    }


def test_the_saga_table_names_the_objects_that_it_came_from(refreshed: Refreshed) -> None:
    (metadata,) = (
        event.step_materialization_data.materialization.metadata
        for event in refreshed.first.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("bourne_saga_table")
    )
    inputs: Any = metadata["inputs"].value
    named = {refreshed.lake.key(item["uri"]): item["sha256"] for item in inputs if "uri" in item}
    assert named == {
        key: hashlib.sha256(refreshed.first_objects[key]).hexdigest()
        for key in (
            "Trusted/tmdb_details.parquet",
            "Trusted/tmdb_external_ids.parquet",
        )
    }
    tables = [item["table"] for item in inputs if item.get("snapshot_id")]
    assert tables == ["trusted.movies_titles", "trusted.series_titles"]


def test_no_metadata_of_a_run_has_a_credential_of_the_lake(
    refreshed: Refreshed, s3_server: EmbeddedLake
) -> None:
    secret = s3_server.credentials.secret_key
    assert secret not in str(refreshed.first.all_events)
    assert not [key for key, data in refreshed.first_objects.items() if secret.encode() in data]
