"""Tables whose files DuckDB reads itself: what it shows is what pyiceberg's own reader shows."""

import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import DoubleType, LongType, NestedField, StringType

from bourne_assets.iceberg.blocks import BlockCache
from bourne_assets.iceberg.commits import Provenance, append_files
from bourne_assets.iceberg.errors import SnapshotMissing
from bourne_assets.iceberg.files import append_arrow, new_file, send_file
from bourne_assets.iceberg.scanning import selection_of
from bourne_assets.iceberg.served_files import SERVED, ServedFiles
from bourne_assets.iceberg.tables import ensure_table

NAME = "trusted.odd"
RUN = Provenance("run")
ROWS = pa.table({"a": pa.array([1, 2], pa.int32()), "b": ["x", None]})


@pytest.fixture
def files(tmp_path: Path) -> ServedFiles:
    return ServedFiles(BlockCache(tmp_path / "blocks"))


@pytest.fixture
def connection(files: ServedFiles) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.register_filesystem(files)
        yield opened


@pytest.fixture
def seen(
    connection: duckdb.DuckDBPyConnection, files: ServedFiles
) -> Callable[..., list[dict[str, Any]] | None]:
    """Rows of a table as DuckDB reads them; None where it does not."""

    def read(table: Table, snapshot_id: int | None = None) -> list[dict[str, Any]] | None:
        table.refresh()
        sql = selection_of(connection, files, table, snapshot_id)
        if sql is None:
            return None
        return shown(connection, sql)

    return read


