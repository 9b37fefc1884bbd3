"""Checks on the answers and on the history. What must not be put here: formulas (`answers`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.answers.films import names_of
from bourne_assets.answers.questions import answer_questions, as_json
from bourne_assets.asset_names import INSIGHT_METRICS, SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.naming import saga_key
from bourne_assets.defs.shared.rules import (
    Finding,
    Rule,
    check_of,
    follows_schema,
    result_of,
)
from bourne_assets.lake.errors import LakeError, ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import days_of, drifted_figures
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.table import deleted_films
from bourne_assets.tables import from_json, from_parquet, records, to_json

_NAME = "answers_follow_from_inputs"


def insight_checks(saga: Saga) -> list[dg.AssetChecksDefinition]:
    """The checks of a saga's answers and history."""
    history = saga_key(saga, SAGA_HISTORY)
    return [
        _answers_follow(saga),
        check_of(history, [follows_schema(HistoryTable), _one_row_a_day(), _figures_drifted()]),
    ]


def _answers_follow(saga: Saga) -> dg.AssetChecksDefinition:
    key = saga_key(saga, INSIGHT_METRICS)

    @dg.asset_check(
        asset=key,
        name=_NAME,
        blocking=True,
        description=(
            "The objects that the answers name as their inputs lie in the lake with the SHA-256 "
            "that they name, and every answer recomputed from them is the same."
        ),
    )
    @fails_in_one_sentence
    def answers_follow_from_inputs(
        lake: LakeResource, answers: dict[str, Any]
    ) -> dg.AssetCheckResult:
        found = _untraceable(answers, lake.connect(), saga)
        facts = {
            "fields_compared": len(_flat(answers)),
            "inputs": dg.MetadataValue.json(answers.get("inputs", [])),
            "threshold": "equal to the last digit",
        }
        return result_of(key, _NAME, Finding(found, facts), is_error=True)

    return answers_follow_from_inputs


def _untraceable(answers: Mapping[str, Any], lake: Lake, saga: Saga) -> Sequence[Mapping[str, Any]]:
    """Inputs that are not what the answers say, and answers that do not follow from them."""
    inputs = answers.get("inputs") or []
    if len(inputs) not in {1, 3}:
        wanted = "the table; with deleted films, candidates and details too"
        return [{"field": "inputs", "stored": str(inputs), "recomputed": wanted}]
    frames, read = [], []
    for uri in (str(each.get("uri")) for each in inputs):
        try:
            data, stored = lake.read(lake.key(uri))
            frames.append(from_parquet(data))
        except (ObjectMissing, ValueError, OSError) as error:
            return [{"field": "inputs", "stored": uri, "recomputed": str(error)}]
        except LakeError as error:
            if uri.startswith(lake.uri("")):  # the lake fails: nothing is known about the answers
                raise
            return [{"field": "inputs", "stored": uri, "recomputed": str(error)}]
        read.append({"uri": stored.uri, "sha256": stored.sha256 or ""})
    table, *rest = frames
    deleted = names_of(deleted_films(*rest)) if rest else ()
    expected = as_json(answer_questions(table, saga=saga.slug, inputs=read, deleted=deleted))
    # Through JSON, as the stored answers went through it: equal to the last digit or not.
    recomputed = _flat(from_json(to_json(expected)))
    told = _flat(answers)
    return [
        {"field": name, "stored": str(told.get(name)), "recomputed": str(recomputed.get(name))}
        for name in {**recomputed, **told}
        if told.get(name) != recomputed.get(name)
    ]


def _flat(result: Mapping[str, Any]) -> dict[str, Any]:
    """The object's fields, the answers one by one."""
    answers = {f"answers.{name}": value for name, value in result.get("answers", {}).items()}
    return {**{name: value for name, value in result.items() if name != "answers"}, **answers}


def _one_row_a_day() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        twice = table[table.duplicated(["observed_on", "tmdb_id"], keep=False)]
        return Finding(records(twice), {"rows": len(table), "days": len(days_of(table))})

    return Rule(
        "one_row_a_film_and_day",
        "No film has two rows of one UTC day: the last snapshot of a day wins.",
        find,
        blocking=True,
    )


def _figures_drifted() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        full = table[~table["partial"].astype(bool)]
        facts = {
            "days_compared": ", ".join(day.isoformat() for day in days_of(full)[-2:]),
            "threshold": "no change",
        }
        return Finding(drifted_figures(table), facts)

    return Rule(
        "figures_drifted",
        "No budget and no revenue changed since the last snapshot that states them: TMDB's "
        "editors correct figures years later, and the answers move with them.",
        find,
    )
