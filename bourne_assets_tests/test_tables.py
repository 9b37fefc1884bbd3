"""Frames keep their types on the way through Parquet, and JSON holds only what JSON can."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal
from pandera.errors import SchemaErrors

from bourne_assets.tables import (
    Day,
    Integer,
    Table,
    UtcTime,
    conform,
    from_arrow,
    from_json,
    from_parquet,
    origin_of,
    records,
    to_arrow,
    to_json,
    to_parquet,
)

MOMENT = datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=UTC)


class Films(Table):
    """A table with one column of each type that the platform's own tables have."""

    film_id: Integer
    title: str = pa.Field(nullable=True)
    released: Day = pa.Field(nullable=True)
    revenue: Integer = pa.Field(nullable=True)
    popularity: float = pa.Field(nullable=True)
    seen_at: UtcTime = pa.Field(nullable=True)
    is_video: bool


BOURNE = {
    "film_id": 2501,
    "title": "The Bourne Identity",
    "released": date(2002, 6, 14),
    "revenue": 214_034_224,
    "popularity": 34.5,
    "seen_at": MOMENT,
    "is_video": False,
}
UNKNOWN = {"film_id": 9, "is_video": True}


def _round_trip(frame: pd.DataFrame) -> pd.DataFrame:
    return from_parquet(to_parquet(frame))


# Parquet


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pd.Series([1, 2], dtype="int64"), id="integers"),
        pytest.param(pd.Series([1, None], dtype="Int64"), id="nullable integers"),
        pytest.param(pd.Series([2**53 + 1, None], dtype="Int64"), id="integers beyond doubles"),
        pytest.param(pd.Series([1.5, np.nan], dtype="float64"), id="numbers"),
        pytest.param(pd.Series([1.5, None], dtype="Float64"), id="nullable numbers"),
        pytest.param(pd.Series([np.inf, -np.inf]), id="numbers without end"),
        pytest.param(pd.Series([True, False]), id="truths"),
        pytest.param(pd.Series([True, None], dtype="boolean"), id="nullable truths"),
        pytest.param(pd.Series(["a", "é日本\n|~"]), id="texts"),
        pytest.param(pd.Series(["a", None], dtype="str"), id="texts with a gap"),
        pytest.param(pd.Series(["a", None], dtype="string"), id="nullable texts"),
        pytest.param(pd.Series(["a", "b"], dtype="category"), id="categories"),
        pytest.param(pd.Series([date(2002, 6, 14), None], dtype=object), id="days"),
        pytest.param(
            pd.Series([MOMENT, None], dtype=pd.DatetimeTZDtype("us", "UTC")), id="UTC times"
        ),
        pytest.param(pd.Series([datetime(2026, 1, 1), None]), id="times without a zone"),  # noqa: DTZ001
        pytest.param(pd.Series([pd.Timedelta(1, "s"), None]), id="durations"),
    ],
)
def test_a_column_comes_back_with_its_type_and_its_gaps(column: "pd.Series[Any]") -> None:
    frame = column.to_frame("column")
    assert_frame_equal(_round_trip(frame), frame)


@pytest.mark.parametrize("rows", [[], [BOURNE], [UNKNOWN], [BOURNE, UNKNOWN, BOURNE]])
def test_a_frame_comes_back_from_arrow_as_it_was(rows: list[dict[str, Any]]) -> None:
    frame = conform([{**row, "revenue": row.get("revenue") and 2**53 + 1} for row in rows], Films)
    assert_frame_equal(from_arrow(to_arrow(frame, Films), Films), frame)


def test_columns_that_arrow_rows_lack_are_unknown() -> None:
    rows = to_arrow(conform([BOURNE], Films), Films).drop_columns(["revenue", "seen_at"])
    bare = conform([{**BOURNE, "revenue": None, "seen_at": None}], Films)
    assert_frame_equal(from_arrow(rows, Films), bare)


def test_nested_values_come_back() -> None:
    frame = pd.DataFrame({"genres": [["Action", "Thriller"], []], "id": [{"a": 1}, {"a": 2}]})
    back = _round_trip(frame)
    assert [list(genres) for genres in back["genres"]] == [["Action", "Thriller"], []]
    assert list(back["id"]) == [{"a": 1}, {"a": 2}]


def test_an_index_and_column_names_that_are_not_texts_come_back() -> None:
    frame = pd.DataFrame({0: [1, 2], 1: [3, 4]}, index=pd.Index(["x", "y"], name="key"))
    assert_frame_equal(_round_trip(frame), frame)


def test_an_empty_frame_keeps_its_columns_and_types() -> None:
    frame = conform([], Films)
    assert_frame_equal(_round_trip(frame), frame)
    assert len(frame) == 0


def test_a_frame_without_columns_comes_back_empty() -> None:
    assert _round_trip(pd.DataFrame()).empty


def test_what_is_noted_in_attrs_is_not_written_and_stays_on_the_frame() -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"uri": "s3://somewhere", "cannot be JSON": object()}
    data = to_parquet(frame)
    assert b"somewhere" not in data
    assert from_parquet(data).attrs == {}
    assert frame.attrs["uri"] == "s3://somewhere"