def shown(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return found


def by_pyiceberg(table: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.scan().to_arrow().to_pylist()
    return found


def added_by_another_engine(table: Table, data: bytes, rows: int, *partition: str) -> DataFile:
    """A file in a table without any check of what is in it."""
    uri = new_file(table)
    with table.io.new_output(uri).create() as stream:
        stream.write(data)
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=uri,
        file_format=FileFormat.PARQUET,
        partition=Record(*partition),
        record_count=rows,
        file_size_in_bytes=len(data),
    )
    file.spec_id = table.spec().spec_id
    with table.transaction() as change, change.update_snapshot().fast_append() as append:
        append.append_data_file(file)
    return file


def parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def same(ours: list[dict[str, Any]] | None, theirs: list[dict[str, Any]]) -> bool:
    return ours is not None and sorted(map(repr, ours)) == sorted(map(repr, theirs))


Seen = Callable[..., list[dict[str, Any]] | None]


def test_files_with_ids_and_files_that_only_have_names_are_one_table(
    catalogue: Catalog, seen: Seen, tmp_path: Path
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    table.append(ROWS)  # pyiceberg writes ids
    pq.write_table(ROWS.select(["b", "a"]), tmp_path / "names.parquet")
    append_files(table, [send_file(table, tmp_path / "names.parquet")], RUN)
    assert same(seen(table), by_pyiceberg(table))
    assert len(by_pyiceberg(table)) == 4


def test_a_column_that_was_renamed_widened_moved_or_added_is_read_from_old_files(
    catalogue: Catalog, seen: Seen
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    table.append(ROWS)
    before = table.current_snapshot()
    assert before is not None
    with table.update_schema() as change:
        change.update_column("a", LongType())
        change.rename_column("b", "name")
        change.add_column("later", DoubleType())
        change.move_first("later")
    with table.update_schema() as change:
        change.add_column("b", StringType())  # another than the one that had this name
    table.append(
        pa.table({"later": [0.5], "a": [2**40], "name": ["y"], "b": ["new"]}),
    )
    assert same(seen(table), by_pyiceberg(table))
    assert {"a": 2**40, "name": "y", "b": "new", "later": 0.5} in by_pyiceberg(table)
    assert seen(table, before.snapshot_id) == ROWS.to_pylist()


def test_a_column_that_is_gone_and_came_again_does_not_show_its_old_values(
    catalogue: Catalog, seen: Seen
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    table.append(ROWS)
    with table.update_schema(allow_incompatible_changes=True) as change:
        change.delete_column("b")
    with table.update_schema() as change:
        change.add_column("b", StringType())
    assert seen(table) == [{"a": 1, "b": None}, {"a": 2, "b": None}]


def test_values_of_every_type_are_those_that_were_written(catalogue: Catalog, seen: Seen) -> None:
    rows = pa.table(
        {
            "flag": [True, None],
            "precise": pa.array([Decimal("0.10"), None], pa.decimal128(38, 2)),
            "real": pa.array([1.5, float("nan")], pa.float32()),
            "day": [date(2020, 1, 1), None],
            "time": pa.array([1, None], pa.time64("us")),
            "moment": pa.array([1, None], pa.timestamp("us")),
            "moment_utc": pa.array([1, None], pa.timestamp("us", tz="UTC")),
            "bytes": [b"\x00\xff", None],
            "list": [[1, None], None],
            "record": [{"x": 1, "y": {"z": "deep"}}, None],
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    table = ensure_table(catalogue, NAME, rows.schema)
    append_arrow(table, rows, RUN)
    table.append(rows)
    assert same(seen(table), by_pyiceberg(table))


def test_a_table_without_rows_has_its_columns(
    catalogue: Catalog, connection: duckdb.DuckDBPyConnection, files: ServedFiles
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    sql = selection_of(connection, files, table)
    assert sql is not None
    found = connection.sql(sql).to_arrow_table()
    assert found is not None
    assert found.schema.equals(ROWS.schema)


def test_a_table_in_partitions_is_read_where_its_files_have_all_columns(
    catalogue: Catalog, seen: Seen
) -> None:
    catalogue.create_namespace_if_not_exists("trusted")
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "kind"))
    schema = Schema(NestedField(1, "kind", StringType()), NestedField(2, "n", LongType()))
    table = catalogue.create_table(NAME, schema, partition_spec=spec)
    table.append(pa.table({"kind": ["a", "b=c/d"], "n": [1, 2]}))
    assert same(seen(table), by_pyiceberg(table))


def test_a_column_that_only_the_partition_gives_is_left_to_pyiceberg(
    catalogue: Catalog, seen: Seen
) -> None:
    catalogue.create_namespace_if_not_exists("trusted")
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "kind"))
    schema = Schema(NestedField(1, "kind", StringType()), NestedField(2, "n", LongType()))
    table = catalogue.create_table(NAME, schema, partition_spec=spec)
    field = pa.field("n", pa.int64(), metadata={b"PARQUET:field_id": b"2"})
    rows = pa.table({"n": [1]}).cast(pa.schema([field]))
    added_by_another_engine(table, parquet(rows), 1, "a")
    assert by_pyiceberg(table) == [{"kind": "a", "n": 1}]
    assert seen(table) is None


@pytest.mark.parametrize(
    "rows",
    [
        pa.table({"same": [1], "SAME": [2]}),
        pa.table({"b": pa.array([b"x"], pa.binary())}),
        pa.table({"a": pa.array([1], pa.int64()), "b": ["x"]}),
    ],
)
def test_a_file_that_duckdb_would_read_otherwise_is_left_to_pyiceberg(
    catalogue: Catalog, seen: Seen, rows: pa.Table
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    added_by_another_engine(table, parquet(rows), 1)
    assert seen(table) is None


def test_rows_that_another_engine_deleted_are_left_to_pyiceberg(
    catalogue: Catalog, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    append_arrow(table, ROWS, RUN)
    (task,) = table.scan().plan_files()
    deleting = FileScanTask(task.file, delete_files={task.file})
    monkeypatch.setattr(DataScan, "plan_files", lambda _: [deleting])
    assert seen(table) is None


def test_a_snapshot_that_is_not_there_is_named(catalogue: Catalog, seen: Seen) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    with pytest.raises(SnapshotMissing, match=r"trusted\.odd"):
        seen(table, 12345)


def test_what_was_read_once_is_not_fetched_again(
    catalogue: Catalog, seen: Seen, tmp_path: Path
) -> None:
    table = ensure_table(catalogue, NAME, ROWS.schema)
    append_arrow(table, ROWS, RUN)
    assert seen(table) == ROWS.to_pylist()
    (task,) = table.scan().plan_files()
    table.io.delete(task.file.file_path)
    other = ServedFiles(BlockCache(tmp_path / "blocks"))
    with duckdb.connect() as connection:
        connection.register_filesystem(other)
        sql = selection_of(connection, other, table)
        assert sql is not None
        assert shown(connection, sql) == ROWS.to_pylist()
    nothing = ServedFiles(BlockCache(tmp_path / "others"))
    with duckdb.connect() as connection, pytest.raises(Exception, match=r"trusted\.odd"):
        selection_of(connection, nothing, table)
    assert isinstance(nothing.failure, FileNotFoundError)


@pytest.mark.parametrize("cached", [True, False])
def test_large_files_are_read_in_pieces_of_any_place(
    catalogue: Catalog, cached: bool, tmp_path: Path
) -> None:
    table = ensure_table(catalogue, NAME, pa.schema([("a", pa.int64())]))
    data = bytes(range(256)) * 12_000 + b"end"
    file = added_by_another_engine(table, data, 1)
    files = ServedFiles(BlockCache(tmp_path / "blocks") if cached else None)
    address = files.add(table, file)
    assert address.startswith(SERVED)
    for start, size in ((2**20 - 5, 10), (3, 2), (2**20, 2**20), (len(data) - 4, 50), (0, -1)):
        with_place = files.open(address)
        with_place.seek(start)
        end = None if size < 0 else start + size
        assert with_place.read(size) == data[start:end]
        assert with_place.tell() == min(end or len(data), len(data))


def test_nothing_but_the_files_of_tables_is_served(files: ServedFiles) -> None:
    with pytest.raises(FileNotFoundError):
        files.open("/etc/passwd")
    with pytest.raises(PermissionError):
        files.open(f"{SERVED}0", "wb")
    assert not files.exists(f"{SERVED}0")
