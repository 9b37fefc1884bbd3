"""Dialects, counts and rows of files, for the tests that read them."""

from pathlib import Path
from typing import NamedTuple

import duckdb

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.dialect import Dialect, detect_dialect
from bourne_assets.csvs.reading.reader import Reading, read_csv
from bourne_assets.csvs.reading.scan import scan
from bourne_assets_tests.csvs.reading.reads import shared_session


class CsvCounts(NamedTuple):
    """Lines below the header."""

    rows: int
    rejected_rows: int


def written(folder: Path, data: bytes, name: str = "films.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def detected(path: Path) -> Dialect:
    return detect_dialect(path, scan(path), DatasetOptions())


def dialect_of(folder: Path, data: bytes) -> Dialect:
    return detected(written(folder, data))


def read_balanced(path: Path) -> Reading:
    """A reading whose books balance, as those of any file must."""
    table = path.with_name("table.parquet")
    reading = read_csv(path, table, session=shared_session(path.parent))
    assert reading.lines == reading.rows + len(reading.rejected)
    return reading


def count_lines(path: Path, form: Dialect) -> CsvCounts:
    reading = read_balanced(path)
    assert reading.dialect.columns == form.columns
    return CsvCounts(reading.rows, len(reading.rejected))


def counts_of(folder: Path, data: bytes) -> CsvCounts:
    path = written(folder, data)
    return count_lines(path, detected(path))


def rows_of(path: Path) -> list[tuple[str | None, ...]]:
    table = read_balanced(path).table
    return duckdb.execute(f"SELECT COLUMNS(*)::VARCHAR FROM '{table}'").fetchall()
