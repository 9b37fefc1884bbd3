"""What Dagster's events mean, as plain values. Not here: what is done with them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError

from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.runs.outcomes import Checked, ProgressLine, RunEvent, StepFailed, Stored
from bourne_assets.translations import gettext, retold

if TYPE_CHECKING:
    from dagster_shared.error import SerializableErrorInfo

INTERRUPTED = "interrupted"
#: Metadata of every check of the platform: the first offending rows, and how many there are.
OFFENDING, OFFENDING_COUNT = "offending", "offending_count"
#: This much of a rejected line is shown in a message.
_SHOWN_CHARACTERS = 80


def outcome_of(event: dg.DagsterEvent) -> RunEvent | None:
    """What a materialisation, a check, a failed step or a wait says; None for other events."""
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        return _stored(event)
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return _checked(event)
    if event.event_type == dg.DagsterEventType.STEP_FAILURE:
        return _failure(event)
    if event.event_type == dg.DagsterEventType.ENGINE_EVENT:
        return _wait(event)
    return None


def _stored(event: dg.DagsterEvent) -> Stored:
    """A materialisation: the asset, and the object or table in which its value is."""
    materialization = event.step_materialization_data.materialization
    metadata = materialization.metadata
    place = metadata.get("dagster/uri") or metadata.get("dagster/table_name")
    return Stored(
        materialization.asset_key.to_user_string(), str(place.value) if place is not None else ""
    )


def _checked(event: dg.DagsterEvent) -> Checked:
    """The evaluation of a check, with the names of the offending rows."""
    evaluation = event.asset_check_evaluation_data
    rows = evaluation.metadata.get(OFFENDING)
    records = getattr(rows, "records", ())
    return Checked(
        evaluation.asset_key.to_user_string(),
        evaluation.check_name,
        evaluation.passed,
        evaluation.severity == dg.AssetCheckSeverity.ERROR,
        tuple(_name(dict(record.data)) for record in records),
        int(getattr(evaluation.metadata.get(OFFENDING_COUNT), "value", len(records))),
    )


def _wait(event: dg.DagsterEvent) -> ProgressLine | None:
    """A step that begins to wait for its pool; Dagster repeats itself in other words."""
    pool = event.engine_event_data.metadata.get("pool")
    if pool is None or not str(event.message).startswith("Step blocked"):
        return None
    return ProgressLine(
        gettext(
            "Waiting for another run that uses the pool {pool} to be done with it.",
            pool=str(pool.value),
        )
    )


def _failure(event: dg.DagsterEvent) -> StepFailed | None:
    """The cause of a failed step; None for a blocking check, which is reported as such."""
    data = event.step_failure_data
    chain = list(_causes(data.error))
    if any(cause.cls_name == DagsterAssetCheckFailedError.__name__ for cause in chain):
        return None
    if any(cause.cls_name == dg.DagsterExecutionInterruptedError.__name__ for cause in chain):
        return StepFailed(str(event.step_key), INTERRUPTED, False)
    # Dagster keeps of an error the name of its class alone. Whatever raised it in this process has
    # imported that class; another process knows those that the definitions import.
    known = {kind.__name__: kind for kind in _all_subclasses(BourneError)}
    for cause in chain:
        kind = known.get(cause.cls_name or "")
        if kind is not None:
            return StepFailed(
                str(event.step_key), _text(cause), issubclass(kind, ConfigurationError)
            )
    if data.user_failure_data and data.user_failure_data.description:
        return StepFailed(str(event.step_key), data.user_failure_data.description, False)
    return StepFailed(str(event.step_key), _text(chain[-1]) if chain else "unknown", False)


def _name(row: dict[str, Any]) -> str:
    """What a person calls an offending row."""
    if row.get("line") is not None and row.get("file") is not None:
        text = str(row.get("text") or "")
        whole = len(text) <= _SHOWN_CHARACTERS
        shown = text if whole else f"{text[: _SHOWN_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
        return gettext(
            "{file} line {line}: {reason}: {shown}",
            file=row["file"],
            line=row["line"],
            reason=retold(str(row.get("reason"))),
            shown=shown,
        )
    for column in ("title", "file", "field", "column", "uri", "tmdb_id"):
        if row.get(column) is not None:
            return str(row[column])
    return str(next(iter(row.values()), ""))


def _causes(error: "SerializableErrorInfo | None") -> "Iterator[SerializableErrorInfo]":
    while error is not None:
        yield error
        error = error.cause


def _text(error: "SerializableErrorInfo") -> str:
    """The message without the name of the class, which Dagster puts before it."""
    text = str(error.message).strip()
    return text.partition(": ")[2] or text if error.cls_name else text


def _all_subclasses(kind: type[BourneError]) -> Iterator[type[BourneError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _all_subclasses(child)
