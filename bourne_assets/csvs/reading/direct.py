"""A plain file as DuckDB reads it: one delimiter, no quotes, one kind of line end.

Not here: files that need more care (`normalise`), and types (`conversion`).
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.conversion import Source
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, RejectedRecord
from bourne_assets.csvs.reading.normalise import (
    MAXIMUM_REJECTED,
    MAXIMUM_TEXT_BYTES,
    RejectedLine,
    rejected_line,
)
from bourne_assets.csvs.reading.scan import BLOCK, MAXIMUM_LINE_BYTES, Scan, blank_lines
from bourne_assets.sql import literal
from bourne_assets.translations import in_english

_DUCKDB_LINE_BYTES = 2 * 1024 * 1024
_BUFFER_BYTES = 8 * 1024 * 1024
#: DuckDB takes any number of empty fields at a record's end for nothing while the empty text means
#: null. A text that no plain file holds, as a NUL is in it, makes them surplus fields.
_NO_NULL = "\x01\x02 no null \x02\x01"

#: What surrounds the names of a repeated header, as behind a page break.
_BLANKS, _MORE_BLANKS = " \t\f\v", 4


@dataclass
class DirectSource:
    """A plain file.

    Attributes:
        path: The file.
        folder: For temporary files.
        dialect: How it is read.
        found: What is in it.
        nulls: Texts that mean an unknown value.
    """

    path: Path
    folder: Path
    dialect: Dialect
    found: Scan
    nulls: Sequence[str]

    def source(self, session: DuckDbSession) -> Source:
        """Its columns of texts, without rows that repeat the header."""
        # DuckDB takes `*`, `?` and `[` in a path for a pattern: give it a link with a plain name.
        link = self.folder / "data.csv"
        if session.source == self.path or self.path.parent == self.folder:
            link.symlink_to(self.path.absolute())
        else:  # small, and the session can open nothing elsewhere
            shutil.copyfile(self.path, link)
        names = [f"c{n}" for n in range(self.dialect.width)]
        empty = ", ".join(map(literal, ("", *self.nulls)))
        texts = ", ".join(
            f"CASE WHEN {name} NOT IN ({empty}) THEN {name} END AS {name}"
            if self.nulls
            else f"nullif({name}, '') AS {name}"
            for name in names
        )
        again = ""
        if self.dialect.has_header:
            header = [text.strip().lower() for text in self.dialect.header]
            same = " AND ".join(
                f"lower(trim({name}, {literal(_BLANKS)})) = {literal(text)}"
                for name, text in zip(names, header, strict=False)
            )
            if first := header[0]:  # few rows may have it, and that is seen faster
                most = len(self.dialect.header[0].encode()) + _MORE_BLANKS
                has_name = f"contains(lower(c0), {literal(first)})"
                same = f"CASE WHEN strlen(c0) <= {most} AND {has_name} THEN {same} ELSE false END"
            again = f" WHERE NOT ({same})"
        return Source(f"(SELECT {texts} FROM {self._read_csv(link)}{again})", has_lines=False)

    def records(self, seen: int) -> int | None:
        """The records below the header, counted in the bytes; None where others were seen."""
        lines = self._lines
        if lines - seen > 0 and len(self.dialect.columns) > 1:
            lines -= blank_lines(self.path)
        return lines if lines == seen else None

    def rejected(self, session: DuckDbSession) -> list[RejectedLine]:
        """The lines that DuckDB did not take, with their numbers and texts.

        Raises:
            CsvRejected: They are very many.
        """
        faults = session.rejects()
        if len(faults) >= MAXIMUM_REJECTED:
            raise CsvRejected(
                in_english(
                    "{maximum_rejected:,} lines or more do not fit its header",
                    maximum_rejected=MAXIMUM_REJECTED,
                )
            )
        found: list[RejectedLine] = []
        if not faults:
            return found
        with self.path.open("rb") as file:
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
                found.append(self._described(number, fault, line, len(found)))
        return found

    def line_of(self, rejected: Sequence[RejectedLine], seen: int) -> Callable[[int], int] | None:
        """The physical line of a row, counted from 0; None where blank lines are among them.

        Args:
            rejected: The lines that are no rows.
            seen: How many lines are rows or rejected.
        """
        if self._lines > seen:
            return None
        bad = [line.line for line in rejected]

        def line(row: int) -> int:
            number = self.dialect.first_line + row
            for each in bad:
                if each <= number:
                    number += 1
            return number

        return line

    @property
    def _lines(self) -> int:
        """The lines below the header, blank ones among them."""
        return self.found.lines - (self.dialect.first_line - 1)

    def _described(
        self, number: int, fault: RejectedRecord, line: bytes, before: int
    ) -> RejectedLine:
        expected = self.dialect.width
        if fault.kind == "MISSING COLUMNS":
            reason = in_english(
                "it has {column} of {expected} fields", column=fault.column, expected=expected
            )
        elif fault.kind == "TOO MANY COLUMNS":
            reason = in_english("it has more than {expected} fields", expected=expected)
        elif fault.kind == "INVALID ENCODING":
            reason = in_english("it contains bytes that are not valid UTF-8")
        else:
            reason = in_english("DuckDB cannot read it ({kind})", kind=fault.kind.lower())
        text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
        return rejected_line(number, reason, text, before, fault.size)

    def _read_csv(self, source: Path) -> str:
        long = max(_DUCKDB_LINE_BYTES, min(self.found.longest_line + 2, MAXIMUM_LINE_BYTES + 2))
        columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(self.dialect.width))
        has_quotes = self.found.has_quote or self.dialect.quote != '"'
        options = {
            "delim": literal(self.dialect.delimiter),
            "quote": literal(self.dialect.quote if has_quotes else ""),
            "escape": literal(self.dialect.escape if has_quotes else ""),
            "header": "false",
            "skip": str(self.dialect.first_line - 1),
            "columns": f"{{{columns}}}",
            "auto_detect": "false",
            "store_rejects": "true",
            "rejects_limit": str(MAXIMUM_REJECTED),
            "null_padding": "false",
            "strict_mode": "true",
            "nullstr": literal(_NO_NULL),
            "max_line_size": str(long),
            "buffer_size": str(max(_BUFFER_BYTES, 2 * long)),
        }
        given = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"read_csv({literal(str(source))}, {given})"


def _line_ends(file: Any, start: int, end: int) -> int:
    """Line feeds between two places of a file, read in blocks."""
    file.seek(start)
    count, left = 0, end - start
    while left > 0 and (block := file.read(min(BLOCK, left))):
        count += block.count(b"\n")
        left -= len(block)
    return count
