"""A file's records as a table of texts, where DuckDB would not read the lines as they are.

Records are divided and counted here: a line that breaks the file's grammar, or has another number
of fields, is rejected with its number; what is left is written as text, in constant memory.
Not here: how a record is divided (`records`), and what the texts mean (`column_types`).
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.bounds import DiskRoom
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.footers import FOOTER
from bourne_assets.csvs.reading.layout import folded
from bourne_assets.csvs.reading.records import (
    REVERSED,
    TWICE,
    Fields,
    Line,
    Record,
    RecordReader,
    split_lines,
)
from bourne_assets.csvs.reading.scan import BLOCK, END_MARK, MAXIMUM_LINE_BYTES
from bourne_assets.csvs.reading.swallowed import shape_of
from bourne_assets.translations import in_english

#: This much of a rejected line is kept beside its reason, and less of it where there are many; all
#: of it is in the landed file.
MAXIMUM_TEXT_BYTES = 64 * 1024
_SHORT_TEXT_BYTES = 1024
_LONG_TEXTS = 100
#: Each rejected line is kept in memory; a file with this many is another format.
MAXIMUM_REJECTED = 100_000
#: Records are written in groups: this many values, or this much text.
_GROUP_VALUES = 200_000
_GROUP_CHARACTERS = 4 * 1024 * 1024
#: The column with the physical line of a record.
LINE = "line"
#: The byte order mark, in whatever encoding: files that were put together have some in the middle.
MARK = "\ufeff"
_ESCAPED = re.compile("[\udc80-\udcff\ufffe]")


@dataclass(frozen=True)
class RejectedLine:
    """A line that is not a row.

    Attributes:
        line: Its number in the file; the first is 1.
        reason: Why it is not.
        text: Its text, which may be cut.
        size: All of its bytes.
        is_misfit: Whether it is a record with a value that is not of its declared type.
    """

    line: int
    reason: str
    text: str
    size: int
    is_misfit: bool = False


@dataclass
class NormalisedCopy:
    """The outcome of a copy.

    Attributes:
        records: Records below the header, rejected ones included.
        rejected: The rejected ones, in order.
        is_quoted: Whether all fields are quoted, so that `""` is the only way to write nothing.
    """

    records: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)
    is_quoted: bool = True


def normalise(
    path: Path,
    target: Path,
    dialect: Dialect,
    nulls: Sequence[str],
    stop: Callable[[], None],
) -> NormalisedCopy:
    """Write the records of a file as a Parquet file of texts, `c0`, `c1` ..., and their `line`.

    Args:
        path: The file, not compressed.
        target: The Parquet file.
        dialect: The file's dialect.
        nulls: Texts that mean an unknown value where they are not quoted.
        stop: Called between blocks; what it raises ends the copy.

    Raises:
        CsvRejected: Too many lines do not parse, or the copy would be too large.
        OSError: The file cannot be read, or the copy not written.
    """
    room = DiskRoom(target.parent)

    def go_on() -> None:
        stop()
        room.take(BLOCK)

    with _Writer(target, dialect, nulls) as writer:
        for record in records_in(path, dialect, go_on):
            writer.add(record)
        writer.flush()
    return writer.result


def records_in(path: Path, dialect: Dialect, stop: Callable[[], None]) -> Iterator[Record]:
    """The records of a file, with the header and what is above it.

    Args:
        path: The file, not compressed.
        dialect: The file's dialect.
        stop: Called between blocks; what it raises ends it.

    Raises:
        OSError: The file cannot be read.
    """
    shape = shape_of(dialect.grammar, dialect.width, dialect.rows)
    are_records = shape.is_of_each if shape else lambda *_: False
    reader = RecordReader(dialect.grammar, are_records, dialect.comment)
    for lines in _lines(path, dialect, stop):
        yield from reader.take(line for line in lines if line.number > dialect.skipped)
    yield from reader.end()


class _Writer:
    """Judges records and writes those that are rows."""

    def __init__(self, target: Path, dialect: Dialect, nulls: Sequence[str]) -> None:
        self.result = NormalisedCopy()
        self._dialect = dialect
        self._nulls = frozenset(nulls)
        self._header = folded(dialect.header) if dialect.has_header else None
        is_plain = dialect.width == len(dialect.columns) and not dialect.footers
        self._plain_width = dialect.width if is_plain else -1
        self._is_one_column = dialect.width == 1 and len(dialect.columns) == 1
        self._rows: list[Fields] = []
        self._lines: list[int] = []
        self._characters = 0
        names = [*(f"c{n}" for n in range(len(dialect.columns))), LINE]
        kinds = [*([pa.string()] * len(dialect.columns)), pa.int64()]
        self._schema = pa.schema(list(zip(names, kinds, strict=True)))
        self._file = pq.ParquetWriter(target, self._schema, compression="lz4")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        """Take the next record."""
        dialect = self._dialect
        if record.line < dialect.first_line:
            if record.fault:  # it may be the header
                self.result.records += 1
                self._reject(record, record.fault)
            return
        is_alone = len(record.fields) <= 1 and not self._is_one_column  # nothing divides it
        if is_alone and not record.fault and dialect.grammar.is_blank(record.text):
            return
        self.result.records += 1
        fields, fault = record.fields, record.fault
        if not fault and (len(fields) != self._plain_width or self._is_header(fields)):
            fields, fault = self._fitting(record)
        fault = fault or self._fault_of_quotes(record)
        if fault:
            self._reject(record, fault)
            return
        if self._nulls and self._may_have_nulls(record, fields):
            fields = dialect.grammar.with_nulls(record.text, fields, self._nulls)
        self._rows.append(fields)
        self._lines.append(record.line)
        self._characters += len(record.text)
        full = len(self._rows) * dialect.width >= _GROUP_VALUES
        if full or self._characters >= _GROUP_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the records that wait."""
        if self._rows:
            columns = [pa.array(values, pa.string()) for values in zip(*self._rows, strict=True)]
            table = [*columns, pa.array(self._lines, pa.int64())]
            self._file.write_table(pa.Table.from_arrays(table, schema=self._schema))
        self._rows, self._lines, self._characters = [], [], 0

    def _fitting(self, record: Record) -> tuple[Fields, str]:
        """The fields of a whole record, and why it is not a row."""
        dialect, fields = self._dialect, record.fields
        found, width = len(fields), dialect.width
        if self._is_header(fields):
            return fields, in_english("it repeats the header")
        if record.text in dialect.footers:
            return fields, FOOTER
        if found > width:
            return fields, in_english("it has more than {width} fields", width=width)
        if found < width and not dialect.pads:
            return fields, in_english("it has {found} of {width} fields", found=found, width=width)
        if dialect.drops_last and found == width:
            if fields[-1] is not None:
                return fields, in_english(
                    "it has more than {count} fields", count=len(dialect.columns)
                )
            fields = fields[:-1]
        missing = len(dialect.columns) - len(fields)
        return ([*fields, *[None] * missing] if missing else fields), ""

    def _is_header(self, fields: Fields) -> bool:
        header = self._header
        return (
            header is not None
            and len(fields) == len(header)
            and (fields[0] or "").strip().casefold() == header[0]
            and folded(fields) == header
        )

    def _may_have_nulls(self, record: Record, fields: Fields) -> bool:
        r"""Whether a null may be among the fields, as it is or with an escape in it: `\N`."""
        grammar = self._dialect.grammar
        has_escapes = grammar.escapes_all and grammar.escape in record.text
        return has_escapes or not self._nulls.isdisjoint(fields)

    def _fault_of_quotes(self, record: Record) -> str:
        """Why a record is not one where all fields so far were enclosed."""
        if not self.result.is_quoted or self._quotes_all(record):
            return ""
        is_lost = self._dialect.grammar.has_bare_quote(record.text)
        if is_lost and self._dialect.grammar.quote and self.result.records > 1:
            return in_english("unbalanced quotes")
        self.result.is_quoted = False
        return ""

    def _quotes_all(self, record: Record) -> bool:
        grammar = self._dialect.grammar
        return (
            bool(grammar.quote)
            and record.text.lstrip(" ").startswith(grammar.quote)
            and all(grammar.are_quoted(record.text))
        )

    def _reject(self, record: Record, fault: str) -> None:
        rejected = self.result.rejected
        rejected.append(rejected_line(record.line, fault, record.text, len(rejected), record.size))
        if len(rejected) >= MAXIMUM_REJECTED:
            raise CsvRejected(
                in_english(
                    "{maximum_rejected:,} lines or more do not parse",
                    maximum_rejected=MAXIMUM_REJECTED,
                )
            )


