"""The six answers, against figures of 2017 and against plain Python that shares no code with them.

The other tests of this package build their films with `film` and `saga_table` of this module.
"""

import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.answers.formulas import (
    answer_questions,
    films_of,
    popularity_vs_success,
    revenue_variation,
    top_revenue_vs_top_budget,
)
from bourne_assets.answers.questions import ANSWER_FIELDS
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.tables import conform, from_json, to_json
from bourne_assets_tests.answers.test_statistics import NEAR, exact_r, ranks, share_of_orders

FIGURES = Path(__file__).parent.parent / "data" / "bourne_2017-09.csv"
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)

_IMDB_IDS = {
    2501: "tt0258463",
    2502: "tt0372183",
    2503: "tt0440963",
    49040: "tt1194173",
    324668: "tt4196776",
}
_FILM = [
    "tmdb_id",
    "imdb_id",
    "title",
    "release_date",
    "year",
    "budget",
    "revenue",
    "profit",
    "popularity",
]

Figures = dict[str, Any]


def film(tmdb_id: int, **figures: Any) -> Figures:
    """A film of which nothing is known but what is given."""
    return {"tmdb_id": tmdb_id, "title": f"Film {tmdb_id}", **figures}


def films_of_2017() -> list[Figures]:
    """The five Bourne films with TMDB's figures of about September 2017."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return [
            film(
                int(row["tmdb_id"]),
                title=row["title"],
                imdb_id=_IMDB_IDS[int(row["tmdb_id"])],
                release_date=date.fromisoformat(row["release_date"]),
                budget=int(row["budget"]),
                revenue=int(row["revenue"]),
                popularity=float(row["popularity"]),
            )
            for row in csv.DictReader(file)
        ]


def saga_table(films: Iterable[Figures]) -> pd.DataFrame:
    """A `SagaTable` of these films; profit, return and year follow from the given figures."""
    rows = []
    for figures in films:
        profit = _profit(figures)
        released = figures.get("release_date")
        rows.append(
            {
                "original_title": figures["title"],
                "release_year": released.year if released else None,
                "profit": profit,
                "return_on_budget": profit / figures["budget"] if profit is not None else None,
                "collection_id": 31562,
                "fetched_at": NOW,
                "source": "tmdb",
                **figures,
            }
        )
    return conform(rows, SagaTable)


def result_of(*films: Figures) -> dict[str, Any]:
    """The whole answers object of these films."""
    return answer_questions(saga_table(films), saga="bourne", inputs=[])


def answers_to(*films: Figures) -> dict[str, Any]:
    """The six answers about these films."""
    answers: dict[str, Any] = result_of(*films)["answers"]
    return answers


def _profit(figures: Figures) -> int | None:
    budget, revenue = figures.get("budget"), figures.get("revenue")
    return None if budget is None or revenue is None else revenue - budget


def _ids(films: Sequence[Figures]) -> list[int]:
    return [figures["tmdb_id"] for figures in films]


# The figures of 2017


def test_the_mean_revenue_is_exact() -> None:
    revenues = [figures["revenue"] for figures in films_of_2017()]
    assert answers_to(*films_of_2017())["mean_revenue"] == {
        "value": float(Fraction(sum(revenues), len(revenues))),
        "unit": "USD",
        "n": 5,
        "missing": [],
    }
    assert answers_to(*films_of_2017())["mean_revenue"]["value"] == 327_483_286.2


def test_the_mean_budget_is_exact() -> None:
    budgets = [figures["budget"] for figures in films_of_2017()]
    assert answers_to(*films_of_2017())["mean_budget"] == {
        "value": float(Fraction(sum(budgets), len(budgets))),
        "unit": "USD",
        "n": 5,
        "missing": [],
    }
    assert answers_to(*films_of_2017())["mean_budget"]["value"] == 91_000_000.0


def test_revenue_changes_from_each_film_to_the_next() -> None:
    known = films_of_2017()
    answer = answers_to(*known)["revenue_variation"]
    assert answer["varied"] is True
    assert answer["missing"] == []
    changes = [
        (latter["revenue"] - former["revenue"], former["revenue"])
        for former, latter in pairwise(known)
    ]
    assert [step["change_usd"] for step in answer["steps"]] == [change for change, _ in changes]
    assert [step["change_pct"] for step in answer["steps"]] == [
        float(Fraction(100 * change, before)) for change, before in changes
    ]
    assert [round(step["change_pct"], 4) for step in answer["steps"]] == [
        34.7916,
        53.4918,
        -37.5434,
        50.2262,
    ]
    assert _ids([step["from"] for step in answer["steps"]]) == [2501, 2502, 2503, 49040]
    assert _ids([step["to"] for step in answer["steps"]]) == [2502, 2503, 49040, 324668]


def test_the_top_revenue_film_had_a_smaller_budget_than_the_top_budget_film() -> None:
    answer = answers_to(*films_of_2017())["top_revenue_vs_top_budget"]
    assert answer["top_revenue"]["title"] == "The Bourne Ultimatum"
    assert answer["top_budget"]["title"] == "The Bourne Legacy"
    assert answer["direction"] == "smaller"
    assert answer["difference_usd"] == -60_000_000
    assert answer["difference_pct"] == float(Fraction(-100 * 60, 130))
    assert answer["relative_to"] == "top_budget"


@pytest.mark.parametrize(
    ("name", "figure", "published"),
    [
        ("revenue", lambda film: film["revenue"], -0.735854),
        ("profit", lambda film: film["revenue"] - film["budget"], -0.851633),
        ("return", lambda film: (film["revenue"] - film["budget"]) / film["budget"], -0.798895),
    ],
)
def test_popularity_goes_against_every_kind_of_success(
    name: str, figure: Callable[[Figures], float], published: float
) -> None:
    known = films_of_2017()
    popularity = [figures["popularity"] for figures in known]
    success = [figure(figures) for figures in known]
    answer = answers_to(*known)["popularity_vs_success"][name]
    assert answer["n"] == 5
    assert answer["pearson"]["r"] == pytest.approx(exact_r(popularity, success), rel=NEAR)
    assert answer["pearson"]["r"] == pytest.approx(published, abs=1e-6)
    assert answer["pearson"]["p_value"] == pytest.approx(share_of_orders(popularity, success))
    by_rank = ranks(popularity), ranks(success)
    assert answer["spearman"]["rho"] == pytest.approx(exact_r(*by_rank), rel=NEAR)
    assert answer["spearman"]["p_value"] == pytest.approx(share_of_orders(*by_rank))
    assert answer["missing"] == []


def test_the_most_and_the_least_popular_film_are_named_with_their_profit() -> None:
    answer = answers_to(*films_of_2017())["popularity_vs_success"]
    assert answer["most_popular"]["title"] == "The Bourne Legacy"
    assert answer["most_popular"]["profit"] == 146_572_938
    assert answer["least_popular"]["title"] == "The Bourne Ultimatum"
    assert answer["least_popular"]["profit"] == 372_824_138


def test_year_and_popularity_are_hardly_correlated() -> None:
    known = films_of_2017()
    years = [figures["release_date"].year for figures in known]
    popularity = [figures["popularity"] for figures in known]
    answer = answers_to(*known)["year_vs_popularity"]
    assert answer["pearson"]["r"] == pytest.approx(exact_r(years, popularity), rel=NEAR)
    assert answer["pearson"]["r"] == pytest.approx(0.038567, abs=1e-6)
    assert answer["pearson"]["p_value"] == pytest.approx(share_of_orders(years, popularity))
    assert answer["verdict"].startswith("no correlation to speak of")


# The shape of the object


def test_the_object_has_the_fields_of_the_contract_in_their_order() -> None:
    inputs = [{"uri": "s3://lake/Refined/bourne_saga_table.parquet", "sha256": "ab"}]
    result = answer_questions(saga_table(films_of_2017()), saga="bourne", inputs=inputs)
    answers = result.pop("answers")
    assert result == {
        "schema_version": 1,
        "saga": "bourne",
        "as_of": "2026-11-23T12:00:30Z",
        "source": "tmdb",
        "films": 5,
        "inputs": inputs,
    }
    assert {name: list(answer) for name, answer in answers.items()} == {
        "mean_revenue": ["value", "unit", "n", "missing"],
        "mean_budget": ["value", "unit", "n", "missing"],
        "revenue_variation": ["varied", "steps", "missing"],
        "top_revenue_vs_top_budget": [
            "top_revenue",
            "top_budget",
            "direction",
            "difference_usd",
            "difference_pct",
            "relative_to",
            "missing",
        ],
        "popularity_vs_success": ["revenue", "profit", "return", "most_popular", "least_popular"],
        "year_vs_popularity": [
            "n",
            "pearson",
            "spearman",
            "p_value_method",
            "p_value_threshold",
            "verdict",
            "missing",
        ],
    }
    assert list(answers["revenue_variation"]["steps"][0]) == [
        "from",
        "to",
        "change_usd",
        "change_pct",
    ]


def test_a_film_is_always_told_in_the_same_fields() -> None:
    answers = answers_to(*films_of_2017())
    top = answers["top_revenue_vs_top_budget"]
    popular = answers["popularity_vs_success"]
    step = answers["revenue_variation"]["steps"][0]
    for told in (
        top["top_revenue"],
        top["top_budget"],
        popular["most_popular"],
        popular["least_popular"],
        step["from"],
        step["to"],
    ):
        assert list(told) == _FILM
    assert step["from"] == {
        "tmdb_id": 2501,
        "imdb_id": "tt0258463",
        "title": "The Bourne Identity",
        "release_date": "2002-06-14",
        "year": 2002,
        "budget": 60_000_000,
        "revenue": 214_034_224,
        "profit": 154_034_224,
        "popularity": 86.476817,
    }


def test_every_field_of_the_object_stands_in_its_dictionary() -> None:
    result = result_of(*films_of_2017())
    fields = [name for name in result if name != "answers"]
    fields += [f"answers.{name}" for name in result["answers"]]
    assert [name for name, _, _ in ANSWER_FIELDS] == fields


@pytest.mark.parametrize(
    "films",
    [
        films_of_2017(),
        [film(1)],
        [film(1), film(2)],
        [film(1), film(2), film(3)],
        [film(1, budget=5, revenue=5, popularity=1.0, release_date=date(2002, 1, 1))],
        [film(n, budget=5, revenue=5, popularity=1.0) for n in range(1, 5)],
    ],
)
def test_the_object_is_json_and_comes_back_the_same(films: list[Figures]) -> None:
    result = result_of(*films)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert from_json(to_json(result)) == result


def test_the_answers_are_as_of_the_newest_figure() -> None:
    table = saga_table(films_of_2017())
    table.loc[2, "fetched_at"] = pd.Timestamp(NOW + timedelta(hours=1))
    result = answer_questions(table, saga="bourne", inputs=[])
    assert result["as_of"] == "2026-11-23T13:00:30Z"


def test_figures_of_two_sources_are_told_as_mixed() -> None:
    known = films_of_2017()
    known[0]["source"] = "bundled-snapshot"
    assert result_of(*known)["source"] == "mixed"
    assert result_of(known[0])["source"] == "bundled-snapshot"


def test_films_are_listed_in_order_of_release_whatever_the_order_of_the_table() -> None:
    day = date(2007, 8, 3)
    table = saga_table(
        [
            film(9),
            film(8, release_date=day),
            film(100, release_date=day),
            film(1),
            film(7, release_date=date(2002, 1, 1)),
        ]
    )
    assert _ids(films_of(table)) == [7, 8, 100, 1, 9]
    assert films_of(table)[-1] == {
        **dict.fromkeys(_FILM),
        "tmdb_id": 9,
        "title": "Film 9",
    }


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
    missing = [{"tmdb_id": 2502, "title": "The Bourne Supremacy"}]
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
    missing = [{"tmdb_id": 49040, "title": "The Bourne Legacy"}]
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
    missing = [{"tmdb_id": 2503, "title": "The Bourne Ultimatum"}]
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
    names = [{"tmdb_id": n, "title": f"Film {n}"} for n in (1, 2, 3)]
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
    assert list(leader) == [*_FILM, "tied_with"]


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


def _told(tmdb_id: int, **figures: Any) -> Figures:
    return {**dict.fromkeys(_FILM), **film(tmdb_id, **figures)}


def test_a_change_from_nothing_has_no_percentage() -> None:
    answer = revenue_variation(
        [
            _told(1, revenue=0, release_date="2001-01-01"),
            _told(2, revenue=5, release_date="2002-01-01"),
        ]
    )
    (step,) = answer["steps"]
    assert (step["change_usd"], step["change_pct"]) == (5, None)
    assert step["reason"] == "the former revenue is 0"


def test_a_top_budget_of_nothing_has_no_percentage() -> None:
    answer = top_revenue_vs_top_budget([_told(1, revenue=5, budget=0)])
    assert (answer["difference_usd"], answer["difference_pct"]) == (0, None)
    assert answer["reason"] == "the top budget is 0"


def test_a_budget_of_nothing_has_no_return() -> None:
    answer = popularity_vs_success([_told(1, popularity=1.0, budget=0, revenue=5, profit=5)])
    assert _ids(answer["return"]["missing"]) == [1]
    assert answer["profit"]["missing"] == []


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
    before, after = answers_to(*films), answers_to(*scaled)
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
    before, after = result_of(*films), result_of(*films, film(999, release_date=released))
    assert after["films"] == before["films"] + 1
    assert _without_names(after["answers"]) == _without_names(before["answers"])
    for answer in (after["answers"]["mean_revenue"], after["answers"]["year_vs_popularity"]):
        assert {"tmdb_id": 999, "title": "Film 999"} in answer["missing"]


@given(_FILMS)
@_PROPERTY
def test_the_answers_are_those_of_plain_python(films: list[Figures]) -> None:
    must_be_those_of_plain_python(films)


def must_be_those_of_plain_python(films: list[Figures]) -> None:
    """Compare every number and name of the answers with those of `_by_hand`."""
    found, expected = answers_to(*films), _by_hand(films)
    for corr in ("revenue", "profit", "return"):
        _must_agree(
            found["popularity_vs_success"].pop(corr), expected["popularity_vs_success"].pop(corr)
        )
    _must_agree(found.pop("year_vs_popularity"), expected.pop("year_vs_popularity"))
    assert _without(found, "reason") == expected


def _numbers(corr: dict[str, Any]) -> list[float]:
    if corr["pearson"] is None:
        return []
    return [*corr["pearson"].values(), *corr["spearman"].values()]


def _without(value: Any, *names: str) -> Any:
    if isinstance(value, dict):
        return {name: _without(part, *names) for name, part in value.items() if name not in names}
    return [_without(part, *names) for part in value] if isinstance(value, list) else value


def _without_names(answers: dict[str, Any]) -> Any:
    return _without(answers, "missing")


# The same answers in plain Python


def _by_hand(films: Sequence[Figures]) -> dict[str, Any]:
    ordered = sorted(
        films,
        key=lambda f: (f["release_date"] is None, f["release_date"] or date.min, f["tmdb_id"]),
    )
    told = [
        {
            **dict.fromkeys(_FILM),
            **{name: f.get(name) for name in ("tmdb_id", "title", "budget", "revenue")},
            "release_date": str(f["release_date"]) if f["release_date"] else None,
            "year": f["release_date"].year if f["release_date"] else None,
            "profit": _profit(f),
            "popularity": f["popularity"],
            "return": _profit(f) / f["budget"] if _profit(f) is not None else None,
        }
        for f in ordered
    ]
    dated = [f for f in told if f["revenue"] is not None and f["year"] is not None]
    pairs = list(pairwise(dated))
    top_revenue, top_budget = _lead(told, "revenue", max), _lead(told, "budget", max)
    difference = None
    if top_revenue and top_budget and top_revenue["budget"] is not None:
        difference = top_revenue["budget"] - top_budget["budget"]
    return {
        **{f"mean_{name}": _mean_by_hand(told, name) for name in ("revenue", "budget")},
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
            "missing": _lacking(told, "revenue", "release_date"),
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
            "missing": _lacking(told, "revenue", "budget"),
        },
        "popularity_vs_success": {
            **{
                name: _corr_by_hand(told, "popularity", name)
                for name in ("revenue", "profit", "return")
            },
            "most_popular": _lead(told, "popularity", max),
            "least_popular": _lead(told, "popularity", min),
        },
        "year_vs_popularity": _corr_by_hand(told, "year", "popularity"),
    }


def _bare(told: Figures) -> Figures:
    return {name: told[name] for name in _FILM}


def _lacking(told: Sequence[Figures], *names: str) -> list[Figures]:
    return [
        {"tmdb_id": f["tmdb_id"], "title": f["title"]}
        for f in told
        if any(f[name] is None for name in names)
    ]


def _mean_by_hand(told: Sequence[Figures], name: str) -> Figures:
    known = [f[name] for f in told if f[name] is not None]
    return {
        "value": float(Fraction(sum(known), len(known))) if known else None,
        "unit": "USD",
        "n": len(known),
        "missing": _lacking(told, name),
    }


def _lead(told: Sequence[Figures], name: str, choose: Callable[..., Any]) -> Figures | None:
    known = [f for f in told if f[name] is not None]
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


def _corr_by_hand(told: Sequence[Figures], first: str, second: str) -> Figures:
    known = [f for f in told if f[first] is not None and f[second] is not None]
    return {
        "x": [f[first] for f in known],
        "y": [f[second] for f in known],
        "missing": _lacking(told, first, second),
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
