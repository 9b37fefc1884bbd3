"""Runs that sensors start to land CSV files: how they are found, and their outcome.

Not here: which files are landed (`folder_sensor`, `bucket_sensor`), and when a file is requested
again (`bourne_assets.csvs.intake.backlog`).
"""

import json
from collections.abc import Mapping

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG
from pydantic import BaseModel

from bourne_assets.csvs.intake.backlog import Backlog, RunOutcome
from bourne_assets.defs.csvs.assets import LANDED_FILES, NOT_FETCHED
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.translations import gettext, ngettext

_TAG_LENGTH = 200


def written(cursor: BaseModel) -> str:
    """A cursor as JSON, with spaces: the page of the sensor shows it, and breaks lines at them."""
    return json.dumps(cursor.model_dump(mode="json"), ensure_ascii=False)


def tags_of(request: str, name: str, values: list[str]) -> dict[str, str]:
    """Tags of a run: the key that it is found by, and for people the beginning of what it lands."""
    return {RUN_KEY_TAG: request, name: ", ".join(values)[:_TAG_LENGTH]}


def outcome_of(instance: dg.DagsterInstance, request: str) -> RunOutcome:
    """The outcome of the run with this key, or of its re-execution.

    A run that is not there was lost before it began, or deleted: that counts as a failure.
    """
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: request}))
    for run in runs:
        if run.is_success:
            left = _not_fetched(instance, run.run_id) or frozenset()
            return RunOutcome(is_over=True, succeeded=True, landed=True, left=left)
    if any(not run.is_finished for run in runs):
        return RunOutcome(is_over=False)
    landed = any(_not_fetched(instance, run.run_id) is not None for run in runs)
    return RunOutcome(is_over=True, landed=landed)


def last_landed(instance: dg.DagsterInstance) -> Mapping[str, str]:
    """SHA-256 by name of the files that the newest landing left in the lake."""
    event = instance.get_latest_materialization_event(RAW_CSVS)
    made = event.asset_materialization if event else None
    value = made.metadata.get(LANDED_FILES) if made else None
    data = value.data if isinstance(value, dg.JsonMetadataValue) else None
    return data if isinstance(data, dict) else {}


def waiting_text(backlog: Backlog) -> str:
    """What is on its way or failed, for people; nothing where nothing is."""
    parts = []
    if backlog.in_flight:
        parts.append(
            gettext("{in_flight} are in runs that are not over.", in_flight=backlog.in_flight)
        )
    if again := backlog.next_try():
        name, when = again
        failures = backlog.waiting[name].failures
        parts.append(
            ngettext(
                "{name!r} is tried again at {when:%Y-%m-%d %H:%M} UTC, after {n} failed run.",
                "{name!r} is tried again at {when:%Y-%m-%d %H:%M} UTC, after {n} failed runs.",
                failures,
                name=name,
                when=when,
            )
        )
    return " ".join(parts)


def _not_fetched(instance: dg.DagsterInstance, run_id: str) -> frozenset[str] | None:
    """Keys that the landing of a run could not fetch; None where it did not get to its end."""
    records = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    for record in records:
        materialization = record.event_log_entry.asset_materialization
        if materialization is not None and materialization.asset_key == RAW_CSVS:
            value = materialization.metadata.get(NOT_FETCHED)
            names = value.data if isinstance(value, dg.JsonMetadataValue) else None
            return frozenset(map(str, names or ()))
    return None
