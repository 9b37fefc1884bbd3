"""Types that the files of one dataset agree on: what is text in one of them is text in all.

Not here: types of one file (`column_types`).
"""

from collections.abc import Mapping, Sequence

from bourne_assets.csvs.reading.column_types import TEXT
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, parquet
from bourne_assets.csvs.reading.number_types import (
    DECIMAL,
    DECIMAL_DIGITS,
    EXACT_IN_DOUBLE,
    INTEGERS,
)
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.sql import identifier

_BIGINT_DIGITS = 19


def agreed_types(session: DuckDbSession, readings: Sequence[Reading]) -> dict[str, str]:
    """The types of columns in which files differ, by their names in lower case.

    Args:
        session: DuckDB.
        readings: The files of one dataset.

    Raises:
        duckdb.Error: DuckDB fails on its own files.
    """
    found: dict[str, set[str]] = {}
    for reading in readings:
        for name, kind in reading.types.items():
            found.setdefault(name.casefold(), set()).add(kind)
    return {
        name: _agreed(session, name, readings) for name, kinds in found.items() if len(kinds) > 1
    }


def loses_text(types: Mapping[str, str], agreed: Mapping[str, str]) -> bool:
    """Whether a file with these types must be read again, for the text of a typed column."""
    return any(agreed.get(name.casefold()) == TEXT and kind != TEXT for name, kind in types.items())


def union_types(readings: Sequence[Reading]) -> dict[str, str]:
    """The types of all columns in one table, by their names in lower case."""
    return {name.casefold(): kind for r in readings for name, kind in r.types.items()}


def _agreed(session: DuckDbSession, name: str, readings: Sequence[Reading]) -> str:
    """The type of a column that has several: one that holds the values of all, or text."""
    kinds: set[str] = set()
    largest = 0
    for reading in readings:
        for own, kind in reading.types.items():
            if own.casefold() != name:
                continue
            column = identifier(own)
            shown = f"max(abs({column}))" if kind in INTEGERS else "0"
            ((count, most),) = session.rows(
                f"SELECT count({column}), {shown} FROM {parquet(reading.table)}"
            )
            if count:  # a column without a value has no type of its own
                kinds.add(kind)
                largest = max(largest, int(most or 0))
    return _widest(kinds, largest)


def _widest(kinds: set[str], largest: int) -> str:
    if len(kinds) <= 1:
        return next(iter(kinds), TEXT)
    if kinds <= INTEGERS:
        return "BIGINT"
    if kinds <= {*INTEGERS, "DOUBLE"}:
        return "DOUBLE" if largest <= EXACT_IN_DOUBLE else TEXT
    decimals = [match for kind in kinds if (match := DECIMAL.fullmatch(kind))]
    if len(decimals) + len(kinds & INTEGERS) < len(kinds):
        return TEXT
    scale = max(int(match[2]) for match in decimals)
    whole = max(int(match[1]) - int(match[2]) for match in decimals)
    if kinds & INTEGERS:
        whole = max(whole, _BIGINT_DIGITS)
    fits = whole + scale <= DECIMAL_DIGITS
    return f"DECIMAL({whole + scale},{scale})" if fits else TEXT
