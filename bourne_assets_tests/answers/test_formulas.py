"""The formulas where figures are few, unknown, tied or constant, and their properties."""

import random
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.answers.films import Film
from bourne_assets.answers.formulas import (
    popularity_vs_success,
    revenue_variation,
    top_revenue_vs_top_budget,
)
from bourne_assets.answers.questions import as_json
from bourne_assets_tests.answers.builders import (
    FILM_FIELDS,
    Figures,
    answers_to,
    film,
    films_of_2017,
    result_of,
)
from bourne_assets_tests.answers.by_hand import must_be_those_of_plain_python, without
from bourne_assets_tests.answers.test_statistics import exact_r


def _ids(films: Sequence[Figures]) -> list[int]:
    return [figures["tmdb_id"] for figures in films]


# Few films


def test_one_film_has_means_and_extremes_and_neither_variation_nor_correlation() -> None:
    (first, *_) = films_of_2017()
    answers = answers_to(first)
    assert answers["mean_revenue"]["value"] == 214_034_224
    assert answers["mean_budget"]["value"] == 60_000_000
    variation = answers["revenue_variation"]
    assert (variation["varied"], variation["steps"]) == (None, [])
    assert variation["reason"] == (
        "a change needs two dated films of known revenue, and there are 1"
    )
    top = answers["top_revenue_vs_top_budget"]
    assert (top["direction"], top["difference_usd"], top["difference_pct"]) == ("same_film", 0, 0)
    popularity = answers["popularity_vs_success"]
    assert popularity["most_popular"] == popularity["least_popular"]
    for answer in (
        answers["year_vs_popularity"],
        *(popularity[name] for name in ("revenue", "profit", "return")),
    ):
        assert (answer["n"], answer["pearson"], answer["spearman"]) == (1, None, None)
        assert answer["reason"] == "a correlation needs at least 3 films, and there are 1"


def test_two_films_have_a_variation_and_no_correlation() -> None:
    answers = answers_to(*films_of_2017()[:2])
    assert len(answers["revenue_variation"]["steps"]) == 1
    assert answers["year_vs_popularity"]["pearson"] is None
    assert answers["year_vs_popularity"]["reason"].endswith("there are 2")


def test_three_films_are_enough_for_a_correlation() -> None:
    answers = answers_to(*films_of_2017()[:3])
    assert answers["year_vs_popularity"]["n"] == 3
    assert answers["year_vs_popularity"]["pearson"] is not None


# Unknown figures


def test_a_film_of_unknown_revenue_is_left_out_of_the_means_and_named() -> None:
    known = films_of_2017()
    known[1]["revenue"] = None
    answers = answers_to(*known)
    rest = [figures["revenue"] for figures in known if figures["revenue"]]
    missing = [{"tmdb_id": 2502, "title": "The Bourne Supremacy", "reason": "unknown"}]
    assert answers["mean_revenue"] == {
        "value": float(Fraction(sum(rest), 4)),
        "unit": "USD",
        "n": 4,
        "missing": missing,
    }
    assert answers["mean_budget"]["n"] == 5
    assert answers["mean_budget"]["missing"] == []
    assert answers["revenue_variation"]["missing"] == missing
    assert _ids([step["from"] for step in answers["revenue_variation"]["steps"]]) == [
        2501,
        2503,
        49040,
    ]
    assert answers["top_revenue_vs_top_budget"]["missing"] == missing
    for name in ("revenue", "profit", "return"):
        answer = answers["popularity_vs_success"][name]
        assert (answer["n"], answer["missing"]) == (4, missing)
    assert answers["year_vs_popularity"]["missing"] == []


def test_a_film_of_unknown_popularity_takes_no_part_in_questions_five_and_six() -> None:
    known = films_of_2017()
    known[3]["popularity"] = None
    answers = answers_to(*known)
    missing = [{"tmdb_id": 49040, "title": "The Bourne Legacy", "reason": "unknown"}]
    for answer in (
        answers["year_vs_popularity"],
        *(answers["popularity_vs_success"][name] for name in ("revenue", "profit", "return")),
    ):
        assert (answer["n"], answer["missing"]) == (4, missing)
    assert answers["popularity_vs_success"]["most_popular"]["title"] == "The Bourne Identity"
    assert answers["mean_revenue"]["n"] == 5


