"""Every check passes on what is right and fails on what is wrong, with the evidence."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import Lake
from bourne_assets.tmdb.models import IMDB_ID
from bourne_assets.tmdb.schemas import DELETED, UNREADABLE
from bourne_assets_tests.defs.tables import (
    ERRORS_THAT_STOP_NOTHING,
    KEYS,
    WARNINGS,
    Break,
    fact_of,
    offending_rows,
    put_answers,
    put_csvs,
    right_films,
    right_tables,
    run_checks,
    run_selection,
    store_tables,
    with_column,
    with_row_twice,
    with_type,
    with_value,
)
from bourne_assets_tests.support.tiers import in_every_run

# Everything right


def test_every_check_passes_on_right_tables_and_shows_its_evidence(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    store_tables(lake, right_tables())
    put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    put_answers(lake)
    outcome = run_selection(lake_resource, dg.AssetSelection.all_asset_checks())
    assert outcome.success
    assert outcome.failed() == set()
    assert len(outcome.evaluations) >= 29
    for check in outcome.evaluations:
        blocks = check.check_name not in WARNINGS | ERRORS_THAT_STOP_NOTHING
        expected = ("WARN" if check.check_name in WARNINGS else "ERROR", blocks)
        assert (check.severity.value, check.blocking) == expected, check.check_name
        assert offending_rows(check) == []
        assert len(check.metadata) >= 2, check.check_name
        assert re.search(r"\d", str(check.description)), check.check_name


@pytest.mark.parametrize(
    ("asset", "breaks", "failed", "facts"),
    in_every_run(
        [
            (
                "tmdb_details",
                with_value("revenue", 3, -5),
                {"revenue_is_valid"},
                {"type": "Int64", "threshold": "type Int64, at least 0 USD"},
            ),
            (
                "tmdb_details",
                with_value("budget", 1, None),
                {"budget_is_known_and_plausible"},
                {"films": 3, "unknown": 1},
            ),
            (
                "bourne_saga_table",
                with_value("revenue", 2, 20_000_000),
                {"revenue_covers_budget"},
                {"compared": 3},
            ),
            (
                "tmdb_search",
                with_row_twice,
                {"follows_schema", "tmdb_id_is_unique"},
                {"distinct": 4},
            ),
            (
                "tmdb_external_ids",
                with_row_twice,
                {"follows_schema", "tmdb_id_is_unique"},
                {"distinct": 4},
            ),
            (
                "tmdb_external_ids",
                with_value("problems", 3, "wikidata_id: Input should be a valid string"),
                {"every_response_is_readable"},
                {"candidates": 4},
            ),
            ("bourne_saga_table", with_column, {"follows_schema"}, {"columns": 24, "rows": 3}),
            ("tmdb_search", with_column, {"follows_schema"}, {"columns": 18, "rows": 4}),
            ("tmdb_search", with_value("reason", 0, None), {"follows_schema"}, {"rows": 4}),
            (
                "tmdb_search",
                with_value("found_by", 1, "collection"),
                {"search_found_every_film"},
                {"films": 3},
            ),
            (
                "tmdb_external_ids",
                with_value("imdb_id", 0, "258463"),
                {"imdb_id_is_well_formed"},
                {"pattern": IMDB_ID, "known": 4, "unknown": 0},
            ),
            (
                "tmdb_search",
                with_value("status", 3, UNREADABLE),
                {"every_response_is_readable"},
                {"candidates": 4},
            ),
            (
                "tmdb_external_ids",
                with_value("status", 3, DELETED),
                {"no_film_is_deleted"},
                {"candidates": 4},
            ),
            (
                "tmdb_details",
                with_row_twice,
                {"follows_schema", "tmdb_id_is_unique"},
                {"distinct": 4},
            ),
            (
                "tmdb_details",
                with_value("status", 3, DELETED),
                {"no_film_is_deleted"},
                {"candidates": 4},
            ),
            (
                "tmdb_details",
                with_type("budget", "float64"),
                {"follows_schema", "budget_is_valid"},
                {"type": "float64", "threshold": "type Int64, at least 0 USD"},
            ),
            (
                "bourne_saga_table",
                with_type("revenue", "float64"),
                {"follows_schema", "revenue_is_valid"},
                {"type": "float64"},
            ),
            (
                "bourne_saga_table",
                with_value("budget", 0, -1),
                {"budget_is_valid"},
                {"type": "Int64"},
            ),
            (
                "tmdb_details",
                with_value("budget", 1, -1),
                {"budget_is_valid"},
                {"type": "Int64"},
            ),
            (
                "tmdb_details",
                with_value("budget", 1, 28),
                {"budget_is_known_and_plausible"},
                {"films": 3, "unknown": 0},
            ),
            (
                "tmdb_details",
                with_value("revenue", 1, None),
                {"revenue_is_known_and_plausible"},
                {"films": 3, "unknown": 1},
            ),
            (
                "bourne_saga_table",
                with_value("imdb_id", 0, "tt123"),
                {"imdb_id_is_well_formed"},
                {"known": 3, "unknown": 0},
            ),
            (
                "bourne_saga_table",
                with_value("source", 0, "hearsay"),
                {"follows_schema"},
                {"rows": 3},
            ),
        ],
        first=7,
    ),
    ids=[
        "details: negative revenue",
        "details: unknown budget",
        "saga: a loss",
        "search: film twice",
        "ids: film twice",
        "ids: problems",
        "saga: extra column",
        "search: extra column",
        "search: no reason",
        "search: only the collection has it",
        "ids: malformed",
        "search: unreadable",
        "ids: deleted",
        "details: film twice",
        "details: deleted",
        "details: budget as float",
        "saga: revenue as float",
        "saga: negative budget",
        "details: negative budget of a film of the saga",
        "details: budget of 28",
        "details: unknown revenue",
        "saga: malformed id",
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
    tables = right_tables()
    tables[asset] = breaks(tables[asset])
    store_tables(lake, tables)
    outcome = run_checks(lake_resource, asset)
    assert outcome.failed() == failed
    assert outcome.success is (failed <= WARNINGS)
    for name in failed:
        check = outcome.checks[name]
        assert fact_of(check, "offending_count") == len(offending_rows(check)) > 0
        assert check.description == f"{len(offending_rows(check))} offending"
    shown = {
        key: part.value for name in failed for key, part in outcome.checks[name].metadata.items()
    }
    assert {name: shown[name] for name in facts} == facts


def test_one_check_can_be_run_alone(lake: Lake, lake_resource: LakeResource) -> None:
    store_tables(lake, right_tables(right_films(budget={2: None})))
    wanted = dg.AssetCheckKey(dg.AssetKey("tmdb_details"), "budget_is_known_and_plausible")
    outcome = run_selection(lake_resource, dg.AssetSelection.checks(wanted))
    assert list(outcome.checks) == ["budget_is_known_and_plausible"]
    assert outcome.failed() == {"budget_is_known_and_plausible"}


def test_a_check_that_passes_says_what_it_looked_at(
    lake: Lake, lake_resource: LakeResource
) -> None:
    store_tables(lake, right_tables(right_films()))
    checks = run_checks(lake_resource, "tmdb_details").checks
    assert {name: check.description for name, check in checks.items()} == {
        "follows_schema": "19 columns, 4 rows",
        "tmdb_id_is_unique": "different values: 4",
        "no_film_is_deleted": "candidates: 4",
        "every_response_is_readable": "candidates: 4",
        "budget_is_valid": "rows: 4",
        "budget_is_known_and_plausible": "films: 3; known budgets: 3, 10 to 30 million",
        "revenue_is_valid": "rows: 4",
        "revenue_is_known_and_plausible": "films: 3; known revenues: 3, 30 to 90 million",
    }


def test_the_bounds_of_figures_are_told_in_the_language(
    lake: Lake, lake_resource: LakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    store_tables(lake, right_tables(right_films(budget={})))
    checks = run_checks(lake_resource, "tmdb_details").checks
    bounds = str(checks["budget_is_known_and_plausible"].metadata["threshold"].value)
    assert "votes: 20 votos no TMDB; multiple: 20.000 vezes o orçamento" in bounds
    assert checks["budget_is_valid"].metadata["threshold"].value == "tipo Int64, no mínimo 0 USD"


def test_the_offending_rows_name_film_and_figures(lake: Lake, lake_resource: LakeResource) -> None:
    tables = right_tables(right_films(budget={2: None, 3: 7}))
    store_tables(lake, tables)
    check = run_checks(lake_resource, "tmdb_details").checks["budget_is_known_and_plausible"]
    assert offending_rows(check) == [
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
    store_tables(lake, right_tables(right_films(budget={4: None}, revenue={4: 5})))
    assert run_checks(lake_resource, "tmdb_details").failed() == set()
    store_tables(lake, right_tables(right_films(budget={4: -1})))
    assert run_checks(lake_resource, "tmdb_details").failed() == {"budget_is_valid"}


def test_a_missing_column_fails_the_schema_and_what_needs_it_cannot_run(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].drop(columns="revenue")
    store_tables(lake, tables)
    outcome = run_checks(lake_resource, "bourne_saga_table")
    assert not outcome.success
    assert outcome.checks["follows_schema"].passed is False
    assert offending_rows(outcome.checks["follows_schema"])[0]["failure_case"] == "revenue"
    assert "revenue_is_valid" not in outcome.checks


def test_two_films_of_one_imdb_id_fail_and_two_without_any_do_not(
    lake: Lake, lake_resource: LakeResource
) -> None:
    store_tables(lake, right_tables(right_films(imdb_id={1: None, 2: None})))
    assert run_checks(lake_resource, "bourne_saga_table").failed() == set()
    store_tables(lake, right_tables(right_films(imdb_id={1: "tt0000002"})))
    outcome = run_checks(lake_resource, "bourne_saga_table")
    assert outcome.failed() - WARNINGS
    assert not outcome.success


_FROM_DETAILS_ON = dg.AssetSelection.assets(
    "bourne_saga_table", "insight_metrics"
) | dg.AssetSelection.checks_for_assets(dg.AssetKey("tmdb_details"))


def test_an_error_fails_the_run_and_stops_what_is_downstream(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    store_tables(lake, right_tables(right_films(budget={2: -5})))
    put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    outcome = run_selection(lake_resource, _FROM_DETAILS_ON)
    assert not outcome.success
    assert "budget_is_valid" in outcome.failed()
    assert "answers_follow_from_inputs" not in outcome.checks
    assert lake.head(KEYS["insight_metrics"]) is None


@pytest.mark.exhaustive
def test_a_warning_neither_fails_the_run_nor_stops_anything(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    store_tables(lake, right_tables(right_films(budget={2: None}, revenue={1: 5, 3: 5_000_000})))
    put_csvs(lake, tmp_path, {"films.csv": b"id|title\n1|a\n"})
    outcome = run_selection(lake_resource, _FROM_DETAILS_ON)
    assert outcome.success
    assert outcome.failed() == {
        "budget_is_known_and_plausible",
        "revenue_is_known_and_plausible",
        "revenue_covers_budget",
    }
    assert outcome.checks["answers_follow_from_inputs"].passed
    assert lake.head(KEYS["insight_metrics"]) is not None


@pytest.mark.parametrize("asset", in_every_run(KEYS, first=2))
def test_a_check_without_its_input_fails_the_run_and_gives_no_verdict(
    lake_resource: LakeResource, asset: str
) -> None:
    outcome = run_checks(lake_resource, asset)
    assert not outcome.success
    assert outcome.checks.keys() <= {"raw_responses_are_recent"}  # it looks at the lake alone
    assert "is not in the lake: materialise" in outcome.errors
