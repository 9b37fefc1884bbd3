"""Rules on budget and revenue, for every table that has them.

TMDB writes 0 for an unknown figure, which is null in our tables, and its editors sometimes enter
millions as units: a budget of 28 is such a mistake. What must not be put here: other figures.
"""

from collections.abc import Callable

import pandas as pd

from bourne_assets.checks.rules import Finding, Rule
from bourne_assets.tables import records

#: Known figures below this many USD are taken for a mistake of units.
IMPLAUSIBLE_BELOW_USD = 10_000
_SHOWN = ["tmdb_id", "title", "budget", "revenue"]

Selection = Callable[[pd.DataFrame], pd.DataFrame]


def figure_rules(films_of_the_saga: Selection) -> list[Rule]:
    """All rules on budget and revenue.

    Args:
        films_of_the_saga: Picks the rows that the answers rest on. Unknown figures of a candidate
            that is no film of the saga concern nobody; wrong ones of any row show a broken table.
    """
    rules = []
    for figure in ("budget", "revenue"):
        rules += [_is_valid(figure), _is_plausible(figure, films_of_the_saga)]
    return [*rules, _revenue_covers_budget(films_of_the_saga)]


def _is_valid(figure: str) -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        dtype = str(table[figure].dtype)
        wrong = table if dtype != "Int64" else table[table[figure] < 0]
        found = records(wrong[_SHOWN])
        if dtype != "Int64" and table.empty:
            found = [{"column": figure, "type": dtype}]
        return Finding(
            found,
            {"type": dtype, "threshold": "type Int64, at least 0 USD"},
        )

    return Rule(
        f"{figure}_is_valid",
        f"Every {figure} is a whole number of USD and not negative; null is allowed.",
        find,
        blocking=True,
    )


def _is_plausible(figure: str, films_of_the_saga: Selection) -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        films = films_of_the_saga(table)
        amount = pd.to_numeric(films[figure])
        odd = films[amount.isna() | (amount < IMPLAUSIBLE_BELOW_USD)]
        facts = {
            "films": len(films),
            "unknown": int(amount.isna().sum()),
            "threshold": f"at least {IMPLAUSIBLE_BELOW_USD:,} USD",
        }
        return Finding(records(odd[_SHOWN]), facts)

    return Rule(
        f"{figure}_is_known_and_plausible",
        f"Every film of the saga has a {figure} of at least {IMPLAUSIBLE_BELOW_USD:,} USD: less is "
        "a mistake of units. A film without it is left out of the answers that need it.",
        find,
    )


def _revenue_covers_budget(films_of_the_saga: Selection) -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        films = films_of_the_saga(table)
        budget, revenue = pd.to_numeric(films["budget"]), pd.to_numeric(films["revenue"])
        below = (revenue < budget).fillna(False).astype(bool)
        compared = int((budget.notna() & revenue.notna()).sum())
        return Finding(records(films[below][_SHOWN]), {"compared": compared})

    return Rule(
        "revenue_covers_budget",
        "No film of the saga earned less than it cost: a loss is possible, and so is a mistake.",
        find,
    )
