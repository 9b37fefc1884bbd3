"""The films that the answers are about, as plain values in order of release.

Not here: what is computed from them (`formulas`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import pandas as pd
from pydantic import Field, FiniteFloat

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
class Film:
    """A film with its figures; None is unknown.

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

    @property
    def name(self) -> FilmName:
        """The film by id and title."""
        return FilmName(tmdb_id=self.tmdb_id, title=self.title)

    @property
    def return_on_budget(self) -> float | None:
        """Profit / budget; None where either is unknown or the budget is 0."""
        return self.profit / self.budget if self.profit is not None and self.budget else None


def films_of(table: pd.DataFrame) -> tuple[Film, ...]:
    """The films of a `SagaTable`, in order of release (unknown last), then TMDB id."""
    return tuple(
        Film(
            tmdb_id=row["tmdb_id"],
            imdb_id=row["imdb_id"],
            title=row["title"],
            release_date=row["release_date"],
            year=row["release_year"],
            budget=row["budget"],
            revenue=row["revenue"],
            profit=row["profit"],
            popularity=row["popularity"],
        )
        for row in sorted(records(table), key=release_order)
    )
