"""A lake of the versions before the tables: it answers as before, and is taken over once."""

from datetime import date, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.answers.questions import AnswerSet, as_json
from bourne_assets.cli.stored import answers_of_days, read_answers
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake import keys
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.saga.definition import load_sagas
from bourne_assets.saga.history import merged, seed, snapshot_of
from bourne_assets.settings import Settings
from bourne_assets.tables import from_json, to_parquet
from bourne_assets_tests.defs.tables import (
    KEYS,
    NOW,
    put_answers,
    right_films,
    right_tables,
    run_checks,
    run_selection,
    saga_table,
    store_tables,
)

BOURNE = load_sagas(Settings().sagas_file)["bourne"]
#: Columns that a history did not have then.
_NEWER = (
    "wikidata_id",
    "original_title",
    "runtime_minutes",
    "genres",
    "imdb_rating",
    "imdb_votes",
)
_DAYS = (3, 2, 1)


def _seen(days_ago: int) -> pd.DataFrame:
    """What a run of then kept: each day has other figures, the last but one another title."""
    films = right_films(
        budget={1: 10_000_000 + days_ago}, revenue={2: 60_000_000 + days_ago * 1_000}
    )
    for each in films:
        each["title"] += " (working title)" if days_ago == 2 else ""
    table = saga_table(films)
    table["fetched_at"] = pd.Timestamp(NOW - timedelta(days=days_ago))
    snapshot = snapshot_of(table.astype({"fetched_at": "datetime64[us, UTC]"}))
    return snapshot.drop(columns=list(_NEWER))


@pytest.fixture
def old_lake(lake: Lake) -> Lake:
    """Objects as they lay: a snapshot for each run, the history of all, table and answers."""
    snapshots = [_seen(days_ago) for days_ago in _DAYS]
    for each in snapshots:
        at = each["fetched_at"].max().to_pydatetime()
        lake.write(keys.snapshot(("saga_history",), at), to_parquet(each), PARQUET)
    history = merged([seed(BOURNE), *snapshots]).drop(columns=list(_NEWER))
    store_tables(lake, {**right_tables(), "saga_history": history})
    put_answers(lake)
    return lake


def _days() -> list[date]:
    days = [(NOW - timedelta(days=days_ago)).date() for days_ago in (*_DAYS, 0)]
    return [date(2017, 9, 1), date(2025, 1, 1), *days]


def _answers(
    lake: Lake, resource: LakeResource, days: list[date]
) -> dict[date, tuple[datetime, AnswerSet]]:
    found = answers_of_days(lake, resource.catalogue(), BOURNE, days)
    return {day: (each.as_of, each.answers) for day, each in zip(days, found, strict=True)}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_lake_from_before_the_tables_answers_as_before_and_is_taken_over(
    old_lake: Lake, lake_resource: LakeResource
) -> None:
    stored = as_json(read_answers(old_lake, BOURNE))
    before = _answers(old_lake, lake_resource, _days()[:-1])
    snapshots = {
        key: old_lake.read_back(key).sha256 for key in old_lake.list("Refined/saga_history/")
    }
    assert run_checks(lake_resource, "insight_metrics").success, "old answers name an object"

    kept = dg.AssetSelection.assets("saga_history", "insight_metrics", "fact_answer")
    outcome = run_selection(lake_resource, kept | kept.checks())
    assert outcome.success, outcome.errors
    after = _answers(old_lake, lake_resource, _days())
    assert {day: after[day] for day in before} == before
    assert after[NOW.date()][1] == read_answers(old_lake, BOURNE).answers
    new = from_json(old_lake.read(KEYS["insight_metrics"])[0])
    assert new["answers"] == stored["answers"]
    assert [each.get("table") for each in new["inputs"]][1:] == [
        "refined.fact_film_day",
        "refined.dim_film",
    ]
    films = lake_resource.catalogue().load_table("refined.dim_film").scan().to_arrow()
    assert "Film 1 (working title)" in films["title"].to_pylist()
    assert snapshots == {key: old_lake.read_back(key).sha256 for key in snapshots}, "they stay"
