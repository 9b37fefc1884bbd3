"""The rows of a CSV file: DuckDB reads them once, into a Parquet file, and names what does not fit.

Every record below the header is a row or a rejected line: they are counted independently, in the
bytes (`scan`, `normalise`) and by DuckDB.
Not here: how a file is to be read (`dialect`), and where its copy goes (`landing`).
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import CHALLENGE_TYPES, DatasetOptions
from bourne_assets.csvs.reading.column_types import found_types
from bourne_assets.csvs.reading.dialect import Dialect, detect_dialect
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, Fault, identifier, literal
from bourne_assets.csvs.reading.normalise import (
    MAXIMUM_REJECTED,
    MAXIMUM_TEXT_BYTES,
    NormalisedCopy,
    RejectedLine,
    normalise,
    rejected_line,
)
from bourne_assets.csvs.reading.scan import (
    BLOCK,
    MAXIMUM_LINE_BYTES,
    Scan,
    blank_lines,
    blocks_of,
    scan,
    weigh_utf8,
)
from bourne_assets.csvs.reading.summaries import Summary

_DUCKDB_LINE_BYTES = 2 * 1024 * 1024
_BUFFER_BYTES = 8 * 1024 * 1024
_REASONS = {
    "INVALID ENCODING": "it holds bytes that are no utf-8",
    "UNQUOTED VALUE": "its quotes do not match",
}
#: What DuckDB says of a record that has run away with the lines after it.
_RUNAWAY = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")


@dataclass(frozen=True)
class Reading:
    """What a file holds.

    Attributes:
        dialect: How it was read.
        lines: Records below the header, counted in the bytes.
        rows: Those that fit the header; they lie in `table`.
        rejected: The others.
        types: DuckDB's types by column.
        cast_failures: Values that are no number where the challenge has one: how many, and one of
            them, by column. They are unknown in the table.
        table: A Parquet file.
        summary: What the table holds, where that was asked for.
    """

    dialect: Dialect
    lines: int
    rows: int
    rejected: Sequence[RejectedLine]
    types: Mapping[str, str]
    table: Path
    cast_failures: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    summary: Summary | None = None


def read_csv(
    path: Path,
    table: Path,
    *,
    found: Scan | None = None,
    said: DatasetOptions | None = None,
    session: DuckDbSession | None = None,
    stop: Callable[[], None] = lambda: None,
) -> Reading:
    """Read a file into a Parquet file.

    Args:
        path: The file.
        table: The Parquet file that is written.
        found: What stands in the file, if it was scanned already.
        said: What the user says of its dataset.
        session: DuckDB, if one is at hand.
        stop: Called now and then; what it raises ends the reading.

    Raises:
        CsvRejected: The file is no CSV file.
        OSError: It cannot be read.
    """
    said = said or DatasetOptions()
    found = found or scan(path, lambda _: stop())
    dialect = detect_dialect(path, found, said)
    with tempfile.TemporaryDirectory(prefix="bourne-csv-", dir=table.parent) as name:
        folder = Path(name)
        session = session or DuckDbSession(table.parent, source=path)
        job = _Job(path, folder, table, found, said, dialect, session, stop)
        reads_directly = found.reads_directly and dialect.encoding == "utf-8"
        if reads_directly:
            reading = job.read()
            if reading is not None:
                return reading
            if path.stat().st_size != found.size:
                raise CsvRejected("it changed while it was read")
        reading = job.read_copy()
        if reading is None:
            raise CsvRejected("its lines cannot be told apart")
        return reading


@dataclass
class _Job:
    """One file on its way into a table."""

    path: Path
    folder: Path
    table: Path
    found: Scan
    said: DatasetOptions
    dialect: Dialect
    session: DuckDbSession
    stop: Callable[[], None]

    def read(self) -> Reading | None:
        """Read the file itself; None where its quotes lead DuckDB astray."""
        # DuckDB takes `*`, `?` and `[` in a path for a pattern: give it a link with a plain name.
        link = self.folder / "data.csv"
        if self.session.source == self.path:
            link.symlink_to(self.path.absolute())
        else:  # small, and the session can open nothing elsewhere
            shutil.copyfile(self.path, link)
        header = 1 if self.dialect.has_header else 0
        ends = sum(name.count("\n") for name in self.dialect.header) if header else 0
        reading = self._read(link, self.found.lines - header - ends, NormalisedCopy())
        if reading is not None and self._is_in_another_encoding(reading):
            return None
        return reading

    def _is_in_another_encoding(self, reading: Reading) -> bool:
        """Whether most letters are no UTF-8, which the first lines did not show."""
        if self.said.encoding or not any("utf-8" in line.reason for line in reading.rejected):
            return False
        encoding = weigh_utf8(blocks_of(self.path)).encoding
        self.dialect = replace(self.dialect, encoding=encoding)
        return encoding != "utf-8"

    def read_copy(self) -> Reading | None:
        """Read a plain copy."""
        copy = self.folder / "copy.csv"
        copied = normalise(self.path, copy, self.dialect, self.stop)
        self.dialect = replace(self.dialect, bom=b"")
        reading = self._read(copy, copied.records, copied)
        copy.unlink()
        return reading

    def _read(self, source: Path, lines: int, copied: NormalisedCopy) -> Reading | None:
        is_copy = source.name == "copy.csv"
        types = self._types(source)
        try:
            rows, types, cast_failures = self._convert(source, types)
        except duckdb.Error as error:
            self.stop()  # which may have been the cause
            if not is_copy:
                return None
            first = str(error).splitlines()[0][:300]
            raise CsvRejected(f"DuckDB cannot read it: {first}") from None
        faults = self.session.faults()
        if len(faults) >= MAXIMUM_REJECTED:
            raise CsvRejected(f"{MAXIMUM_REJECTED:,} lines or more do not fit its header")
        if not is_copy:
            lines -= self._uncounted(lines - rows - len(faults), types, faults)
            if rows + len(faults) != lines or _ran_away(faults):
                return None
        return Reading(
            self.dialect,
            lines,
            rows,
            self._rejected(source, faults, copied),
            types,
            self.table,
            cast_failures,
        )

    def _uncounted(self, missing: int, types: Mapping[str, str], faults: Sequence[Fault]) -> int:
        """Line feeds that end no record: those of blank lines, and those inside of quotes."""
        if missing <= 0:
            return 0
        blank = 0 if len(self.dialect.columns) == 1 else blank_lines(self.path)
        if blank == missing or not self.dialect.quote:
            return blank
        texts = [name for name, kind in types.items() if kind == "VARCHAR"]
        inside = self.session.line_ends(self.table, texts)
        return blank + inside + sum(fault.line_ends for fault in faults)

    def _types(self, source: Path) -> dict[str, str]:
        names = self.dialect.columns
        if self.dialect.is_challenge:
            types = {name: CHALLENGE_TYPES.get(name, "VARCHAR") for name in names}
        else:
            types = found_types(
                self.session,
                self._source(source, dict.fromkeys(names, "VARCHAR")),
                source,
                self.dialect,
                self.said.nulls,
            )
        return {name: self.said.type_of(name) or kind for name, kind in types.items()}

    def _convert(
        self, source: Path, types: dict[str, str]
    ) -> tuple[int, dict[str, str], dict[str, tuple[int, str]]]:
        """Write the table; what the types turn out not to fit is text, or unknown and named."""
        if self.dialect.is_challenge:
            try:
                return self._copy(source, types, "CAST"), types, {}
            except duckdb.ConversionException:
                rows = self._copy(source, types, "TRY_CAST")
                return rows, types, self._unreadable(source, types)
        while True:
            rows = self._copy(source, types, "")
            wrong = self.session.uncastable()
            if not wrong:
                return rows, types, {}
            names = {self.dialect.columns[number - 1] for number in wrong}
            types = {name: "VARCHAR" if name in names else kind for name, kind in types.items()}

    def _copy(self, source: Path, types: Mapping[str, str], cast: str) -> int:
        self.stop()
        native = dict.fromkeys(types, "VARCHAR") if cast else types
        selected = ", ".join(
            f"{self._value(f'c{number}', kind, cast)} AS {identifier(name)}"
            for number, (name, kind) in enumerate(types.items())
        )
        return self.session.write_table(
            f"SELECT {selected} FROM {self._source(source, native)}",
            self.table,
            len(types),
        )

    def _value(self, place: str, kind: str, cast: str) -> str:
        """Both null markers of the challenge are unknown; a bare `N` in a text is a letter."""
        if not cast:
            return place
        if kind == "VARCHAR":
            return f"nullif({place}, '\\N')"
        bom_encoding = f"nullif(nullif({place}, '\\N'), 'N')"
        return f"{cast}({bom_encoding} AS {kind})"

    def _unreadable(self, source: Path, types: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Values of the challenge's columns that are no number, and are unknown in the table."""
        typed = [(n, name) for n, (name, kind) in enumerate(types.items()) if kind != "VARCHAR"]
        wrong = [
            f"FILTER (c{n} NOT IN ('\\N', 'N') AND TRY_CAST(c{n} AS {types[name]}) IS NULL)"
            for n, name in typed
        ]
        counted = ", ".join(
            f"count(*) {each}, first(c{n}) {each}"
            for each, (n, _) in zip(wrong, typed, strict=True)
        )
        native = dict.fromkeys(types, "VARCHAR")
        (row,) = self.session.rows(f"SELECT {counted} FROM {self._source(source, native)}")
        found = {name: (row[2 * i], str(row[2 * i + 1])) for i, (_, name) in enumerate(typed)}
        return {name: example for name, example in found.items() if example[0]}

    def _source(self, source: Path, types: Mapping[str, str]) -> str:
        long = max(_DUCKDB_LINE_BYTES, min(self.found.longest_line + 2, MAXIMUM_LINE_BYTES + 2))
        if source.name == "copy.csv":
            long = MAXIMUM_LINE_BYTES + 2 if self._has_long_lines(source) else _DUCKDB_LINE_BYTES
        columns = ", ".join(f"'c{n}': {literal(kind)}" for n, kind in enumerate(types.values()))
        options = {
            "delim": literal(self.dialect.delimiter),
            "quote": literal(self.dialect.quote),
            "escape": literal(self.dialect.escape),
            "header": str(self.dialect.has_header).lower(),
            "columns": f"{{{columns}}}",
            "auto_detect": "false",
            "store_rejects": "true",
            "rejects_limit": str(MAXIMUM_REJECTED),
            "null_padding": "false",
            "strict_mode": "true",
            "max_line_size": str(long),
            "buffer_size": str(max(_BUFFER_BYTES, 2 * long)),
        }
        if self.said.nulls:
            options["nullstr"] = "[" + ", ".join(map(literal, ("", *self.said.nulls))) + "]"
        given = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"read_csv({literal(str(source))}, {given})"

    def _has_long_lines(self, copy: Path) -> bool:
        return copy.stat().st_size > _DUCKDB_LINE_BYTES

    def _rejected(
        self, source: Path, faults: Sequence[Fault], copied: NormalisedCopy
    ) -> list[RejectedLine]:
        """The lines that DuckDB did not take, with their numbers and texts."""
        if not faults:
            return []
        found: list[RejectedLine] = []
        with source.open("rb") as file:
            number, place = 1, 0
            for fault in faults:
                start = max(fault.start, place)
                number += _line_ends(file, place, start)
                file.seek(start)
                line = file.readline(MAXIMUM_TEXT_BYTES + 2)
                if line in {b"\n", b"\r\n"}:  # DuckDB points at the end of the line before
                    number += 1
                    start += len(line)
                    line = file.readline(MAXIMUM_TEXT_BYTES + 2)
                place = start
                noted = copied.noted.get(number)
                found.append(noted or self._described(number, fault, line, len(found)))
        return found

    def _described(self, number: int, fault: Fault, line: bytes, before: int) -> RejectedLine:
        expected = len(self.dialect.columns)
        if fault.kind == "MISSING COLUMNS":
            reason = f"it has {fault.column} of {expected} fields"
        elif fault.kind == "TOO MANY COLUMNS":
            reason = f"it has more than {expected} fields"
        else:
            reason = _REASONS.get(fault.kind, f"DuckDB cannot read it ({fault.kind.lower()})")
        text = line.rstrip(b"\r\n")
        return rejected_line(number, reason, text, max(fault.size, len(text)), before)


def _ran_away(faults: Sequence[Fault]) -> bool:
    return any(fault.kind in _RUNAWAY and fault.line_ends for fault in faults)


def _line_ends(file: Any, start: int, end: int) -> int:
    """Line feeds between two places of a file, read in blocks."""
    file.seek(start)
    count, left = 0, end - start
    while left > 0 and (block := file.read(min(BLOCK, left))):
        count += block.count(b"\n")
        left -= len(block)
    return count
