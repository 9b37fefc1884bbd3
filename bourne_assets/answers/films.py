"""The films that the answers are about, as plain values in order of release.

Not here: what is computed from them (`formulas`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, FiniteFloat

from bourne_assets.saga.figures import (
    NOT_YET,
    UNKNOWN,
    days_since_release,
    is_final,
    is_released,
    why_not,
)
from bourne_assets.saga.history import taken_at
from bourne_assets.saga.table import release_order
from bourne_assets.tables import records

#: Whole USD, as a 64-bit column holds it.
Usd = Annotated[int, Field(ge=-(2**63), lt=2**63)]


@dataclass(frozen=True, kw_only=True)
class FilmName:
    """What a film is named by."""

    tmdb_id: int
    title: str


@dataclass(frozen=True, kw_only=True)
class MissingFilm(FilmName):
    """A film that an answer leaves out.

    Attributes:
        reason: `unknown`, `not_released` or `doubtful: <why>`; None in objects of older versions,
            where it was always `unknown`.
    """

    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecentFilm(FilmName):
    """A film that was released so recently that its revenue is not final.

    Attributes:
        days_since_release: Days from its release to the figures.
    """

    days_since_release: int


@dataclass(frozen=True, kw_only=True)
class Background:
    """What is known of a film when answers are computed, and not stored with them.

    Attributes:
        unusable: Why a figure may not be used, by figure: `unknown`, `not_released`, `doubtful: `.
        recent_days: Days from the release to the figures, where the revenue is not final yet.
        stated: Budget and revenue as the table states them, usable or not.
        sourced: Which of them the sagas file states.
    """

    unusable: Mapping[str, str] = field(default_factory=dict)
    recent_days: int | None = None
    stated: Mapping[str, int | None] = field(default_factory=dict)
    sourced: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film with its figures, as far as an answer may rest on them; None is unknown.

    Attributes:
        tmdb_id: TMDB's id.
        imdb_id: IMDb's id.
        title: Title in English.
        release_date: First release.
        year: Its year.
        budget: USD.
        revenue: USD at box offices worldwide.
        profit: USD: revenue - budget, negative for a loss.
        popularity: TMDB's popularity on the day of the figures; it has no unit.
        tied_with: Films that share this one's place, where it has one.
        background: What is not stored.
    """

    tmdb_id: int
    imdb_id: str | None
    title: str
    release_date: date | None
    year: int | None
    budget: Usd | None
    revenue: Usd | None
    profit: Usd | None
    popularity: FiniteFloat | None
    tied_with: tuple[FilmName, ...] = ()
    background: Annotated[Background, Field(exclude=True)] = field(
        default=Background(), compare=False
    )

    @property
    def name(self) -> FilmName:
        """The film by id and title."""
        return FilmName(tmdb_id=self.tmdb_id, title=self.title)

    @property
    def return_on_budget(self) -> float | None:
        """Profit / budget; None where either is unknown or the budget is 0."""
        return self.profit / self.budget if self.profit is not None and self.budget else None

    @property
    def is_released(self) -> bool:
        """Whether the film counts."""
        return NOT_YET not in self.background.unusable.values()

    def missing(self, *figures: str) -> MissingFilm | None:
        """The film with the first reason why it lacks one of these figures; None: it has all."""
        for figure in figures:
            if getattr(self, figure) is None:
                reason = self.background.unusable.get(figure, UNKNOWN)
                return MissingFilm(tmdb_id=self.tmdb_id, title=self.title, reason=reason)
        return None


#: Figures of a film, and the columns of the saga table that they are from.
_FIGURES = {
    "release_date": "release_date",
    "year": "release_year",
    "budget": "budget",
    "revenue": "revenue",
    "profit": "profit",
    "return_on_budget": "return_on_budget",
    "popularity": "popularity",
}


def names_of(films: pd.DataFrame) -> tuple[FilmName, ...]:
    """The films of a frame with ids and titles; one without a title is named by its id."""
    return tuple(
        FilmName(tmdb_id=row["tmdb_id"], title=row["title"] or f"TMDB {row['tmdb_id']}")
        for row in records(films)
    )


def day_of(table: pd.DataFrame) -> date:
    """UTC day of the figures of a `SagaTable`: that of its newest response."""
    return taken_at(table).date()


def films_of(table: pd.DataFrame) -> tuple[Film, ...]:
    """The films of a `SagaTable`, in order of release (unknown last), then TMDB id.

    A figure that no answer may rest on is None here, and the film knows why.
    """
    as_of = day_of(table)
    return tuple(_film(row, as_of) for row in sorted(records(table), key=release_order))


def _film(row: Mapping[str, Any], as_of: date) -> Film:
    unusable = {
        figure: reason
        for figure, column in _FIGURES.items()
        if (reason := why_not(row, column, as_of)) is not None
    }
    figures = {name: row[column] for name, column in _FIGURES.items() if name not in unusable}
    budget, revenue = figures.get("budget"), figures.get("revenue")
    recent = is_released(row, as_of) and not is_final(row, as_of)
    return Film(
        tmdb_id=row["tmdb_id"],
        imdb_id=row["imdb_id"],
        title=row["title"],
        release_date=figures.get("release_date"),
        year=figures.get("year"),
        budget=budget,
        revenue=revenue,
        profit=revenue - budget if revenue is not None and budget is not None else None,
        popularity=figures.get("popularity"),
        background=Background(
            unusable=unusable,
            recent_days=days_since_release(row, as_of) if recent else None,
            stated={figure: row[figure] for figure in ("budget", "revenue")},
            sourced=tuple(
                figure for figure in ("budget", "revenue") if row.get(f"{figure}_source")
            ),
        ),
    )
