"""SQL by which DuckDB reads the files of a table itself, in the columns and types of the table.

What DuckDB does not know of is left to pyiceberg's reader (`reading`): rows that other engines
deleted one by one, columns that only partitions or defaults give, types of other formats.
Not here: where the bytes come from (`served_files`).
"""

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bourne_assets.iceberg.reading import oldest_first, planned
from bourne_assets.iceberg.served_files import ServedFiles
from bourne_assets.sql import identifier, literal
from bourne_assets.threads import thread_pool

if TYPE_CHECKING:
    from pyiceberg.schema import Schema
    from pyiceberg.table import FileScanTask, Table
    from pyiceberg.types import IcebergType, NestedField

_FOOTERS_AT_ONCE = 8


class _Unreadable(Exception):
    """DuckDB would not read the file as the table means it."""


def selection_of(
    connection: duckdb.DuckDBPyConnection,
    files: ServedFiles,
    table: "Table",
    snapshot_id: int | None = None,
) -> str | None:
    """A SELECT of the rows of a table as of a snapshot, for a connection that `files` is known to.

    Args:
        connection: DuckDB.
        files: Serves the table's files from now on.
        table: The table.
        snapshot_id: The snapshot; None for the newest.

    Returns:
        The SQL; None where only pyiceberg's own reader gives all rows as they are.

    Raises:
        SnapshotMissing: There is no such snapshot, or it is gone.
        CatalogueFailed: The storage failed.
    """
    from pyiceberg.io.pyarrow import PyArrowFileIO

    with planned(table, snapshot_id) as (scan, tasks):
        wanted = scan.projection()
        if not isinstance(table.io, PyArrowFileIO):
            return None
        types = duckdb_types(connection, wanted)
        try:
            _ensure_distinct(list(types))
            groups = _groups(files, table, tasks, wanted, types)
        except _Unreadable:
            return None
    parts = [
        f"SELECT {columns} FROM read_parquet([{', '.join(map(literal, addresses))}], "
        "hive_partitioning = false)"
        for (columns, _), addresses in groups.items()
    ]
    nothing = ", ".join(f"CAST(NULL AS {t}) AS {identifier(n)}" for n, t in types.items())
    return " UNION ALL ".join(parts) or f"SELECT {nothing} WHERE false"


def duckdb_types(connection: duckdb.DuckDBPyConnection, schema: "Schema") -> dict[str, str]:
    """The columns of a schema and DuckDB's names of their types."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    name = "__columns"
    columns = schema_to_pyarrow(schema, include_field_ids=False).remove_metadata()
    connection.register(name, columns.empty_table())
    try:
        found = connection.execute(f"DESCRIBE {name}").fetchall()
    finally:
        connection.unregister(name)
    return {field.name: str(row[1]) for field, row in zip(columns, found, strict=True)}


def _groups(
    files: ServedFiles,
    table: "Table",
    tasks: list["FileScanTask"],
    wanted: "Schema",
    types: dict[str, str],
) -> dict[tuple[str, str], list[str]]:
    """Addresses of files that are read alike, by the columns that are selected of them.

    Raises:
        _Unreadable: DuckDB cannot read one of them.
    """
    from pyiceberg.manifest import FileFormat

    if any(t.delete_files or t.file.file_format is not FileFormat.PARQUET for t in tasks):
        raise _Unreadable
    by_uri = {task.file.file_path: task.file for task in tasks}
    addresses = [files.add(table, by_uri[uri]) for uri in oldest_first(by_uri)]
    as_iceberg = _Converter(table)
    groups: dict[tuple[str, str], list[str]] = {}
    with thread_pool(_FOOTERS_AT_ONCE, "footers") as pool:
        stored = list(pool.map(lambda address: _stored_schema(files, address), addresses))
    for address, schema in zip(addresses, stored, strict=True):
        columns = _columns(as_iceberg(schema), table, wanted, types)
        key = columns, str(schema.remove_metadata())
        groups.setdefault(key, []).append(address)
    return groups


def _stored_schema(files: ServedFiles, address: str) -> pa.Schema:
    try:
        with pq.ParquetFile(files.open(address)) as file:
            return file.schema_arrow
    except pa.ArrowInvalid as error:
        raise _Unreadable from error


class _Converter:
    """The columns of files as Iceberg knows them: by the ids in a file, or by the table's names."""

    def __init__(self, table: "Table") -> None:
        from pyiceberg.table.name_mapping import create_mapping_from_schema

        self._names = table.name_mapping() or create_mapping_from_schema(table.schema())
        self._version = table.format_version
        self._known: dict[bytes, Schema] = {}

    def __call__(self, schema: pa.Schema) -> "Schema":
        """The columns of a file.

        Raises:
            _Unreadable: It has types that Iceberg does not know, or names that DuckDB confuses.
        """
        key = schema.serialize().to_pybytes()
        if key not in self._known:
            _ensure_distinct(schema.names)
            self._known[key] = self._converted(schema)
        return self._known[key]

    def _converted(self, schema: pa.Schema) -> "Schema":
        from pyiceberg.io.pyarrow import UnsupportedPyArrowTypeException, pyarrow_to_schema

        if not any(b"PARQUET:field_id" in (field.metadata or {}) for field in schema):
            known = {name for field in self._names.root for name in field.names}
            schema = pa.schema([field for field in schema if field.name in known])
        try:
            return pyarrow_to_schema(
                schema,
                self._names,
                downcast_ns_timestamp_to_us=True,
                format_version=self._version,
            )
        except (UnsupportedPyArrowTypeException, ValueError, TypeError) as error:
            raise _Unreadable from error


