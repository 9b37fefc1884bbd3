"""Types of columns: given where every value is a plain spelling of one, and loses nothing.

A guess is made from a sample, and each value is checked as it is converted; where some do not
fit, all values of that column are examined, and the type that all of them fit is taken, or text.
Not here: which spellings are plain (`spellings`), types that the user declares (`declared_types`),
and the challenge's, which are known.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading import kinds
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.moments import INSTANT, in_format, timestamp_type
from bourne_assets.csvs.reading.number_types import DECIMAL_DIGITS
from bourne_assets.csvs.reading.records import Fields
from bourne_assets.csvs.reading.spellings import (
    in_words,
    is_exact,
    is_exact_double,
    is_plain,
    number_text,
    plain_number,
    scale_of,
    without_zone,
)
from bourne_assets.sql import literal
from bourne_assets.translations import in_english

TEXT = "VARCHAR"
#: A type is considered where this many values fit it; those that do not fit are named.
_NEAR_SHARE = 0.9
_BIGINT_DIGITS = 18
#: A format whose dates are digits and nothing else.
_DIGITS_FORMAT = re.compile(r"(?:%[YymdjHMS])+")
#: DuckDB holds each pattern several times, and a table may have very many columns.
_EXAMINED_AT_ONCE = 40
#: The types of families that have one only.
TYPES = {
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "instant": INSTANT,
    "boolean": "BOOLEAN",
}


class Column(NamedTuple):
    """How a column of texts is converted.

    Attributes:
        type: DuckDB's type.
        value: An SQL expression of its value, null where the text does not fit the type.
        fits: A predicate in SQL of texts that fit; empty where all do.
    """

    type: str
    value: str
    fits: str = ""

    def checked(self, error: str) -> "Column":
        """The column with an error where a text does not fit."""
        if not self.fits:
            return self
        value = f"CASE WHEN {self.fits} THEN {self.value} ELSE error({literal(error)}) END"
        return Column(self.type, value)


class Guess(NamedTuple):
    """What a sample of a column suggests.

    Attributes:
        family: What `plain_family` says, or `format` where formats are declared.
        type: DuckDB's type; empty where all values are to be examined first.
    """

    family: str
    type: str


class Almost(NamedTuple):
    """A column of texts with a type except for some values, the first in a row counted from 0."""

    type: str
    misfits: int
    first_row: int

    def words(self, line: int | None) -> str:
        """`would be BIGINT but for 2 values, the first in line 20,482`."""
        one, kind, count = self.misfits == 1, self.type, self.misfits
        if one and line:
            return in_english(
                "would be {kind} but for 1 value, the first in line {line:,}", kind=kind, line=line
            )
        if line:
            return in_english(
                "would be {kind} but for {count:,} values, the first in line {line:,}",
                kind=kind,
                count=count,
                line=line,
            )
        if one:
            return in_english("would be {kind} but for 1 value", kind=kind)
        return in_english("would be {kind} but for {count:,} values", kind=kind, count=count)


def guess_types(rows: Sequence[Fields], width: int, options: DatasetOptions) -> list[Guess]:
    """What a sample suggests for each column.

    Args:
        rows: Records of a sample.
        width: How many columns there are.
        options: What the user declares of the dataset.
    """
    columns: list[list[str]] = [[] for _ in range(width)]
    for row in rows:
        for place, value in enumerate(row[:width]):
            if value and value not in options.nulls:
                columns[place].append(value)
    return [_guess(values, options) for values in columns]


def _guess(values: Sequence[str], options: DatasetOptions) -> Guess:
    if not values:
        return Guess("text", TEXT)
    words = {*options.true_words, *options.false_words}
    formats = [each for each in (options.date_format, options.timestamp_format) if each]
    # Words may be `1` and `0`, and dates digits alone.
    if words.issuperset(values) or any(_are_digits_of(each, values) for each in formats):
        return Guess("format", "")
    plain = [plain_number(value, options) for value in values]
    ((family, count),) = Counter(map(kinds.plain_family, plain)).most_common(1)
    if family == "text" or count < _NEAR_SHARE * len(values):
        return Guess("format", "") if words or formats else Guess("text", TEXT)
    if count < len(values):
        return Guess(family, TEXT)
    return Guess(family, _number_type(plain) if family == "number" else TYPES[family])


def _are_digits_of(given: str, values: Sequence[str]) -> bool:
    """Whether values that could be numbers are dates in a declared format: `20240131`."""
    if not _DIGITS_FORMAT.fullmatch(given):
        return False
    try:
        # A day alone: no time zone is lost.
        return all(datetime.strptime(v, given).strftime(given) == v for v in values)  # noqa: DTZ007
    except ValueError:
        return False


def _number_type(values: Sequence[str]) -> str:
    decimals = any("." in value for value in values)
    if not decimals:
        digits = max(len(value.lstrip("-")) for value in values)
        return "BIGINT" if digits <= _BIGINT_DIGITS else ""
    return "DOUBLE" if all(map(is_exact_double, values)) else ""


def column_of(place: str, guess: Guess, options: DatasetOptions) -> Column:
    """How a column is converted to the type that was guessed, or found.

    Args:
        place: The column of texts in SQL.
        guess: Its family and its type.
        options: What the user declares of the dataset.
    """
    if guess.type == TEXT:
        return Column(TEXT, place)
    text = f"nullif({place}, '')"
    if guess.family == "format":
        return _formatted(text, guess.type, options)
    if guess.family == "number":
        text = number_text(text, options)
    value = _value(text, guess)
    return Column(guess.type, value, f"({text} IS NULL OR {_fits(text, value, guess)})")


def _value(text: str, guess: Guess) -> str:
    if guess.type == INSTANT:
        return f"timezone('UTC', TRY_CAST({without_zone(text)} AS TIMESTAMP))"
    return f"TRY_CAST({text} AS {guess.type})"


def _fits(text: str, value: str, guess: Guess) -> str:
    if guess.type == "DATE":
        return is_plain("date", text)
    if guess.type == "BIGINT":
        return f"CAST({value} AS VARCHAR) = {text}"
    if guess.type == "DOUBLE":
        return f"({is_plain('number', text)} AND {is_exact(text)})"
    if guess.type.startswith("DECIMAL"):
        scale = int(guess.type.rpartition(",")[2].rstrip(")"))
        return (
            f"({is_plain('number', text)} AND {scale_of(text)} <= {scale} AND {value} IS NOT NULL)"
        )
    return is_plain(guess.family, text)


def _formatted(text: str, kind: str, options: DatasetOptions) -> Column:
    """A column in formats, or in words, that the user declares."""
    if kind == "BOOLEAN":
        value, fits = in_words(text, options)
        return Column(kind, value, f"({text} IS NULL OR {fits})")
    given = options.date_format if kind == "DATE" else options.timestamp_format
    value, fits = in_format(text, kind, given or "")
    return Column(kind, f"CASE WHEN {fits} THEN {value} END", f"({text} IS NULL OR {fits})")


def examined_types(
    session: DuckDbSession,
    source: str,
    guesses: Mapping[int, Guess],
    options: DatasetOptions,
) -> dict[int, Guess]:
    """The types that all values of columns have.

    Args:
        session: DuckDB.
        source: The columns of texts, `c0` and so on, as a query's source.
        guesses: What a sample suggests, by column; one of its `text` family stays text.
        options: What the user declares of the dataset.

    Raises:
        duckdb.Error: The query fails.
    """
    found = dict(guesses)
    examined = [n for n, guess in guesses.items() if guess.family != "text"]
    for first in range(0, len(examined), _EXAMINED_AT_ONCE):
        places = examined[first : first + _EXAMINED_AT_ONCE]
        queries = [_column_query(f"c{n}", guesses[n].family, options) for n in places]
        values = _run_queries(session, source, queries)
        for n, query in zip(places, queries, strict=True):
            count = len(query.aggregates)
            own, values = values[:count], values[count:]
            found[n] = _decided(guesses[n].family, own, options)
    return found


class _ColumnQuery(NamedTuple):
    """What is queried of all values of a column: texts first, each once, and their aggregates."""

    texts: list[str]
    aggregates: list[str]


def _column_query(place: str, family: str, options: DatasetOptions) -> _ColumnQuery:
    text = f"nullif({place}, '')"
    if family == "format":
        columns = [_formatted(text, kind, options) for kind in _format_types(options)]
        given = (options.date_format, options.timestamp_format, options.true_words)
        counts = [
            f"count({column.value})" if is_given else "0"
            for column, is_given in zip(columns, given, strict=True)
        ]
        return _ColumnQuery([place], [f"count({text})", *counts])
    shown, flag = f"{place}_text", f"{place}_is_plain"
    text = number_text(text, options) if family == "number" else text
    texts = [f"{text} AS {shown}", f"{is_plain(family, text)} AS {flag}"]
    counts = [f"count({shown})", f"count(*) FILTER ({flag})"]
    if family != "number":
        return _ColumnQuery(texts, counts)
    point = f"strpos({shown}, '.')"
    before = f"CASE WHEN {point} = 0 THEN strlen({shown}) ELSE {point} - 1 END"
    facts = [
        f"max({before} - starts_with({shown}, '-')::INTEGER)",
        f"max({scale_of(shown)})",
        f"bool_and({is_exact(shown)})",
        f"bool_and(TRY_CAST({shown} AS BIGINT) IS NOT NULL)",
    ]
    return _ColumnQuery(texts, [*counts, *(f"{fact} FILTER ({flag})" for fact in facts)])


def _run_queries(
    session: DuckDbSession, source: str, queries: Sequence[_ColumnQuery]
) -> list[object]:
    texts = ", ".join(text for query in queries for text in query.texts)
    wanted = ", ".join(each for query in queries for each in query.aggregates)
    (row,) = session.rows(f"SELECT {wanted} FROM (SELECT {texts} FROM {source})")
    return list(row)


def _format_types(options: DatasetOptions) -> tuple[str, str, str]:
    return "DATE", timestamp_type(options), "BOOLEAN"


def _decided(family: str, values: Sequence[object], options: DatasetOptions) -> Guess:
    if family == "format":
        total, *formatted = (int(str(value)) for value in values)
        kinds_of = _format_types(options)
        found = [k for k, n in zip(kinds_of, formatted, strict=True) if total and n == total]
        return Guess(family, found[0]) if found else Guess("text", TEXT)
    count, fitting = int(str(values[0])), int(str(values[1]))
    if not count or fitting < count:
        return Guess(family, TEXT)
    return Guess(family, _type_of_plain(family, values[2:]))


def _type_of_plain(family: str, facts: Sequence[object]) -> str:
    """The type of plain spellings, with the facts of numbers in the order of `_column_query`."""
    if family != "number":
        return TYPES[family]
    whole, scale = int(str(facts[0])), int(str(facts[1]))
    is_exact, is_bigint = map(bool, facts[2:])
    if not scale:
        if is_bigint:
            return "BIGINT"
        return f"DECIMAL({DECIMAL_DIGITS},0)" if whole <= DECIMAL_DIGITS else TEXT
    if is_exact:
        return "DOUBLE"
    return f"DECIMAL({whole + scale},{scale})" if whole + scale <= DECIMAL_DIGITS else TEXT


def almost_type(
    session: DuckDbSession,
    table: Path,
    name: str,
    family: str,
    options: DatasetOptions,
) -> Almost | None:
    """The type that a column of texts would have, except for values that do not fit its family.

    Args:
        session: DuckDB.
        table: The Parquet file with the column.
        name: The column in SQL.
        family: What most of its values are.
        options: What the user declares of the dataset.

    Raises:
        duckdb.Error: The query fails.
    """
    row = "file_row_number"
    source = f"(SELECT {name} AS c, {row} FROM read_parquet({literal(str(table))}, {row} = true))"
    texts, aggregates = _column_query("c", family, options)
    first = f"min({row}) FILTER (c_text IS NOT NULL AND NOT coalesce(c_is_plain, false))"
    place, *facts = _run_queries(
        session, source, [_ColumnQuery([*texts, row], [first, *aggregates])]
    )
    if place is None:
        return None
    count, fitting = int(str(facts[0])), int(str(facts[1]))
    kind = _type_of_plain(family, facts[2:]) if fitting else TEXT
    return Almost(kind, count - fitting, int(str(place))) if kind != TEXT else None
