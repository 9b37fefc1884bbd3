"""What is left out or replaced is named beside the answers, in both languages, and why."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from bourne_assets.answers.films import FilmName, names_of
from bourne_assets.answers.markdown import as_markdown
from bourne_assets.answers.questions import (
    Answers,
    answer_questions,
    as_json,
    parse_answers,
    remarks,
    to_text,
)
from bourne_assets_tests.answers.builders import (
    NOW,
    answers_to,
    changed,
    film,
    films_of_2017,
    result_of,
    saga_table,
)

_DILEMMA: dict[str, Any] = {
    "tmdb_id": 1300002,
    "title": "The Bourne Dilemma",
    "budget": 250_000_000,
    "popularity": 888.0,
}


def _upcoming() -> Answers:
    return result_of(
        *films_of_2017(),
        film(
            1300001,
            title="Untitled Bourne Film",
            status="Planned",
            popularity=2.1,
            budget=1,
            vote_count=99,
        ),
        film(**_DILEMMA, status="In Production", release_date=date(2028, 7, 14)),
        film(1300003, title="Betrayal", status="Canceled", release_date=date(2010, 5, 1)),
    )


def _text(result: Answers, question: int, language: Any = "en") -> str:
    sentences = to_text(result, language)[question - 1].sentences
    return " ".join(sentences).replace("\N{NO-BREAK SPACE}", " ")


# Films that are not released


def test_films_that_are_not_released_change_no_number_and_are_named() -> None:
    result, plain = _upcoming(), result_of(*films_of_2017())
    assert result.films == 5
    stored, without = as_json(result)["answers"], as_json(plain)["answers"]
    for name in ("value", "n"):
        assert stored["mean_budget"][name] == without["mean_budget"][name]
    assert stored["popularity_vs_success"]["most_popular"]["title"] == "The Bourne Legacy"
    assert stored["year_vs_popularity"]["pearson"] == without["year_vs_popularity"]["pearson"]
    assert [left["reason"] for left in stored["mean_revenue"]["missing"]] == ["not_released"] * 3
    assert remarks(result) == [
        "3 films not released yet, which take no part in the answers: Betrayal (canceled), The "
        "Bourne Dilemma (July 14, 2028), and Untitled Bourne Film (planned)."
    ]
    assert "Dilemma (14 de julho de 2028)" in remarks(result, "pt")[0]
    assert not any("Dilemma" in _text(result, question) for question in range(1, 7))


@pytest.mark.parametrize(
    ("status", "day", "why"),
    [
        (None, None, "no release date"),
        ("Post Production", date(2010, 5, 1), "in post-production"),
        ("Released", date(2028, 7, 14), "July 14, 2028"),
    ],
)
def test_one_film_that_is_not_released_is_named_with_what_it_lacks(
    status: str | None, day: date | None, why: str
) -> None:
    result = result_of(*films_of_2017(), film(**_DILEMMA, status=status, release_date=day))
    assert remarks(result) == [
        f"1 film not released yet, which takes no part in the answers: The Bourne Dilemma ({why})."
    ]


def test_a_film_in_cinemas_counts_and_its_revenue_is_marked_as_not_final() -> None:
    released = NOW.date() - timedelta(days=5)
    result = result_of(
        *films_of_2017(), film(**_DILEMMA, revenue=31_000_000, release_date=released)
    )
    note = "The revenue of The Bourne Dilemma is not final: it was released 5 days before these"
    for question, expected in ((1, True), (2, False), (3, True), (4, True), (5, True), (6, False)):
        assert (note in _text(result, question)) is expected
    assert "não é definitivo: o filme foi lançado 5 dias antes" in _text(result, 1, "pt")
    assert as_json(result)["answers"]["mean_revenue"]["not_final"] == [
        {"tmdb_id": 1300002, "title": "The Bourne Dilemma", "days_since_release": 5}
    ]
    assert result.answers.mean_revenue.n == 6


# Doubtful figures


@pytest.mark.parametrize(
    ("figures", "english", "portuguese"),
    [
        (
            {"budget": {2501: 60}},
            "budget of The Bourne Identity is stated as $60, too little",
            "baixo demais",
        ),
        (
            {"budget": {2501: 9_000}},
            "stated as $9,000, and no film is known to have earned more than 20,000 times",
            "20.000 vezes",
        ),
        (
            {"budget": {2501: 2 * 10**9}},
            "no film ever cost more than $1,000.0 million",
            "jamais custou",
        ),
        (
            {"revenue": {2501: 214}},
            "revenue of The Bourne Identity is stated as $214, too little",
            "baixo demais",
        ),
        (
            {"revenue": {2501: 4 * 10**9}},
            "no film ever earned more than $3,000.0 million",
            "jamais faturou",
        ),
        (
            {"budget": {2501: 9 * 10**9}, "revenue": {2501: 321 * 10**8}},
            "looks like another currency, as does its revenue",
            "parece outra moeda",
        ),
    ],
)
def test_a_doubtful_figure_is_left_out_and_named_with_the_reason(
    figures: dict[str, dict[int, int]], english: str, portuguese: str
) -> None:
    result = result_of(*changed(**figures))
    printed = " ".join(remarks(result)).replace("\N{NO-BREAK SPACE}", " ")
    assert english in printed
    assert portuguese in " ".join(remarks(result, "pt")).replace("\N{NO-BREAK SPACE}", " ")
    assert english in as_markdown(result).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")
    for name in figures:
        answer = getattr(result.answers, f"mean_{name}")
        assert answer.n == 4
        assert answer.missing[0].reason.startswith("doubtful: a ")
    question = 2 if "budget" in figures else 1
    assert "Left out because the figure is doubtful: The Bourne Identity." in _text(
        result, question
    )
    assert parse_answers(as_json(result), "s3://lake/answers", "bourne") == result


def test_a_doubtful_budget_makes_neither_a_profit_nor_a_top_budget() -> None:
    answers = answers_to(*changed(budget={49040: 2 * 10**9, 2503: 1}))
    popular = answers["popularity_vs_success"]
    assert popular["most_popular"]["title"] == "The Bourne Legacy"
    assert (popular["most_popular"]["budget"], popular["most_popular"]["profit"]) == (None, None)
    assert answers["top_revenue_vs_top_budget"]["top_budget"]["title"] == "Jason Bourne"
    assert answers["top_revenue_vs_top_budget"]["direction"] is None


def test_true_figures_that_are_small_or_large_bring_no_remark() -> None:
    mariachi = film(1, title="El Mariachi", budget=7_000, revenue=2_040_920, vote_count=1_000)
    paranormal = film(2, budget=15_000, revenue=194_183_034, vote_count=3_000)
    result = result_of(mariachi, paranormal)
    assert remarks(result) == []
    assert result.answers.mean_budget.value == 11_000
    assert "$7,000" in _text(result_of(mariachi), 4)


# Figures of the sagas file, and one film under two ids


def test_a_figure_of_the_sagas_file_is_used_and_its_source_shown() -> None:
    films = changed(budget={2503: 60_000_000})
    films[2]["budget_source"] = "The Numbers"
    result = result_of(*films)
    assert result.answers.mean_budget.value == 89_000_000
    assert remarks(result) == [
        "The budget of The Bourne Ultimatum is not TMDB's: $60.0 million, from The Numbers."
    ]
    assert "segundo The Numbers" in remarks(result, "pt")[0]


@pytest.mark.parametrize(
    ("equal", "says"),
    [
        ({"wikidata_id": "Q272860"}, "are one film, with one id at Wikidata"),
        ({"imdb_id": "tt0440963"}, "are one film, with one id at IMDb"),
        (
            {"title": "the bourne  ULTIMATUM", "release_date": date(2007, 8, 3)},
            "look like one film, with one title and date",
        ),
    ],
)
def test_one_film_under_two_ids_is_named(equal: dict[str, Any], says: str) -> None:
    films = films_of_2017()
    films[2]["wikidata_id"] = "Q272860"
    films[2]["release_date"] = date(2007, 8, 3)
    (printed,) = remarks(result_of(*films, film(1299386, **equal)))
    assert "The Bourne Ultimatum (TMDB 2503)" in printed
    assert "(TMDB 1299386)" in printed
    assert says in printed


def test_films_of_one_title_or_one_date_alone_are_two() -> None:
    day = date(2007, 8, 3)
    films = (film(1, title="A", release_date=day), film(2, title="B", release_date=day))
    assert remarks(result_of(*films, film(3, title="A"), film(4, title="A"))) == []


# Films that TMDB deleted


def test_a_film_that_tmdb_deleted_is_named_in_both_languages() -> None:
    table = saga_table(films_of_2017())
    deleted = [FilmName(tmdb_id=49040, title="The Bourne Legacy")]
    result = answer_questions(table, saga="bourne", inputs=[], deleted=deleted)
    assert remarks(result) == [
        "1 film that the collection lists, but TMDB no longer has, takes no part in the answers: "
        "The Bourne Legacy (TMDB 49040)."
    ]
    assert remarks(result, "pt") == [
        "1 filme que a coleção lista, mas que o TMDB já não tem, fica fora das respostas: "
        "The Bourne Legacy (TMDB 49040)."
    ]
    assert parse_answers(as_json(result), "an object", "bourne") == result


def test_a_film_without_a_title_is_named_by_its_id() -> None:
    frame = pd.DataFrame({"tmdb_id": [7], "title": [None]})
    assert names_of(frame) == (FilmName(tmdb_id=7, title="TMDB 7"),)
