"""The platform as Dagster sees it: what is defined, how it is described, and a whole run of it.

Update the snapshot with
`UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest bourne_assets_tests/test_definitions.py`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

import bourne_assets
from bourne_assets.definitions import build_defs, default_resources
from bourne_assets.defs.csvs.assets import LandingConfig
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.code import COMMIT, commit_of
from bourne_assets.errors import ConfigurationError
from bourne_assets.saga.definition import load_sagas
from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.settings import Settings, read_settings
from bourne_assets.tmdb import NOTICE
from bourne_assets_tests.defs.definitions import (
    LINEAGE,
    check_specs_of,
    column_schema_of,
    definitions_of,
    specs_of,
    text_of,
)

_SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.json"


def _lineage(defs: dg.Definitions) -> dict[str, set[str]]:
    return {
        name: {dep.asset_key.to_user_string() for dep in spec.deps}
        for name, spec in specs_of(defs).items()
    }


# Assets and their lineage


def test_the_six_assets_and_those_downstream_have_the_lineage_that_was_designed() -> None:
    assert _lineage(definitions_of()) == LINEAGE


def test_the_definitions_can_be_loaded_with_one_saga_and_with_more() -> None:
    dg.Definitions.validate_loadable(definitions_of())
    dg.Definitions.validate_loadable(definitions_of(saga_slugs=("bourne", "matrix")))
    dg.Definitions.validate_loadable(definitions_of(saga_slugs=("matrix",)))


def test_another_saga_stands_under_its_slug_beside_the_first() -> None:
    lineage = _lineage(definitions_of(saga_slugs=("bourne", "matrix")))
    under = {name for name in lineage if name.startswith("matrix/")}
    assert under == {
        "matrix/tmdb_search",
        "matrix/tmdb_external_ids",
        "matrix/tmdb_details",
        "matrix/matrix_saga_table",
        "matrix/insight_metrics",
        "matrix/saga_history",
        "matrix/fact_answer",
        "matrix/saga_report",
    }
    assert {name: lineage[name] for name in lineage.keys() - under} == LINEAGE
    assert lineage["matrix/matrix_saga_table"] == {
        "raw_csvs_s3",
        "matrix/tmdb_external_ids",
        "matrix/tmdb_details",
    }
    assert lineage["matrix/insight_metrics"] == {
        "matrix/matrix_saga_table",
        "matrix/tmdb_search",
        "matrix/tmdb_details",
        "matrix/saga_history",
    }
    assert lineage["matrix/saga_report"] == {
        "matrix/matrix_saga_table",
        "matrix/insight_metrics",
        "matrix/saga_history",
    }


def test_another_saga_has_the_same_checks_on_its_own_assets() -> None:
    checks = definitions_of(saga_slugs=("bourne", "matrix")).resolve_asset_graph().asset_check_keys
    by_saga: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for check in checks:
        *prefix, name = check.asset_key.path
        if name != "raw_csvs_s3":
            name = "saga_table" if name.endswith("_saga_table") else name
            by_saga[prefix == ["matrix"]].add((name, check.name))
    assert by_saga[True] == by_saga[False]
    assert len(by_saga[True]) >= 25


def test_the_uri_of_another_sagas_asset_has_its_slug() -> None:
    specs = specs_of(definitions_of(saga_slugs=("matrix",)))
    assert text_of(specs["matrix/matrix_saga_table"].metadata["dagster/uri"]) == (
        "s3://bourne-lake/Refined/matrix/matrix_saga_table.parquet"
    )
    assert specs["matrix/insight_metrics"].tags["saga"] == "matrix"


def test_the_sagas_of_the_environment_are_in_the_lineage() -> None:
    settings = read_settings({"BOURNE_SAGAS": "bourne, matrix"})
    assert "matrix/matrix_saga_table" in specs_of(build_defs(settings=settings))


def test_sagas_can_be_given_in_place_of_the_settings() -> None:
    sagas = [load_sagas(Settings().sagas_file)["matrix"]]
    specs = specs_of(build_defs(settings=Settings(), sagas=sagas))
    assert set(specs) - {"raw_csvs_s3"} == {name for name in specs if name.startswith("matrix/")}
    assert set(specs_of(build_defs(settings=Settings(), sagas=[]))) == {"raw_csvs_s3"}


def test_an_unknown_saga_is_an_error_of_configuration_in_one_sentence() -> None:
    with pytest.raises(SagaConfigurationError, match=r"^The saga 'bond' .*\.$") as raised:
        build_defs(settings=read_settings({"BOURNE_SAGAS": "bourne, bond"}))
    assert isinstance(raised.value, ConfigurationError)


# The catalogue


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dg.AssetSpec]:
    """All assets of two sagas."""
    return specs_of(definitions_of(saga_slugs=("bourne", "matrix"), tmdb_read_access_token="x"))


def test_every_asset_has_an_owner_kinds_a_group_tags_and_a_code_version(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        assert spec.owners, name
        assert 1 <= len(spec.kinds) <= 3, name
        saga = "matrix" if name.startswith("matrix/") else "bourne"
        groups = {"raw", f"{saga}_trusted", f"{saga}_refined"}
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


def test_the_pages_of_assets_and_the_launchpad_are_in_the_users_language(
    catalogue: Mapping[str, dg.AssetSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    defs = build_defs(settings=Settings())
    translated = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    english = translated.keys() & catalogue.keys()
    assert english == translated.keys()
    for name, spec in translated.items():
        assert spec.description != catalogue[name].description
        schemas = [each.metadata.get("dagster/column_schema") for each in (spec, catalogue[name])]
        for own, other in zip(*(s.columns if s else [] for s in schemas), strict=True):
            assert (own.name, own.type, own.constraints) == (
                other.name,
                other.type,
                other.constraints,
            )
            assert own.description != other.description or own.description == "Bytes"
    fields = LandingConfig.fields_of_a_run()
    assert fields["landed_on"].description == "Dia UTC nas chaves, YYYY-MM-DD; vazio: hoje."


def test_every_asset_says_where_it_is_stored(catalogue: Mapping[str, dg.AssetSpec]) -> None:
    uris = set()
    for name, spec in catalogue.items():
        if name.endswith("fact_answer"):  # rows of a table that all sagas share
            assert text_of(spec.metadata["dagster/table_name"]) == "refined.fact_answer"
            continue
        uri, table = (text_of(spec.metadata[f"dagster/{key}"]) for key in ("uri", "table_name"))
        layer = "Refined" if str(spec.group_name).endswith("refined") else "Trusted"
        asset = name.rpartition("/")[2]
        suffix = {"insight_metrics": "json", "saga_report": "html"}.get(asset, "parquet")
        assert uri == f"s3://bourne-lake/{table}", name
        assert table == f"{layer}/{name}.{suffix}"
        uris.add(uri)
    assert len(uris) == sum(not name.endswith("fact_answer") for name in catalogue)


def test_every_asset_names_its_own_function_and_the_commit(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    commit = commit_of(Path(bourne_assets.__file__).parents[1])
    for name, spec in catalogue.items():
        (place,) = spec.metadata["dagster/code_references"].code_references
        lines = Path(place.file_path).read_text(encoding="utf-8").splitlines()
        assert lines[place.line_number - 1].strip().startswith("@dg."), name
        assert "defs/shared" not in place.file_path, name
        assert spec.metadata.get(COMMIT) == commit


def test_the_report_has_a_link_where_the_ui_is_known() -> None:
    def link(**settings: str) -> Any:
        specs = specs_of(build_defs(settings=read_settings({"BOURNE_SAGAS": "matrix", **settings})))
        return specs["matrix/saga_report"].metadata.get("open")

    assert link() is None
    found = link(BOURNE_UI_URL="http://127.0.0.1:3001")
    assert found == dg.MetadataValue.url("http://127.0.0.1:3001/reports/matrix")


def test_the_uri_has_the_bucket_and_prefix_of_the_settings() -> None:
    specs = specs_of(definitions_of(s3_bucket="real-lake", s3_prefix="some/folder"))
    assert text_of(specs["insight_metrics"].metadata["dagster/uri"]) == (
        "s3://real-lake/some/folder/Refined/insight_metrics.json"
    )


def test_every_column_of_every_asset_has_a_type_and_a_description(
    catalogue: Mapping[str, dg.AssetSpec],
) -> None:
    for name, spec in catalogue.items():
        if name.endswith(("saga_report", "insight_metrics")):  # a page and an object have none
            continue
        columns = column_schema_of(spec).columns
        assert len(columns) >= 8, name
        for column in columns:
            assert len(column.description or "") >= 5, f"{name}.{column.name}"
            assert column.type, f"{name}.{column.name}"
            assert "dtype" not in column.type, f"{name}.{column.name}"


@pytest.mark.parametrize(
    ("language", "link", "begins"),
    [
        ("en", "Open the report", "The six answers on one page"),
        ("pt", "Abrir o relatório", "As seis respostas em uma página"),
    ],
)
def test_a_report_begins_with_a_link_where_the_address_of_the_ui_is_known(
    monkeypatch: pytest.MonkeyPatch, language: str, link: str, begins: str
) -> None:
    monkeypatch.setenv("BOURNE_LANG", language)
    url = "http://127.0.0.1:4000"
    unknown, known = (
        specs_of(build_defs(settings=settings))["saga_report"].description or ""
        for settings in (Settings(), Settings(ui_url=url))
    )
    assert known == f"[{link}]({url}/reports/bourne)\n\n{unknown}"
    assert unknown.startswith(begins)


def test_columns_that_may_be_unknown_say_so(catalogue: Mapping[str, dg.AssetSpec]) -> None:
    columns = {
        column.name: column for column in column_schema_of(catalogue["bourne_saga_table"]).columns
    }
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
        assert text_of(spec.metadata["notice"]) == NOTICE, name
        assert re.match(r"https://[\w.]+themoviedb\.org/", text_of(spec.metadata["source"])), name


def test_every_check_is_described_by_whole_sentences() -> None:
    for spec in check_specs_of(definitions_of()):
        assert re.fullmatch(r"[A-Z].{20,}\.", spec.description or "", re.DOTALL), spec.name
        assert re.fullmatch(r"[a-z][a-z0-9_]+", spec.name)


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


def test_without_a_credential_no_variable_is_required() -> None:
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
    assert resources["csv_folder"].folder == "/somewhere/csv"
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
    assert definitions_of().executor is dg.in_process_executor
    other = build_defs(settings=Settings(), executor=dg.multiprocess_executor)
    assert other.executor is dg.multiprocess_executor


# Loading in a fresh process


def _loaded(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.exhaustive
def test_loading_the_definitions_prints_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    done = _loaded("from bourne_assets.definitions import defs; defs()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exhaustive
def test_loading_the_definitions_gives_no_warning_of_ours() -> None:
    code = (
        "import bourne_assets.definitions as d, dagster as dg\n"
        "dg.Definitions.validate_loadable(d.defs())\n"
    )
    done = _loaded(code, "-W", "always")
    assert done.returncode == 0
    assert "bourne_assets" not in done.stderr


@pytest.mark.exhaustive
def test_the_environment_decides_what_is_loaded_and_its_secrets_are_not_shown() -> None:
    code = (
        "from bourne_assets.definitions import defs as load\n"
        "defs = load()\n"
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
    return text_of(value)


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
                "metadata": {
                    key: _plain(spec.metadata[key])
                    for key in sorted(spec.metadata.keys() - {COMMIT, "dagster/code_references"})
                },
            }
            for name, spec in sorted(specs_of(defs).items())
        },
        "checks": {
            f"{spec.asset_key.to_user_string()}: {spec.name}": {
                "blocking": spec.blocking,
                "description": spec.description,
            }
            for spec in check_specs_of(defs)
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
    text = json.dumps(_as_json(definitions_of()), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        _SNAPSHOT.parent.mkdir(exist_ok=True)
        _SNAPSHOT.write_text(text, encoding="utf-8")
    for path in (Path(bourne_assets.__file__).parents[1], Path.home(), Path.cwd()):
        assert f"{path}/" not in text, "a path of this machine"
    assert json.loads(text) == json.loads(_SNAPSHOT.read_text(encoding="utf-8"))


def test_whose_the_assets_are_is_a_setting() -> None:
    settings = read_settings({"BOURNE_OWNERS": "team:data, ana@example.com"})

    graph = build_defs(settings=settings).resolve_asset_graph()

    owners = {tuple(graph.get(key).owners) for key in graph.materializable_asset_keys}
    assert owners == {("team:data", "ana@example.com")}
