"""The types of a file's columns, as DuckDB's sample of it suggests.

A suggestion that a later value does not fit costs a second reading, never a row.
What must not be put here: the challenge's types, which are known (`datasets`).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, literal

_KEPT = re.compile(r"BIGINT|DOUBLE|BOOLEAN|DATE|TIME|TIMESTAMP")
#: Numbers that a number would not give back: `007`, and more digits than a DOUBLE has.
_CODE = r"^\s*[+-]?(0\d.*|\d{16,})\s*$"
_ROWS = 20_480


def found_types(
    session: DuckDbSession, rows: str, source: Path, dialect: Dialect, nulls: Sequence[str] = ()
) -> dict[str, str]:
    """DuckDB's types by column; text where it is not sure, or a number would lose digits.

    Args:
        session: DuckDB.
        rows: The file's rows as a query's source, all columns text.
        source: The file.
        dialect: Its dialect.
        nulls: Texts that mean an unknown value, beside the empty one.
    """
    names = dialect.columns
    try:
        ((suggested,),) = session.rows(
            "SELECT [c.type FOR c IN Columns] FROM sniff_csv("
            f"{literal(str(source))}, delim = {literal(dialect.delimiter)},"
            f" quote = {literal(dialect.quote)}, escape = {literal(dialect.escape)},"
            f" header = {str(dialect.has_header).lower()}, sample_size = {_ROWS},"
            f" nullstr = [{', '.join(map(literal, ('', *nulls)))}], ignore_errors = true)"
        )
    except duckdb.Error:
        suggested = []
    if len(suggested) != len(names):
        return dict.fromkeys(names, "VARCHAR")
    kinds = [kind if _KEPT.fullmatch(str(kind)) else "VARCHAR" for kind in suggested]
    numbers = [n for n, kind in enumerate(kinds) if kind in {"BIGINT", "DOUBLE"}]
    if numbers:
        asked = ", ".join(
            f"coalesce(bool_or(regexp_matches(c{n}, {literal(_CODE)})), true)" for n in numbers
        )
        try:
            (codes,) = session.rows(f"SELECT {asked} FROM (FROM {rows} LIMIT {_ROWS})")
        except duckdb.Error:
            codes = (True,) * len(numbers)
        for n, is_code in zip(numbers, codes, strict=True):
            kinds[n] = "VARCHAR" if is_code else kinds[n]
    return dict(zip(names, kinds, strict=True))
