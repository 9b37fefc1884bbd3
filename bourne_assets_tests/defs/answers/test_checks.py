"""The checks of the answers and of the history."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import JSON, PARQUET, Lake
from bourne_assets.saga.history import merged
from bourne_assets.tables import from_json, to_json
from bourne_assets_tests.defs.tables import (
    KEYS,
    Frames,
    fact_of,
    offending_rows,
    put_answers,
    right_films,
    right_tables,
    run_checks,
    run_selection,
    seen_on,
    store_tables,
)
from bourne_assets_tests.support.tiers import in_every_run


def _change(answers: dict[str, Any], *path: Any, value: Any) -> None:
    *parents, last = path
    part: Any = answers
    for name in parents:
        part = part[name]
    part[last] = value


@pytest.mark.parametrize(
    ("path", "value", "field"),
    in_every_run(
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
        first=2,
    ),
)
def test_an_answer_that_does_not_follow_from_the_table_fails_and_stops(
    lake: Lake, lake_resource: LakeResource, path: tuple[Any, ...], value: Any, field: str
) -> None:
    store_tables(lake, right_tables())
    answers = from_json(to_json(put_answers(lake)))
    _change(answers, *path, value=value)
    lake.write(KEYS["insight_metrics"], to_json(answers), JSON)
    outcome = run_checks(lake_resource, "insight_metrics")
    check = outcome.checks["answers_follow_from_inputs"]
    assert not outcome.success
    assert (check.passed, check.severity.value, check.blocking) == (False, "ERROR", True)
    assert [row["field"] for row in offending_rows(check)] == [field]
    assert fact_of(check, "fields_compared") == 12


def test_answers_of_an_older_table_fail(lake: Lake, lake_resource: LakeResource) -> None:
    store_tables(lake, right_tables())
    put_answers(lake)
    store_tables(lake, right_tables(right_films(revenue={1: 31_000_000})))
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    fields = {row["field"] for row in offending_rows(check)}
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
    store_tables(lake, right_tables())
    answers = {**put_answers(lake), "inputs": inputs}
    lake.write(KEYS["insight_metrics"], to_json(answers), JSON)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert not check.passed
    assert [row["field"] for row in offending_rows(check)] == ["inputs"]


def test_a_film_that_tmdb_deleted_is_named_in_the_answers_which_still_follow_from_their_inputs(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    saga_table, details = tables["bourne_saga_table"], tables["tmdb_details"]
    gone = details["tmdb_id"].isin([3, 4])  # 4 is in no collection
    details["status"] = details["status"].mask(gone, "deleted")
    details["collection_id"] = details["collection_id"].mask(gone)
    tables["bourne_saga_table"] = saga_table[saga_table["tmdb_id"] != 3]
    store_tables(lake, tables)
    asset = dg.AssetSelection.assets("insight_metrics")
    outcome = run_selection(lake_resource, asset | asset.checks())
    answers = from_json(lake.read(KEYS["insight_metrics"])[0])
    assert (answers["films"], answers["deleted"]) == (2, [{"tmdb_id": 3, "title": "Film 3"}])
    assert [each["uri"].rpartition("/")[2] for each in answers["inputs"]] == [
        "bourne_saga_table.parquet",
        "tmdb_search.parquet",
        "tmdb_details.parquet",
    ]
    assert outcome.success
    assert outcome.checks["answers_follow_from_inputs"].passed
    _change(answers, "deleted", value=[])
    lake.write(KEYS["insight_metrics"], to_json(answers), JSON)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert [row["field"] for row in offending_rows(check)] == ["deleted"]


def _run_history_and_answers(lake: Lake, resource: LakeResource, tables: Frames) -> dict[str, Any]:
    """The answers to these tables, by a run that keeps the history too."""
    store_tables(lake, tables)
    answers = dg.AssetSelection.assets("insight_metrics")
    outcome = run_selection(
        resource, dg.AssetSelection.assets("saga_history") | answers | answers.checks()
    )
    assert outcome.success, outcome.errors
    assert outcome.checks["answers_follow_from_inputs"].passed
    stored: dict[str, Any] = from_json(lake.read(KEYS["insight_metrics"])[0])
    return stored


@pytest.mark.exhaustive
def test_the_answers_of_an_earlier_run_still_follow_from_the_snapshots_that_they_name(
    lake: Lake, lake_resource: LakeResource
) -> None:
    before = right_tables()
    details = before["tmdb_details"]
    details["status"] = details["status"].mask(details["tmdb_id"] == 3, "deleted")
    details["collection_id"] = details["collection_id"].mask(details["tmdb_id"] == 3)
    films = before["bourne_saga_table"]
    before["bourne_saga_table"] = films[films["tmdb_id"] != 3]
    earlier = _run_history_and_answers(lake, lake_resource, before)
    assert earlier["deleted"] == [{"tmdb_id": 3, "title": "Film 3"}]
    assert [each.get("table") for each in earlier["inputs"]] == [
        *[None] * 3,
        "refined.fact_film_day",
        "refined.dim_film",
    ]
    changed = right_tables(right_films(revenue={1: 31_000_000}))
    later = _run_history_and_answers(lake, lake_resource, changed)
    assert later["answers"] != earlier["answers"]
    lake.write(KEYS["insight_metrics"], to_json(earlier), JSON)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert check.passed, offending_rows(check)
    mixed = {**earlier, "answers": later["answers"]}
    lake.write(KEYS["insight_metrics"], to_json(mixed), JSON)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert "answers.mean_revenue" in {row["field"] for row in offending_rows(check)}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    in_every_run(
        [
            ("snapshot_id", "1", "Snapshot 1 of refined.fact_film_day expired"),
            ("digest", "0" * 64, "digest"),
            ("table", "refined.dim_saga", "on no other table"),
            ("sha256", None, "do not say what they came from"),
        ]
    ),
)
def test_answers_that_name_another_state_of_the_tables_fail(
    lake: Lake, lake_resource: LakeResource, name: str, value: str | None, says: str
) -> None:
    answers = _run_history_and_answers(lake, lake_resource, right_tables())
    _change(answers, "inputs", -2, name, value=value)
    _change(answers, "inputs", -2, "digest", value="0" * 64)
    lake.write(KEYS["insight_metrics"], to_json(answers), JSON)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    (row,) = offending_rows(check)
    assert (check.passed, row["field"]) == (False, "inputs")
    assert says in row["recomputed"]


def test_answers_of_which_the_history_says_otherwise_name_no_snapshot(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _run_history_and_answers(lake, lake_resource, right_tables())
    store_tables(lake, right_tables(right_films(revenue={1: 31_000_000})))
    asset = dg.AssetSelection.assets("insight_metrics")
    outcome = run_selection(lake_resource, asset | asset.checks())
    assert outcome.success
    (named,) = from_json(lake.read(KEYS["insight_metrics"])[0])["inputs"]
    assert named["uri"] == lake.uri(KEYS["bourne_saga_table"])


def test_answers_whose_input_is_not_a_table_fail(lake: Lake, lake_resource: LakeResource) -> None:
    store_tables(lake, right_tables())
    put_answers(lake)
    lake.write(KEYS["bourne_saga_table"], b"no table", PARQUET)
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    assert not check.passed
    assert [row["field"] for row in offending_rows(check)] == ["inputs"]


def test_answers_whose_input_is_gone_fail(lake: Lake, lake_resource: LakeResource) -> None:
    store_tables(lake, right_tables())
    put_answers(lake)
    lake.delete(KEYS["bourne_saga_table"])
    check = run_checks(lake_resource, "insight_metrics").checks["answers_follow_from_inputs"]
    (row,) = offending_rows(check)
    assert not check.passed
    assert row["field"] == "inputs"
    assert "bourne_saga_table.parquet" in row["recomputed"]


def test_a_figure_that_changed_since_the_last_snapshot_warns_with_old_and_new_value(
    lake: Lake, lake_resource: LakeResource
) -> None:
    history = merged(
        [seen_on(22, right_films()), seen_on(23, right_films(revenue={2: 61_000_000}))]
    )
    store_tables(lake, {"saga_history": history})
    outcome = run_checks(lake_resource, "saga_history")
    check = outcome.checks["figures_drifted"]
    assert outcome.success
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert offending_rows(check) == [
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
    assert fact_of(check, "days_compared") == "2026-11-22, 2026-11-23"


def test_a_history_with_two_rows_of_a_film_and_day_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    day = seen_on(22, right_films())
    store_tables(lake, {"saga_history": pd.concat([day, day.head(1)], ignore_index=True)})
    outcome = run_checks(lake_resource, "saga_history")
    assert outcome.failed() == {"one_row_a_film_and_day"}
    assert not outcome.success
