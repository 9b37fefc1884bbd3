"""Corrected lines: rejected lines that people have corrected, and that are rows of the table then.

They are kept beside the landed bytes, which never change, by the physical line that each replaces,
and are read in the dialect and with the types of their file.
Not here: which lines are rejected (`reading`), and the command (`rejects`).
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.duckdb_session import parquet
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
    corrected = _CorrectedLines(reading, options, sessions)
    corrected.take(ordered)
    refused |= corrected.refused
    lines = frozenset(each.line for each in ordered) - refused.keys()
    return CorrectedRows(corrected.table() if lines else None, lines, refused)


def _obstacle(text: str) -> str | None:
    """Why a text cannot be a record, whatever the dialect."""
    if not text.strip():
        return in_english("it is blank")
    return in_english("it contains a NUL character") if "\0" in text else None


class _CorrectedLines:
    """Corrected lines of one file: tables of those that are rows, and why others are not."""

    def __init__(self, reading: Reading, options: DatasetOptions, sessions: SessionPool) -> None:
        self._reading = reading
        self._options = options
        self._sessions = sessions
        self._table = reading.table.with_stem(f"{reading.table.stem}-corrected")
        self._parts: list[Path] = []
        self.refused: dict[int, str] = {}

    def take(self, corrections: Sequence[Correction]) -> None:
        """Read lines at once where each is one record then, else in halves.

        What is not one record changes how the others are read, and together lines can look like
        something else than rows: words above numbers are taken for units. As many records as lines
        prove that each is one where no text has several lines.
        """
        if not corrections:
            return
        is_one = len(corrections) == 1
        fault = self._fault(corrections) if is_one or not any(map(_has_lines, corrections)) else ""
        if fault is None:
            return
        if is_one:
            self.refused[corrections[0].line] = fault
            return
        middle = len(corrections) // 2
        self.take(corrections[:middle])
        self.take(corrections[middle:])

    def _fault(self, corrections: Sequence[Correction]) -> str | None:
        """Why lines are not one record each; None where they are, and are kept."""
        part = self._table.with_stem(f"{self._table.stem}-{corrections[0].line}")
        try:
            found = self._read(corrections, part)
        except CsvRejected as error:
            return str(error)
        if found.lines != len(corrections):
            part.unlink()
            return in_english("it is {lines} records, and stands for one", lines=found.lines)
        self._keep(corrections, found)
        return None

    def table(self) -> Path:
        """The rows, in the order of their lines."""
        if len(self._parts) == 1:
            return self._parts[0]
        with self._sessions.session(0) as session:
            query = f"SELECT * FROM {parquet(*self._parts)}"
            session.write_table(query, self._table, len(self._reading.types))
        for part in self._parts:
            part.unlink()
        return self._table

    def _keep(self, corrections: Sequence[Correction], found: Reading) -> None:
        starts = _first_lines(corrections)
        for line in found.rejected:
            self.refused[corrections[bisect_right(starts, line.line) - 1].line] = line.reason
        if found.rows:
            self._parts.append(found.table)
        else:
            found.table.unlink()

    def _read(self, corrections: Sequence[Correction], table: Path) -> Reading:
        path = table.with_suffix(".csv")
        lines = [_header(self._reading), *(each.text for each in corrections)]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
        try:
            declared = _declared(self._reading, self._options)
            return self._sessions.read(path, table, scan(path), declared, name=path.name)
        finally:
            path.unlink()


def _has_lines(correction: Correction) -> bool:
    return "\n" in correction.text or "\r" in correction.text


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
        "header": True,
        "columns": tuple(dialect.columns),
    }
    if not dialect.is_challenge:
        declared |= {
            "quote": dialect.quote,
            "escape": dialect.escape if dialect.escape != dialect.quote else None,
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
