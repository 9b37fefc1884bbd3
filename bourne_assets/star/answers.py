"""Answers to what the tables know, and their numbers as rows of `fact_answer`.

Not here: how they are computed (`answers`).
"""

from dataclasses import replace
from typing import Any

from bourne_assets.answers.questions import QUESTIONS, Answers, answer_questions
from bourne_assets.saga.definition import Saga
from bourne_assets.star.dimensions import date_key
from bourne_assets.star.schemas import FACT_FILM_DAY
from bourne_assets.star.states import KnownState

#: Units by the ends of numbers' names; what has no such end is a plain number.
_UNITS = {"_usd": "USD", "_pct": "percent"}


def answers_of(state: KnownState, saga: Saga) -> Answers:
    """The answers to a state of a saga, which name its snapshots."""
    result = answer_questions(
        state.known.films,
        saga=saga.slug,
        inputs=(),
        deleted=state.deleted,
        money_of=state.known.money_of,
    )
    return replace(result, inputs=state.inputs)


def answer_rows(result: Answers) -> list[dict[str, Any]]:
    """A row for each main number of each question, in the order of the questions."""
    snapshot_id = next(
        (int(each.snapshot_id or 0) for each in result.inputs if each.table == FACT_FILM_DAY), None
    )
    return [
        {
            "saga_key": result.saga,
            "date_key": date_key(result.day),
            "question": question.name,
            "name": name,
            "value": number(answer),
            "unit": next((unit for end, unit in _UNITS.items() if name.endswith(end)), None),
            "n": getattr(answer, "n", None),
            "snapshot_id": snapshot_id,
        }
        for question in QUESTIONS
        for answer in [getattr(result.answers, question.name)]
        for name, number in question.main_numbers.items()
    ]
