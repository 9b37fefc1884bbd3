"""The six answers about a saga, as pure functions of its table.

Every function takes the films as `films_of` lists them: plain values, in order of release
(unknown last), then TMDB id. An unknown figure is null and never 0: a film without it is left out
of that answer and named under `missing`. What cannot be computed is null with a `reason`.
What must not be put here: reading and storing, words (`words`), pictures (`pictures`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import pandas as pd

from bourne_assets.answers.statistics import correlation
from bourne_assets.saga.table import release_order
from bourne_assets.tables import records

SCHEMA_VERSION = 1
_FIELDS = (
    "tmdb_id",
    "imdb_id",
    "title",
    "release_date",
    "year",
    "budget",
    "revenue",
    "profit",
    "popularity",
)

Film = dict[str, Any]


def answer_questions(
    table: pd.DataFrame, *, saga: str, inputs: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """The whole object that `insight_metrics` stores.

    Args:
        table: A `SagaTable` with at least one film.
        saga: Slug of the saga.
        inputs: The lake objects that the table came from: uri and sha256.

    Returns:
        JSON-like object: schema_version, saga, as_of, source, films, inputs, answers.
    """
    films = films_of(table)
    as_of: datetime = table["fetched_at"].max().to_pydatetime()
    sources = sorted(set(table["source"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "saga": saga,
        "as_of": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": sources[0] if len(sources) == 1 else "mixed",
        "films": len(films),
        "inputs": list(inputs),
        "answers": {
            "mean_revenue": mean_of(films, "revenue"),
            "mean_budget": mean_of(films, "budget"),
            "revenue_variation": revenue_variation(films),
            "top_revenue_vs_top_budget": top_revenue_vs_top_budget(films),
            "popularity_vs_success": popularity_vs_success(films),
            "year_vs_popularity": correlation_of(films, "year", "popularity"),
        },
    }


def films_of(table: pd.DataFrame) -> list[Film]:
    """The films of a `SagaTable` as FILM objects, in order of release, then id."""
    rows = sorted(records(table), key=release_order)
    return [
        {
            **{name: row.get(name) for name in _FIELDS},
            "release_date": row["release_date"].isoformat() if row["release_date"] else None,
            "year": row["release_year"],
        }
        for row in rows
    ]


def mean_of(films: Sequence[Film], figure: str) -> dict[str, Any]:
    """Arithmetic mean in USD of a figure over the films that have it (questions 1 and 2).

    Formula: the sum of the known figures / n, with n the number of films that have one. Unknown:
    left out of sum and n, and named. Ties cannot arise. Source of the figures: TMDB's details
    (`budget`, `revenue`), in dollars of each film's own year.

    Args:
        films: In order of release.
        figure: `revenue` or `budget`.
    """
    known, missing = _split(films, figure)
    answer = {
        "value": sum(film[figure] for film in known) / len(known) if known else None,
        "unit": "USD",
        "n": len(known),
        "missing": missing,
    }
    return answer if known else {**answer, "reason": f"no film has a known {figure}"}


def revenue_variation(films: Sequence[Film]) -> dict[str, Any]:
    """Change of revenue from each film to the next in order of release (question 3).

    Formula: change_usd = revenue(to) - revenue(from); change_pct = 100 change_usd / revenue(from),
    so that a fall to nothing is -100. Unknown: a film without a date or a revenue takes no part,
    and its neighbours follow each other. Ties: films of one date follow each other by TMDB id.
    Source: TMDB's `revenue` and `release_date`.
    """
    known, missing = _split(films, "revenue", "release_date")
    steps = [_step(former, latter) for former, latter in pairwise(known)]
    answer = {
        "varied": any(step["change_usd"] for step in steps) if steps else None,
        "steps": steps,
        "missing": missing,
    }
    reason = f"a change needs two dated films of known revenue, and there are {len(known)}"
    return answer if steps else {**answer, "reason": reason}


def top_revenue_vs_top_budget(films: Sequence[Film]) -> dict[str, Any]:
    """Budget of the film of top revenue against the top budget (question 4).

    Formula: difference_usd = budget(top revenue) - budget(top budget); difference_pct = 100
    difference_usd / budget(top budget): never positive, as nothing exceeds the top. Unknown: a
    top-revenue film without a budget stays the top-revenue film, and the difference is null.
    Ties: the first in order of release leads, the others are `tied_with`. Source: TMDB's `revenue`
    and `budget`.
    """
    top_revenue, top_budget = top(films, "revenue"), top(films, "budget")
    answer: dict[str, Any] = {
        "top_revenue": top_revenue,
        "top_budget": top_budget,
        "direction": None,
        "difference_usd": None,
        "difference_pct": None,
        "relative_to": "top_budget",
        "missing": _split(films, "revenue", "budget")[1],
    }
    if top_revenue is None or top_budget is None:
        figure = "revenue" if top_revenue is None else "budget"
        return {**answer, "reason": f"no film has a known {figure}"}
    if top_revenue["budget"] is None:
        return {**answer, "reason": f"the budget of {top_revenue['title']} is unknown"}
    difference = top_revenue["budget"] - top_budget["budget"]
    if top_revenue["tmdb_id"] == top_budget["tmdb_id"]:
        direction = "same_film"
    else:
        direction = "smaller" if difference < 0 else "equal"
    percent = 100 * difference / top_budget["budget"] if top_budget["budget"] else None
    answer |= {
        "direction": direction,
        "difference_usd": difference,
        "difference_pct": percent,
    }
    return answer if percent is not None else {**answer, "reason": "the top budget is 0"}


def popularity_vs_success(films: Sequence[Film]) -> dict[str, Any]:
    """Correlation of popularity with revenue, profit and return, and the two extremes (question 5).

    Formula: profit = revenue - budget (USD, negative for a loss); return = profit / budget (a
    ratio without unit); each is correlated with TMDB's popularity (a number without unit, of the
    day of the figures) as `statistics.correlation` says. Unknown: a film is left out of the
    correlations whose figures it lacks, and named. Ties: share their mean rank in rho; the first in
    order of release leads the extremes, the others are `tied_with`.
    """
    with_return = [{**film, "return": _return(film)} for film in films]
    answer = {
        "revenue": correlation_of(films, "popularity", "revenue"),
        "profit": correlation_of(films, "popularity", "profit"),
        "return": correlation_of(with_return, "popularity", "return"),
        "most_popular": top(films, "popularity"),
        "least_popular": top(films, "popularity", lowest=True),
    }
    if answer["most_popular"] is None:
        return {**answer, "reason": "no film has a known popularity"}
    return answer


def correlation_of(films: Sequence[Film], first: str, second: str) -> dict[str, Any]:
    """CORR of two figures over the films that have both (question 6: year and popularity).

    Formula, p-values and ties: `statistics.correlation`. Unknown: a film that lacks one of the two
    takes no part, and is named. Source: TMDB's `release_date` and `popularity`.
    """
    known, missing = _split(films, first, second)
    result = correlation([film[first] for film in known], [film[second] for film in known])
    return {**result, "missing": missing}


def top(films: Sequence[Film], figure: str, *, lowest: bool = False) -> Film | None:
    """The film with the highest (or lowest) known figure; the others that tie are `tied_with`."""
    known, _ = _split(films, figure)
    if not known:
        return None
    choose: Callable[..., Any] = min if lowest else max
    extreme = choose(film[figure] for film in known)
    leader, *tied = [film for film in known if film[figure] == extreme]
    return {**leader, "tied_with": [_name(film) for film in tied]} if tied else leader


def _split(films: Sequence[Film], *figures: str) -> tuple[list[Film], list[dict[str, Any]]]:
    """Films that have all the figures, and the names of those that have not."""
    known = [film for film in films if all(film[figure] is not None for figure in figures)]
    return known, [_name(film) for film in films if film not in known]


def _name(film: Film) -> dict[str, Any]:
    return {"tmdb_id": film["tmdb_id"], "title": film["title"]}


def _step(former: Film, latter: Film) -> dict[str, Any]:
    change = latter["revenue"] - former["revenue"]
    percent = 100 * change / former["revenue"] if former["revenue"] else None
    step = {"from": former, "to": latter, "change_usd": change, "change_pct": percent}
    return step if percent is not None else {**step, "reason": "the former revenue is 0"}


def _return(film: Film) -> float | None:
    return (
        film["profit"] / film["budget"] if film["profit"] is not None and film["budget"] else None
    )
