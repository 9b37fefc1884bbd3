"""Columns of texts into a table of typed columns.

One pass where the sample's guess holds: each value is checked as it is converted. Columns with
values that do not fit are examined whole, and the table is written again.
Not here: what a type's plain spelling is (`column_types`), and where texts come from.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb

from bourne_assets.csvs.options import CHALLENGE_TYPES, DatasetOptions
from bourne_assets.csvs.reading.column_types import (
    TEXT,
    TYPES,
    Column,
    Guess,
    almost_type,
    column_of,
    examined_types,
    guess_types,
)
from bourne_assets.csvs.reading.declared_types import declared_column, with_decimal_comma
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.normalise import LINE, MAXIMUM_REJECTED
from bourne_assets.csvs.reading.origin import Origin
from bourne_assets.sql import identifier
from bourne_assets.translations import in_english

_SHOWN = 100
#: What DuckDB's error ends with, before the column's number, where a text does not fit its column.
_MISFIT = "a text does not fit column "


class Source(NamedTuple):
    """Columns of texts, `c0` and so on, as a query's source.

    Attributes:
        query: The source.
        has_lines: Whether it has a column with the physical line of each row.
    """

    query: str
    has_lines: bool


class Misfit(NamedTuple):
    """A value that is not of its column's declared type."""

    line: int
    column: str
    value: str
    type: str

    def __str__(self) -> str:
        """Why its line is rejected."""
        return in_english(
            "{column} is {value!r}, which is not of the type {type}",
            column=self.column,
            value=self.value,
            type=self.type,
        )


