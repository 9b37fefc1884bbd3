"""The state of a saga as of a day: what it says, and that it is found again by what it names."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.answers.films import FilmName
from bourne_assets.answers.sources import Input
from bourne_assets.iceberg.errors import TableMissing
from bourne_assets.iceberg.upkeep import maintain
from bourne_assets.saga.history import DELETION_STATES, SEED_STATES, deletions_of, seed
from bourne_assets.star.answers import answer_rows, answers_of
from bourne_assets.star.observations import history_of, with_missing, with_observations
from bourne_assets.star.states import KnownState, StateGone, digest_of, named_state, newest_state
from bourne_assets.star.storage import keep_star, read_star
from bourne_assets.tables import conform, records
from bourne_assets.tmdb.schemas import DELETED, DetailsTable
from bourne_assets_tests.answers.builders import film, films_of_2017, saga_table
from bourne_assets_tests.saga.test_history import seen
from bourne_assets_tests.star.test_dimensions import BOURNE
from bourne_assets_tests.star.test_observations import DAY, NOON
from bourne_assets_tests.star.test_storage import MATRIX, RUN, kept

TODAY = NOON.date()


def _newest(catalogue: Catalog, day: date = TODAY) -> KnownState:
    state = newest_state(catalogue, BOURNE, day)
    assert state is not None
    return state


def _delete(catalogue: Catalog, when: datetime, tmdb_id: int) -> None:
    gone = {"tmdb_id": tmdb_id, "title": "Gone", "status": DELETED, "source": "tmdb"}
    deleted = conform([{**gone, "fetched_at": when}], DetailsTable)
    before = read_star(catalogue, BOURNE)
    rows = deletions_of(deleted, when.date())
    star = with_observations(before, BOURNE, rows, DELETION_STATES)
    keep_star(catalogue, BOURNE, before, star, RUN)


def test_the_state_of_a_day_is_the_whole_saga_table_of_that_day(catalogue: Catalog) -> None:
    films = saga_table([{**each, "fetched_at": NOON} for each in films_of_2017()])
    kept(catalogue, BOURNE, seen(NOON, *films_of_2017()))
    kept(catalogue, MATRIX, seen(NOON + DAY, film(1)))
    kept(catalogue, BOURNE, seen(NOON + DAY, film(1)))
    state = _newest(catalogue)
    assert state.is_of(films, ())
    assert not state.is_of(films.head(4), ())
    assert not state.is_of(films, [FilmName(tmdb_id=7, title="Gone")])
    assert state.known.money_of is None


def test_what_a_day_does_not_state_is_of_the_day_that_the_state_names(catalogue: Catalog) -> None:
    before = read_star(catalogue, BOURNE)
    star = with_missing(before, BOURNE, seed(BOURNE), SEED_STATES)
    keep_star(catalogue, BOURNE, before, star, RUN)
    state = _newest(catalogue)
    result = answers_of(state, BOURNE)
    assert result.answers.mean_revenue.value == pytest.approx(327_483_286.2)
    assert (result.money_of, result.inputs) == (date(2017, 9, 1), state.inputs)


def test_there_is_no_state_before_the_first_day_or_run(catalogue: Catalog) -> None:
    assert newest_state(catalogue, BOURNE, TODAY) is None
    kept(catalogue, BOURNE, seen(NOON, film(1)))
    assert newest_state(catalogue, BOURNE, TODAY - DAY) is None
    assert newest_state(catalogue, MATRIX, TODAY) is None


def test_a_state_is_read_again_from_its_snapshots_after_its_day_was_corrected(
    catalogue: Catalog,
) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1, budget=100)))
    morning = _newest(catalogue)
    kept(catalogue, BOURNE, seen(NOON + DAY / 4, film(1, budget=120, title="Corrected")))
    evening = _newest(catalogue)
    again = named_state(catalogue, BOURNE, TODAY, morning.inputs)
    pd.testing.assert_frame_equal(again.known.films, morning.known.films)
    assert again.inputs == morning.inputs
    assert [row["budget"] for row in records(again.known.films)] == [100]
    assert [row["budget"] for row in records(evening.known.films)] == [120]
    assert evening.inputs != morning.inputs


def test_a_state_outlives_its_snapshots_as_long_as_its_rows_do(catalogue: Catalog) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1, budget=100)))
    state = _newest(catalogue)
    kept(catalogue, BOURNE, seen(NOON + DAY, film(1, budget=120, title="Another title")))
    list(maintain(catalogue, datetime.now(UTC) + timedelta(days=100)))
    again = named_state(catalogue, BOURNE, TODAY, state.inputs)
    pd.testing.assert_frame_equal(again.known.films, state.known.films)
    assert again.inputs == state.inputs
    kept(catalogue, BOURNE, seen(NOON + DAY / 4, film(1, budget=110)))
    with pytest.raises(StateGone, match=r"of refined\.fact_film_day expired, and its rows of 2026"):
        named_state(catalogue, BOURNE, TODAY, state.inputs)


def test_what_names_no_state_is_refused_in_one_sentence(catalogue: Catalog) -> None:
    stray = Input(uri="s3://a", sha256="b", table="refined.dim_film", snapshot_id="1", digest="c")
    with pytest.raises(StateGone, match="and on no other table"):
        named_state(catalogue, BOURNE, TODAY, [stray])
    facts = replace(stray, table="refined.fact_film_day", snapshot_id="none")
    with pytest.raises(TableMissing):
        named_state(catalogue, BOURNE, TODAY, [stray, facts])
    kept(catalogue, MATRIX, seen(NOON, film(1)))
    with pytest.raises(StateGone, match="expired"):
        named_state(catalogue, BOURNE, TODAY, [stray, facts])
    kept(catalogue, BOURNE, seen(NOON, film(1)))
    with pytest.raises(StateGone, match="has no row of Jason Bourne on or before 2026-11-22"):
        named_state(catalogue, BOURNE, TODAY - DAY, _newest(catalogue).inputs)


@pytest.mark.exhaustive
def test_a_deleted_film_is_known_by_its_day_and_in_no_history(catalogue: Catalog) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1), film(2, title="Film 2", budget=5)))
    kept(catalogue, BOURNE, seen(NOON + DAY, film(1)))
    _delete(catalogue, NOON + DAY, 2)
    before, after = _newest(catalogue), _newest(catalogue, TODAY + DAY)
    assert (before.deleted, len(before.known.films)) == ((), 2)
    assert after.deleted == (FilmName(tmdb_id=2, title="Gone"),)
    assert records(after.known.films)[0]["tmdb_id"] == 1
    history = history_of(read_star(catalogue, BOURNE))
    assert [row["tmdb_id"] for row in records(history)] == [1, 2, 1]
    (saga,) = catalogue.load_table("refined.dim_saga").scan().to_arrow().to_pylist()
    assert saga["films"] == 1
    assert answers_of(after, BOURNE).deleted == after.deleted


def test_the_numbers_name_the_snapshot_that_the_answers_name(catalogue: Catalog) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1)))
    state = _newest(catalogue)
    rows = answer_rows(answers_of(state, BOURNE))
    assert {str(row["snapshot_id"]) for row in rows} == {state.inputs[0].snapshot_id}


def test_a_digest_is_of_rows_whatever_their_order_and_what_is_unknown_counts_for_nothing() -> None:
    rows: list[dict[str, Any]] = [{"a": 1, "b": TODAY}, {"b": None, "a": 2}]
    assert digest_of(rows) == digest_of([{"a": 2}, {"b": TODAY, "a": 1}])
    assert digest_of(rows) != digest_of([{"a": 2}, {"a": 1}])