def test_the_missing_are_named_in_order_of_release() -> None:
    known = films_of_2017()
    for position in (4, 0, 2):
        known[position]["budget"] = None
    missing = answers_to(*reversed(known))["mean_budget"]["missing"]
    assert _ids(missing) == [2501, 2503, 324668]


def test_a_film_without_a_date_takes_no_part_in_variation_and_question_six() -> None:
    known = films_of_2017()
    known[2]["release_date"] = None
    answers = answers_to(*known)
    missing = [{"tmdb_id": 2503, "title": "The Bourne Ultimatum", "reason": "unknown"}]
    assert answers["revenue_variation"]["missing"] == missing
    assert _ids([step["to"] for step in answers["revenue_variation"]["steps"]]) == [
        2502,
        49040,
        324668,
    ]
    assert answers["year_vs_popularity"]["missing"] == missing
    assert answers["mean_revenue"]["n"] == 5
    assert answers["top_revenue_vs_top_budget"]["top_revenue"]["release_date"] is None
    assert answers["popularity_vs_success"]["revenue"]["n"] == 5


def test_a_popularity_of_zero_is_known() -> None:
    known = films_of_2017()
    known[0]["popularity"] = 0.0
    answers = answers_to(*known)
    assert answers["year_vs_popularity"]["n"] == 5
    assert answers["popularity_vs_success"]["least_popular"]["tmdb_id"] == 2501


def test_nothing_known_gives_nulls_with_reasons_and_names_every_film() -> None:
    answers = answers_to(film(1), film(2), film(3))
    names = [{"tmdb_id": n, "title": f"Film {n}", "reason": "unknown"} for n in (1, 2, 3)]
    for figure in ("revenue", "budget"):
        assert answers[f"mean_{figure}"] == {
            "value": None,
            "unit": "USD",
            "n": 0,
            "missing": names,
            "reason": f"no film has a known {figure}",
        }
    assert answers["revenue_variation"] == {
        "varied": None,
        "steps": [],
        "missing": names,
        "reason": "a change needs two dated films of known revenue, and there are 0",
    }
    assert answers["top_revenue_vs_top_budget"] == {
        "top_revenue": None,
        "top_budget": None,
        "direction": None,
        "difference_usd": None,
        "difference_pct": None,
        "relative_to": "top_budget",
        "missing": names,
        "reason": "no film has a known revenue",
    }
    for answer in (
        answers["year_vs_popularity"],
        *(answers["popularity_vs_success"][name] for name in ("revenue", "profit", "return")),
    ):
        assert (answer["n"], answer["pearson"], answer["spearman"]) == (0, None, None)
        assert answer["missing"] == names
        assert answer["reason"]
    assert answers["popularity_vs_success"]["most_popular"] is None
    assert answers["popularity_vs_success"]["least_popular"] is None


def test_films_without_any_popularity_have_a_reason_beside_the_nulls() -> None:
    answer = answers_to(film(1, revenue=5), film(2, revenue=6))["popularity_vs_success"]
    assert (answer["most_popular"], answer["least_popular"]) == (None, None)
    assert "popularity" in answer["reason"]


def test_no_known_budget_leaves_the_top_revenue_film_and_gives_the_reason() -> None:
    answer = answers_to(film(1, revenue=5), film(2, revenue=6))["top_revenue_vs_top_budget"]
    assert answer["top_revenue"]["tmdb_id"] == 2
    assert (answer["top_budget"], answer["direction"]) == (None, None)
    assert answer["reason"] == "no film has a known budget"


def test_a_top_revenue_film_without_a_budget_stays_the_top_revenue_film() -> None:
    known = films_of_2017()
    known[2]["budget"] = None
    answer = answers_to(*known)["top_revenue_vs_top_budget"]
    assert answer["top_revenue"]["title"] == "The Bourne Ultimatum"
    assert answer["top_budget"]["title"] == "The Bourne Legacy"
    assert (answer["direction"], answer["difference_usd"], answer["difference_pct"]) == (
        None,
        None,
        None,
    )
    assert answer["reason"] == "the budget of The Bourne Ultimatum is unknown"
    assert _ids(answer["missing"]) == [2503]


def test_a_top_budget_film_without_a_revenue_stays_the_top_budget_film() -> None:
    known = films_of_2017()
    known[3]["revenue"] = None
    answer = answers_to(*known)["top_revenue_vs_top_budget"]
    assert answer["top_budget"]["title"] == "The Bourne Legacy"
    assert answer["difference_usd"] == -60_000_000


