"""Reading a text as a CSV file, for tests: what comes out as rows, types and rejected lines."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bourne_assets.csvs.options import DatasetOptions
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
    reading = read_csv(path, table, declared=DatasetOptions(**options))
    assert reading.lines == reading.rows + len(reading.rejected)
    columns = [column.to_pylist() for column in pq.read_table(table).columns]
    rows = list(zip(*columns, strict=True))
    assert len(rows) == reading.rows
    return Outcome(reading, rows)
