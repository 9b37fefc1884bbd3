"""Checks on the answers. What must not be put here: formulas (`insights.answers`)."""

from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.assets.common import saga_key
from bourne_assets.checks.rules import Finding, result_of
from bourne_assets.insights.answers import answer_questions
from bourne_assets.saga.definition import Saga
from bourne_assets.tables import from_json, origin_of, to_json


def insight_checks(saga: Saga) -> list[dg.AssetChecksDefinition]:
    """The checks of a saga's answers."""

    @dg.asset_check(
        asset=saga_key(saga, "insight_metrics"),
        name="answers_follow_from_the_table",
        blocking=True,
        description=(
            "Recomputed from the saga table as it lies in the lake now, every answer is the same, "
            "and the object that the answers name as their input is that table."
        ),
        additional_ins={"films": dg.AssetIn(saga_key(saga, saga.table_name))},
    )
    def answers_follow_from_the_table(
        answers: dict[str, Any], films: pd.DataFrame
    ) -> dg.AssetCheckResult:
        expected = answer_questions(films, saga=saga.slug, inputs=origin_of(films))
        # Through JSON, as the stored answers went through it: equal to the last digit or not.
        expected = from_json(to_json(expected))
        wrong = [
            {"field": name, "stored": str(answers.get(name)), "recomputed": str(value)}
            for name, value in _flat(expected).items()
            if _flat(answers).get(name) != value
        ]
        facts = {"fields_compared": len(_flat(expected)), "threshold": "equal to the last digit"}
        key = saga_key(saga, "insight_metrics")
        return result_of(key, "answers_follow_from_the_table", Finding(wrong, facts), blocking=True)

    return [answers_follow_from_the_table]


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """The object's fields, the answers one by one."""
    answers = {f"answers.{name}": value for name, value in result["answers"].items()}
    return {**{name: value for name, value in result.items() if name != "answers"}, **answers}
