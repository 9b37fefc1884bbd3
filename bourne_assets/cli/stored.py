"""Reads what runs stored of a saga. Not here: how it is made, and how it is printed."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from bourne_assets.answers.questions import Answers, answer_questions, parse_answers
from bourne_assets.asset_names import INSIGHT_METRICS, SAGA_HISTORY, SAGA_REPORT
from bourne_assets.cli.common import naming
from bourne_assets.errors import BourneError
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import films_as_of
from bourne_assets.tables import from_json, from_parquet, origin_of
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

Value = TypeVar("Value")


def read_answers(lake: Lake, saga: Saga) -> Answers:
    """The stored answers of a saga.

    Raises:
        BourneError: There are none, or the object cannot be read.
        LakeError: The lake failed.
    """

    def decoded(data: bytes, origin: dict[str, str]) -> Answers:
        return parse_answers(from_json(data), origin["uri"], saga.slug)

    return _read(lake, saga, INSIGHT_METRICS, "json", decoded)


def read_report(lake: Lake, saga: Saga) -> bytes:
    """The stored report of a saga; errors as `read_answers`."""
    return _read(lake, saga, SAGA_REPORT, "html", lambda data, _: data)


def read_history(lake: Lake, saga: Saga) -> pd.DataFrame:
    """The stored history of a saga, which knows its object; errors as `read_answers`."""

    def decoded(data: bytes, origin: dict[str, str]) -> pd.DataFrame:
        history = from_parquet(data)
        history.attrs.update(origin)
        return history

    return _read(lake, saga, SAGA_HISTORY, "parquet", decoded)


def _read(
    lake: Lake,
    saga: Saga,
    asset: str,
    suffix: str,
    decoded: Callable[[bytes, dict[str, str]], Value],
) -> Value:
    key = keys.table(keys.REFINED, (*saga.key_prefix, asset), suffix)
    try:
        data, stored = lake.read(key)
    except ObjectMissing as error:
        raise BourneError(
            gettext(
                "There are no answers yet about {title}: run `bourne run{option}`.",
                title=saga.title,
                option=naming(saga),
            )
        ) from error
    try:
        return decoded(data, {"uri": stored.uri, "sha256": stored.sha256 or ""})
    except (ValueError, TypeError, OSError) as error:  # Arrow's errors are such
        raise BourneError(
            gettext(
                "The object {uri} cannot be read: run `bourne run{option}`.",
                uri=lake.uri(key),
                option=naming(saga),
            )
        ) from error


def answers_of_days(
    lake: Lake, catalogue: "Catalog", saga: Saga, days: list[date]
) -> list[Answers]:
    """The answers from the tables, one object a day.

    Where the tables say nothing, from the history that a version before them left in the lake.

    Raises:
        NoSnapshot: Nothing is known of the saga on one of the days.
    """
    from bourne_assets.star.answers import answers_of
    from bourne_assets.star.states import newest_state

    states = [newest_state(catalogue, saga, day) for day in days]
    known = [state for state in states if state is not None]
    if len(known) == len(days):
        return [answers_of(state, saga) for state in known]
    history = read_history(lake, saga)
    found = [films_as_of(history, day, saga) for day in days]
    inputs = origin_of(history)
    return [
        answer_questions(each.films, saga=saga.slug, inputs=inputs, money_of=each.money_of)
        for each in found
    ]
