"""Frames that follow a schema, and the bytes that they become.

A pandera model is the one dictionary of a table: columns, types, nullability, descriptions.
`conform` makes a frame follow it; Parquet and JSON are the two formats of the lake.
Not here: the models themselves, which are in each chapter's `schemas`.
"""

import io
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is pandera here
import pyarrow.parquet as pq
from pandera.engines.pandas_engine import Date

#: Column types for the models: nullable integers stay integers, days are days, times are UTC.
Integer = pd.Int64Dtype
UtcTime = Annotated[pd.DatetimeTZDtype, "us", "UTC"]


class Day(Date):
    """A day of any year: pandera's own counts in nanoseconds, which end at 1677 and 2262."""

    def coerce(self, data_container: Any) -> Any:
        """Days from dates or text."""
        return self._coerce(data_container, pandas_dtype="datetime64[us]")


class Table(pa.DataFrameModel):
    """Base of all table models: exactly these columns, in this order, coerced to these types."""

    class Config:
        """Settings of pandera."""

        strict = True
        ordered = True
        coerce = True


def conform(rows: Iterable[Mapping[str, Any]], model: type[Table]) -> pd.DataFrame:
    """A frame of the model's columns and types, from rows that name them; it may be empty.

    Uniqueness and ranges are left to the asset checks, which show the offending rows.

    Raises:
        pandera.errors.SchemaError: A value cannot be of its column's type.
    """
    schema = model.to_schema()
    frame = pd.DataFrame(list(rows), columns=list(schema.columns), dtype=object)
    return pd.DataFrame(schema.coerce_dtype(frame))


def conformed(frame: pd.DataFrame, model: type[Table]) -> pd.DataFrame:
    """A frame in the model's columns and types, as `conform` makes one from rows.

    Raises:
        pandera.errors.SchemaError: A value cannot be of its column's type.
    """
    schema = model.to_schema()
    ordered = frame.reindex(columns=list(schema.columns)).reset_index(drop=True)
    return pd.DataFrame(schema.coerce_dtype(ordered))


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Parquet (zstd) of a frame, with the types that `from_parquet` gives back."""
    bare = frame.copy(deep=False)
    bare.attrs = {}
    sink = io.BytesIO()
    pq.write_table(arrow.Table.from_pandas(bare), sink, compression="zstd")
    return sink.getvalue()


def from_parquet(data: bytes) -> pd.DataFrame:
    """The frame that `to_parquet` wrote."""
    return pd.DataFrame(pq.read_table(io.BytesIO(data)).to_pandas())


def to_arrow(frame: pd.DataFrame, model: type[Table]) -> arrow.Table:
    """A frame that follows a model as an Arrow table of `arrow_schema`."""
    return arrow.Table.from_pylist(records(frame), schema=arrow_schema(model))


def from_arrow(rows: arrow.Table, model: type[Table]) -> pd.DataFrame:
    """Arrow rows as a frame that follows a model; columns that they lack are unknown."""
    whole = {arrow.int64(): Integer(), arrow.int32(): Integer()}  # else null makes them floats
    return conformed(rows.to_pandas(types_mapper=whole.get), model)


def arrow_schema(model: type[Table]) -> arrow.Schema:
    """The Arrow schema of a model: whole numbers of 64 bits, days, times in microseconds of UTC."""
    columns = model.to_schema().columns
    return arrow.schema([(name, _arrow_type(column)) for name, column in columns.items()])


def descriptions(model: type[Table]) -> dict[str, str]:
    """What each column of a model means."""
    return {name: column.description or "" for name, column in model.to_schema().columns.items()}


def _arrow_type(column: Any) -> arrow.DataType:
    kind = str(column.dtype)
    if isinstance(column.dtype, Day):
        return arrow.date32()
    if kind.startswith("datetime64"):
        return arrow.timestamp("us", "UTC")
    return {"Int64": arrow.int64(), "float64": arrow.float64(), "bool": arrow.bool_()}.get(
        kind, arrow.string()
    )


def to_json(value: object) -> bytes:
    """UTF-8 JSON with a final newline; an unknown number is null, as NaN is not valid JSON.

    Raises:
        TypeError: The value holds what JSON cannot.
        ValueError: The value holds a number that is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    return f"{text}\n".encode()


def from_json(data: bytes) -> Any:
    """The value that `to_json` wrote."""
    return json.loads(data)


def origin_of(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The lake object that a frame was loaded from, as the IO manager noted it; else nothing."""
    known = {str(name): str(value) for name, value in frame.attrs.items()}
    return [known] if known else []


def digests_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """SHA-256 of the lake object that a frame was loaded from, as far as it is known."""
    return tuple(origin["sha256"] for origin in origin_of(frame) if "sha256" in origin)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain Python values: unknown is None, numbers are int and float."""
    return [
        {str(name): _python(value) for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _python(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return [_python(item) for item in value]
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
