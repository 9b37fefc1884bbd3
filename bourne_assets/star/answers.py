"""The numbers of answers as rows of `fact_answer`. Not here: how they are computed (`answers`)."""

from typing import Any

from bourne_assets.answers.questions import QUESTIONS, Answers
from bourne_assets.star.dimensions import date_key

#: Units by the ends of numbers' names; what has no such end is a plain number.
_UNITS = {"_usd": "USD", "_pct": "percent"}


def answer_rows(result: Answers, snapshot_id: int | None) -> list[dict[str, Any]]:
    """A row for each main number of each question, in the order of the questions.

    Args:
        result: The answers.
        snapshot_id: The snapshot of `fact_film_day` that has their figures.
    """
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
