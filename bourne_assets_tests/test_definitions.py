"""The platform as Dagster sees it: what is defined, how it is described, and a whole run of it.

Update the snapshot with `UPDATE_SNAPSHOTS=1 pytest bourne_assets_tests/test_definitions.py`.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

import bourne_assets
from bourne_assets.definitions import build_defs, default_resources
from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga, load_sagas
from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.settings import Settings, read_settings
from bourne_assets.tables import from_json, from_parquet, records
from bourne_assets.tmdb import NOTICE
from bourne_assets_tests.answers.builders import films_of_2017
from bourne_assets_tests.conftest import BUCKET

_SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"
_LINEAGE = {
    "raw_csvs_s3": set[str](),
    "tmdb_search": set[str](),
    "tmdb_external_ids": {"tmdb_search"},
    "tmdb_details": {"tmdb_search"},
    "bourne_saga_table": {"raw_csvs_s3", "tmdb_external_ids", "tmdb_details"},
    "insight_metrics": {"bourne_saga_table"},
    "saga_history": {"bourne_saga_table"},
    "saga_report": {"bourne_saga_table", "insight_metrics", "saga_history"},
}


def _defs(**changes: Any) -> dg.Definitions:
    return build_defs(settings=Settings(**changes))


def _specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def _lineage(defs: dg.Definitions) -> dict[str, set[str]]:
    return {
        name: {dep.asset_key.to_user_string() for dep in spec.deps}
        for name, spec in _specs(defs).items()
    }


# Assets and their lineage


def test_the_six_assets_and_those_downstream_have_the_lineage_that_was_designed() -> None:
    assert _lineage(_defs()) == _LINEAGE


def test_the_definitions_can_be_loaded_with_one_saga_and_with_more() -> None:
    dg.Definitions.validate_loadable(_defs())
    dg.Definitions.validate_loadable(_defs(saga_slugs=("bourne", "matrix")))
    dg.Definitions.validate_loadable(_defs(saga_slugs=("matrix",)))


def test_another_saga_stands_under_its_slug_beside_the_first() -> None:
    lineage = _lineage(_defs(saga_slugs=("bourne", "matrix")))
    under = {name for name in lineage if name.startswith("matrix/")}
    assert under == {
        "matrix/tmdb_search",
        "matrix/tmdb_external_ids",
        "matrix/tmdb_details",
        "matrix/matrix_saga_table",
        "matrix/insight_metrics",
        "matrix/saga_history",
        "matrix/saga_report",
    }
    assert {name: lineage[name] for name in lineage.keys() - under} == _LINEAGE
    assert lineage["matrix/matrix_saga_table"] == {
        "raw_csvs_s3",
        "matrix/tmdb_external_ids",
        "matrix/tmdb_details",
    }
    assert lineage["matrix/insight_metrics"] == {"matrix/matrix_saga_table"}
    assert lineage["matrix/saga_report"] == {
        "matrix/matrix_saga_table",
        "matrix/insight_metrics",
        "matrix/saga_history",
    }


def test_another_saga_has_the_same_checks_on_its_own_assets() -> None:
    checks = _defs(saga_slugs=("bourne", "matrix")).resolve_asset_graph().asset_check_keys
    by_saga: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for check in checks:
        *prefix, name = check.asset_key.path
        if name != "raw_csvs_s3":
            name = "saga_table" if name.endswith("_saga_table") else name
            by_saga[prefix == ["matrix"]].add((name, check.name))
    assert by_saga[True] == by_saga[False]
    assert len(by_saga[True]) >= 25


def test_the_uri_of_another_sagas_asset_has_its_slug() -> None:
    specs = _specs(_defs(saga_slugs=("matrix",)))
    assert _text(specs["matrix/matrix_saga_table"].metadata["dagster/uri"]) == (
        "s3://bourne-lake/Refined/matrix/matrix_saga_table.parquet"
    )
    assert specs["matrix/insight_metrics"].tags["saga"] == "matrix"


def test_the_sagas_of_the_environment_are_in_the_lineage() -> None:
    settings = read_settings({"BOURNE_SAGAS": "bourne, matrix"})
    assert "matrix/matrix_saga_table" in _specs(build_defs(settings=settings))


def test_sagas_can_be_given_in_place_of_the_settings() -> None:
    sagas = [load_sagas(Settings().sagas_file)["matrix"]]
    specs = _specs(build_defs(settings=Settings(), sagas=sagas))
    assert set(specs) - {"raw_csvs_s3"} == {name for name in specs if name.startswith("matrix/")}
    assert set(_specs(build_defs(settings=Settings(), sagas=[]))) == {"raw_csvs_s3"}


def test_an_unknown_saga_is_an_error_of_configuration_in_one_sentence() -> None:
    with pytest.raises(SagaConfigurationError, match=r"^The saga 'bond' .*\.$") as raised:
        build_defs(settings=read_settings({"BOURNE_SAGAS": "bourne, bond"}))
    assert isinstance(raised.value, ConfigurationError)


# The catalogue


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dg.AssetSpec]:
    """All assets of two sagas."""
    return _specs(_defs(saga_slugs=("bourne", "matrix")))


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))


def test_every_asset_has_an_owner_kinds_a_group_tags_and_a_code_version(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        assert spec.owners, name
        assert 1 <= len(spec.kinds) <= 3, name
        prefix = "matrix_" if name.startswith("matrix/") else ""
        groups = {"raw", f"{prefix}trusted", f"{prefix}refined"}
        assert spec.group_name in groups, name
        assert (spec.freshness_policy is None) == (name == "raw_csvs_s3"), name
        assert spec.tags["domain"] in {"csv", "films"}, name
        assert spec.code_version, name


def test_every_asset_is_described_by_a_sentence_and_its_particulars(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        first, blank, *rest = (spec.description or "").splitlines()
        assert re.fullmatch(r"[A-Z].{10,}\.", first), name
        assert blank == "", name
        assert len(" ".join(rest)) > 100, name


def test_every_asset_says_where_it_lies(catalogue: Mapping[str, dg.AssetSpec]) -> None:
    uris = set()
    for name, spec in catalogue.items():
        uri, table = (_text(spec.metadata[f"dagster/{key}"]) for key in ("uri", "table_name"))
        layer = "Refined" if str(spec.group_name).endswith("refined") else "Trusted"
        asset = name.rpartition("/")[2]
        suffix = {"insight_metrics": "json", "saga_report": "html"}.get(asset, "parquet")
        assert uri == f"s3://bourne-lake/{table}", name
        assert table == f"{layer}/{name}.{suffix}"
        uris.add(uri)
    assert len(uris) == len(catalogue)


def test_the_uri_has_the_bucket_and_prefix_of_the_settings() -> None:
    specs = _specs(_defs(s3_bucket="real-lake", s3_prefix="some/folder"))
    assert _text(specs["insight_metrics"].metadata["dagster/uri"]) == (
        "s3://real-lake/some/folder/Refined/insight_metrics.json"
    )


def test_every_column_of_every_asset_has_a_type_and_a_description(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        if name.endswith("saga_report"):  # a page has none
            continue
        columns = _schema(spec).columns
        assert len(columns) >= 9, name
        for column in columns:
            assert len(column.description or "") >= 5, f"{name}.{column.name}"
            assert column.type, f"{name}.{column.name}"
            assert "dtype" not in column.type, f"{name}.{column.name}"


def test_columns_that_may_be_unknown_say_so(catalogue: Mapping[str, dg.AssetSpec]) -> None:
    columns = {column.name: column for column in _schema(catalogue["bourne_saga_table"]).columns}
    assert columns["budget"].type == "integer"
    assert columns["budget"].constraints.nullable
    assert not columns["title"].constraints.nullable
    assert columns["tmdb_id"].constraints.unique
    assert columns["release_date"].type == "date"
    assert columns["fetched_at"].type == "timestamp (UTC)"


def test_every_asset_of_tmdb_data_names_its_source_and_carries_the_notice(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        if name == "raw_csvs_s3":
            assert "notice" not in spec.metadata
            continue
        assert _text(spec.metadata["notice"]) == NOTICE, name
        assert re.match(r"https://[\w.]+themoviedb\.org/", _text(spec.metadata["source"])), name


def test_every_check_is_described_by_whole_sentences() -> None:
    for spec in _check_specs(_defs()):
        assert re.fullmatch(r"[A-Z].{20,}\.", spec.description or "", re.DOTALL), spec.name
        assert re.fullmatch(r"[a-z][a-z0-9_]+", spec.name)


def _schema(spec: dg.AssetSpec) -> dg.TableSchema:
    value = spec.metadata["dagster/column_schema"]
    schema = getattr(value, "schema", value)
    assert isinstance(schema, dg.TableSchema)
    return schema


def _check_specs(defs: dg.Definitions) -> list[dg.AssetCheckSpec]:
    graph = defs.resolve_asset_graph()
    return [graph.get_check_spec(key) for key in sorted(graph.asset_check_keys)]


# Resources and settings


def test_secrets_are_named_and_never_given() -> None:
    token, key = "token-that-nobody-may-see", "key-that-nobody-may-see"
    settings = Settings(tmdb_read_access_token=token, tmdb_api_key=key)
    defs = build_defs(settings=settings)
    tmdb = default_resources(settings)["tmdb"]
    repository = defs.get_repository_def()
    shown = [
        repr(settings),
        repr(defs),
        repr(tmdb),
        repr(repository.get_top_level_resources()),
        str(
            {
                name: repr(found.config_schema.default_value)
                if found.config_schema.default_provided
                else None
                for name, found in repository.get_top_level_resources().items()
            }
        ),
        *(str(job.run_config) for job in repository.get_all_jobs()),
    ]
    assert not [text for text in shown if "nobody-may-see" in text]
    assert "TMDB_READ_ACCESS_TOKEN" in repr(tmdb)
    assert "TMDB_API_KEY" in repr(tmdb)


def test_without_a_credential_no_variable_is_asked_for() -> None:
    assert "TMDB_" not in repr(default_resources(Settings())["tmdb"])


def test_the_resources_have_what_the_settings_say() -> None:
    resources = default_resources(
        Settings(
            s3_bucket="real-lake",
            s3_prefix="folder",
            csv_dir=Path("/somewhere/csv"),
            tmdb_base_url="http://localhost:1/3",
            tmdb_requests_per_second=7.0,
        )
    )
    assert (resources["lake"].bucket, resources["lake"].prefix) == ("real-lake", "folder")
    assert resources["csv_folder"].path == Path("/somewhere/csv")
    assert resources["tmdb"].base_url == "http://localhost:1/3"
    assert resources["tmdb"].requests_per_second == 7.0
    assert Path(default_resources(Settings())["lake"].home).is_absolute()


def test_any_resource_can_be_replaced() -> None:
    mine = LakeResource(s3=S3Resource(), bucket="mine")
    defs = build_defs(settings=Settings(), resources={"lake": mine})
    assert defs.resources is not None
    mine_in_use = defs.get_repository_def().get_top_level_resources()["lake"]
    with dg.build_resources({"lake": mine_in_use}) as built:
        assert built.lake.bucket == "mine"
    assert set(defs.resources) == {"lake", "io_manager", "csv_folder", "tmdb"}


def test_a_run_is_one_process_unless_another_executor_is_given() -> None:
    assert _defs().executor is dg.in_process_executor
    other = build_defs(settings=Settings(), executor=dg.multiprocess_executor)
    assert other.executor is dg.multiprocess_executor


# Loading in a fresh process


def _loaded(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )


def test_loading_the_definitions_prints_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    done = _loaded("import bourne_assets.definitions")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_loading_the_definitions_gives_no_warning_of_ours() -> None:
    code = (
        "import bourne_assets.definitions as d, dagster as dg\n"
        "dg.Definitions.validate_loadable(d.defs)\n"
    )
    done = _loaded(code, "-W", "always")
    assert done.returncode == 0
    assert "bourne_assets" not in done.stderr


def test_the_environment_decides_what_is_loaded_and_its_secrets_are_not_shown() -> None:
    code = (
        "from bourne_assets.definitions import defs\n"
        "for spec in defs.resolve_all_asset_specs(): print(spec.key.to_user_string())\n"
        "print(repr(defs.resources))\n"
    )
    done = _loaded(code, BOURNE_SAGAS="matrix", TMDB_READ_ACCESS_TOKEN="nobody-may-see-this")
    assert done.stderr == ""
    assert "matrix/matrix_saga_table" in done.stdout
    assert "nobody-may-see-this" not in done.stdout


# The snapshot


def _plain(value: Any) -> Any:
    """Metadata as readable JSON."""
    value = getattr(value, "schema", value)
    if isinstance(value, dg.TableSchema):
        return {column.name: _column(column) for column in value.columns}
    return _text(value)


def _column(column: dg.TableColumn) -> str:
    kind = column.type
    kind += " or null" if column.constraints.nullable else ""
    kind += ", unique" if column.constraints.unique else ""
    rules = [f" [{rule}]" for rule in column.constraints.other]
    return f"{kind}{''.join(rules)}: {column.description}"


def _as_json(defs: dg.Definitions) -> dict[str, Any]:
    """Everything that users of Dagster see, in an order that never changes."""
    repository = defs.get_repository_def()
    return {
        "assets": {
            name: {
                "description": spec.description,
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": sorted(spec.owners),
                "tags": {
                    key: value
                    for key, value in sorted(spec.tags.items())
                    if not key.startswith("dagster/kind/")
                },
                "code_version": spec.code_version,
                "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
                "automation": spec.automation_condition and spec.automation_condition.get_label(),
                "metadata": {key: _plain(spec.metadata[key]) for key in sorted(spec.metadata)},
            }
            for name, spec in sorted(_specs(defs).items())
        },
        "checks": {
            f"{spec.asset_key.to_user_string()}: {spec.name}": {
                "blocking": spec.blocking,
                "description": spec.description,
            }
            for spec in _check_specs(defs)
        },
        "jobs": {
            job.name: {
                "description": job.description,
                "assets": sorted(
                    key.to_user_string() for key in job.asset_layer.executable_asset_keys
                ),
                "steps": sorted(node.name for node in job.nodes),
            }
            for job in sorted(repository.get_all_jobs(), key=lambda job: job.name)
            if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: [schedule.cron_schedule, schedule.execution_timezone]
            for schedule in sorted(repository.schedule_defs, key=lambda found: found.name)
        },
        "sensors": {
            sensor.name: sensor.description
            for sensor in sorted(repository.sensor_defs, key=lambda found: found.name)
        },
    }


def test_the_definitions_are_those_of_the_snapshot() -> None:
    text = json.dumps(_as_json(_defs()), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        _SNAPSHOT.parent.mkdir(exist_ok=True)
        _SNAPSHOT.write_text(text, encoding="utf-8")
    for path in (Path(bourne_assets.__file__).parents[1], Path.home(), Path.cwd()):
        assert f"{path}/" not in text, "a path of this machine"
    assert json.loads(text) == json.loads(_SNAPSHOT.read_text(encoding="utf-8"))


# A whole run


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
def refreshed(s3_server: EmbeddedLake) -> Refreshed:
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
    return {re.sub(r"/20\d\d/\d\d/\d\d/", "/<day>/", key) for key in keys}


def test_the_main_job_succeeds_and_every_check_passes(refreshed: Refreshed) -> None:
    assert refreshed.first.success
    evaluations = refreshed.first.get_asset_check_evaluations()
    assert len(evaluations) == len(_check_specs(refreshed.defs))
    assert [check.check_name for check in evaluations if not check.passed] == []


def test_a_second_run_with_another_saga_beside_succeeds_as_well(refreshed: Refreshed) -> None:
    assert refreshed.second.success
    evaluations = refreshed.second.get_asset_check_evaluations()
    assert len(evaluations) == len(_check_specs(refreshed.both))
    assert [check.check_name for check in evaluations if not check.passed] == []


def test_every_object_lies_where_the_design_says(refreshed: Refreshed) -> None:
    time = "20170901T000000000000Z-1.json"
    assert _undated(refreshed.first_objects) == {
        "Raw/Local/CSV/Movies/<day>/movies.csv",
        "Raw/Local/CSV/Series/<day>/series.csv",
        f"Raw/TMDB/JSON/<day>/collection/{time}",
        f"Raw/TMDB/JSON/<day>/movie_details/{time}",
        f"Raw/TMDB/JSON/<day>/search_movie/{time}",
        "Trusted/Local/Movies.parquet",
        "Trusted/Local/Movies.profile.json",
        "Trusted/Local/Movies.titles.parquet",
        "Trusted/Local/Series.parquet",
        "Trusted/Local/Series.profile.json",
        "Trusted/Local/Series.titles.parquet",
        "Trusted/raw_csvs_s3.parquet",
        "Trusted/tmdb_search.parquet",
        "Trusted/tmdb_external_ids.parquet",
        "Trusted/tmdb_details.parquet",
        "Refined/bourne_saga_table.parquet",
        "Refined/insight_metrics.json",
        "Refined/saga_history.parquet",
        "Refined/saga_history/<day>/20170901T000000000000Z.parquet",
        "Refined/saga_report.html",
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
        "Refined/again/saga_history/<day>/20170901T000000000000Z.parquet",
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
    for key in ("Refined/bourne_saga_table.parquet", "Refined/insight_metrics.json"):
        assert refreshed.second_objects[key] == refreshed.first_objects[key]


def test_the_saga_table_has_the_five_films_with_the_figures_of_2017_and_csv_ratings(
    refreshed: Refreshed,
) -> None:
    films = records(from_parquet(refreshed.first_objects["Refined/bourne_saga_table.parquet"]))
    figures = ("tmdb_id", "title", "imdb_id", "release_date", "budget", "revenue", "popularity")
    assert [{name: row[name] for name in figures} for row in films] == [
        {name: told[name] for name in figures} for told in films_of_2017()
    ]
    assert all(row["imdb_rating"] and row["imdb_votes"] for row in films)


def test_the_answers_are_those_of_2017_and_name_the_table_that_they_came_from(
    refreshed: Refreshed,
) -> None:
    result = from_json(refreshed.first_objects["Refined/insight_metrics.json"])
    _, table = refreshed.lake.read("Refined/bourne_saga_table.parquet")
    assert result["inputs"] == [{"uri": table.uri, "sha256": table.sha256}]
    assert (result["source"], result["as_of"]) == ("bundled-snapshot", "2017-09-01T00:00:00Z")
    assert result["answers"]["mean_revenue"]["value"] == 327_483_286.2
    assert result["answers"]["mean_budget"]["value"] == 91_000_000.0


def test_every_asset_lies_where_its_definition_said(refreshed: Refreshed) -> None:
    events = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in refreshed.first.get_asset_materialization_events()
        if event.asset_key
    }
    specs = _specs(refreshed.defs)
    assert set(events) == set(specs) == set(_LINEAGE)
    for name, event in events.items():
        uri = _text(event.metadata["dagster/uri"])
        assert uri == _text(specs[name].metadata["dagster/uri"])
        assert refreshed.lake.key(uri) in refreshed.first_objects
        assert len(_text(event.metadata["sha256"])) == 64
        assert ("preview" in event.metadata) == (name != "saga_report")


def test_tables_report_rows_and_columns_as_they_were_declared(refreshed: Refreshed) -> None:
    rows = {}
    for event in refreshed.first.get_asset_materialization_events():
        metadata = event.step_materialization_data.materialization.metadata
        assert event.asset_key
        name = event.asset_key.to_user_string()
        if name not in {"insight_metrics", "saga_report"}:
            rows[name] = metadata["dagster/row_count"].value
            seen = metadata["dagster/column_schema"].value
            assert seen == _schema(_specs(refreshed.defs)[name])
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
    assert "What is the mean revenue" in _text(metadata["answers"])
    assert "Qual a média de faturamento" in _text(metadata["respostas"])
    assert NOTICE in _text(metadata["answers"])
    pictures = {name for name in metadata if name.startswith("picture_of_")}
    assert pictures == {
        "picture_of_revenue",
        "picture_of_budget",
        "picture_of_figures",
        "picture_of_changes",
        "picture_of_popularity_and_revenue",
        "picture_of_popularity_and_profit",
        "picture_of_year_and_popularity",
    }
    for name in pictures:
        assert _text(metadata[name]).startswith("![")
        assert "data:image/png;base64," in _text(metadata[name])
        assert len(_text(metadata[name])) < 80_000, "the event log keeps it for ever"
    assert metadata["mean_revenue_usd"].value == 327_483_286.2
    assert metadata["source"].value == "bundled-snapshot"


def test_every_column_says_which_columns_upstream_it_comes_from(refreshed: Refreshed) -> None:
    known = {
        name: {column.name for column in _schema(spec).columns}
        for name, spec in _specs(refreshed.both).items()
        if not name.endswith("saga_report")
    }
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
    named = {refreshed.lake.key(item["uri"]): item["sha256"] for item in inputs}
    assert named == {
        key: hashlib.sha256(refreshed.first_objects[key]).hexdigest()
        for key in (
            "Trusted/tmdb_details.parquet",
            "Trusted/tmdb_external_ids.parquet",
            "Trusted/Local/Movies.titles.parquet",
            "Trusted/Local/Series.titles.parquet",
        )
    }


def test_no_metadata_of_a_run_has_a_credential_of_the_lake(
    refreshed: Refreshed, s3_server: EmbeddedLake
) -> None:
    secret = s3_server.credentials.secret_key
    assert secret not in str(refreshed.first.all_events)
    assert not [key for key, data in refreshed.first_objects.items() if secret.encode() in data]
