"""Two days compared: what turns over is a conclusion, not a digit."""

from typing import Any

import pytest

from bourne_assets.answers.comparison import Turn, compare, turns_in_words
from bourne_assets_tests.answers.test_formulas import Figures, film, films_of_2017, result_of
from bourne_assets_tests.answers.test_words import SCENARIOS

_NAMES = [
    "mean_revenue",
    "mean_budget",
    "revenue_variation",
    "top_revenue_vs_top_budget",
    "popularity_vs_success",
    "year_vs_popularity",
]


def _turns(former: list[Figures], latter: list[Figures]) -> dict[str, Turn]:
    turns = compare(result_of(*former), result_of(*latter))
    assert [turn.answer for turn in turns] == _NAMES
    return {turn.answer: turn for turn in turns}


def _with(name: str, *values: Any) -> list[Figures]:
    return [{**told, name: value} for told, value in zip(films_of_2017(), values, strict=True)]


def test_a_day_compared_with_itself_is_the_same() -> None:
    turns = _turns(films_of_2017(), films_of_2017())
    assert {turn.outcome for turn in turns.values()} == {"same"}


def test_a_figure_that_moves_a_little_changes_numbers_and_no_conclusion() -> None:
    moved = films_of_2017()
    moved[1]["revenue"] += 1_000_000
    turns = _turns(films_of_2017(), moved)
    assert turns["mean_revenue"].outcome == "changed"
    assert turns["revenue_variation"].outcome == "changed"
    assert turns["mean_budget"].outcome == "same"
    assert turns["popularity_vs_success"].outcome == "changed"
    assert turns["year_vs_popularity"].outcome == "same"


def test_with_the_popularity_of_2024_questions_five_and_six_turn_over() -> None:
    turns = _turns(films_of_2017(), _with("popularity", 65.86, 46.873, 46.781, 32.469, 42.508))
    popularity = turns["popularity_vs_success"]
    assert popularity.outcome == "turned"
    assert popularity.former is not None
    assert popularity.latter is not None
    assert popularity.former["most_popular"] == "The Bourne Legacy (2012)"
    assert popularity.latter["most_popular"] == "The Bourne Identity (2002)"
    assert turns["year_vs_popularity"].outcome == "turned"
    assert turns["year_vs_popularity"].former == {"tendency": "none"}
    assert turns["year_vs_popularity"].latter == {"tendency": "unprovable: strong negative"}
    assert turns["top_revenue_vs_top_budget"].outcome == "same"


def test_a_rise_that_becomes_a_fall_turns_over() -> None:
    moved = films_of_2017()
    moved[1]["revenue"] = 200_000_000
    turn = _turns(films_of_2017(), moved)["revenue_variation"]
    assert turn.outcome == "turned"
    assert turn.former is not None
    assert turn.latter is not None
    assert turn.former["2501 to 2502"] == "rise"
    assert turn.latter["2501 to 2502"] == "fall"
    same = [{**told, "revenue": 5} for told in films_of_2017()]
    assert set((compare(result_of(*same), result_of(*same))[2].former or {}).values()) == {"none"}


def test_another_top_film_turns_over_though_the_direction_stands() -> None:
    moved = films_of_2017()
    moved[4]["revenue"] = 500_000_000
    assert _turns(films_of_2017(), moved)["top_revenue_vs_top_budget"].outcome == "turned"


def test_what_one_day_does_not_state_is_not_compared() -> None:
    bare = [{**told, "budget": None, "revenue": None} for told in films_of_2017()]
    turns = _turns(films_of_2017(), bare)
    unknown = {name for name, turn in turns.items() if turn.outcome == "unknown"}
    assert unknown == {
        "mean_revenue",
        "mean_budget",
        "revenue_variation",
        "top_revenue_vs_top_budget",
    }
    assert turns["popularity_vs_success"].outcome == "changed", "the extremes are the same"


def test_a_film_that_joined_leaves_the_steps_of_the_others_comparable() -> None:
    turn = _turns(films_of_2017()[:4], films_of_2017())["revenue_variation"]
    assert turn.outcome == "changed"


def test_nothing_known_on_both_days_is_unknown() -> None:
    bare = [film(1), film(2)]
    assert {turn.outcome for turn in _turns(bare, bare).values()} == {"unknown"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_comparison_is_told_in_both_languages(name: str) -> None:
    former, latter = result_of(*films_of_2017()), result_of(*SCENARIOS[name])
    english, portuguese = turns_in_words(former, latter), turns_in_words(former, latter, "pt")
    outcomes = [turn.outcome for turn in compare(former, latter)]
    assert [told.outcome for told in english] == [told.outcome for told in portuguese] == outcomes
    for told, fala in zip(english, portuguese, strict=True):
        assert told.question != fala.question
        assert told.verdict != fala.verdict
        assert told.former != fala.former
        assert told.latter
