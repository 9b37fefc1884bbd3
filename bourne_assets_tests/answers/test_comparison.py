"""Two days compared: what changes over is a conclusion, not a digit."""

from typing import Any

import pytest

from bourne_assets.answers.comparison import AnswerChange, changes_to_text, compare
from bourne_assets.answers.questions import QUESTIONS
from bourne_assets_tests.answers.builders import SCENARIOS, Figures, film, films_of_2017, result_of

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
    assert popularity.former["most_popular"] == "The Bourne Legacy (2012)"
    assert popularity.latter["most_popular"] == "The Bourne Identity (2002)"
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
def test_a_comparison_is_told_in_both_languages(name: str) -> None:
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
