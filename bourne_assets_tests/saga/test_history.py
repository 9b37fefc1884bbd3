"""The history of a saga: what a day stated stays as it was stated, once for each film."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.answers.questions import answer_questions, as_json, remarks
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import NoSnapshot, SnapshotUnreadable
from bourne_assets.saga.history import (
    days_of,
    drifted_figures,
    films_as_of,
    merged,
    seed,
    snapshot_of,
)
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.snapshots import load_snapshots
from bourne_assets.tables import conform, records, to_parquet
from bourne_assets_tests.answers.builders import film, films_of_2017, saga_table
from bourne_assets_tests.answers.test_statistics import exact_r

BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
OTHER = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)
PATH = ("saga_history",)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seen(when: datetime, *films: dict[str, Any]) -> pd.DataFrame:
    """What a run saw at that time."""
    return snapshot_of(saga_table([{**record, "fetched_at": when} for record in films]))


def _values(history: pd.DataFrame, column: str) -> list[Any]:
    return [row[column] for row in records(history)]


# One row a film and day


def test_a_snapshot_has_a_row_for_each_film_of_the_day_of_its_newest_response() -> None:
    before_midnight = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    films = [{**record, "fetched_at": before_midnight} for record in films_of_2017()]
    films[3]["fetched_at"] = before_midnight + timedelta(seconds=2)
    snapshot = snapshot_of(saga_table(films))
    assert _values(snapshot, "observed_on") == [date(2026, 11, 24)] * 5
    assert _values(snapshot, "budget") == [record["budget"] for record in films]
    assert _values(snapshot, "partial") == [False] * 5


def test_the_last_snapshot_of_a_day_wins_in_whatever_order_they_are_merged() -> None:
    morning = seen(NOON - timedelta(hours=6), film(1, popularity=1.0), film(2, popularity=2.0))
    evening = seen(NOON + timedelta(hours=6), film(1, popularity=9.0))
    for snapshots in ([morning, evening], [evening, morning]):
        history = merged(snapshots)
        assert _values(history, "tmdb_id") == [1, 2]
        assert _values(history, "popularity") == [9.0, 2.0]


def test_another_day_adds_rows_and_changes_none() -> None:
    first = seen(NOON, *films_of_2017())
    second = seen(NOON + timedelta(days=1), *films_of_2017())
    history = merged([first, second])
    assert days_of(history) == [date(2026, 11, 23), date(2026, 11, 24)]
    pd.testing.assert_frame_equal(history.head(5).reset_index(drop=True), merged([first]))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 23), st.sets(st.integers(1, 4), min_size=1)),
        min_size=1,
        max_size=6,
        unique_by=lambda at: at[:2],
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@pytest.mark.exhaustive
def test_merging_is_idempotent_and_keeps_one_row_a_film_and_day(
    runs: list[tuple[int, int, set[int]]], dice: Any
) -> None:
    snapshots = [
        seen(
            NOON.replace(hour=0) + timedelta(days=day, hours=hour),
            *(film(number, popularity=day * 100.0 + hour) for number in sorted(numbers)),
        )
        for day, hour, numbers in runs
    ]
    history = merged(snapshots)
    pd.testing.assert_frame_equal(merged([history, *snapshots]), history)
    pd.testing.assert_frame_equal(merged(dice.sample(snapshots, len(snapshots))), history)
    expected = {
        (day, number): max(hour for d, hour, ids in runs if d == day and number in ids)
        for day, _, numbers in runs
        for number in numbers
    }
    assert len(history) == len(expected)
    for row in records(history):
        day = (row["observed_on"] - NOON.date()).days
        assert row["popularity"] == day * 100.0 + expected[day, row["tmdb_id"]]


# The seed


def test_the_bundled_observations_are_of_2017_and_2024_and_partial_rows_stay_partial() -> None:
    observed = seed(BOURNE)
    assert days_of(observed) == [date(2017, 9, 1), date(2024, 11, 19)]
    full, partial = (
        [row for row in records(observed) if row["partial"] is kind] for kind in (False, True)
    )
    assert [row["revenue"] for row in full] == [record["revenue"] for record in films_of_2017()]
    assert [row["popularity"] for row in full] == [
        record["popularity"] for record in films_of_2017()
    ]
    assert {row["observed_on"] for row in partial} == {date(2024, 11, 19)}
    assert {row["budget"] for row in partial} == {row["revenue"] for row in partial} == {None}
    assert [row["popularity"] for row in partial] == [65.86, 46.873, 46.781, 32.469, 42.508]
    assert {row["source"] for row in full + partial} == {"bundled-snapshot"}
    HistoryTable.validate(observed)


def test_another_collection_has_no_bundled_observations() -> None:
    assert seed(OTHER).empty
    assert days_of(seed(OTHER)) == []


# Answers of a day


def test_the_answers_of_a_day_are_those_of_the_last_snapshot_up_to_it() -> None:
    history = merged([seed(BOURNE)])
    for day in (date(2017, 9, 1), date(2020, 1, 1), date(2024, 11, 18)):
        table = films_as_of(history, day, BOURNE).films
        result = answer_questions(table, saga="bourne", inputs=[])
        assert result.as_of == datetime(2017, 9, 1, tzinfo=UTC)
        expected = answer_questions(saga_table(films_of_2017()), saga="bourne", inputs=[])
        assert result.answers == expected.answers


def test_what_a_day_does_not_state_is_of_the_newest_day_that_does_and_says_so() -> None:
    found = films_as_of(merged([seed(BOURNE)]), date(2030, 1, 1), BOURNE)
    assert found.money_of == date(2017, 9, 1)
    result = answer_questions(found.films, saga="bourne", inputs=[], money_of=found.money_of)
    answers = as_json(result)["answers"]
    assert answers["mean_revenue"]["value"] == pytest.approx(327_483_286.2)
    assert answers["popularity_vs_success"]["most_popular"]["title"] == "The Bourne Identity"
    assert answers["popularity_vs_success"]["least_popular"]["title"] == "The Bourne Legacy"
    years, popularity = [2002, 2004, 2007, 2012, 2016], [65.86, 46.873, 46.781, 32.469, 42.508]
    assert answers["year_vs_popularity"]["pearson"]["r"] == pytest.approx(
        exact_r(years, popularity)
    )
    assert as_json(result)["money_of"] == "2017-09-01"
    assert any("September 1, 2017" in text for text in remarks(result))
    assert any("1º de setembro de 2017" in text for text in remarks(result, "pt"))


def test_figures_that_no_day_stated_are_unknown() -> None:
    observed = seed(BOURNE)
    partial = pd.DataFrame(observed[observed["partial"]])
    found = films_as_of(partial, date(2030, 1, 1), BOURNE)
    assert found.money_of is None
    assert set(records(found.films)[0].items()) >= {("budget", None), ("revenue", None)}


def test_a_day_before_the_first_snapshot_has_none_and_the_first_is_named() -> None:
    with pytest.raises(NoSnapshot, match=r"on or before 2016-01-01: the first is of 2017-09-01\.$"):
        films_as_of(merged([seed(BOURNE)]), date(2016, 1, 1), BOURNE)
    with pytest.raises(NoSnapshot, match=r"of The Matrix .*: there is none yet\.$"):
        films_as_of(merged([seed(OTHER)]), date(2026, 1, 1), OTHER)


# Drift


def _drift(*days: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    history = merged(seen(NOON + timedelta(days=at), *films) for at, films in enumerate(days))
    return [
        (drift.tmdb_id, drift.figure, drift.old, drift.new, drift.change_pct)
        for drift in drifted_figures(history)
    ]


def test_a_changed_figure_is_named_with_both_values() -> None:
    before, after = film(1, budget=100, revenue=300), film(1, budget=110, revenue=300)
    assert _drift([before], [after]) == [(1, "budget", 100, 110, 10.0)]
    assert _drift([before], [after], [after]) == [], "the last snapshot, not the first"
    assert _drift([before]) == []


def test_a_figure_that_became_known_or_unknown_has_drifted_too() -> None:
    assert _drift([film(1, budget=5)], [film(1)]) == [(1, "budget", 5, None, None)]
    assert _drift([film(1)], [film(1, budget=5)]) == [(1, "budget", None, 5, None)]


def test_a_film_that_left_the_saga_has_not_drifted() -> None:
    gone = film(2, budget=5)
    assert _drift([film(1), gone], [film(1), film(2, budget=6)], [film(1)]) == []


def test_partial_rows_say_nothing_about_figures() -> None:
    history = merged([seed(BOURNE), seen(NOON, *films_of_2017())])
    assert drifted_figures(history) == []
    changed = films_of_2017()
    changed[1]["revenue"] = 290_835_269
    (drift,) = drifted_figures(merged([seed(BOURNE), seen(NOON, *changed)]))
    assert (drift.old, drift.new) == (288_500_217, 290_835_269)
    assert (drift.old_day, drift.new_day) == ("2017-09-01", "2026-11-23")
    assert drifted_figures(conform([], HistoryTable)) == []


# In the lake


def test_the_snapshots_of_older_versions_are_found_for_one_saga_oldest_first(lake: Lake) -> None:
    for number in (1, 0):
        snapshot = seen(NOON + timedelta(days=number), film(1, popularity=float(number)))
        key = (
            f"Refined/saga_history/2026/11/{23 + number}/2026112{3 + number}T120000000000Z.parquet"
        )
        lake.write(key, to_parquet(snapshot), PARQUET)
    lake.write("Refined/saga_history.parquet", to_parquet(seed(BOURNE)), PARQUET)
    other = "Refined/matrix/saga_history/2026/11/23/20261123T120000000000Z.parquet"
    lake.write(other, to_parquet(seen(NOON, film(2))), PARQUET)
    loaded = load_snapshots(lake, PATH)
    assert [_values(snapshot, "popularity") for snapshot in loaded] == [[0.0], [1.0]]
    assert load_snapshots(lake, ("rocky", "saga_history")) == []


def test_an_object_that_is_not_a_snapshot_is_named(lake: Lake) -> None:
    lake.write("Refined/saga_history/note.txt", b"hello", "text/plain")
    with pytest.raises(
        SnapshotUnreadable, match=r"saga_history/note\.txt is not a snapshot.*remove"
    ):
        load_snapshots(lake, PATH)