def rejected_line(number: int, reason: str, text: str, before: int, size: int = 0) -> RejectedLine:
    """A rejected line as text; bytes that are not text are escaped, and a long one is cut.

    Args:
        number: Number of the line in its file; the first is 1.
        reason: Why it is rejected.
        text: Its text, or the first of it; bytes that are not text as surrogates.
        before: How many lines have been rejected before.
        size: How many bytes it has, where the text is cut.
    """
    most = MAXIMUM_TEXT_BYTES if before < _LONG_TEXTS else _SHORT_TEXT_BYTES
    data = text.encode("utf-8", "surrogateescape")
    return RejectedLine(
        number, reason, data[:most].decode("utf-8", "backslashreplace"), max(size, len(data))
    )


def _lines(path: Path, dialect: Dialect, stop: Callable[[], None]) -> Iterator[list[Line]]:
    """The lines of a file, block by block; what no reader should see has a fault."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)(_errors(dialect.encoding))
    ends = dialect.grammar.ends
    held, skipped, number = "", 0, 1
    with path.open("rb", buffering=0) as source:
        source.read(len(dialect.bom))
        while block := source.read(BLOCK):
            stop()
            text = held + decoder.decode(block)
            place = _end_of_last_line(text, ends)
            held = text[place:]
            if place:
                lines = split_lines(text[:place], ends, number)
                number += len(lines)
                yield _judged(lines, skipped, dialect)
                skipped = 0
            if len(held) > MAXIMUM_LINE_BYTES:
                skipped += len(held) - MAXIMUM_TEXT_BYTES
                held = held[:MAXIMUM_TEXT_BYTES]
    rest = (held + decoder.decode(b"", final=True)).rstrip(END_MARK)
    lines = split_lines(rest, ends, number)
    yield _judged(lines, skipped, dialect)


def _end_of_last_line(text: str, ends: str) -> int:
    """The place after the last line end; one character at the end may be half of one."""
    if ends == TWICE:
        return text.rfind("\n") + 1
    if len(ends) > 1:
        text = text.removesuffix("\n" if ends == REVERSED else "\r")
    return max(text.rfind(end) for end in ends) + 1


def _errors(encoding: str) -> str:
    """Bytes that are not text become surrogates, or U+FFFD where no byte stands for itself."""
    return "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _judged(lines: list[Line], skipped: int, dialect: Dialect) -> list[Line]:
    """The lines with their faults; of the first, this many characters were skipped."""
    if skipped:
        first = lines[0]
        lines[0] = first._replace(fault=_TOO_LONG, size=len(first.text) + skipped)
    text = "".join(line.text for line in lines)
    if MARK in text:
        lines = [line._replace(text=line.text.removeprefix(MARK)) for line in lines]
    if len(text) <= MAXIMUM_LINE_BYTES and "\0" not in text and not _is_odd(text, dialect):
        return lines
    return [line if line.fault else line._replace(fault=_fault(line, dialect)) for line in lines]


_TOO_LONG = in_english(
    "it is longer than {maximum_line_bytes:,} bytes", maximum_line_bytes=MAXIMUM_LINE_BYTES
)


def _fault(line: Line, dialect: Dialect) -> str:
    if len(line.text) > MAXIMUM_LINE_BYTES:
        return _TOO_LONG
    if "\0" in line.text:
        return in_english("it contains a NUL byte")
    if _is_odd(line.text, dialect):
        return in_english(
            "it contains bytes that are not valid {encoding}", encoding=dialect.encoding.upper()
        )
    return ""


def _is_odd(text: str, dialect: Dialect) -> bool:
    if text.isascii():
        return False
    is_replaced = _errors(dialect.encoding) == "replace" and "\ufffd" in text
    return is_replaced or bool(_ESCAPED.search(text))
