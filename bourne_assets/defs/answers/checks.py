"""Checks on the answers and on the history. Not here: formulas (`answers`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from bourne_assets.answers.errors import AnswersUnreadable
from bourne_assets.answers.films import names_of
from bourne_assets.answers.questions import Answers, answer_questions, as_json
from bourne_assets.answers.sources import Input, parse_inputs
from bourne_assets.asset_names import INSIGHT_METRICS, SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.naming import saga_key
from bourne_assets.defs.shared.rules import Finding, Rule, check_of, follows_schema, result_of
from bourne_assets.errors import BourneError
from bourne_assets.iceberg.errors import TableMissing
from bourne_assets.lake.errors import LakeError, ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import NoSnapshot
from bourne_assets.saga.history import days_of, drifted_figures
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.table import deleted_films
from bourne_assets.star.answers import answers_of
from bourne_assets.star.states import StateGone, named_state
from bourne_assets.tables import from_json, from_parquet, records, to_json
from bourne_assets.translations import gettext, grouped, plain

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

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
        description=plain(
            "Every answer recomputed from what the answers name as their inputs is the same: from "
            "the snapshots of tables, whenever the answers were made; where they name none, from "
            "objects in the lake with the SHA-256 that they name."
        ),
    )
    @fails_in_one_sentence
    def answers_follow_from_inputs(
        lake: LakeResource, answers: dict[str, Any]
    ) -> dg.AssetCheckResult:
        found = _untraceable(answers, lake, saga)
        compared = len(_flat(answers))
        facts = {
            "fields_compared": compared,
            "inputs": dg.MetadataValue.json(answers.get("inputs", [])),
            "threshold": gettext("equal to the last digit"),
        }
        seen = gettext("compared fields: {count}", count=compared)
        return result_of(key, _NAME, Finding(found, seen, facts), is_error=True)

    return answers_follow_from_inputs


def _untraceable(
    answers: Mapping[str, Any], lake: LakeResource, saga: Saga
) -> Sequence[Mapping[str, Any]]:
    """Inputs that are not what the answers say, and answers that do not follow from them."""
    try:
        named = parse_inputs(answers.get("inputs") or [])
        if any(each.table for each in named):
            expected = _from_tables(answers, named, lake.catalogue(), saga)
        else:
            expected = _from_objects(named, lake.connect(), saga)
    except (AnswersUnreadable, _InputsUnfit, StateGone, TableMissing, NoSnapshot) as error:
        named_inputs = str(answers.get("inputs"))
        return [{"field": "inputs", "stored": named_inputs, "recomputed": str(error)}]
    # Through JSON, as the stored answers went through it: equal to the last digit or not.
    recomputed = _flat(from_json(to_json(as_json(expected))))
    stored = _flat(answers)
    return [
        {"field": name, "stored": str(stored.get(name)), "recomputed": str(recomputed.get(name))}
        for name in {**recomputed, **stored}
        if stored.get(name) != recomputed.get(name)
    ]


class _InputsUnfit(BourneError):
    """Nothing can be recomputed from what the answers name."""


def _from_tables(
    answers: Mapping[str, Any], named: Sequence[Input], catalogue: "Catalog", saga: Saga
) -> Answers:
    """The answers of the state that the named snapshots of tables hold."""
    try:
        day = datetime.fromisoformat(str(answers.get("as_of"))).astimezone(UTC).date()
    except ValueError as error:
        raise _InputsUnfit("The answers do not say of which day they are.") from error
    result = answers_of(named_state(catalogue, saga, day, named), saga)
    objects = tuple(each for each in named if not each.table)
    return replace(result, inputs=(*objects, *result.inputs))


def _from_objects(named: Sequence[Input], lake: Lake, saga: Saga) -> Answers:
    """The answers of the objects that are named, as far as they are in the lake."""
    if len(named) not in {1, 3}:
        raise _InputsUnfit(gettext("the table; with deleted films, candidates and details too"))
    frames, read = [], []
    for each in named:
        try:
            data, stored = lake.read(lake.key(each.uri))
            frames.append(from_parquet(data))
        except (ObjectMissing, ValueError, OSError) as error:
            raise _InputsUnfit(str(error)) from error
        except LakeError as error:
            if each.uri.startswith(lake.uri("")):  # the lake fails: nothing is known
                raise
            raise _InputsUnfit(str(error)) from error
        read.append({"uri": stored.uri, "sha256": stored.sha256 or ""})
    table, *rest = frames
    deleted = names_of(deleted_films(*rest)) if rest else ()
    return answer_questions(table, saga=saga.slug, inputs=read, deleted=deleted)


def _flat(result: Mapping[str, Any]) -> dict[str, Any]:
    """The object's fields, the answers one by one."""
    answers = {f"answers.{name}": value for name, value in result.get("answers", {}).items()}
    return {**{name: value for name, value in result.items() if name != "answers"}, **answers}


def _one_row_a_day() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        twice = table[table.duplicated(["observed_on", "tmdb_id"], keep=False)]
        days = len(days_of(table))
        seen = gettext("rows: {rows}; days: {days}", rows=grouped(len(table)), days=grouped(days))
        return Finding(records(twice), seen, {"rows": len(table), "days": days})

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
            "threshold": gettext("no change"),
        }
        seen = gettext("compared days: {days}", days=facts["days_compared"])
        return Finding([asdict(drift) for drift in drifted_figures(table)], seen, facts)

    return Rule(
        "figures_drifted",
        "No budget and no revenue changed since the last snapshot that states them: TMDB's "
        "editors correct figures years later, and the answers move with them.",
        find,
    )