# Ties and constants


def test_the_first_in_order_leads_a_tie_and_the_others_are_named() -> None:
    known = films_of_2017()
    for position in (1, 2, 4):
        known[position]["revenue"] = 500_000_000
    leader = answers_to(*known)["top_revenue_vs_top_budget"]["top_revenue"]
    assert leader["tmdb_id"] == 2502
    assert leader["tied_with"] == [
        {"tmdb_id": 2503, "title": "The Bourne Ultimatum"},
        {"tmdb_id": 324668, "title": "Jason Bourne"},
    ]
    assert list(leader) == [*FILM_FIELDS, "tied_with"]


def test_ties_are_named_for_popularity_at_both_ends() -> None:
    popularity = [1.0, 9.0, 1.0, 9.0]
    answer = answers_to(
        *(film(n, popularity=value) for n, value in enumerate(popularity, start=1))
    )["popularity_vs_success"]
    assert answer["most_popular"]["tmdb_id"] == 2
    assert _ids(answer["most_popular"]["tied_with"]) == [4]
    assert answer["least_popular"]["tmdb_id"] == 1
    assert _ids(answer["least_popular"]["tied_with"]) == [3]


def test_a_top_revenue_film_that_ties_for_the_top_budget_has_an_equal_budget() -> None:
    known = films_of_2017()
    known[0]["budget"] = known[2]["budget"] = 130_000_000
    answer = answers_to(*known)["top_revenue_vs_top_budget"]
    assert answer["top_budget"]["tmdb_id"] == 2501
    assert _ids(answer["top_budget"]["tied_with"]) == [2503, 49040]
    assert (answer["direction"], answer["difference_usd"], answer["difference_pct"]) == (
        "equal",
        0,
        0.0,
    )


def test_the_film_that_leads_both_is_the_same_film_and_differs_by_nothing() -> None:
    known = films_of_2017()
    known[2]["budget"] = 200_000_000
    answer = answers_to(*known)["top_revenue_vs_top_budget"]
    assert (answer["direction"], answer["difference_usd"], answer["difference_pct"]) == (
        "same_film",
        0,
        0.0,
    )


def test_revenue_that_never_changes_has_not_varied() -> None:
    known = films_of_2017()
    for figures in known:
        figures["revenue"] = 300_000_000
    answers = answers_to(*known)
    assert answers["revenue_variation"]["varied"] is False
    assert {step["change_pct"] for step in answers["revenue_variation"]["steps"]} == {0.0}
    constant = answers["popularity_vs_success"]["revenue"]
    assert (constant["n"], constant["pearson"]) == (5, None)
    assert constant["reason"] == "one of the two figures is the same for every film"
    assert answers["popularity_vs_success"]["profit"]["pearson"] is not None


def test_films_of_one_year_have_no_correlation_with_the_year() -> None:
    known = films_of_2017()
    for figures in known:
        figures["release_date"] = figures["release_date"].replace(year=2007)
    answer = answers_to(*known)["year_vs_popularity"]
    assert answer["reason"] == "one of the two figures is the same for every film"


def test_films_of_one_date_follow_each_other_by_their_ids() -> None:
    day = date(2007, 8, 3)
    steps = answers_to(
        film(20, release_date=day, revenue=100),
        film(3, release_date=day, revenue=50),
        film(11, release_date=day, revenue=75),
    )["revenue_variation"]["steps"]
    assert [(step["from"]["tmdb_id"], step["to"]["tmdb_id"]) for step in steps] == [
        (3, 11),
        (11, 20),
    ]
    assert [step["change_pct"] for step in steps] == [50.0, float(Fraction(2500, 75))]


def test_losses_are_negative_profits_and_count_as_any_other() -> None:
    answer = answers_to(
        film(1, budget=100, revenue=40, popularity=3.0),
        film(2, budget=100, revenue=90, popularity=2.0),
        film(3, budget=100, revenue=120, popularity=1.0),
    )["popularity_vs_success"]
    assert answer["most_popular"]["profit"] == -60
    assert answer["profit"]["pearson"]["r"] == pytest.approx(exact_r([3, 2, 1], [-60, -10, 20]))


# Figures of zero, which TMDB's tables never hold


def _film(tmdb_id: int, **figures: Any) -> Film:
    return Film(**{**dict.fromkeys(FILM_FIELDS), **film(tmdb_id, **figures)})


