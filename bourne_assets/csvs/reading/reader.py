"""The rows of a CSV file: read once, into a Parquet file, and what is not a row is named.

Every record below the header is a row or a rejected line: a value in the table says what the text
in the file says, or the line is rejected and named, or the file is refused. Plain files are read
by DuckDB as they are, with records counted in the bytes (`scan`); the others are split by
`normalise`.
Not here: how a file is to be read (`dialect`), and where its table goes (`landing`).
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.content import (
    decompress,
    ensure_readable,
    refuse_compressed_twice,
)
from bourne_assets.csvs.reading.conversion import Converter, Misfit, Source
from bourne_assets.csvs.reading.dialect import Dialect, detect_dialect
from bourne_assets.csvs.reading.direct import DirectSource
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.encoding import is_utf8, legacy_encoding
from bourne_assets.csvs.reading.normalise import (
    LINE,
    MAXIMUM_REJECTED,
    NormalisedCopy,
    RejectedLine,
    normalise,
    records_in,
    rejected_line,
)
from bourne_assets.csvs.reading.origin import Origin, names_of_origin
from bourne_assets.csvs.reading.quotes import encloses_plainly
from bourne_assets.csvs.reading.scan import Scan, scan
from bourne_assets.csvs.reading.summaries import Summary
from bourne_assets.sql import literal
from bourne_assets.translations import in_english

#: A file with more than a header above its rows is read record by record where it has quotes.
_PLAIN_PREFACE = 2


@dataclass(frozen=True)
class Reading:
    """What a file holds.

    Attributes:
        dialect: How it was read.
        lines: Records below the header.
        rows: Those that are rows; they are in `table`.
        rejected: The others.
        types: DuckDB's types by column.
        cast_failures: Values that are not of their column's declared type, where they are null in
            the table: how many, and one of them, by column.
        almost: Columns of text that would have a type except for some values, and which, by column.
        table: A Parquet file.
        summary: What the table holds, where that was requested.
        origin: What the last two columns of the table say; None: it has them not yet.
    """

    dialect: Dialect
    lines: int
    rows: int
    rejected: Sequence[RejectedLine]
    types: Mapping[str, str]
    table: Path
    cast_failures: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    almost: Mapping[str, str] = field(default_factory=dict)
    summary: Summary | None = None
    origin: Origin | None = None

    def with_types(self, agreed: Mapping[str, str]) -> "Reading":
        """The reading with types that the dataset's files agree on, by names in lower case."""
        types = {name: agreed.get(name.casefold(), kind) for name, kind in self.types.items()}
        return replace(self, types=types)

    def empty_columns(self) -> set[str]:
        """The columns without a value."""
        found, facts = set(self.types), pq.read_metadata(self.table)
        for group in range(facts.num_row_groups):
            rows = facts.row_group(group)
            for place, name in enumerate(self.types):
                known = rows.column(place).statistics
                if known is None or known.null_count != rows.num_rows:
                    found.discard(name)
        return found


def read_csv(
    path: Path,
    table: Path,
    *,
    session: DuckDbSession,
    found: Scan | None = None,
    declared: DatasetOptions | None = None,
    types: Mapping[str, str] | None = None,
    name: str | None = None,
    origin: Origin | None = None,
    stop: Callable[[], None] = lambda: None,
) -> Reading:
    """Read a file into a Parquet file.

    Args:
        path: The file.
        table: The Parquet file that is written.
        session: DuckDB, which may open the folder of the table, and the file.
        found: What is in the file, if it was scanned already.
        declared: What the user declares of its dataset.
        types: Types that the dataset's files agree on, by column in lower case.
        name: The file's name, where the path does not have it.
        origin: What the last two columns of the table say, where that is known already.
        stop: Called regularly; what it raises ends the reading.

    Raises:
        CsvRejected: The file is not a CSV file.
        OSError: It cannot be read.
    """
    found = found or scan(path, lambda _: stop())
    ensure_readable(name or path.name, found.compression)
    options = declared or DatasetOptions()
    with tempfile.TemporaryDirectory(prefix="bourne-csv-", dir=table.parent) as temporary:
        folder = Path(temporary)
        source = path
        if found.compression:
            source = folder / "decompressed"
            decompress(path, source, found.compression, stop)
            outside, found = found.compression, scan(source, lambda _: stop())
            refuse_compressed_twice(outside, found.compression)
        dialect = detect_dialect(source, found, options)
        if names_of_origin(dialect.columns):
            origin = None
        job = _Job(source, folder, table, found, options, dialect, session, stop, origin)
        agreed = {
            column: types[column.casefold()]
            for column in dialect.columns
            if types and column.casefold() in types
        }
        return job.read(agreed)


