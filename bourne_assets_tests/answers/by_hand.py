"""The six answers in plain Python that shares no code with the formulas."""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from bourne_assets_tests.answers.builders import FILM_FIELDS, Figures, answers_to, profit_of
from bourne_assets_tests.answers.test_statistics import exact_r, ranks, share_of_orders


def must_be_those_of_plain_python(films: list[Figures]) -> None:
    """Compare every number and name of the answers with those of `_by_hand`."""
    found, expected = answers_to(*films), _by_hand(films)
    for corr in ("revenue", "profit", "return"):
        _must_agree(
            found["popularity_vs_success"].pop(corr), expected["popularity_vs_success"].pop(corr)
        )
    _must_agree(found.pop("year_vs_popularity"), expected.pop("year_vs_popularity"))
    found = {name: found[name] for name in expected}
    assert without(found, "reason") == without(expected, "reason")


def without(value: Any, *names: str) -> Any:
    """A JSON-like value without the keys of these names."""
    if isinstance(value, dict):
        return {name: without(part, *names) for name, part in value.items() if name not in names}
    return [without(part, *names) for part in value] if isinstance(value, list) else value


def _by_hand(films: Sequence[Figures]) -> dict[str, Any]:
    ordered = sorted(
        films,
        key=lambda f: (f["release_date"] is None, f["release_date"] or date.min, f["tmdb_id"]),
    )
    figures = [
        {
            **dict.fromkeys(FILM_FIELDS),
            **{name: f.get(name) for name in ("tmdb_id", "title", "budget", "revenue")},
            "release_date": str(f["release_date"]) if f["release_date"] else None,
            "year": f["release_date"].year if f["release_date"] else None,
            "profit": profit_of(f),
            "popularity": f["popularity"],
            "return": profit_of(f) / f["budget"] if profit_of(f) is not None else None,
        }
        for f in ordered
    ]
    dated = [f for f in figures if f["revenue"] is not None and f["year"] is not None]
    pairs = list(pairwise(dated))
    top_revenue, top_budget = _lead(figures, "revenue", max), _lead(figures, "budget", max)
    difference = None
    if top_revenue and top_budget and top_revenue["budget"] is not None:
        difference = top_revenue["budget"] - top_budget["budget"]
    return {
        **{f"mean_{name}": _mean_by_hand(figures, name) for name in ("revenue", "budget")},
        "revenue_variation": {
            "varied": len({f["revenue"] for f in dated}) > 1 if pairs else None,
            "steps": [
                {
                    "from": _bare(former),
                    "to": _bare(latter),
                    "change_usd": latter["revenue"] - former["revenue"],
                    "change_pct": float(
                        100 * Fraction(latter["revenue"] - former["revenue"], former["revenue"])
                    ),
                }
                for former, latter in pairs
            ],
            "missing": _lacking(figures, "revenue", "release_date"),
        },
        "top_revenue_vs_top_budget": {
            "top_revenue": top_revenue,
            "top_budget": top_budget,
            "direction": _direction(top_revenue, top_budget, difference),
            "difference_usd": difference,
            "difference_pct": None
            if difference is None or top_budget is None
            else float(Fraction(100 * difference, top_budget["budget"])),
            "relative_to": "top_budget",
            "missing": _lacking(figures, "revenue", "budget"),
        },
        "popularity_vs_success": {
            **{
                name: _corr_by_hand(figures, "popularity", name)
                for name in ("revenue", "profit", "return")
            },
            "most_popular": _lead(figures, "popularity", max),
            "least_popular": _lead(figures, "popularity", min),
        },
        "year_vs_popularity": _corr_by_hand(figures, "year", "popularity"),
    }


def _bare(figures: Figures) -> Figures:
    return {name: figures[name] for name in FILM_FIELDS}


def _lacking(figures: Sequence[Figures], *names: str) -> list[Figures]:
    return [
        {"tmdb_id": f["tmdb_id"], "title": f["title"], "reason": "unknown"}
        for f in figures
        if any(f[name] is None for name in names)
    ]


def _mean_by_hand(figures: Sequence[Figures], name: str) -> Figures:
    known = [f[name] for f in figures if f[name] is not None]
    return {
        "value": float(Fraction(sum(known), len(known))) if known else None,
        "unit": "USD",
        "n": len(known),
        "missing": _lacking(figures, name),
    }


def _lead(figures: Sequence[Figures], name: str, choose: Callable[..., Any]) -> Figures | None:
    known = [f for f in figures if f[name] is not None]
    if not known:
        return None
    leaders = [f for f in known if f[name] == choose(f[name] for f in known)]
    others = [{"tmdb_id": f["tmdb_id"], "title": f["title"]} for f in leaders[1:]]
    return {**_bare(leaders[0]), **({"tied_with": others} if others else {})}


def _direction(
    top_revenue: Figures | None, top_budget: Figures | None, difference: int | None
) -> str | None:
    if top_revenue is None or top_budget is None or difference is None:
        return None
    if top_revenue["tmdb_id"] == top_budget["tmdb_id"]:
        return "same_film"
    return "smaller" if difference else "equal"


def _corr_by_hand(figures: Sequence[Figures], first: str, second: str) -> Figures:
    known = [f for f in figures if f[first] is not None and f[second] is not None]
    return {
        "x": [f[first] for f in known],
        "y": [f[second] for f in known],
        "missing": _lacking(figures, first, second),
    }


def _must_agree(found: Figures, expected: Figures) -> None:
    x, y = expected["x"], expected["y"]
    assert found["n"] == len(x)
    assert found["missing"] == expected["missing"]
    if len(x) < 3 or len(set(x)) == 1 or len(set(y)) == 1:
        assert (found["pearson"], found["spearman"]) == (None, None)
        assert found["reason"]
        return
    assert found["pearson"]["r"] == pytest.approx(exact_r(x, y), rel=1e-9, abs=1e-9)
    rho = exact_r(ranks(x), ranks(y))
    assert found["spearman"]["rho"] == pytest.approx(rho, rel=1e-9, abs=1e-9)
    assert found["spearman"]["p_value"] == pytest.approx(share_of_orders(ranks(x), ranks(y)))
