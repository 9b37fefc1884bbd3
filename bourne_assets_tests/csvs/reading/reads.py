"""Reading a text as a CSV file, for tests: what comes out as rows, types and rejected lines."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.reader import Reading, read_csv


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file."""

    reading: Reading
    rows: list[tuple[Any, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.reading.dialect.columns

    @property
    def types(self) -> list[str]:
        return list(self.reading.types.values())

    @property
    def rejected(self) -> list[int]:
        return [line.line for line in self.reading.rejected]


def read(folder: Path, data: str | bytes, name: str = "films.csv", **options: Any) -> Outcome:
    """The outcome of a file; its books balance, as those of any file must."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    table = folder / "table.parquet"
    session = shared_session(folder)
    reading = read_csv(path, table, declared=DatasetOptions(**options), session=session)
    assert reading.lines == reading.rows + len(reading.rejected)
    columns = [column.to_pylist() for column in pq.read_table(table).columns]
    rows = list(zip(*columns, strict=True))
    assert len(rows) == reading.rows
    return Outcome(reading, rows)


def shared_session(folder: Path) -> DuckDbSession:
    """One for many tests, as a landing has one for many files: it takes 25 ms to open."""
    return _session(folder.parent)


@lru_cache(maxsize=2)
def _session(folder: Path) -> DuckDbSession:
    return DuckDbSession(folder)
