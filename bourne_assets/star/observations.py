"""What was stated of a saga's films on days, as rows of `fact_film_day`, and the way back.

Not here: where the rows are kept (`storage`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.table import derived_figures
from bourne_assets.star.dimensions import (
    ATTRIBUTES,
    FilmState,
    date_key,
    day_of,
    film_rows,
    film_states,
    observed_states,
)
from bourne_assets.star.schemas import DimFilm, FactFilmDay
from bourne_assets.tables import conform, conformed, records
from bourne_assets.tmdb.schemas import DELETED

_DATE_KEY = "date_key"


@dataclass(frozen=True)
class StarOfSaga:
    """The rows of one saga.

    Attributes:
        films: `DimFilm`.
        facts: `FactFilmDay`.
    """

    films: pd.DataFrame
    facts: pd.DataFrame

    @classmethod
    def empty(cls) -> "StarOfSaga":
        """No rows."""
        return cls(conform([], DimFilm), conform([], FactFilmDay))

    @property
    def days(self) -> list[date]:
        """The observed days, in order."""
        return [day_of(int(key)) for key in sorted(set(self.facts["date_key"]))]

    @property
    def films_of_newest_day(self) -> int:
        """Number of films that were observed on the newest day, without those deleted by then."""
        newest = self.facts[self.facts[_DATE_KEY] == self.facts[_DATE_KEY].max()]
        return len(set(newest["film_key"]) - set(self.deleted["film_key"]))

    @property
    def deleted(self) -> pd.DataFrame:
        """`DimFilm` of the states in which TMDB had deleted a film."""
        return self.films[self.films["status"] == DELETED]


def with_observations(
    star: StarOfSaga,
    saga: Saga,
    observed: pd.DataFrame,
    stated: Collection[str] = ATTRIBUTES,
) -> StarOfSaga:
    """The star of a saga with more observations.

    Of several observations of a film and day the last fetched stays.

    Args:
        star: What is known.
        saga: The saga.
        observed: `HistoryTable` of any number of days.
        stated: The columns of films of which the observations speak.
    """
    rows = sorted(records(observed), key=lambda row: (row["observed_on"], row["fetched_at"]))
    # Histories of years are long, and their other days stay as they are.
    of_days = star.facts[_DATE_KEY].isin({date_key(row["observed_on"]) for row in rows})
    facts = {(row["date_key"], row["tmdb_id"]): row for row in records(star.facts[of_days])}
    rows = [row for row in rows if not _is_older(row, facts.get(_key(row)))]
    states = film_states(star.films)
    for row in rows:
        known = states.get(row["tmdb_id"], [])
        states[row["tmdb_id"]] = observed_states(saga, known, row, row["observed_on"], stated)
    for row in rows:
        facts[_key(row)] = _fact(saga, row, states[row["tmdb_id"]])
    together = pd.concat([star.facts[~of_days], conform(facts.values(), FactFilmDay)])
    ordered = together.sort_values([_DATE_KEY, "tmdb_id"], ignore_index=True)
    return StarOfSaga(film_rows(saga, states), ordered)


def with_missing(
    star: StarOfSaga, saga: Saga, observed: pd.DataFrame, stated: Collection[str]
) -> StarOfSaga:
    """The star of a saga with the observations of films and days that it does not have yet.

    Args:
        star: What is known.
        saga: The saga.
        observed: `HistoryTable`, or without the columns that older versions lacked.
        stated: The columns of films of which the observations speak.
    """
    known = set(zip(star.facts[_DATE_KEY], star.facts["tmdb_id"], strict=True))
    missing = [row for row in records(observed) if _key(row) not in known]
    return with_observations(star, saga, conform(missing, HistoryTable), stated)


def with_snapshots(star: StarOfSaga, saga: Saga, snapshots: Iterable[pd.DataFrame]) -> StarOfSaga:
    """The star of a saga with the snapshots that versions before the Iceberg tables kept.

    Args:
        star: What is known.
        saga: The saga.
        snapshots: Each of `HistoryTable` or its older forms, oldest first.
    """
    for each in snapshots:
        rows = conform(records(each), HistoryTable)
        star = with_observations(star, saga, rows, set(each.columns) & set(ATTRIBUTES))
    return star


def history_of(star: StarOfSaga) -> pd.DataFrame:
    """The facts with the films' state of their day, as `HistoryTable`.

    A film that TMDB had deleted is not in it.
    """
    stated = star.facts[~star.facts["film_key"].isin(star.deleted["film_key"])]
    states = star.films[["film_key", *ATTRIBUTES]]
    rows = stated.merge(states, on="film_key", how="left", validate="many_to_one")
    days = {key: day_of(int(key)) for key in set(rows[_DATE_KEY])}
    rows = rows.assign(observed_on=rows[_DATE_KEY].map(days), partial=rows["is_partial"])
    by_release = [_DATE_KEY, "release_date", "tmdb_id"]
    return conformed(rows.sort_values(by_release, na_position="last"), HistoryTable)


def _key(row: Mapping[str, Any]) -> tuple[int, int]:
    """Day and film of an observation, as facts have them."""
    return date_key(row["observed_on"]), row["tmdb_id"]


def _is_older(row: Mapping[str, Any], fact: Mapping[str, Any] | None) -> bool:
    return fact is not None and fact["fetched_at"] > row["fetched_at"]


def _fact(saga: Saga, row: Mapping[str, Any], states: Sequence[FilmState]) -> dict[str, Any]:
    day = row["observed_on"]
    state = next((each for each in states if each.holds_on(day)), states[0])
    return {
        **row,
        **derived_figures(row),
        "date_key": date_key(day),
        "film_key": state.key,
        "saga_key": saga.slug,
        "is_partial": row["partial"],
    }
