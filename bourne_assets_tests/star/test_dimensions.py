"""The states of films over time, and the rows of sagas and days."""

from datetime import date
from typing import Any

import pytest

from bourne_assets.saga.definition import Saga
from bourne_assets.star.dimensions import (
    FilmState,
    date_key,
    date_rows,
    day_of,
    film_rows,
    film_states,
    observed_states,
    saga_row,
)
from bourne_assets.tables import records

BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def seen(**stated: Any) -> dict[str, Any]:
    names = ("imdb_id", "wikidata_id", "original_title", "release_date", "status", "genres")
    return {
        "tmdb_id": 1,
        "title": "Identity",
        "runtime_minutes": 119,
        **dict.fromkeys(names),
        **stated,
    }


def states_of(*observations: tuple[date, dict[str, Any]]) -> list[FilmState]:
    states: list[FilmState] = []
    for day, film in observations:
        states = observed_states(BOURNE, states, film, day)
    return states


def periods(states: list[FilmState]) -> list[tuple[Any, ...]]:
    return [(each.attributes["title"], each.valid_from, each.valid_to) for each in states]


def test_a_film_that_does_not_change_has_one_state() -> None:
    states = states_of((MAY, seen()), (JUNE, seen()), (JULY, seen()))
    assert periods(states) == [("Identity", MAY, None)]


def test_a_change_ends_a_state_and_begins_the_next() -> None:
    states = states_of((MAY, seen()), (JUNE, seen(title="Bourne 1")))
    assert periods(states) == [("Identity", MAY, JUNE), ("Bourne 1", JUNE, None)]
    assert [each.key for each in states] == ["bourne-1-20260501", "bourne-1-20260601"]
    assert [state.holds_on(JUNE) for state in states] == [False, True]


def test_the_last_observation_of_a_day_counts() -> None:
    states = states_of((MAY, seen()), (JUNE, seen(title="Typo")), (JUNE, seen(title="Bourne 1")))
    assert periods(states) == [("Identity", MAY, JUNE), ("Bourne 1", JUNE, None)]


def test_an_earlier_observation_of_the_same_extends_the_state_and_keeps_its_key() -> None:
    states = states_of((JUNE, seen()), (MAY, seen()))
    assert periods(states) == [("Identity", MAY, None)]
    assert states[0].key == "bourne-1-20260601"


def test_an_earlier_observation_of_something_else_is_a_state_before() -> None:
    states = states_of((JUNE, seen()), (MAY, seen(title="Working title")))
    assert periods(states) == [("Working title", MAY, JUNE), ("Identity", JUNE, None)]


def test_an_observation_inside_of_an_older_state_changes_nothing() -> None:
    before = states_of((MAY, seen()), (JULY, seen(title="Bourne 1")))
    assert observed_states(BOURNE, before, seen(title="Between"), JUNE) == before


def test_what_an_observation_does_not_speak_of_stays_and_unknown_is_a_statement() -> None:
    states = states_of((MAY, seen()))
    bare = {"tmdb_id": 1, "title": "Identity"}
    assert observed_states(BOURNE, states, bare, JUNE, stated={"title"}) == states
    (_, newest) = observed_states(BOURNE, states, seen(runtime_minutes=None), JUNE)
    assert newest.attributes["runtime_minutes"] is None


def test_states_are_read_back_from_their_rows() -> None:
    states = states_of((MAY, seen()), (JUNE, seen(title="Bourne 1", release_date=MAY)))
    rows = film_rows(BOURNE, {1: states})
    assert film_states(rows) == {1: states}
    assert [row["is_current"] for row in records(rows)] == [False, True]


@pytest.mark.parametrize("day", [date(1895, 12, 28), date(2024, 2, 29), date(9999, 12, 31)])
def test_a_day_is_its_key(day: date) -> None:
    assert day_of(date_key(day)) == day
    (row,) = records(date_rows([day, day]))
    assert (row["year"], row["month"], row["day"]) == (day.year, day.month, day.day)
    assert row["weekday"] == day.isoweekday()
    assert row["quarter"] == {12: 4, 2: 1}[day.month]


def test_a_saga_has_a_row() -> None:
    (row,) = records(saga_row(BOURNE, 5))
    assert row == {
        "saga_key": "bourne",
        "collection_id": 31562,
        "slug": "bourne",
        "name": "Jason Bourne",
        "films": 5,
    }