@dataclass
class _Job:
    """One file on its way into a table."""

    path: Path
    folder: Path
    table: Path
    found: Scan
    options: DatasetOptions
    dialect: Dialect
    session: DuckDbSession
    stop: Callable[[], None]
    origin: Origin | None = None

    def read(self, types: Mapping[str, str]) -> Reading:
        """Read the file as it is where that is exact, else record by record."""
        if self._reads_directly():
            try:
                reading = self._directly(types)
            except duckdb.Error:
                self.stop()  # which may have been the cause
                reading = None
            if reading is not None:
                return reading
            if self.path.stat().st_size != self.found.size:
                raise CsvRejected(in_english("it changed while it was read"))
        try:
            return self._by_record(types)
        except duckdb.Error as error:
            self.stop()
            first = str(error).splitlines()[0][:300]
            raise CsvRejected(in_english("DuckDB cannot read it: {first}", first=first)) from error

    def _reads_directly(self) -> bool:
        """Whether DuckDB reads the file as it is, and each of its quotes is beyond doubt."""
        dialect = self.dialect
        if not (self.found.reads_directly and dialect.reads_directly):
            return False
        if not dialect.quote or (dialect.quote == '"' and not self.found.has_quote):
            return True
        is_doubled = dialect.escape == dialect.quote and not self.options.nulls
        return (
            is_doubled
            and dialect.first_line <= _PLAIN_PREFACE
            and encloses_plainly(self.path, dialect.delimiter, dialect.quote, self.stop)
        )

    def _directly(self, types: Mapping[str, str]) -> Reading | None:
        """Read the file itself; None where that is not exact."""
        source = DirectSource(self.path, self.folder, self.dialect, self.found, self.options.nulls)
        converter = self._converter(source.source(self.session), types)
        rows = converter.write(self.table)
        rejected = source.rejected(self.session)
        lines = source.records(rows + len(rejected))
        if lines is None or converter.has_misfits or self._is_in_another_encoding(rejected):
            return None
        return self._reading(converter, lines, rows, rejected, source.line_of(rejected, lines))

    def _is_in_another_encoding(self, rejected: Sequence[RejectedLine]) -> bool:
        """Whether most characters are not UTF-8, which the sample did not show."""
        is_in_doubt = any("UTF-8" in line.reason for line in rejected)
        if self.options.encoding or not is_in_doubt or is_utf8(self.path):
            return False
        self.dialect = replace(self.dialect, encoding=legacy_encoding(self.path))
        return True

    def _by_record(self, types: Mapping[str, str]) -> Reading:
        """Split the records one by one."""
        copy = self.folder / "texts.parquet"
        copied = normalise(self.path, copy, self.dialect, self.options.nulls, self.stop)
        if self.dialect.encoding == "utf-8" and self._is_in_another_encoding(copied.rejected):
            copied = normalise(self.path, copy, self.dialect, self.options.nulls, self.stop)
        source = _source_of(copy, copied, len(self.dialect.columns))
        converter = self._converter(source, types)
        rows = converter.write(self.table)
        misfits = converter.misfits
        rejected = self._with_misfits(copied.rejected, misfits) if misfits else copied.rejected
        copy_lines = f"SELECT {LINE} FROM read_parquet({literal(str(copy))})"

        def line_of(row: int) -> int:
            ((line,),) = self.session.rows(f"{copy_lines} LIMIT 1 OFFSET {row}")
            return int(line)

        # Without its misfits the table has fewer rows than the copy.
        known_line = None if misfits else line_of
        return self._reading(converter, copied.records, rows, rejected, known_line)

    def _converter(self, source: Source, types: Mapping[str, str]) -> Converter:
        return Converter(
            self.session, source, self.dialect, self.options, types, self.stop, self.origin
        )

    def _with_misfits(
        self, rejected: list[RejectedLine], misfits: Sequence[Misfit]
    ) -> list[RejectedLine]:
        """The rejected lines, and those of values that are not of their declared type."""
        if len(rejected) + len(misfits) >= MAXIMUM_REJECTED:
            raise CsvRejected(
                in_english(
                    "{maximum_rejected:,} lines or more do not fit",
                    maximum_rejected=MAXIMUM_REJECTED,
                )
            )
        reasons = {misfit.line: str(misfit) for misfit in reversed(misfits)}
        found = [
            replace(
                rejected_line(record.line, reasons[record.line], record.text, 0), is_misfit=True
            )
            for record in records_in(self.path, self.dialect, self.stop)
            if record.line in reasons and not record.fault
        ]
        return sorted([*rejected, *found], key=lambda line: line.line)

    def _reading(
        self,
        converter: Converter,
        lines: int,
        rows: int,
        rejected: Sequence[RejectedLine],
        line_of: Callable[[int], int] | None,
    ) -> Reading:
        if rows + len(rejected) != lines:
            raise CsvRejected(
                in_english(
                    "{lines:,} records were counted, and {rows:,} rows and {count:,} rejected "
                    "lines were read",
                    lines=lines,
                    rows=rows,
                    count=len(rejected),
                )
            )
        return Reading(
            replace(self.dialect, rows=()),  # a batch keeps its readings, and needs no sample
            lines,
            rows,
            rejected,
            converter.types,
            self.table,
            converter.cast_failures,
            converter.almost(self.table, line_of),
            origin=self.origin,
        )


def _source_of(copy: Path, copied: NormalisedCopy, columns: int) -> Source:
    """The texts of a copy; where all fields are quoted, an empty one means nothing."""
    names = [f"c{n}" for n in range(columns)]
    texts = [f"nullif({name}, '') AS {name}" if copied.is_quoted else name for name in names]
    selected = ", ".join([*texts, LINE])
    return Source(f"(SELECT {selected} FROM read_parquet({literal(str(copy))}))", has_lines=True)
