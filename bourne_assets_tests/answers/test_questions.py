"""The six answers, against figures of 2017, and the object that holds them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pandas as pd
import pytest

from bourne_assets.answers.errors import AnswersUnreadable
from bourne_assets.answers.films import films_of
from bourne_assets.answers.questions import (
    ANSWER_FIELDS,
    COMPARISONS,
    QUESTIONS,
    AnswerSet,
    answer_questions,
    as_json,
    main_numbers,
    origin,
    parse_answers,
)
from bourne_assets.answers.statistics import ALPHA, Correlation
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.tables import from_json, to_json
from bourne_assets_tests.answers.builders import (
    FILM_FIELDS,
    NOW,
    SCENARIOS,
    Figures,
    answers_to,
    film,
    films_of_2017,
    result_of,
    saga_table,
)
from bourne_assets_tests.answers.test_statistics import NEAR, exact_r, ranks, share_of_orders


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
    table = saga_table(films_of_2017())
    result = as_json(answer_questions(table, saga="bourne", inputs=inputs))
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


def test_a_film_always_has_the_same_fields() -> None:
    answers = answers_to(*films_of_2017())
    top = answers["top_revenue_vs_top_budget"]
    popular = answers["popularity_vs_success"]
    step = answers["revenue_variation"]["steps"][0]
    for record in (
        top["top_revenue"],
        top["top_budget"],
        popular["most_popular"],
        popular["least_popular"],
        step["from"],
        step["to"],
    ):
        assert list(record) == FILM_FIELDS
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
    result = as_json(result_of(*films_of_2017()))
    listed = [name for name in result if name != "answers"]
    listed += [f"answers.{name}" for name in result["answers"]]
    known = [name for name, _, _ in ANSWER_FIELDS if name in listed]
    assert known == listed


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
    stored = as_json(result)
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert parse_answers(from_json(to_json(stored)), "s3://lake/answers", "bourne") == result


def test_the_answers_are_as_of_the_newest_figure() -> None:
    table = saga_table(films_of_2017())
    table.loc[2, "fetched_at"] = pd.Timestamp(NOW + timedelta(hours=1))
    result = answer_questions(table, saga="bourne", inputs=[])
    assert as_json(result)["as_of"] == "2026-11-23T13:00:30Z"


def test_figures_of_two_sources_are_called_mixed() -> None:
    known = films_of_2017()
    known[0]["source"] = "bundled-snapshot"
    result = result_of(*known)
    assert result.source == "mixed"
    assert origin(result).endswith("(UTC), and some of the bundled snapshot.")
    assert result_of(known[0]).source == "bundled-snapshot"


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
    assert [listed.tmdb_id for listed in films_of(table)] == [7, 8, 100, 1, 9]
    last = asdict(films_of(table)[-1])
    last.pop("background")
    assert last == {
        **dict.fromkeys(FILM_FIELDS),
        "tmdb_id": 9,
        "title": "Film 9",
        "tied_with": (),
    }


# The rows


def test_every_question_has_a_row_and_a_field_of_its_name() -> None:
    assert [question.name for question in QUESTIONS] == [field.name for field in fields(AnswerSet)]


def test_as_many_correlations_are_counted_as_the_answers_hold() -> None:
    def correlations(value: object) -> int:
        if isinstance(value, Correlation):
            return 1
        parts = vars(value).values() if is_dataclass(value) else ()
        return sum(correlations(part) for part in parts)

    answers = result_of(*films_of_2017()).answers
    for question in QUESTIONS:
        assert question.correlations == correlations(getattr(answers, question.name))
    assert answers.year_vs_popularity.p_value_threshold == ALPHA / COMPARISONS


def test_names_of_pictures_and_of_main_numbers_are_unique() -> None:
    for names in (
        [name for question in QUESTIONS for name in question.pictures],
        [name for question in QUESTIONS for name in question.main_numbers],
    ):
        assert len(names) == len(set(names))


def test_the_columns_of_a_question_are_columns_of_the_saga_table() -> None:
    known = set(SagaTable.to_schema().columns)
    assert all(set(question.columns) <= known for question in QUESTIONS)


def test_the_main_numbers_are_those_of_the_answers() -> None:
    result = result_of(*films_of_2017())
    answers = as_json(result)["answers"]
    assert main_numbers(result) == {
        "films": 5,
        "mean_revenue_usd": 327_483_286.2,
        "mean_budget_usd": 91_000_000.0,
        "top_budget_difference_pct": answers["top_revenue_vs_top_budget"]["difference_pct"],
        "r_popularity_revenue": answers["popularity_vs_success"]["revenue"]["pearson"]["r"],
        "r_popularity_profit": answers["popularity_vs_success"]["profit"]["pearson"]["r"],
        "r_popularity_return": answers["popularity_vs_success"]["return"]["pearson"]["r"],
        "r_year_popularity": answers["year_vs_popularity"]["pearson"]["r"],
    }


def test_main_numbers_that_are_unknown_are_null() -> None:
    numbers = main_numbers(result_of(*SCENARIOS["nothing known"]))
    assert numbers.pop("films") == 3
    assert set(numbers.values()) == {None}


# What is stored and cannot be read


_STORED = as_json(result_of(*films_of_2017()))


@pytest.mark.parametrize(
    "stored",
    [
        {},
        [],
        None,
        7,
        "answers",
        {"schema_version": 1},
        {**_STORED, "answers": {}},
        {**_STORED, "answers": {**_STORED["answers"], "mean_budget": 5}},
        {**_STORED, "as_of": "yesterday"},
        {**_STORED, "as_of": "2026-11-23T12:00:30"},
        {**_STORED, "inputs": [{"uri": "s3://lake/table"}]},
        {
            **_STORED,
            "answers": {
                **_STORED["answers"],
                "mean_revenue": {**_STORED["answers"]["mean_revenue"], "value": float("nan")},
            },
        },
    ],
)
def test_an_object_of_another_shape_is_refused_in_one_sentence(stored: object) -> None:
    with pytest.raises(AnswersUnreadable) as refused:
        parse_answers(stored, "s3://lake/Refined/insight_metrics.json", "bourne")
    sentence = str(refused.value)
    assert "s3://lake/Refined/insight_metrics.json does not have the shape of answers" in sentence
    assert sentence.endswith("run `bourne run --saga bourne` to compute them again.")
    assert "\n" not in sentence


@pytest.mark.parametrize("version", [0, 3, 99])
def test_an_object_of_another_version_is_refused_by_its_version(version: int) -> None:
    with pytest.raises(AnswersUnreadable, match=f"has schema_version {version}, and"):
        parse_answers({**_STORED, "schema_version": version}, "s3://lake/answers", "bourne")
