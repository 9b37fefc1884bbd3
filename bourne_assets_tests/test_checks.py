"""Every check passes on what is right and fails on what is wrong, with the evidence.

Tables are written into a real lake under their assets' keys, and Dagster runs the checks on them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.answers.questions import answer_questions, as_json
from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.figures import figure_rules
from bourne_assets.defs.shared.rules import Finding, Rule, follows_schema, has_pattern, is_unique
from bourne_assets.defs.tmdb.checks import IMDB_ID
from bourne_assets.lake.store import CSV, JSON, PARQUET, Lake
from bourne_assets.saga.history import merged, snapshot_of
from bourne_assets.saga.schemas import HistoryTable, SagaTable
from bourne_assets.settings import Settings
from bourne_assets.tables import conform, from_json, from_parquet, origin_of, to_json, to_parquet
from bourne_assets.tmdb.schemas import DELETED, UNREADABLE, DetailsTable, ExternalIdsTable, SearchTable

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_KEYS = {
    "raw_csvs_s3": "Trusted/raw_csvs_s3.parquet",
    "tmdb_search": "Trusted/tmdb_search.parquet",
    "tmdb_external_ids": "Trusted/tmdb_external_ids.parquet",
    "tmdb_details": "Trusted/tmdb_details.parquet",
    "bourne_saga_table": "Refined/bourne_saga_table.parquet",
    "insight_metrics": "Refined/insight_metrics.json",
    "saga_history": "Refined/saga_history.parquet",
}
_WARNINGS = {
    "values_fit_their_types",
    "columns_are_those_of_last_time",
    "no_line_was_rejected",
    "raw_responses_are_recent",
    "search_found_every_film",
    "no_film_is_deleted",
    "every_response_is_readable",
    "budget_is_known_and_plausible",
    "revenue_is_known_and_plausible",
    "revenue_covers_budget",
    "figures_drifted",
    "title_and_date_are_unique",
}
_ERRORS_THAT_STOP_NOTHING = {"no_file_was_rejected", "every_table_was_replaced"}

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    success: bool
    evaluations: Sequence[dg.AssetCheckEvaluation]
    errors: str

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """Evaluations by the name of the check."""
        return {check.check_name: check for check in self.evaluations}

    def failed(self) -> set[str]:
        """Names of the checks that did not pass."""
        return {name for name, check in self.checks.items() if not check.passed}


def _films(**changes: dict[int, Any]) -> list[dict[str, Any]]:
    """Three films of the saga and one of none: id, figures and ids; `budget={1: None}` changes."""
    films: list[dict[str, Any]] = [
        {
            "tmdb_id": number,
            "title": f"Film {number}",
            "imdb_id": f"tt000000{number}",
            "budget": number * 10_000_000,
            "revenue": number * 30_000_000,
            "popularity": float(10 - number),
            "release_date": date(2000 + number, 1, 1),
            "collection_id": 31562 if number < 4 else None,
        }
        for number in (1, 2, 3, 4)
    ]
    for told in films:
        for name, values in changes.items():
            if told["tmdb_id"] in values:
                told[name] = values[told["tmdb_id"]]
    return films


def _search(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **told,
            "original_title": told["title"],
            "original_language": "en",
            "found_by": "search",
            "kept": told["collection_id"] is not None,
            "reason": "a reason",
            "status": "known",
            "fetched_at": _NOW,
            "source": "tmdb",
        }
        for told in films
    ]
    return conform(rows, SearchTable)


def _external_ids(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [{**told, "status": "known", "fetched_at": _NOW, "source": "tmdb"} for told in films]
    return conform(rows, ExternalIdsTable)


def _details(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **told,
            "original_title": told["title"],
            "original_language": "en",
            "status": "Released",
            "collection_name": "The Bourne Collection" if told["collection_id"] else None,
            "fetched_at": _NOW,
            "source": "tmdb",
        }
        for told in films
    ]
    return conform(rows, DetailsTable)


def _saga(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **told,
            "original_title": told["title"],
            "release_year": told["release_date"].year,
            "fetched_at": _NOW,
            "source": "tmdb",
        }
        for told in films
        if told["collection_id"] is not None
    ]
    return conform(rows, SagaTable)


def _tables(films: list[dict[str, Any]] | None = None) -> Frames:
    films = _films() if films is None else films
    return {
        "tmdb_search": _search(films),
        "tmdb_external_ids": _external_ids(films),
        "tmdb_details": _details(films),
        "bourne_saga_table": _saga(films),
        "saga_history": snapshot_of(_saga(films)),
    }


def _put(lake: Lake, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        lake.write(_KEYS[name], to_parquet(table), PARQUET)


def _put_answers(lake: Lake) -> dict[str, Any]:
    """The answers to the saga table in the lake, as the asset would have stored them."""
    data, stored = lake.read(_KEYS["bourne_saga_table"])
    table = from_parquet(data)
    table.attrs = {"uri": stored.uri, "sha256": stored.sha256}
    answers = as_json(answer_questions(table, saga="bourne", inputs=origin_of(table)))
    lake.write(_KEYS["insight_metrics"], to_json(answers), JSON)
    return answers


def _put_csvs(lake: Lake, folder: Path, files: Mapping[str, bytes]) -> pd.DataFrame:
    """Land files for real and store the manifest."""
    batch = folder / "batch"
    batch.mkdir()
    for name, data in files.items():
        (batch / name).write_bytes(data)
    manifest = land_csv_files(find_csv_files(batch), lake, date(2026, 11, 23)).manifest
    _put(lake, {"raw_csvs_s3": manifest})
    return manifest


@cache
def _platform() -> dg.Definitions:
    return build_defs(settings=Settings())


def _run(resource: LakeResource, selection: dg.AssetSelection) -> Outcome:
    """Run a selection of the platform, and nothing else, on what lies in the lake."""
    defs = _platform()
    result = dg.materialize(
        [*(defs.assets or ()), *(defs.asset_checks or ())],  # type: ignore[list-item]
        selection=selection,
        resources={
            **(defs.resources or {}),
            "lake": resource,
            "io_manager": LakeIOManager(lake=resource),
        },
        instance=dg.DagsterInstance.ephemeral(),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    errors = [
        str(event.step_failure_data.error) for event in result.all_events if event.is_step_failure
    ]
    return Outcome(result.success, result.get_asset_check_evaluations(), " ".join(errors))


def _check(resource: LakeResource, asset: str) -> Outcome:
    """Run all checks of an asset, and nothing else, on what lies in the lake."""
    return _run(resource, dg.AssetSelection.checks_for_assets(dg.AssetKey(asset)))


def _fact(check: dg.AssetCheckEvaluation, name: str) -> Any:
    return check.metadata[name].value


def _offending(check: dg.AssetCheckEvaluation) -> list[Mapping[str, Any]]:
    shown = check.metadata["offending"]
    if isinstance(shown, dg.TableMetadataValue):
        return [record.data for record in shown.records]
    assert shown.value == "none"
    return []


# Everything right


def test_every_check_passes_on_right_tables_and_shows_its_evidence(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    _put(lake, _tables())
    _put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    _put_answers(lake)
    outcome = _run(lake_resource, dg.AssetSelection.all_asset_checks())
    assert outcome.success
    assert outcome.failed() == set()
    assert len(outcome.evaluations) >= 29
    for check in outcome.evaluations:
        blocks = check.check_name not in _WARNINGS | _ERRORS_THAT_STOP_NOTHING
        expected = ("WARN" if check.check_name in _WARNINGS else "ERROR", blocks)
        assert (check.severity.value, check.blocking) == expected, check.check_name
        assert _offending(check) == []
        assert len(check.metadata) >= 2, check.check_name


# One thing wrong

Break = Callable[[pd.DataFrame], pd.DataFrame]


def _set(column: str, row: int, value: Any) -> Break:
    def breaks(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return breaks


def _as_type(column: str, dtype: str) -> Break:
    return lambda table: table.astype({column: dtype})


def _twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.tail(1)], ignore_index=True)


def _with_column(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(extra=1)


@pytest.mark.parametrize(
    ("asset", "breaks", "failed", "facts"),
    [
        ("tmdb_search", _twice, {"follows_schema", "tmdb_id_is_unique"}, {"distinct": 4}),
        ("tmdb_search", _with_column, {"follows_schema"}, {"columns": 18, "rows": 4}),
        ("tmdb_search", _set("reason", 0, None), {"follows_schema"}, {"rows": 4}),
        (
            "tmdb_search",
            _set("found_by", 1, "collection"),
            {"search_found_every_film"},
            {"films": 3},
        ),
        ("tmdb_external_ids", _twice, {"follows_schema", "tmdb_id_is_unique"}, {"distinct": 4}),
        (
            "tmdb_external_ids",
            _set("imdb_id", 0, "258463"),
            {"imdb_id_is_well_formed"},
            {"pattern": IMDB_ID, "known": 4, "unknown": 0},
        ),
        (
            "tmdb_search",
            _set("status", 3, UNREADABLE),
            {"every_response_is_readable"},
            {"candidates": 4},
        ),
        (
            "tmdb_external_ids",
            _set("problems", 3, "wikidata_id: Input should be a valid string"),
            {"every_response_is_readable"},
            {"candidates": 4},
        ),
        (
            "tmdb_external_ids",
            _set("status", 3, DELETED),
            {"no_film_is_deleted"},
            {"candidates": 4},
        ),
        ("tmdb_details", _twice, {"follows_schema", "tmdb_id_is_unique"}, {"distinct": 4}),
        ("tmdb_details", _set("status", 3, DELETED), {"no_film_is_deleted"}, {"candidates": 4}),
        (
            "tmdb_details",
            _as_type("budget", "float64"),
            {"follows_schema", "budget_is_valid"},
            {"type": "float64", "threshold": "type Int64, at least 0 USD"},
        ),
        (
            "tmdb_details",
            _set("revenue", 3, -5),
            {"revenue_is_valid"},
            {"type": "Int64", "threshold": "type Int64, at least 0 USD"},
        ),
        (
            "bourne_saga_table",
            _as_type("revenue", "float64"),
            {"follows_schema", "revenue_is_valid"},
            {"type": "float64"},
        ),
        (
            "bourne_saga_table",
            _set("budget", 0, -1),
            {"budget_is_valid", "budget_is_known_and_plausible"},
            {"type": "Int64"},
        ),
        (
            "bourne_saga_table",
            _set("budget", 1, None),
            {"budget_is_known_and_plausible"},
            {"films": 3, "unknown": 1},
        ),
        (
            "bourne_saga_table",
            _set("budget", 1, 28),
            {"budget_is_known_and_plausible"},
            {"films": 3, "unknown": 0},
        ),
        (
            "bourne_saga_table",
            _set("revenue", 1, None),
            {"revenue_is_known_and_plausible"},
            {"films": 3, "unknown": 1},
        ),
        (
            "bourne_saga_table",
            _set("revenue", 2, 20_000_000),
            {"revenue_covers_budget"},
            {"compared": 3},
        ),
        (
            "bourne_saga_table",
            _set("imdb_id", 0, "tt123"),
            {"imdb_id_is_well_formed"},
            {"known": 3, "unknown": 0},
        ),
        ("bourne_saga_table", _with_column, {"follows_schema"}, {"columns": 24, "rows": 3}),
        ("bourne_saga_table", _set("source", 0, "hearsay"), {"follows_schema"}, {"rows": 3}),
    ],
    ids=[
        "search: film twice",
        "search: extra column",
        "search: no reason",
        "search: only the collection has it",
        "ids: film twice",
        "ids: malformed",
        "search: unreadable",
        "ids: problems",
        "ids: deleted",
        "details: film twice",
        "details: deleted",
        "details: budget as float",
        "details: negative revenue",
        "saga: revenue as float",
        "saga: negative budget",
        "saga: unknown budget",
        "saga: budget of 28",
        "saga: unknown revenue",
        "saga: a loss",
        "saga: malformed id",
        "saga: extra column",
        "saga: unknown source",
    ],
)
def test_what_is_wrong_fails_its_checks_and_no_other(
    lake: Lake,
    lake_resource: LakeResource,
    *,
    asset: str,
    breaks: Break,
    failed: set[str],
    facts: dict[str, Any],
) -> None:
    tables = _tables()
    tables[asset] = breaks(tables[asset])
    _put(lake, tables)
    outcome = _check(lake_resource, asset)
    assert outcome.failed() == failed
    assert outcome.success is (failed <= _WARNINGS)
    for name in failed:
        check = outcome.checks[name]
        assert _fact(check, "offending_count") == len(_offending(check)) > 0
        assert check.description == f"{len(_offending(check))} offending"
    shown = {
        key: part.value for name in failed for key, part in outcome.checks[name].metadata.items()
    }
    assert {name: shown[name] for name in facts} == facts


def test_one_check_can_be_run_alone(lake: Lake, lake_resource: LakeResource) -> None:
    _put(lake, _tables(_films(budget={2: None})))
    wanted = dg.AssetCheckKey(dg.AssetKey("tmdb_details"), "budget_is_known_and_plausible")
    outcome = _run(lake_resource, dg.AssetSelection.checks(wanted))
    assert list(outcome.checks) == ["budget_is_known_and_plausible"]
    assert outcome.failed() == {"budget_is_known_and_plausible"}


def test_the_offending_rows_name_film_and_figures(lake: Lake, lake_resource: LakeResource) -> None:
    tables = _tables(_films(budget={2: None, 3: 7}))
    _put(lake, tables)
    check = _check(lake_resource, "bourne_saga_table").checks["budget_is_known_and_plausible"]
    assert _offending(check) == [
        {
            "tmdb_id": 2,
            "title": "Film 2",
            "budget": None,
            "revenue": 60_000_000,
            "reason": "unknown",
        },
        {
            "tmdb_id": 3,
            "title": "Film 3",
            "budget": 7,
            "revenue": 90_000_000,
            "reason": "doubtful: a budget of 7 USD is below 1,000 USD, too small for this film",
        },
    ]


def test_figures_of_a_candidate_outside_the_saga_concern_nobody_unless_they_are_wrong(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put(lake, _tables(_films(budget={4: None}, revenue={4: 5})))
    assert _check(lake_resource, "tmdb_details").failed() == set()
    _put(lake, _tables(_films(budget={4: -1})))
    assert _check(lake_resource, "tmdb_details").failed() == {"budget_is_valid"}


def test_a_missing_column_fails_the_schema_and_what_needs_it_cannot_run(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = _tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].drop(columns="revenue")
    _put(lake, tables)
    outcome = _check(lake_resource, "bourne_saga_table")
    assert not outcome.success
    assert outcome.checks["follows_schema"].passed is False
    assert _offending(outcome.checks["follows_schema"])[0]["failure_case"] == "revenue"
    assert "revenue_is_valid" not in outcome.checks


def test_two_films_of_one_imdb_id_fail_and_two_without_any_do_not(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put(lake, _tables(_films(imdb_id={1: None, 2: None})))
    assert _check(lake_resource, "bourne_saga_table").failed() == set()
    _put(lake, _tables(_films(imdb_id={1: "tt0000002"})))
    outcome = _check(lake_resource, "bourne_saga_table")
    assert outcome.failed() - _WARNINGS
    assert not outcome.success


# The collection


def _collection(lake: Lake, resource: LakeResource, tables: Frames) -> dg.AssetCheckEvaluation:
    _put(lake, tables)
    return _check(resource, "bourne_saga_table").checks["collection_is_complete"]


def test_a_film_that_the_collection_lists_and_the_table_lacks_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = _tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].iloc[1:]
    check = _collection(lake, lake_resource, tables)
    assert (check.passed, check.severity.value) == (False, "ERROR")
    assert _offending(check) == [
        {"tmdb_id": 1, "title": "Film 1", "contradiction": "listed, not in the table"}
    ]
    assert (_fact(check, "listed"), _fact(check, "in_table")) == (3, 2)
    assert _fact(check, "collection_id") == 31562


def test_a_film_that_the_table_has_and_the_collection_lacks_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = _tables()
    tables["tmdb_search"].loc[2, "kept"] = False
    check = _collection(lake, lake_resource, tables)
    assert not check.passed
    assert _offending(check) == [
        {"tmdb_id": 3, "title": "Film 3", "contradiction": "in the table, not listed"}
    ]


def test_a_deleted_film_that_the_collection_still_lists_takes_no_part_and_stops_nothing(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = _tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].iloc[1:]
    gone = {"tmdb_id": 1, "status": DELETED, "fetched_at": _NOW, "source": "tmdb"}
    details = tables["tmdb_details"].iloc[1:]
    tables["tmdb_details"] = pd.concat([conform([gone], DetailsTable), details], ignore_index=True)
    _put(lake, tables)
    named = _check(lake_resource, "tmdb_details").checks["no_film_is_deleted"]
    assert (named.passed, named.severity.value) == (False, "WARN")
    assert _offending(named) == [{"tmdb_id": 1}]
    outcome = _check(lake_resource, "bourne_saga_table")
    assert outcome.success


# The landing


def test_a_rejected_file_and_a_rejected_line_are_named_and_stop_nothing(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    _put_csvs(
        lake, tmp_path, {"a.csv": b"", "b.csv": b"id|title\n1|a\n2\n3\n", "c.csv": b"id\n1\n"}
    )
    outcome = _check(lake_resource, "raw_csvs_s3")
    assert outcome.success
    assert outcome.failed() == {"no_file_was_rejected", "no_line_was_rejected"}
    file, line = (outcome.checks[f"no_{kind}_was_rejected"] for kind in ("file", "line"))
    assert (file.severity.value, line.severity.value) == ("ERROR", "WARN")
    assert _offending(file) == [{"file": "a.csv", "reason": "it is empty"}]
    assert _fact(file, "files") == 3
    assert [(row["file"], row["line"], row["text"]) for row in _offending(line)] == [
        ("b.csv", 3, "2"),
        ("b.csv", 4, "3"),
    ]
    assert _fact(line, "rejected_rows") == 2
    assert _fact(line, "rows") == 2


def test_a_folder_of_rejected_files_alone_can_be_checked(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    _put_csvs(lake, tmp_path, {"a.csv": b""})
    outcome = _check(lake_resource, "raw_csvs_s3")
    assert outcome.failed() == {"no_file_was_rejected"}
    assert _fact(outcome.checks["landed_bytes_are_equal"], "compared") == 0


def test_a_manifest_of_another_shape_fails_its_schema(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = _put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n"})
    _put(lake, {"raw_csvs_s3": manifest.assign(status="lost")})
    outcome = _check(lake_resource, "raw_csvs_s3")
    assert outcome.failed() == {"follows_schema"}
    assert not outcome.success


def test_an_object_that_was_tampered_with_fails_and_stops(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = _put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"})
    uri = str(manifest.loc[1, "uri"])
    lake.write(lake.key(uri), b"tampered", CSV)
    outcome = _check(lake_resource, "raw_csvs_s3")
    check = outcome.checks["landed_bytes_are_equal"]
    assert outcome.failed() == {"landed_bytes_are_equal"}
    assert not outcome.success
    assert (check.severity.value, check.blocking) == ("ERROR", True)
    assert _fact(check, "compared") == 2
    (row,) = _offending(check)
    assert (row["uri"], row["expected"]) == (uri, manifest.loc[1, "sha256"])


def test_an_object_that_is_gone_is_bad_data_and_blocks(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = _put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n"})
    lake.delete(lake.key(str(manifest.loc[0, "uri"])))
    outcome = _check(lake_resource, "raw_csvs_s3")
    assert not outcome.success
    assert not outcome.checks["landed_bytes_are_equal"].passed


# Raw answers


def test_raw_responses_of_tmdb_that_are_kept_too_long_are_a_warning(
    lake: Lake, lake_resource: LakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.defs.tmdb.checks.LONGEST", timedelta(seconds=-60))
    _put(lake, _tables())
    lake.write("Raw/TMDB/JSON/2026/01/02/collection/1.json", b"[]", JSON)
    outcome = _check(lake_resource, "tmdb_search")
    assert outcome.success
    check = outcome.checks["raw_responses_are_recent"]
    assert (check.passed, check.severity.value) == (False, "WARN")
    (offending,) = _offending(check)
    assert offending["key"] == "Raw/TMDB/JSON/2026/01/02/collection/1.json"


# The answers


def _change(answers: dict[str, Any], *path: Any, value: Any) -> None:
    *parents, last = path
    part: Any = answers
    for name in parents:
        part = part[name]
    part[last] = value


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("answers", "mean_revenue", "value"), 60_000_000.000_001, "answers.mean_revenue"),
        (("answers", "mean_budget", "n"), 2, "answers.mean_budget"),
        (
            ("answers", "revenue_variation", "steps", 0, "change_pct"),
            99.0,
            "answers.revenue_variation",
        ),
        (("answers", "year_vs_popularity"), None, "answers.year_vs_popularity"),
        (("films",), 4, "films"),
        (("source",), "hearsay", "source"),
        (("inputs", 0, "sha256"), "0" * 64, "inputs"),
    ],
)
def test_an_answer_that_does_not_follow_from_the_table_fails_and_stops(
    lake: Lake, lake_resource: LakeResource, path: tuple[Any, ...], value: Any, field: str
) -> None:
    _put(lake, _tables())
    answers = from_json(to_json(_put_answers(lake)))
    _change(answers, *path, value=value)
    lake.write(_KEYS["insight_metrics"], to_json(answers), JSON)
    outcome = _check(lake_resource, "insight_metrics")
    check = outcome.checks["answers_follow_from_inputs"]
    assert not outcome.success
    assert (check.passed, check.severity.value, check.blocking) == (False, "ERROR", True)
    assert [row["field"] for row in _offending(check)] == [field]
    assert _fact(check, "fields_compared") == 12


def test_answers_of_an_older_table_fail(lake: Lake, lake_resource: LakeResource) -> None:
    _put(lake, _tables())
    _put_answers(lake)
    _put(lake, _tables(_films(revenue={1: 31_000_000})))
    check = _check(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    fields = {row["field"] for row in _offending(check)}
    assert {"inputs", "answers.mean_revenue", "answers.revenue_variation"} <= fields
    assert "answers.mean_budget" not in fields


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [{"uri": "s3://elsewhere/Refined/bourne_saga_table.parquet", "sha256": "0" * 64}],
        [{"uri": "s3://a", "sha256": "0" * 64}, {"uri": "s3://b", "sha256": "0" * 64}],
    ],
)
def test_answers_without_an_input_to_recompute_them_from_fail(
    lake: Lake, lake_resource: LakeResource, inputs: list[dict[str, str]]
) -> None:
    _put(lake, _tables())
    answers = {**_put_answers(lake), "inputs": inputs}
    lake.write(_KEYS["insight_metrics"], to_json(answers), JSON)
    check = _check(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert not check.passed
    assert [row["field"] for row in _offending(check)] == ["inputs"]


def test_answers_whose_input_is_no_table_fail(lake: Lake, lake_resource: LakeResource) -> None:
    _put(lake, _tables())
    _put_answers(lake)
    lake.write(_KEYS["bourne_saga_table"], b"no table", PARQUET)
    check = _check(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert not check.passed
    assert [row["field"] for row in _offending(check)] == ["inputs"]


def test_answers_whose_input_is_gone_fail(lake: Lake, lake_resource: LakeResource) -> None:
    _put(lake, _tables())
    _put_answers(lake)
    lake.delete(_KEYS["bourne_saga_table"])
    check = _check(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    (row,) = _offending(check)
    assert not check.passed
    assert row["field"] == "inputs"
    assert "bourne_saga_table.parquet" in row["recomputed"]


# The history


def _seen(day: int, films: list[dict[str, Any]]) -> pd.DataFrame:
    """A snapshot of a day in November 2026."""
    table = _saga(films)
    table["fetched_at"] = pd.Timestamp(datetime(2026, 11, day, 12, tzinfo=UTC))
    return snapshot_of(table.astype({"fetched_at": "datetime64[us, UTC]"}))


def test_a_figure_that_changed_since_the_last_snapshot_warns_with_old_and_new_value(
    lake: Lake, lake_resource: LakeResource
) -> None:
    history = merged([_seen(22, _films()), _seen(23, _films(revenue={2: 61_000_000}))])
    _put(lake, {"saga_history": history})
    outcome = _check(lake_resource, "saga_history")
    check = outcome.checks["figures_drifted"]
    assert outcome.success
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert _offending(check) == [
        {
            "tmdb_id": 2,
            "title": "Film 2",
            "figure": "revenue",
            "old": 60_000_000,
            "new": 61_000_000,
            "change_pct": 100 / 60,
            "old_day": "2026-11-22",
            "new_day": "2026-11-23",
        }
    ]
    assert _fact(check, "days_compared") == "2026-11-22, 2026-11-23"


def test_a_history_with_two_rows_of_a_film_and_day_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    day = _seen(22, _films())
    _put(lake, {"saga_history": pd.concat([day, day.head(1)], ignore_index=True)})
    outcome = _check(lake_resource, "saga_history")
    assert outcome.failed() == {"one_row_a_film_and_day"}
    assert not outcome.success


# What a check does to a run

_FROM_DETAILS_ON = dg.AssetSelection.assets("bourne_saga_table", "insight_metrics")


def test_an_error_fails_the_run_and_stops_what_is_downstream(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    _put(lake, _tables(_films(budget={2: -5})))
    _put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    outcome = _run(lake_resource, _FROM_DETAILS_ON)
    assert not outcome.success
    assert "budget_is_valid" in outcome.failed()
    assert "answers_follow_from_inputs" not in outcome.checks
    assert lake.find(_KEYS["insight_metrics"]) is None


def test_a_warning_neither_fails_the_run_nor_stops_anything(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    _put(lake, _tables(_films(budget={2: None}, revenue={1: 5, 3: 5_000_000})))
    _put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    outcome = _run(lake_resource, _FROM_DETAILS_ON)
    assert outcome.success
    assert outcome.failed() == {
        "budget_is_known_and_plausible",
        "revenue_is_known_and_plausible",
        "revenue_covers_budget",
    }
    assert outcome.checks["answers_follow_from_inputs"].passed
    assert lake.find(_KEYS["insight_metrics"]) is not None


@pytest.mark.parametrize("asset", _KEYS)
def test_a_check_without_its_input_fails_the_run_and_gives_no_verdict(
    lake_resource: LakeResource, asset: str
) -> None:
    outcome = _check(lake_resource, asset)
    assert not outcome.success
    assert outcome.checks.keys() <= {"raw_responses_are_recent"}  # it looks at the lake alone
    assert "is not in the lake: materialise" in outcome.errors


# Rules


def _found(rule: Rule, table: pd.DataFrame) -> list[Any]:
    return [row["tmdb_id"] for row in rule.find(table).offending]


def _rule(name: str) -> Rule:
    (rule,) = (rule for rule in figure_rules(lambda table: table) if rule.name == name)
    return rule


@pytest.mark.parametrize(
    ("budget", "plausible"),
    [
        (999, False),
        (40_000, True),
        (0, False),
        (-1, False),
        (None, False),
        (1_000_000_000, True),
        (1_000_000_001, False),
        (9_007_199_254_740_993, False),
    ],
)
def test_a_figure_is_plausible_within_the_thresholds(
    *, budget: int | None, plausible: bool
) -> None:
    table = _saga(_films(budget={2: budget}))
    assert _found(_rule("budget_is_known_and_plausible"), table) == ([] if plausible else [2])


@pytest.mark.parametrize("dtype", ["Int32", "int64", "float64", "Float64", "object", "str"])
def test_only_one_type_of_figures_is_valid(dtype: str) -> None:
    table = _saga(_films())
    assert _found(_rule("budget_is_valid"), table) == []
    assert _found(_rule("budget_is_valid"), _as_type("budget", dtype)(table)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("budget", "revenue", "covered"),
    [
        (1_000_000, 1_000_000, True),
        (1_000_000, 999_999, False),
        (None, 1, True),
        (1, None, True),
        (None, None, True),
    ],
)
def test_revenue_is_compared_with_the_budget_where_both_are_known(
    *, budget: int | None, revenue: int | None, covered: bool
) -> None:
    table = _saga(_films(budget={2: budget}, revenue={2: revenue}))
    finding = _rule("revenue_covers_budget").find(table)
    assert [row["tmdb_id"] for row in finding.offending] == ([] if covered else [2])
    assert finding.facts == {"compared": 3 if budget and revenue else 2}


@pytest.mark.parametrize(
    ("imdb_id", "well_formed"),
    [
        ("tt0258463", True),
        ("tt12345678", True),
        (None, True),
        ("tt123456", False),
        ("0258463", False),
        ("TT0258463", False),
        ("tt0258463 ", False),
        ("tt0258463\n", False),
        ("tt025846x", False),
        ("nm0000354", False),
        ("tt" + "\N{ARABIC-INDIC DIGIT TWO}" * 7, False),
        ("", False),
    ],
)
def test_an_imdb_id_is_tt_and_seven_digits_or_more(
    *, imdb_id: str | None, well_formed: bool
) -> None:
    table = _saga(_films(imdb_id={1: imdb_id}))
    rule = has_pattern("imdb_id", IMDB_ID, "tt0258463")
    assert _found(rule, table) == ([] if well_formed else [1])


def test_a_column_of_unknown_ids_alone_is_well_formed() -> None:
    table = from_parquet(to_parquet(_saga(_films(imdb_id=dict.fromkeys((1, 2, 3))))))
    finding = has_pattern("imdb_id", IMDB_ID, "tt0258463").find(table)
    assert finding == Finding([], {"pattern": IMDB_ID, "known": 0, "unknown": 3})


def test_unknown_values_are_no_duplicates_of_each_other() -> None:
    table = _saga(_films(imdb_id=dict.fromkeys((1, 2))))
    assert _found(is_unique("imdb_id"), table) == []
    table = _saga(_films(imdb_id=dict.fromkeys((1, 2), "tt0258463")))
    assert _found(is_unique("imdb_id"), table) == [1, 2]


@pytest.mark.parametrize(
    "breaks",
    [
        lambda table: table.drop(columns="title"),
        _with_column,
        lambda table: table[list(reversed(table.columns))],
        lambda table: table.assign(fetched_at=table["fetched_at"].dt.tz_localize(None)),
        lambda table: table.assign(release_date="2002-06-14"),
        lambda table: table.assign(popularity="86"),
        lambda table: table.assign(title=None),
        _set("tmdb_id", 0, None),
    ],
    ids=[
        "missing column",
        "extra column",
        "other order",
        "time without zone",
        "day as text",
        "number as text",
        "no title",
        "no id",
    ],
)
def test_a_table_of_another_shape_does_not_follow_its_schema(breaks: Break) -> None:
    rule = follows_schema(SagaTable)
    assert rule.find(_saga(_films())).offending == []
    assert rule.find(breaks(_saga(_films()))).offending


def test_looking_at_a_table_does_not_change_how_the_next_one_is_made() -> None:
    before = _saga(_films()).dtypes
    assert follows_schema(SagaTable).find(_saga(_films())).offending == []
    pd.testing.assert_series_equal(_saga(_films()).dtypes, before)


def test_a_table_as_it_comes_back_from_parquet_follows_its_schema() -> None:
    for name, table in _tables().items():
        model = {
            "tmdb_search": SearchTable,
            "tmdb_external_ids": ExternalIdsTable,
            "tmdb_details": DetailsTable,
            "bourne_saga_table": SagaTable,
            "saga_history": HistoryTable,
        }[name]
        loaded = from_parquet(to_parquet(table))
        assert follows_schema(model).find(loaded).offending == []
        assert follows_schema(model).find(loaded.iloc[:0]).offending == []
