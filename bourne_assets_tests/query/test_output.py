"""Rows of a query as CSV, JSON and Parquet."""

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bourne_assets.errors import ConfigurationError
from bourne_assets.query.output import WRITERS, write_file

_ODD = {
    "text": ["a,b\n", None],
    "money": [Decimal("12345678901234567890.25"), Decimal("1.50")],
    "day": [dt.date(2002, 6, 14), None],
    "number": [float("nan"), 1.5],
    "parts": [{"x": 1}, {"x": None}],
}


def _reader() -> pa.RecordBatchReader:
    return pa.table(_ODD).to_reader()


def test_json_says_what_the_rows_say_and_no_digit_less() -> None:
    sink = io.BytesIO()
    assert WRITERS["json"](_reader(), sink) == 2
    assert json.loads(sink.getvalue()) == [
        {
            "text": "a,b\n",
            "money": "12345678901234567890.25",
            "day": "2002-06-14",
            "number": None,
            "parts": {"x": 1},
        },
        {"text": None, "money": 1.5, "day": None, "number": 1.5, "parts": {"x": None}},
    ]


def test_csv_is_read_back_by_a_reader_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    assert write_file(_reader(), WRITERS["csv"], path) == 2
    with duckdb.connect() as connection:
        found = connection.read_csv(str(path), all_varchar=True).fetchall()
    assert found[0] == ("a,b\n", "12345678901234567890.25", "2002-06-14", "nan", '{"x": 1}')
    assert found[1][:1] == (None,)


def test_parquet_keeps_types(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_file(_reader(), WRITERS["parquet"], path)
    assert pq.read_schema(path).equals(pa.table(_ODD).schema)


def test_no_rows_are_an_empty_array() -> None:
    sink = io.BytesIO()
    assert WRITERS["json"](pa.table(_ODD).slice(0, 0).to_reader(), sink) == 0
    assert json.loads(sink.getvalue()) == []


def test_a_query_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    def broken() -> object:
        yield pa.record_batch({"a": [1]})
        raise OSError("the lake is gone")

    path = tmp_path / "rows.csv"
    path.write_text("as it was")
    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), broken())
    with pytest.raises(ConfigurationError):
        write_file(reader, WRITERS["csv"], path)
    assert path.read_text() == "as it was"
    assert list(tmp_path.glob(".rows*")) == []


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("as it was")
    link = tmp_path / "rows.csv"
    link.symlink_to(tmp_path / "kept")
    write_file(_reader(), WRITERS["csv"], link)
    assert (tmp_path / "kept").read_text() == "as it was"
    assert not link.is_symlink()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        write_file(_reader(), WRITERS["csv"], tmp_path / "nowhere" / "rows.csv")
