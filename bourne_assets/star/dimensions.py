"""Rows of the dimensions: films in all their states, the saga, the days.

`dim_film` is a slowly changing dimension of type 2 (Kimball and Ross, The Data Warehouse Toolkit):
a film has a row for each period in which nothing about it changed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.star.schemas import DimDate, DimFilm, DimSaga
from bourne_assets.tables import conform, records

ATTRIBUTES = (
    "imdb_id",
    "wikidata_id",
    "title",
    "original_title",
    "release_date",
    "status",
    "runtime_minutes",
    "genres",
)


@dataclass(frozen=True)
class FilmState:
    """What held of a film from a day on.

    Attributes:
        key: The state's key, which stays when more is known of it.
        tmdb_id: TMDB's id of the film.
        attributes: The columns of `DimFilm` that describe the film, by name.
        valid_from: The first UTC day.
        valid_to: The first UTC day of the next state; None for the newest.
    """

    key: str
    tmdb_id: int
    attributes: Mapping[str, Any]
    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the state held on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def observed_states(
    saga: Saga,
    known: Sequence[FilmState],
    film: Mapping[str, Any],
    day: date,
    stated: Collection[str] = ATTRIBUTES,
) -> list[FilmState]:
    """The states of a film after one more observation, oldest first.

    The last observation of a day counts. One of a day that lies within an older state changes
    nothing: what held between two observations is what the earlier one said.

    Args:
        saga: The saga.
        known: The film's states, oldest first.
        film: The observation, with the columns of `DimFilm` that it states.
        day: Its UTC day.
        stated: The columns that the observation speaks of, even if only as unknown; the
            others are taken from the state before.
    """
    states = list(known)
    neighbour = _neighbour(states, day)
    attributes = {
        name: film[name] if name in stated else neighbour and neighbour.attributes[name]
        for name in ATTRIBUTES
    }
    key = f"{saga.slug}-{film['tmdb_id']}-{date_key(day)}"
    if not states:
        return [FilmState(key, film["tmdb_id"], attributes, day)]
    first, last = states[0], states[-1]
    if day < first.valid_from:
        if dict(first.attributes) == attributes:
            return [replace(first, valid_from=day), *states[1:]]
        return [FilmState(key, film["tmdb_id"], attributes, day, first.valid_from), *states]
    if day < last.valid_from or dict(last.attributes) == attributes:
        return states
    if day == last.valid_from:
        return [*states[:-1], replace(last, attributes=attributes)]
    newest = FilmState(key, film["tmdb_id"], attributes, day)
    return [*states[:-1], replace(last, valid_to=day), newest]


def _neighbour(states: Sequence[FilmState], day: date) -> FilmState | None:
    """The state that is nearest to an observation outside of all, or the newest."""
    if not states:
        return None
    return states[0] if day < states[0].valid_from else states[-1]


def film_states(films: pd.DataFrame) -> dict[int, list[FilmState]]:
    """The states in a `DimFilm` of one saga, oldest first, by TMDB's id."""
    found: dict[int, list[FilmState]] = {}
    for row in sorted(records(films), key=lambda each: each["valid_from"]):
        attributes = {name: row[name] for name in ATTRIBUTES}
        state = FilmState(
            row["film_key"], row["tmdb_id"], attributes, row["valid_from"], row["valid_to"]
        )
        found.setdefault(row["tmdb_id"], []).append(state)
    return found


def film_rows(saga: Saga, states: Mapping[int, Sequence[FilmState]]) -> pd.DataFrame:
    """`DimFilm` of a saga, ordered by film and period."""
    rows = [
        {
            **state.attributes,
            "film_key": state.key,
            "tmdb_id": state.tmdb_id,
            "saga_key": saga.slug,
            "valid_from": state.valid_from,
            "valid_to": state.valid_to,
            "is_current": state.valid_to is None,
        }
        for tmdb_id in sorted(states)
        for state in states[tmdb_id]
    ]
    return conform(rows, DimFilm)


def saga_row(saga: Saga, films: int) -> pd.DataFrame:
    """`DimSaga` of one saga.

    Args:
        saga: The saga.
        films: Number of films in its newest state.
    """
    row = {
        "saga_key": saga.slug,
        "collection_id": saga.collection_id,
        "slug": saga.slug,
        "name": saga.title,
        "films": films,
    }
    return conform([row], DimSaga)


def date_rows(days: Iterable[date]) -> pd.DataFrame:
    """`DimDate` of some days, in order."""
    rows = [
        {
            "date_key": date_key(day),
            "date": day,
            "year": day.year,
            "quarter": (day.month + 2) // 3,
            "month": day.month,
            "day": day.day,
            "weekday": day.isoweekday(),
        }
        for day in sorted(set(days))
    ]
    return conform(rows, DimDate)


def saga_filter(saga: Saga) -> str:
    """The filter of a table for the rows of a saga, as Iceberg takes it."""
    return f"saga_key = '{saga.slug}'"  # a slug has letters, digits and underscores


def date_key(day: date) -> int:
    """The key of a day: 20170901."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(key: int) -> date:
    """The day of a key."""
    return date(key // 10_000, key // 100 % 100, key % 100)
