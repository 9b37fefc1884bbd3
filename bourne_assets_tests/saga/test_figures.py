"""Which films count, and which figures are believed."""

from datetime import date, timedelta
from typing import Any

import pytest

from bourne_assets.saga.figures import (
    NOT_RELEASED,
    THRESHOLDS,
    doubt_of,
    is_final,
    is_released,
    usable,
    why_not,
)

_DAY = date(2026, 11, 23)


def _film(**figures: Any) -> dict[str, Any]:
    return {
        "status": "Released",
        "release_date": date(2007, 8, 3),
        "budget": 70_000_000,
        "revenue": 442_824_138,
        "popularity": 45.4,
        "vote_count": 3_000,
        **figures,
    }


# Which films count


@pytest.mark.parametrize(
    ("status", "released", "counts"),
    [
        ("Released", date(2007, 8, 3), True),
        ("Released", _DAY, True),
        ("Released", _DAY + timedelta(days=1), False),
        ("Released", None, True),
        (None, _DAY, True),
        (None, _DAY + timedelta(days=1), False),
        (None, None, False),
        *((status, date(2007, 8, 3), False) for status in sorted(NOT_RELEASED)),
        *((status, None, False) for status in sorted(NOT_RELEASED)),
    ],
)
def test_a_film_counts_from_the_day_of_its_release(
    *, status: str | None, released: date | None, counts: bool
) -> None:
    film = _film(status=status, release_date=released)
    assert is_released(film, _DAY) is counts
    for figure in ("budget", "revenue", "profit", "popularity"):
        assert why_not(film, figure, _DAY) == (None if counts else "not_released")


@pytest.mark.parametrize(("days", "final"), [(0, False), (5, False), (89, False), (90, True)])
def test_a_revenue_is_final_after_ninety_days(*, days: int, final: bool) -> None:
    film = _film(release_date=_DAY - timedelta(days=days))
    assert is_final(film, _DAY) is final
    assert usable(film, "revenue", _DAY), "it counts all the same"


# Which figures are believed


@pytest.mark.parametrize(
    ("budget", "revenue"),
    [
        (7_000, 2_040_920),  # El Mariachi
        (15_000, 194_183_034),  # Paranormal Activity
        (60_000, 248_639_099),  # The Blair Witch Project
        (237_000_000, 2_923_706_026),  # Avatar
        (447_000_000, 2_068_223_624),  # Star Wars: The Force Awakens
        (159_000_000, 968_853),  # The Irishman, hardly shown in cinemas
        (1_000, 1_000),
        (None, 1),
        (1_000_000_000, 3_000_000_000),
    ],
)
def test_true_figures_are_believed(budget: int | None, revenue: int) -> None:
    film = _film(budget=budget, revenue=revenue, vote_count=5)
    assert doubt_of(film, "budget") is None
    assert doubt_of(film, "revenue") is None


@pytest.mark.parametrize(
    ("figures", "doubtful"),
    [
        ({"budget": 1}, {"budget": "placeholder"}),
        ({"budget": 60}, {"budget": "placeholder"}),
        ({"budget": 999}, {"budget": "placeholder"}),
        ({"revenue": 214}, {"revenue": "placeholder"}),
        (
            {"budget": 8, "revenue": 16, "vote_count": 74},
            {"budget": "placeholder", "revenue": "placeholder"},
        ),
        ({"budget": 1, "revenue": None, "vote_count": 20}, {"budget": "placeholder"}),
        ({"budget": 9_000}, {"budget": "multiple"}),
        ({"budget": 1_000_000_001}, {"budget": "record"}),
        ({"revenue": 3_000_000_001}, {"revenue": "record"}),
        ({"revenue": 10**13}, {"revenue": "record"}),
        (
            {"budget": 9 * 10**9, "revenue": 321 * 10**8},
            {"budget": "currency", "revenue": "currency"},
        ),
    ],
)
def test_a_figure_that_cannot_be_true_is_doubtful(
    figures: dict[str, Any], doubtful: dict[str, str]
) -> None:
    film = _film(**figures)
    found = {name: doubt_of(film, name) for name in ("budget", "revenue")}
    assert {name: doubt.kind for name, doubt in found.items() if doubt} == doubtful
    for name in doubtful:
        assert not usable(film, name, _DAY)
        reason = why_not(film, name, _DAY)
        assert reason is not None
        assert reason.startswith(f"doubtful: a {name} of {film[name]:,} USD")
        assert not usable(film, "profit", _DAY)
        assert not usable(film, "return_on_budget", _DAY)


def test_small_figures_that_nothing_contradicts_are_believed() -> None:
    film = _film(budget=5, revenue=9, vote_count=3)
    assert usable(film, "budget", _DAY)
    assert usable(film, "revenue", _DAY)


def test_a_figure_of_the_sagas_file_is_believed() -> None:
    assert usable(_film(budget=60, budget_source="the producer's memoir"), "budget", _DAY)


def test_an_unknown_figure_is_unknown_and_so_is_what_is_derived_from_it() -> None:
    film = _film(budget=None)
    assert why_not(film, "budget", _DAY) == "unknown"
    assert why_not(film, "profit", _DAY) == "unknown"
    assert why_not(film, "revenue", _DAY) is None


def test_every_threshold_names_its_source() -> None:
    assert all(len(bound.source) > 20 and bound.unit for bound in THRESHOLDS.values())
