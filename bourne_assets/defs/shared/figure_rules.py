"""Rules on budget and revenue: each bad figure breaks one of them, where it arises.

TMDB writes 0 for an unknown figure, which is null in our tables. Which known ones are doubtful,
`saga.figures` decides. Not here: other figures.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from bourne_assets.defs.shared.rules import Finding, Rule
from bourne_assets.saga.figures import THRESHOLDS, is_final, is_released, usable, why_not
from bourne_assets.tables import records
from bourne_assets.translations import gettext, grouped, plain

_MILLION = 1_000_000
_SHOWN = ["tmdb_id", "title", "budget", "revenue"]

Selection = Callable[[pd.DataFrame], pd.DataFrame]
Correction = Callable[[Mapping[str, Any]], dict[str, Any]]


def figure_is_valid(figure: str) -> Rule:
    """Whole numbers of USD, in every row: a wrong one shows a broken table."""

    def find(table: pd.DataFrame) -> Finding:
        dtype = str(table[figure].dtype)
        wrong = table if dtype != "Int64" else table[table[figure] < 0]
        found = records(wrong[_SHOWN])
        if dtype != "Int64" and table.empty:
            found = [{"column": figure, "type": dtype}]
        return Finding(
            found,
            gettext("rows: {count}", count=grouped(len(table))),
            {"type": dtype, "threshold": gettext("type Int64, at least 0 USD")},
        )

    return Rule(
        f"{figure}_is_valid",
        f"Every {figure} is a whole number of USD and not negative; null is allowed.",
        find,
        blocking=True,
    )


def figure_is_plausible(figure: str, films_of_the_saga: Selection, corrected: Correction) -> Rule:
    """Known, and not doubtful, for every released film of the saga.

    Args:
        figure: `budget` or `revenue`.
        films_of_the_saga: Picks the rows that the answers rest on: unknown figures of other
            candidates concern nobody.
        corrected: Gives a film the figures that the answers use, where the table has others.
    """

    def find(table: pd.DataFrame) -> Finding:
        as_of = _day_of(table)
        films = [corrected(film) for film in _rows(films_of_the_saga(table))]
        films = [film for film in films if is_released(film, as_of)]
        # A negative figure breaks the rule of valid ones, and would only be reported twice.
        judged = [film for film in films if film[figure] is None or film[figure] >= 0]
        reasons = [(film, why_not(film, figure, as_of)) for film in judged]
        odd = [_shown(film, reason=reason) for film, reason in reasons if reason is not None]
        facts = {
            "films": len(films),
            "unknown": sum(film[figure] is None for film in films),
            "threshold": "; ".join(
                f"{name}: {grouped(bound.value)} {plain(bound.unit)}"
                for name, bound in THRESHOLDS.items()
            ),
        }
        known = [film[figure] for film in films if film[figure] is not None]
        return Finding(odd, _seen(figure, len(films), known), facts)

    return Rule(
        f"{figure}_is_known_and_plausible",
        f"Every released film of the saga has a {figure} that is not doubtful: no placeholder, no "
        "amount above any film's, no revenue of too many times the budget. A film without it is "
        "left out of the answers that need it.",
        find,
    )


def revenue_covers_budget() -> Rule:
    """No loss among the films of a saga table."""

    def find(table: pd.DataFrame) -> Finding:
        as_of = _day_of(table)
        compared = [
            film
            for film in _rows(table)
            if is_final(film, as_of)
            and all(usable(film, figure, as_of) for figure in ("budget", "revenue"))
        ]
        below = [_shown(film) for film in compared if film["revenue"] < film["budget"]]
        seen = gettext("compared films: {count}", count=len(compared))
        return Finding(below, seen, {"compared": len(compared)})

    return Rule(
        "revenue_covers_budget",
        "No film of the saga earned less than it cost: a loss is possible, and so is a mistake. "
        "Films that were released less than 90 days ago are not compared.",
        find,
    )


def _seen(figure: str, films: int, known: Sequence[float]) -> str:
    """How many figures of how many films were looked at, and their range."""
    if not known:
        return gettext("films: {films}; no known figures", films=films)
    low, high = (grouped(bound / _MILLION) for bound in (min(known), max(known)))
    values = {"films": films, "known": len(known), "low": low, "high": high}
    if figure == "budget":
        return gettext("films: {films}; known budgets: {known}, {low} to {high} million", **values)
    return gettext("films: {films}; known revenues: {known}, {low} to {high} million", **values)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, with figures that are numbers or null whatever the type of their columns."""
    figures = {name: pd.to_numeric(table[name], errors="coerce") for name in ("budget", "revenue")}
    return records(table.assign(**figures))


def _shown(film: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {**{name: film[name] for name in _SHOWN}, **more}


def _day_of(table: pd.DataFrame) -> date:
    """UTC day of the figures; today for an empty table, which has none."""
    newest = table["fetched_at"].max()
    return datetime.now(UTC).date() if pd.isna(newest) else newest.date()
