"""Two days compared: what changes over is a conclusion, not a digit."""

from datetime import date, timedelta
from typing import Any

import pytest

from bourne_assets.answers.comparison import AnswerChange, as_json, changes_to_text, compare
from bourne_assets.answers.conclusions import ConcludedFilm
from bourne_assets.answers.questions import QUESTIONS
from bourne_assets_tests.answers.builders import SCENARIOS, Figures, film, films_of_2017, result_of

DAY = timedelta(days=1)
_NAMES = [question.name for question in QUESTIONS]


def _changes(former: list[Figures], latter: list[Figures]) -> dict[str, AnswerChange]:
    changes = compare(result_of(*former), result_of(*latter))
    assert [change.answer for change in changes] == _NAMES
    return {change.answer: change for change in changes}


def _with(name: str, *values: Any) -> list[Figures]:
    return [{**record, name: value} for record, value in zip(films_of_2017(), values, strict=True)]


def test_a_day_compared_with_itself_is_the_same() -> None:
    changes = _changes(films_of_2017(), films_of_2017())
    assert {change.outcome for change in changes.values()} == {"same"}


def test_a_figure_that_moves_a_little_changes_numbers_and_no_conclusion() -> None:
    moved = films_of_2017()
    moved[1]["revenue"] += 1_000_000
    changes = _changes(films_of_2017(), moved)
    assert changes["mean_revenue"].outcome == "changed"
    assert changes["revenue_variation"].outcome == "changed"
    assert changes["mean_budget"].outcome == "same"
    assert changes["popularity_vs_success"].outcome == "changed"
    assert changes["year_vs_popularity"].outcome == "same"


def test_with_the_popularity_of_2024_questions_five_and_six_are_reversed() -> None:
    changes = _changes(films_of_2017(), _with("popularity", 65.86, 46.873, 46.781, 32.469, 42.508))
    popularity = changes["popularity_vs_success"]
    assert popularity.outcome == "reversed"
    assert popularity.former is not None
    assert popularity.latter is not None
    assert popularity.former["most_popular"] == ConcludedFilm(49040, "The Bourne Legacy (2012)")
    assert popularity.latter["most_popular"] == ConcludedFilm(2501, "The Bourne Identity (2002)")
    assert changes["year_vs_popularity"].outcome == "reversed"
    assert changes["year_vs_popularity"].former == {"tendency": "none"}
    assert changes["year_vs_popularity"].latter == {"tendency": "underpowered: strong negative"}
    assert changes["top_revenue_vs_top_budget"].outcome == "same"


def test_a_rise_that_becomes_a_fall_is_reversed() -> None:
    moved = films_of_2017()
    moved[1]["revenue"] = 200_000_000
    change = _changes(films_of_2017(), moved)["revenue_variation"]
    assert change.outcome == "reversed"
    assert change.former is not None
    assert change.latter is not None
    assert change.former["2501 to 2502"] == "rise"
    assert change.latter["2501 to 2502"] == "fall"
    same = [{**record, "revenue": 5_000_000} for record in films_of_2017()]
    assert set((compare(result_of(*same), result_of(*same))[2].former or {}).values()) == {"none"}


def test_another_top_film_is_reversed_though_the_direction_stands() -> None:
    moved = films_of_2017()
    moved[4]["revenue"] = 500_000_000
    assert _changes(films_of_2017(), moved)["top_revenue_vs_top_budget"].outcome == "reversed"


def test_a_film_of_another_title_and_year_is_the_same_film() -> None:
    retitled = [
        {
            **record,
            "title": f"{record['title']} again",
            "release_date": record["release_date"] + DAY,
        }
        for record in films_of_2017()
    ]
    retitled[4]["release_date"] = date(2017, 1, 1)
    changes = _changes(films_of_2017(), retitled)
    assert changes["top_revenue_vs_top_budget"].outcome == "changed"
    assert changes["popularity_vs_success"].outcome == "changed"


def test_a_comparison_in_json_names_the_films_of_a_conclusion() -> None:
    result = result_of(*films_of_2017())
    turns = {turn["answer"]: turn for turn in as_json(result, result)["turns"]}
    popularity = turns["popularity_vs_success"]["former"]
    assert popularity["most_popular"] == "The Bourne Legacy (2012)"
    assert turns["mean_budget"]["latter"] == {"known": True}


def test_two_films_of_one_name_are_two() -> None:
    former = [film(n, title="Remake", budget=n, revenue=10 * n) for n in (1, 2)]
    latter = [{**former[0], "revenue": 30, "budget": 3}, former[1]]
    change = _changes(former, latter)["top_revenue_vs_top_budget"]
    assert change.outcome == "reversed"


def test_what_one_day_does_not_state_is_not_compared() -> None:
    bare = [{**record, "budget": None, "revenue": None} for record in films_of_2017()]
    changes = _changes(films_of_2017(), bare)
    unknown = {name for name, change in changes.items() if change.outcome == "unknown"}
    assert unknown == {
        "mean_revenue",
        "mean_budget",
        "revenue_variation",
        "top_revenue_vs_top_budget",
    }
    assert changes["popularity_vs_success"].outcome == "changed", "the extremes are the same"


def test_a_film_that_joined_leaves_the_steps_of_the_others_comparable() -> None:
    change = _changes(films_of_2017()[:4], films_of_2017())["revenue_variation"]
    assert change.outcome == "changed"


def test_nothing_known_on_both_days_is_unknown() -> None:
    bare = [film(1), film(2)]
    assert {change.outcome for change in _changes(bare, bare).values()} == {"unknown"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_comparison_is_written_in_both_languages(name: str) -> None:
    former, latter = result_of(*films_of_2017()), result_of(*SCENARIOS[name])
    english, portuguese = changes_to_text(former, latter), changes_to_text(former, latter, "pt")
    outcomes = [change.outcome for change in compare(former, latter)]
    assert (
        [record.outcome for record in english]
        == [record.outcome for record in portuguese]
        == outcomes
    )
    for record, fala in zip(english, portuguese, strict=True):
        assert record.question != fala.question
        assert record.verdict != fala.verdict
        assert record.former != fala.former
        assert record.latter
