"""The six answers about a saga, as pure functions of its films.

Every function takes the films as `films_of` lists them: in order of release (unknown last), then
TMDB id. A figure that is unknown, doubtful, or of a film that is not released yet is None and never
0: the film is left out of that answer and named under `missing`, with the reason. What cannot be
computed is None with a `reason`.
Not here: reading and storing (`questions`), words (`words`), pictures (`pictures`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat

from bourne_assets.answers.films import Film, MissingFilm, RecentFilm
from bourne_assets.answers.statistics import Correlation, correlation

Direction = Literal["smaller", "larger", "equal", "same_film"]


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean in USD over the `n` films whose figure is known."""

    value: FiniteFloat | None
    unit: str
    n: int
    missing: tuple[MissingFilm, ...]
    not_final: tuple[RecentFilm, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """The change of revenue from one film to the next, in USD and in per cent of the former."""

    former: Annotated[Film, Field(alias="from")]
    latter: Annotated[Film, Field(alias="to")]
    change_usd: int
    change_pct: FiniteFloat | None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class RevenueVariation:
    """All changes of revenue, and whether there was one; None where that cannot be known."""

    varied: bool | None
    steps: tuple[Step, ...]
    missing: tuple[MissingFilm, ...]
    not_final: tuple[RecentFilm, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class TopRevenueVsTopBudget:
    """The budget of the top-revenue film against the top budget, in USD and per cent of it."""

    top_revenue: Film | None
    top_budget: Film | None
    direction: Direction | None
    difference_usd: int | None
    difference_pct: FiniteFloat | None
    relative_to: str
    missing: tuple[MissingFilm, ...]
    not_final: tuple[RecentFilm, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class FilmCorrelation(Correlation):
    """A correlation over films, and the films that lack one of its figures."""

    missing: tuple[MissingFilm, ...]


@dataclass(frozen=True, kw_only=True)
class PopularityVsSuccess:
    """Popularity against revenue, profit and return on budget, and its two extremes."""

    revenue: FilmCorrelation
    profit: FilmCorrelation
    return_on_budget: Annotated[FilmCorrelation, Field(alias="return")]
    most_popular: Film | None
    least_popular: Film | None
    not_final: tuple[RecentFilm, ...] = ()
    reason: str | None = None


def mean_of(films: Sequence[Film], figure: str) -> Mean:
    """Arithmetic mean in USD of a figure over the films that have it (questions 1 and 2).

    Formula: the sum of the known figures / n, with n the number of films that have one. Unknown:
    left out of sum and n, and named. Ties cannot arise. Source of the figures: TMDB's details
    (`budget`, `revenue`), in dollars of each film's own year.

    Args:
        films: In order of release.
        figure: `revenue` or `budget`.
    """
    known, missing = _split(films, figure)
    amounts = [getattr(film, figure) for film in known]
    value = sum(amounts) / len(amounts) if amounts else None
    reason = None if amounts else f"no film has a known {figure}"
    return Mean(
        value=value,
        unit="USD",
        n=len(amounts),
        missing=missing,
        not_final=_not_final(known) if figure == "revenue" else (),
        reason=reason,
    )


def revenue_variation(films: Sequence[Film]) -> RevenueVariation:
    """Change of revenue from each film to the next in order of release (question 3).

    Formula: change_usd = revenue(to) - revenue(from); change_pct = 100 change_usd / revenue(from),
    so that a fall to nothing is -100. Unknown: a film without a date or a revenue takes no part,
    and its neighbours follow each other. Ties: films of one date follow each other by TMDB id.
    Source: TMDB's `revenue` and `release_date`.
    """
    known, missing = _split(films, "revenue", "release_date")
    steps = tuple(_step(former, latter) for former, latter in pairwise(known))
    varied = any(step.change_usd for step in steps) if steps else None
    reason = f"a change needs two dated films of known revenue, and there are {len(known)}"
    return RevenueVariation(
        varied=varied,
        steps=steps,
        missing=missing,
        not_final=_not_final(known),
        reason=None if steps else reason,
    )


def top_revenue_vs_top_budget(films: Sequence[Film]) -> TopRevenueVsTopBudget:
    """Budget of the film of top revenue against the top budget (question 4).

    Formula: difference_usd = budget(top revenue) - budget(top budget); difference_pct = 100
    difference_usd / budget(top budget): never positive, as nothing exceeds the top. Unknown: a
    top-revenue film without a budget stays the top-revenue film, and the difference is None.
    Ties: the first in order of release leads, the others are `tied_with`. Source: TMDB's `revenue`
    and `budget`.
    """
    top_revenue, top_budget = top(films, "revenue"), top(films, "budget")
    answer = TopRevenueVsTopBudget(
        top_revenue=top_revenue,
        top_budget=top_budget,
        direction=None,
        difference_usd=None,
        difference_pct=None,
        relative_to="top_budget",
        missing=_split(films, "revenue", "budget")[1],
        not_final=_not_final(films),
    )
    if top_revenue is None or top_budget is None or top_budget.budget is None:
        figure = "revenue" if top_revenue is None else "budget"
        return replace(answer, reason=f"no film has a known {figure}")
    if top_revenue.budget is None:
        return replace(answer, reason=f"the budget of {top_revenue.title} is unknown")
    difference = top_revenue.budget - top_budget.budget
    direction: Direction = "smaller" if difference < 0 else "equal"
    return replace(
        answer,
        direction="same_film" if top_revenue.tmdb_id == top_budget.tmdb_id else direction,
        difference_usd=difference,
        difference_pct=100 * difference / top_budget.budget if top_budget.budget else None,
        reason=None if top_budget.budget else "the top budget is 0",
    )


def popularity_vs_success(films: Sequence[Film], comparisons: int) -> PopularityVsSuccess:
    """Correlation of popularity with revenue, profit and return, and the two extremes (question 5).

    Formula: profit = revenue - budget (USD, negative for a loss); return = profit / budget (a
    ratio without unit); each is correlated with TMDB's popularity (a number without unit, of the
    day of the figures) as `statistics.correlation` says. Unknown: a film is left out of the
    correlations whose figures it lacks, and named. Ties: share their mean rank in rho; the first in
    order of release leads the extremes, the others are `tied_with`.

    Args:
        films: In order of release.
        comparisons: How many correlations are tested together.
    """
    most_popular = top(films, "popularity")
    return PopularityVsSuccess(
        revenue=correlation_of(films, "popularity", "revenue", comparisons),
        profit=correlation_of(films, "popularity", "profit", comparisons),
        return_on_budget=correlation_of(films, "popularity", "return_on_budget", comparisons),
        most_popular=most_popular,
        least_popular=top(films, "popularity", lowest=True),
        not_final=_not_final(films),
        reason=None if most_popular else "no film has a known popularity",
    )


def correlation_of(
    films: Sequence[Film], first: str, second: str, comparisons: int
) -> FilmCorrelation:
    """CORR of two figures over the films that have both (question 6: year and popularity).

    Formula, p-values and ties: `statistics.correlation`. Unknown: a film that lacks one of the two
    takes no part, and is named. Source: TMDB's `release_date` and `popularity`.
    """
    known, missing = _split(films, first, second)
    x, y = ([getattr(film, figure) for film in known] for figure in (first, second))
    return FilmCorrelation(**vars(correlation(x, y, comparisons)), missing=missing)


def top(films: Sequence[Film], figure: str, *, lowest: bool = False) -> Film | None:
    """The film with the highest (or lowest) known figure; the others that tie are `tied_with`."""
    known, _ = _split(films, figure)
    if not known:
        return None
    choose: Callable[..., Any] = min if lowest else max
    extreme = choose(getattr(film, figure) for film in known)
    leader, *tied = [film for film in known if getattr(film, figure) == extreme]
    return replace(leader, tied_with=tuple(film.name for film in tied))


def _split(films: Sequence[Film], *figures: str) -> tuple[list[Film], tuple[MissingFilm, ...]]:
    """Films that have all the figures, and those that have not, each with the reason."""
    missing = {film.tmdb_id: film.missing(*figures) for film in films}
    lacking = tuple(found for found in missing.values() if found is not None)
    return [film for film in films if missing[film.tmdb_id] is None], lacking


def _not_final(films: Sequence[Film]) -> tuple[RecentFilm, ...]:
    """Films whose revenue is used and will still grow."""
    return tuple(
        RecentFilm(tmdb_id=film.tmdb_id, title=film.title, days_since_release=days)
        for film in films
        if film.revenue is not None and (days := film.background.recent_days) is not None
    )


def _step(former: Film, latter: Film) -> Step:
    before, after = former.revenue or 0, latter.revenue or 0  # known: `_split` chose them
    percent = 100 * (after - before) / before if before else None
    return Step(
        former=former,
        latter=latter,
        change_usd=after - before,
        change_pct=percent,
        reason=None if before else "the former revenue is 0",
    )
