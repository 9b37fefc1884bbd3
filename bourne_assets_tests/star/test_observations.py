"""What was stated of films on days: facts, and the history that they are."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd

from bourne_assets.saga.history import SEED_STATES, films_as_of, seed
from bourne_assets.star.observations import (
    StarOfSaga,
    history_of,
    with_missing,
    with_observations,
)
from bourne_assets.tables import records
from bourne_assets_tests.answers.builders import film, films_of_2017
from bourne_assets_tests.saga.test_history import seen
from bourne_assets_tests.star.test_dimensions import BOURNE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_THEN = ("budget", "revenue", "title")


def star_of(*snapshots: pd.DataFrame) -> StarOfSaga:
    star = StarOfSaga.empty()
    for each in snapshots:
        star = with_observations(star, BOURNE, each)
    return star


def test_what_is_kept_as_a_star_is_the_history_again() -> None:
    snapshot = seen(NOON, *films_of_2017())
    pd.testing.assert_frame_equal(history_of(star_of(snapshot)), snapshot)


def test_each_day_has_its_facts_and_the_films_of_that_day() -> None:
    star = star_of(
        seen(NOON, film(1, title="Old title", budget=100)),
        seen(NOON + DAY, film(1, title="New title", budget=120)),
    )
    assert [(row["date_key"], row["budget"], row["film_key"]) for row in records(star.facts)] == [
        (20261123, 100, "bourne-1-20261123"),
        (20261124, 120, "bourne-1-20261124"),
    ]
    titles = [row["title"] for row in records(history_of(star))]
    assert titles == ["Old title", "New title"]


def test_the_last_response_of_a_day_counts_whichever_comes_first() -> None:
    early, late = seen(NOON, film(1, popularity=1.0)), seen(NOON + DAY / 4, film(1, popularity=9.0))
    for order in ((early, late), (late, early)):
        (row,) = records(star_of(*order).facts)
        assert row["popularity"] == 9.0


def test_what_an_earlier_response_of_a_day_says_of_a_film_does_not_replace_what_the_last_says() -> (
    None
):
    early, late = seen(NOON, film(1, title="Old")), seen(NOON + DAY / 4, film(1, title="New"))
    for order in ((early, late), (late, early)):
        (row,) = records(star_of(*order).films)
        assert row["title"] == "New"


def test_bundled_observations_fill_only_days_that_are_not_there() -> None:
    snapshot = seen(datetime(2017, 9, 1, tzinfo=UTC), *films_of_2017())
    star = with_missing(star_of(snapshot), BOURNE, seed(BOURNE), SEED_STATES)
    assert star.days == [date(2017, 9, 1), date(2024, 11, 19)]
    again = with_missing(star, BOURNE, seed(BOURNE), SEED_STATES)
    pd.testing.assert_frame_equal(again.facts, star.facts)
    pd.testing.assert_frame_equal(again.films, star.films)
    assert len(star.films) == 5, "what the observation does not speak of has not changed"


def test_observations_of_an_older_version_do_not_speak_of_newer_columns() -> None:
    full = seen(NOON, film(1, runtime_minutes=119, genres="Action"))
    older = seen(NOON + DAY, film(1)).drop(columns=["runtime_minutes", "genres", "original_title"])
    star = with_missing(star_of(full), BOURNE, older, set(older.columns))
    assert [row["runtime_minutes"] for row in records(history_of(star))] == [119, 119]


def test_a_day_of_the_past_is_complete_and_each_figure_as_known_then() -> None:
    snapshot = seen(datetime(2017, 9, 1, tzinfo=UTC), *films_of_2017())
    history = history_of(with_missing(star_of(snapshot), BOURNE, seed(BOURNE), SEED_STATES))
    found = films_as_of(history, date(2024, 11, 30), BOURNE)
    assert found.money_of == date(2017, 9, 1)
    rows = records(found.films)
    assert [row["popularity"] for row in rows] == [65.86, 46.873, 46.781, 32.469, 42.508]
    for row, then in zip(rows, films_of_2017(), strict=True):
        assert [row[name] for name in _THEN] == [then.get(name) for name in _THEN]


def test_of_a_day_that_states_everything_nothing_is_older() -> None:
    history = history_of(star_of(seen(NOON, *films_of_2017())))
    assert films_as_of(history, NOON.date(), BOURNE).money_of is None
