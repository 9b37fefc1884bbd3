"""The rows of a query as CSV, JSON or Parquet, written batch by batch.

A file appears whole or not at all. Not here: the table for people, which `cli` prints.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from bourne_assets.errors import ConfigurationError
from bourne_assets.query.errors import QueryFailed
from bourne_assets.query.execution import first_line
from bourne_assets.translations import gettext, system_words


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Write bytes; how many were taken."""
        ...


def write_csv(reader: pa.RecordBatchReader, sink: Sink) -> int:
    """Rows as CSV with a header; unknown is an empty field, an empty text is `""`.

    Returns:
        How many rows.
    """
    schema = pa.schema([(field.name, _flat(field.type)) for field in reader.schema])
    rows = 0
    with pc.CSVWriter(sink, schema) as writer:
        for batch in reader:
            writer.write_batch(_flattened(batch, schema))
            rows += batch.num_rows
    return rows


def write_json(reader: pa.RecordBatchReader, sink: Sink) -> int:
    """Rows as one JSON array of objects; dates and times as ISO 8601, what is not finite as null.

    A decimal that no double equals is a text, so that no digit is lost.

    Returns:
        How many rows.
    """
    rows = 0
    sink.write(b"[")
    for batch in reader:
        for row in batch.to_pylist():
            text = json.dumps(_finite(row), ensure_ascii=False, default=_plain, allow_nan=False)
            sink.write(b",\n " if rows else b"\n ")
            sink.write(text.encode("utf-8", "replace"))
            rows += 1
    sink.write(b"\n]\n" if rows else b"]\n")
    return rows


def write_parquet(reader: pa.RecordBatchReader, sink: Sink) -> int:
    """Rows as Parquet (zstd).

    Returns:
        How many rows.
    """
    rows = 0
    with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


Writer = Callable[[pa.RecordBatchReader, Sink], int]
#: By the name of the format.
WRITERS: dict[str, Writer] = {"csv": write_csv, "json": write_json, "parquet": write_parquet}


def write_file(reader: pa.RecordBatchReader, writer: Writer, path: Path) -> int:
    """Write rows to a file, which appears when all are written.

    Returns:
        How many rows.

    Raises:
        ConfigurationError: The file cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        try:
            with unfinished.open("xb") as file:
                rows = writer(reader, file)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            gettext("{path} cannot be written: {value}.", path=path, value=system_words(error))
        ) from error
    return rows


@contextmanager
def representable() -> Iterator[None]:
    """Report a value of DuckDB that a format cannot hold: an infinite time, bytes in a CSV file.

    Raises:
        QueryFailed: There is such a value.
    """
    try:
        yield
    except (pa.ArrowException, OverflowError, ValueError) as error:
        raise QueryFailed(
            gettext(
                "A value cannot be written in this format ({error}): write its column as text, as "
                "in column::VARCHAR.",
                error=first_line(error),
            )
        ) from error


def _flat(kind: pa.DataType) -> pa.DataType:
    """A type that a CSV field can have: what has parts is JSON text in it."""
    return pa.string() if pa.types.is_nested(kind) else kind


def _flattened(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pa.array([None if v is None else json.dumps(v, default=_plain) for v in column.to_pylist()])
        if pa.types.is_nested(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _finite(value: Any) -> Any:
    """The value with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