def _columns(stored: "Schema", table: "Table", wanted: "Schema", types: dict[str, str]) -> str:
    """What is selected of a file, so that it has the columns and types of the table."""
    in_file = {field.field_id: field for field in stored.fields}
    of_partitions = {part.source_id for spec in table.specs().values() for part in spec.fields}
    selected = []
    for field in wanted.fields:
        found = in_file.get(field.field_id)
        if found is None:
            if field.field_id in of_partitions or field.initial_default is not None:
                raise _Unreadable
            value = "NULL"
        else:
            _ensure_fits(found.field_type, field.field_type)
            value = identifier(found.name)
        selected.append(f"CAST({value} AS {types[field.name]}) AS {identifier(field.name)}")
    return ", ".join(selected)


def _ensure_fits(stored: "IcebergType", wanted: "IcebergType") -> None:
    """Refuse a type of a file that the table's type neither is nor was widened from."""
    if stored.is_primitive or wanted.is_primitive:
        if stored != wanted and not _is_wider(wanted, stored):
            raise _Unreadable
        return
    parts, others = _parts(stored), _parts(wanted)
    if type(stored) is not type(wanted) or len(parts) != len(others):
        raise _Unreadable
    for one, other in zip(parts, others, strict=True):
        if (one.field_id, one.name) != (other.field_id, other.name):
            raise _Unreadable
        _ensure_fits(one.field_type, other.field_type)


def _is_wider(wanted: "IcebergType", stored: "IcebergType") -> bool:
    """Whether every value of a type is one of another, and DuckDB's cast says so too."""
    from pyiceberg.types import DecimalType, DoubleType, FloatType, IntegerType, LongType

    match stored, wanted:
        case (IntegerType(), LongType()) | (FloatType(), DoubleType()):
            return True
        case DecimalType(), DecimalType():
            return stored.scale == wanted.scale and stored.precision <= wanted.precision
    return False


def _parts(nested: "IcebergType") -> tuple["NestedField", ...]:
    """What a struct, a list or a map consists of."""
    from pyiceberg.types import ListType, MapType, StructType

    match nested:
        case StructType():
            return nested.fields
        case ListType():
            return (nested.element_field,)
        case MapType():
            return nested.key_field, nested.value_field
    raise _Unreadable


def _ensure_distinct(names: list[str]) -> None:
    """Refuse names that differ in nothing but case: DuckDB takes one for the other."""
    if len({name.casefold() for name in names}) < len(names):
        raise _Unreadable