@dataclass
class Converter:
    """Converts the texts of one file.

    Attributes:
        session: DuckDB.
        source: The texts.
        dialect: How the file was read.
        options: What the user declares of its dataset.
        agreed: Types by column that the dataset's files agree on.
        stop: Called between queries; what it raises ends the conversion.
        origin: Where the rows are from: the last two columns, where it is known already.
        types: DuckDB's types by column, once the table is written.
        misfits: Values that are not of their declared type, of which the lines are rejected.
        has_misfits: Whether there are some that cannot be named, as the source has no lines.
        cast_failures: Values that are null in the table instead: how many, and one, by column.
    """

    session: DuckDbSession
    source: Source
    dialect: Dialect
    options: DatasetOptions
    agreed: Mapping[str, str]
    stop: Callable[[], None]
    origin: Origin | None = None
    types: dict[str, str] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)
    has_misfits: bool = False
    cast_failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    _guesses: list[Guess] = field(default_factory=list)
    _declared: dict[int, str] = field(default_factory=dict)
    _proven: set[int] = field(default_factory=set)

    def write(self, table: Path) -> int:
        """Write the table.

        Returns:
            How many rows it has.

        Raises:
            CsvRejected: Very many values are not of their declared type.
            duckdb.Error: DuckDB fails on the file.
        """
        names = self.dialect.columns
        self.session.prepare(len(names))
        self._declared = {
            n: kind for n, name in enumerate(names) if (kind := self.options.type_of(name))
        }
        if self.dialect.is_challenge:
            return self._write_challenge(table)
        declared = {n: declared_column(f"c{n}", k, self.options) for n, k in self._declared.items()}
        kept = self._settle_misfits(declared)
        if self.has_misfits:
            return 0
        if kept:
            self.source = self.source._replace(query=f"(FROM {self.source.query} WHERE {kept})")
        self._guesses = self._first_guesses()
        self._proven = set(declared)
        self._examine([n for n, guess in enumerate(self._guesses) if self._is_open(guess)])
        retries = 0
        while True:
            columns = [
                declared.get(n) or self._guessed_column(n) for n in range(len(self._guesses))
            ]
            try:
                return self._copy(columns, table)
            except duckdb.Error as error:
                misfitting = _misfitting_column(error)
                if misfitting is None:
                    raise
            # So that a file with many such columns is not begun as often.
            self._examine([misfitting] if not retries else range(len(columns)))
            retries += 1

    def almost(self, table: Path, line_of: Callable[[int], int] | None) -> dict[str, str]:
        """Columns of text that would have a type except for some values, and which, by column.

        Args:
            table: The table that was written.
            line_of: The physical line of a row, counted from 0.
        """
        found: dict[str, str] = {}
        for n, (name, guess) in enumerate(zip(self.dialect.columns, self._guesses, strict=False)):
            is_near = guess.type == TEXT and guess.family not in {"text", "format"}
            if not is_near or n in self._declared or self.types.get(name) != TEXT:
                continue
            almost = almost_type(self.session, table, identifier(name), guess.family, self.options)
            if almost:
                found[name] = almost.words(line_of(almost.first_row) if line_of else None)
        return found

    def _first_guesses(self) -> list[Guess]:
        columns = self.dialect.columns
        guesses = guess_types(self.dialect.rows, len(columns), self.options)
        return [
            Guess("text", TEXT)
            if n in self._declared
            else _agreed(guess, self.agreed.get(columns[n]))
            for n, guess in enumerate(guesses)
        ]

    def _is_open(self, guess: Guess) -> bool:
        """Whether the sample leaves the type open: its misfits may be in rejected lines."""
        is_near = guess.type == TEXT and guess.family != "text"
        return not guess.type or (is_near and self.source.has_lines)

    def _guessed_column(self, place: int) -> Column:
        column = column_of(f"c{place}", self._guesses[place], self.options)
        return column if place in self._proven else column.checked(f"{_MISFIT}{place}")

    def _examine(self, places: Iterable[int]) -> None:
        """Give columns the types that all of their values have."""
        self.stop()
        guesses = {n: self._guesses[n] for n in places if n not in self._proven}
        found = examined_types(self.session, self.source.query, guesses, self.options)
        for n, guess in found.items():
            self._guesses[n] = guess
        self._proven.update(found)

    def _settle_misfits(self, columns: dict[int, Column]) -> str:
        """Name the values that are not of their declared type, and say which rows are kept."""
        for n, kind in self._declared.items():
            if not columns[n].fits or not self._count_misfits(columns[n]):
                continue
            options = with_decimal_comma(
                self.session, self.source.query, f"c{n}", kind, self.options
            )
            columns[n] = declared_column(f"c{n}", kind, options)
        declared = [n for n in self._declared if columns[n].fits]
        wrong = [n for n in declared if self._count_misfits(columns[n])]
        if not wrong:
            return ""
        if self.options.on_error == "null":
            for n in wrong:
                self._note_nulls(n, columns)
            return ""
        if not self.source.has_lines:
            self.has_misfits = True
            return ""
        for n in wrong:
            self._name_misfits(n, columns)
        self.misfits.sort()
        return " AND ".join(f"coalesce({columns[n].fits}, false)" for n in wrong)

    def _count_misfits(self, column: Column) -> int:
        ((count,),) = self.session.rows(
            f"SELECT count(*) FROM {self.source.query} WHERE NOT {column.fits}"
        )
        return int(count)

    def _note_nulls(self, place: int, columns: dict[int, Column]) -> None:
        column = columns[place]
        ((count, example),) = self.session.rows(
            f"SELECT count(*), first(c{place}) FROM {self.source.query} WHERE NOT {column.fits}"
        )
        self.cast_failures[self.dialect.columns[place]] = (int(count), str(example)[:_SHOWN])
        value = f"CASE WHEN {column.fits} THEN {column.value} END"
        columns[place] = Column(column.type, value)

    def _name_misfits(self, place: int, columns: Mapping[int, Column]) -> None:
        name, column = self.dialect.columns[place], columns[place]
        found = self.session.rows(
            f"SELECT {LINE}, left(c{place}, {_SHOWN}) FROM {self.source.query}"
            f" WHERE NOT {column.fits} ORDER BY {LINE} LIMIT {MAXIMUM_REJECTED}"
        )
        known = {misfit.line for misfit in self.misfits}
        self.misfits += [
            Misfit(int(line), name, str(value), self._declared[place])
            for line, value in found
            if int(line) not in known
        ]

    def _write_challenge(self, table: Path) -> int:
        """Both null markers of the challenge are unknown; a bare `N` in a text is a letter."""
        names = self.dialect.columns
        kinds = [
            self._declared.get(n) or CHALLENGE_TYPES.get(name, TEXT) for n, name in enumerate(names)
        ]
        marked = [
            f"nullif(c{n}, '\\N')" if kind == TEXT else f"nullif(nullif(c{n}, '\\N'), 'N')"
            for n, kind in enumerate(kinds)
        ]
        plain = [
            Column(kind, text if kind == TEXT else f"CAST({text} AS {kind})")
            for kind, text in zip(kinds, marked, strict=True)
        ]
        try:
            return self._copy(plain, table)
        except duckdb.ConversionException:
            self.stop()
        tried = [
            Column(kind, text if kind == TEXT else f"TRY_CAST({text} AS {kind})")
            for kind, text in zip(kinds, marked, strict=True)
        ]
        rows = self._copy(tried, table)
        typed = [n for n, kind in enumerate(kinds) if kind != TEXT]
        wrong = [f"FILTER ({marked[n]} IS NOT NULL AND {tried[n].value} IS NULL)" for n in typed]
        counted = ", ".join(
            f"count(*) {each}, first(c{n}) {each}" for n, each in zip(typed, wrong, strict=True)
        )
        (row,) = self.session.rows(f"SELECT {counted} FROM {self.source.query}")
        for place, n in enumerate(typed):
            if row[2 * place]:
                self.cast_failures[names[n]] = (int(row[2 * place]), str(row[2 * place + 1]))
        return rows

    def _copy(self, columns: Sequence[Column], table: Path) -> int:
        self.stop()
        names = self.dialect.columns
        selected = ", ".join(
            f"{column.value} AS {identifier(name)}"
            for name, column in zip(names, columns, strict=True)
        )
        if self.origin:
            selected += f", {self.origin.columns}"
        rows = self.session.write_table(
            f"SELECT {selected} FROM {self.source.query}", table, len(names)
        )
        self.types = {name: c.type for name, c in zip(names, columns, strict=True)}
        return rows


def _misfitting_column(error: duckdb.Error) -> int | None:
    """The column of a text that does not fit, where that is the error."""
    _, is_misfit, place = str(error).rpartition(_MISFIT)
    return int(place) if is_misfit else None


def _agreed(guess: Guess, kind: str | None) -> Guess:
    """The guess with the type that the dataset's files agree on."""
    if kind is None:
        return guess
    if kind == TEXT:
        return Guess("text", TEXT)
    families = {own: family for family, own in TYPES.items()}
    return Guess("format" if guess.family == "format" else families.get(kind, "number"), kind)