def test_parquet_is_compressed_with_zstd() -> None:
    parquet = pq.ParquetFile(io.BytesIO(to_parquet(pd.DataFrame({"a": range(1000)}))))
    assert parquet.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_same_frame_becomes_the_same_bytes() -> None:
    assert to_parquet(conform([BOURNE], Films)) == to_parquet(conform([BOURNE], Films))


# JSON


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        0,
        "text",
        {"a": [1, 2.5, None, True, {"b": 'é日本 \u2028 " \\ \n'}]},
        2**63,
        1e-300,
    ],
)
def test_a_value_comes_back_from_json(value: object) -> None:
    assert from_json(to_json(value)) == value


def test_json_is_utf8_for_people_and_ends_with_a_newline() -> None:
    assert to_json({"título": "Ação"}) == '{\n "título": "Ação"\n}\n'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json({"answers": [number]})


def test_days_and_times_become_iso_text() -> None:
    assert json.loads(to_json([date(2002, 6, 14), MOMENT])) == [
        "2002-06-14",
        "2026-11-23T12:30:15.123456+00:00",
    ]


@pytest.mark.parametrize(
    "value",
    [{1}, b"bytes", Decimal(1), pd.DataFrame(), pd.NA, object(), {("a", "b"): 1}, np.int64(1)],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused_and_not_turned_into_text(value: object) -> None:
    with pytest.raises(TypeError):
        to_json({"value": value} if not isinstance(value, dict) else value)


def test_the_refusal_names_the_type() -> None:
    with pytest.raises(TypeError, match="A Decimal cannot be written as JSON"):
        to_json(Decimal(1))


# Following a schema


def test_rows_become_a_frame_of_the_models_types_in_the_models_order() -> None:
    frame = conform([dict(reversed(BOURNE.items()))], Films)
    assert list(frame.columns) == list(BOURNE)
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == {
        "film_id": "Int64",
        "title": "str",
        "released": "object",
        "revenue": "Int64",
        "popularity": "float64",
        "seen_at": "datetime64[us, UTC]",
        "is_video": "bool",
    }


def test_no_rows_become_an_empty_frame_of_the_same_types() -> None:
    assert conform([], Films).dtypes.equals(conform([BOURNE], Films).dtypes)


def test_what_a_row_leaves_out_is_unknown_and_not_zero() -> None:
    (row,) = records(conform([UNKNOWN], Films))
    assert row == {
        **dict.fromkeys(BOURNE),
        "film_id": 9,
        "is_video": True,
    }


def test_what_the_model_does_not_name_is_left_out() -> None:
    assert "adult" not in conform([{**BOURNE, "adult": False}], Films)


def test_texts_of_days_and_numbers_are_turned_into_the_columns_type() -> None:
    (row,) = records(conform([{**BOURNE, "released": "2002-06-14", "revenue": "5"}], Films))
    assert row["released"] == date(2002, 6, 14)
    assert row["revenue"] == 5


@pytest.mark.parametrize(
    "wrong", [{"revenue": "much"}, {"revenue": 1.5}, {"seen_at": "once"}, {"released": "soon"}]
)
def test_a_value_that_cannot_be_of_its_columns_type_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SchemaErrors):
        conform([{**BOURNE, **wrong}], Films)


# Plain values


def test_records_are_plain_python_values() -> None:
    (row,) = records(_round_trip(conform([BOURNE], Films)))
    assert row == BOURNE
    assert {name: type(value) for name, value in row.items()} == {
        name: type(value) for name, value in BOURNE.items()
    }


def test_numbers_of_numpy_become_those_of_python() -> None:
    cells = pd.Series([np.int64(1), np.float64(0.5), np.bool_(True)], dtype=object)
    values = [row["a"] for row in records(pd.DataFrame({"a": cells}))]
    assert values == [1, 0.5, True]
    assert [type(value) for value in values] == [int, float, bool]


@pytest.mark.parametrize("unknown", [None, pd.NA, pd.NaT, float("nan"), np.float64("nan")])
def test_every_kind_of_unknown_becomes_none(unknown: object) -> None:
    assert records(pd.DataFrame({"a": pd.Series([unknown], dtype=object)})) == [{"a": None}]


def test_a_cell_may_hold_several_values() -> None:
    frame = _round_trip(pd.DataFrame({"genres": [["Action", "Thriller"], []]}))
    assert [list(row["genres"]) for row in records(frame)] == [["Action", "Thriller"], []]
    (row,) = records(_round_trip(pd.DataFrame({"ids": [[28, 53]]})))
    assert [type(number) for number in row["ids"]] == [int, int]


def test_no_rows_have_no_records() -> None:
    assert records(conform([], Films)) == []


def test_a_frame_tells_which_object_it_came_from() -> None:
    frame = pd.DataFrame({"a": [1]})
    assert origin_of(frame) == []
    frame.attrs = {"uri": "s3://bucket/key", "sha256": "00"}
    assert origin_of(frame) == [{"uri": "s3://bucket/key", "sha256": "00"}]
