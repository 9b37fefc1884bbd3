"""Corrected lines: rejected lines that people have corrected, and that are rows of the table then.

They are kept beside the landed bytes, which never change, by the physical line that each replaces,
and are read in the dialect and with the types of their file.
Not here: which lines are rejected (`reading`), and the command (`rejects`).
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES, scan
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeFailed, ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext, in_english

JSON_LINES = "application/x-ndjson"


class Correction(BaseModel):
    """A corrected line.

    Attributes:
        file: Name of its file, as the landing's manifest has it.
        line: The physical line that it stands for; the first is 1.
        text: The record as it should have been.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    line: int = Field(ge=1, strict=True)
    text: str = Field(max_length=MAXIMUM_LINE_BYTES)


@dataclass(frozen=True)
class CorrectedRows:
    """The outcome of the corrected lines of a file.

    Attributes:
        table: Their rows, a Parquet file; None where there are none.
        lines: The lines that are rows.
        refused: Why the others are not, by line.
    """

    table: Path | None
    lines: frozenset[int]
    refused: Mapping[int, str]


def json_lines(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Objects as JSON, one a line."""
    return b"".join(f"{json.dumps(each, ensure_ascii=False)}\n".encode() for each in entries)


def read_corrections(lake: Lake, landed_key: str) -> dict[int, Correction]:
    """The corrected lines of a landed file, by line.

    Raises:
        LakeError: The lake failed, or holds something else there.
    """
    try:
        data, stored = lake.read(keys.corrected_lines(landed_key))
    except ObjectMissing:
        return {}
    try:
        found = [Correction.model_validate_json(line) for line in data.splitlines()]
    except ValidationError as error:
        raise LakeFailed(
            gettext(
                "{uri} does not hold corrected lines: remove it, and correct the lines again.",
                uri=stored.uri,
            )
        ) from error
    return {each.line: each for each in found}


def write_corrections(lake: Lake, landed_key: str, corrections: Iterable[Correction]) -> None:
    """Keep the corrected lines of a landed file, in place of those before.

    Raises:
        LakeError: The lake failed.
    """
    ordered = sorted(corrections, key=lambda each: each.line)
    data = json_lines(each.model_dump() for each in ordered)
    lake.write(keys.corrected_lines(landed_key), data, JSON_LINES)


def read_rows(
    corrections: Sequence[Correction],
    reading: Reading,
    options: DatasetOptions,
    sessions: SessionPool,
) -> CorrectedRows:
    """Read corrected lines as the lines of their file are read.

    Args:
        corrections: The lines.
        reading: What was read of the file itself.
        options: What the user declared of the dataset.
        sessions: DuckDB.
    """
    refused = {each.line: why for each in corrections if (why := _obstacle(each.text))}
    ordered = sorted(
        (each for each in corrections if each.line not in refused), key=lambda each: each.line
    )
    table = reading.table.with_stem(f"{reading.table.stem}-corrected")
    try:
        found = _read(ordered, table, reading, options, sessions)
    except CsvRejected as error:
        return CorrectedRows(None, frozenset(), {**refused, **_all(ordered, str(error))})
    if found.lines != len(ordered):
        # Some are not one record each: each is read alone, and what is one is read once more.
        refused |= {
            each.line: why
            for each in ordered
            if (why := _reason_alone(each, table, reading, options, sessions))
        }
        return replace(
            again := read_rows(
                [each for each in ordered if each.line not in refused], reading, options, sessions
            ),
            refused={**refused, **again.refused},
        )
    starts = _first_lines(ordered)
    for line in found.rejected:
        refused[ordered[bisect_right(starts, line.line) - 1].line] = line.reason
    lines = frozenset(each.line for each in ordered) - refused.keys()
    return CorrectedRows(table if lines else None, lines, refused)


def _obstacle(text: str) -> str | None:
    """Why a text cannot be a record, whatever the dialect."""
    if not text.strip():
        return in_english("it is blank")
    return in_english("it contains a NUL character") if "\0" in text else None


def _all(corrections: Iterable[Correction], reason: str) -> dict[int, str]:
    return {each.line: reason for each in corrections}


def _reason_alone(
    correction: Correction,
    table: Path,
    reading: Reading,
    options: DatasetOptions,
    sessions: SessionPool,
) -> str | None:
    """Why a line is not one record that fits its file; None where it is."""
    try:
        found = _read([correction], table, reading, options, sessions)
    except CsvRejected as error:
        return str(error)
    if found.lines != 1:
        return in_english("it is {lines} records, and stands for one", lines=found.lines)
    return found.rejected[0].reason if found.rejected else None


def _read(
    corrections: Sequence[Correction],
    table: Path,
    reading: Reading,
    options: DatasetOptions,
    sessions: SessionPool,
) -> Reading:
    path = table.with_suffix(".csv")
    lines = [_header(reading), *(each.text for each in corrections)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    try:
        declared = _declared(reading, options)
        return sessions.read(path, table, scan(path), declared, name=path.name)
    finally:
        path.unlink()


def _header(reading: Reading) -> str:
    """A header of as many names; the challenge's files are known by theirs."""
    dialect = reading.dialect
    numbered = (f"c{number}" for number in range(len(dialect.columns)))
    return dialect.delimiter.join(dialect.columns if dialect.is_challenge else numbered)


def _declared(reading: Reading, options: DatasetOptions) -> DatasetOptions:
    """Options that describe the dialect and the types of a file in full."""
    dialect = reading.dialect
    declared: dict[str, object] = {
        "skip": None,
        "comment": None,
        "delimiter": dialect.delimiter,
        "encoding": "utf-8",
        "on_error": "reject",
    }
    if not dialect.is_challenge:
        declared |= {
            "quote": dialect.quote,
            "escape": dialect.escape if dialect.escape != dialect.quote else None,
            "header": True,
            "columns": tuple(dialect.columns),
            "types": dict(reading.types),
        }
    return options.model_copy(update=declared)


def _first_lines(corrections: Sequence[Correction]) -> list[int]:
    """The physical line of the temporary file in which each begins."""
    starts, line = [], 2  # below the header
    for each in corrections:
        starts.append(line)
        line += 1 + each.text.count("\n")
    return starts
