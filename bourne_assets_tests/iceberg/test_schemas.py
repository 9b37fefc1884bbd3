"""What tables make of the columns and types of rows, old and new."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.errors import SchemaUnfit, TableMissing
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table, evolve, find_table, open_table

NAME = "trusted.things"
HERE = Provenance()


def test_a_table_that_is_not_there_is_named(catalogue: Catalog) -> None:
    with pytest.raises(TableMissing, match=r"no table trusted\.things"):
        open_table(catalogue, NAME)
    assert find_table(catalogue, NAME) is None


def test_in_portuguese_too_a_table_is_named_by_its_name_alone(
    catalogue: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    with pytest.raises(TableMissing, match=r"tabela trusted\.things") as missing:
        open_table(catalogue, NAME)
    assert missing.value.name == NAME


def test_an_existing_table_keeps_its_columns_when_it_is_requested(catalogue: Catalog) -> None:
    ensure_table(catalogue, NAME, pa.schema([("a", pa.int32())]))
    again = ensure_table(catalogue, NAME, pa.schema([("b", pa.string())]))
    assert again.schema().column_names == ["a"]


def test_columns_are_described_in_the_table_itself(catalogue: Catalog) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("a", pa.int32())]), {"a": "A number."})
    evolve(table, pa.schema([("b", pa.int32())]), {"b": "Another."})
    assert [field.doc for field in table.schema().fields] == ["A number.", "Another."]


@pytest.mark.parametrize(
    ("narrow", "wide", "old", "new"),
    [
        (pa.int32(), pa.int64(), 1, 2**40),
        (pa.float32(), pa.float64(), 0.5, 1e300),
        (pa.decimal128(4, 2), pa.decimal128(9, 2), Decimal("1.25"), Decimal("1000000.50")),
    ],
)
def test_a_type_is_widened_and_old_rows_stay_readable(
    catalogue: Catalog, narrow: pa.DataType, wide: pa.DataType, old: object, new: object
) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("n", narrow)]))
    append_arrow(table, pa.table({"n": pa.array([old], narrow)}), HERE)
    evolve(table, pa.schema([("n", wide)]))
    append_arrow(table, pa.table({"n": pa.array([new], wide)}), HERE)
    assert sorted(table.scan().to_arrow()["n"].to_pylist()) == [old, new]


def test_a_narrower_type_is_not_a_change(catalogue: Catalog) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("n", pa.int64())]))
    evolve(table, pa.schema([("n", pa.int32())]))
    append_arrow(table, pa.table({"n": pa.array([1], pa.int32())}), HERE)
    assert str(table.schema().fields[0].field_type) == "long"


def test_columns_are_added_and_those_that_are_gone_are_null(catalogue: Catalog) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("a", pa.string())]))
    append_arrow(table, pa.table({"a": ["old"]}), HERE)
    evolve(table, pa.schema([("b", pa.string()), ("weird.name, it is", pa.int64())]))
    append_arrow(table, pa.table({"b": ["new"], "weird.name, it is": [1]}), HERE)
    rows = sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["a"] is None)
    assert rows == [
        {"a": "old", "b": None, "weird.name, it is": None},
        {"a": None, "b": "new", "weird.name, it is": 1},
    ]


@pytest.mark.parametrize("wrong", [pa.string(), pa.float64(), pa.list_(pa.int64())])
def test_a_type_that_does_not_fit_stops_with_the_table_as_it_was(
    catalogue: Catalog, wrong: pa.DataType
) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("n", pa.int64())]))
    with pytest.raises(SchemaUnfit, match="column 'n' is long and would be"):
        evolve(table, pa.schema([("new", pa.int64()), ("n", wrong)]))
    assert open_table(catalogue, NAME).schema().column_names == ["n"]


def test_two_processes_that_add_columns_at_once_both_succeed(catalogue: Catalog) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("a", pa.int64())]))
    stale = open_table(catalogue, NAME)
    evolve(table, pa.schema([("b", pa.int64())]))
    evolve(stale, pa.schema([("b", pa.int64()), ("c", pa.int64())]))
    assert open_table(catalogue, NAME).schema().column_names == ["a", "b", "c"]


def test_types_that_iceberg_lacks_become_the_next_wider_ones(catalogue: Catalog) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=dt.UTC)
    rows = pa.table(
        {
            "time": pa.array([moment], pa.timestamp("ns", "UTC")),
            "unsigned": pa.array([2**64 - 1], pa.uint64()),
            "word": pa.array(["a"]).dictionary_encode(),
            "nothing": pa.nulls(1),
            "list": pa.array([["a", "b"]], pa.list_(pa.string())),
        }
    )
    table = ensure_table(catalogue, NAME, rows.schema)
    evolve(table, rows.schema)
    append_arrow(table, rows, HERE)
    (read,) = table.scan().to_arrow().to_pylist()
    assert read == {
        "time": moment,
        "unsigned": Decimal(2**64 - 1),
        "word": "a",
        "nothing": None,
        "list": ["a", "b"],
    }


def test_a_type_that_iceberg_cannot_have_is_named(catalogue: Catalog) -> None:
    with pytest.raises(SchemaUnfit, match=r"trusted\.things"):
        ensure_table(catalogue, NAME, pa.schema([("n", pa.duration("s"))]))