def test_a_change_from_nothing_has_no_percentage() -> None:
    answer = revenue_variation(
        [
            _film(1, revenue=0, release_date=date(2001, 1, 1)),
            _film(2, revenue=5, release_date=date(2002, 1, 1)),
        ]
    )
    (step,) = answer.steps
    assert (step.change_usd, step.change_pct) == (5, None)
    assert step.reason == "the former revenue is 0"


def test_a_top_budget_of_nothing_has_no_percentage() -> None:
    answer = top_revenue_vs_top_budget([_film(1, revenue=5, budget=0)])
    assert (answer.difference_usd, answer.difference_pct) == (0, None)
    assert answer.reason == "the top budget is 0"


def test_a_budget_of_nothing_has_no_return() -> None:
    answer = popularity_vs_success([_film(1, popularity=1.0, budget=0, revenue=5, profit=5)], 4)
    assert [left_out.tmdb_id for left_out in answer.return_on_budget.missing] == [1]
    assert answer.profit.missing == ()


# Properties

_DATES = st.none() | st.sampled_from(
    [date(2002, 6, 14), date(2002, 7, 1), date(2004, 7, 23), date(2007, 8, 3), date(2016, 7, 27)]
)
_MONEY = st.none() | st.integers(1, 400).map(lambda n: n * 1_234_567) | st.just(50_000_000)
_POPULARITY = st.none() | st.integers(0, 100_000).map(lambda n: n / 1000)
_FILMS = st.lists(
    st.builds(
        film,
        st.integers(1, 60),
        release_date=_DATES,
        budget=_MONEY,
        revenue=_MONEY,
        popularity=_POPULARITY,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda figures: int(figures["tmdb_id"]),
)
_PROPERTY = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@given(_FILMS, st.randoms(use_true_random=False))
@_PROPERTY
def test_the_order_of_the_rows_does_not_matter(films: list[Figures], dice: random.Random) -> None:
    shuffled = dice.sample(films, len(films))
    assert result_of(*shuffled) == result_of(*films)


@given(_FILMS, st.integers(2, 1_000))
@_PROPERTY
def test_money_in_another_unit_scales_the_means_and_no_percentage(
    films: list[Figures], factor: int
) -> None:
    scaled = [
        {
            **figures,
            **{name: figures[name] and figures[name] * factor for name in ("budget", "revenue")},
        }
        for figures in films
    ]
    # Believed, as the sagas file states them: no film ever earned so much.
    believed = {"budget_source": "test", "revenue_source": "test"}
    before, after = (
        answers_to(*({**record, **believed} for record in films_in)) for films_in in (films, scaled)
    )
    for name in ("budget", "revenue"):
        known = [figures[name] for figures in films if figures[name] is not None]
        mean = float(Fraction(factor * sum(known), len(known))) if known else None
        assert after[f"mean_{name}"]["value"] == mean
    assert [step["change_pct"] for step in after["revenue_variation"]["steps"]] == [
        step["change_pct"] for step in before["revenue_variation"]["steps"]
    ]
    for field in ("direction", "difference_pct"):
        assert (
            after["top_revenue_vs_top_budget"][field] == before["top_revenue_vs_top_budget"][field]
        )
    for name in ("revenue", "profit", "return"):
        one, other = before["popularity_vs_success"][name], after["popularity_vs_success"][name]
        assert _numbers(other) == pytest.approx(_numbers(one), abs=1e-9)


@given(_FILMS, _DATES)
@_PROPERTY
def test_a_film_of_which_nothing_is_known_changes_no_number(
    films: list[Figures], released: date | None
) -> None:
    before = as_json(result_of(*films))
    after = as_json(result_of(*films, film(999, release_date=released)))
    assert after["films"] == before["films"] + 1
    assert _without_names(after["answers"]) == _without_names(before["answers"])
    for answer in (after["answers"]["mean_revenue"], after["answers"]["year_vs_popularity"]):
        assert {"tmdb_id": 999, "title": "Film 999", "reason": "unknown"} in answer["missing"]


@given(_FILMS)
@_PROPERTY
def test_the_answers_are_those_of_plain_python(films: list[Figures]) -> None:
    must_be_those_of_plain_python(films)


def _numbers(corr: dict[str, Any]) -> list[float]:
    if corr["pearson"] is None:
        return []
    return [*corr["pearson"].values(), *corr["spearman"].values()]


def _without_names(answers: dict[str, Any]) -> Any:
    return without(answers, "missing")
