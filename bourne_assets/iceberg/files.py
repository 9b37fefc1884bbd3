"""The Parquet files of tables: where they are, and how their bytes get there.

A file that no commit names is invisible, and upkeep removes it when it is old.
Not here: commits (`commits`).
"""

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from bourne_assets.iceberg.commits import (
    Committed,
    Provenance,
    append_files,
    name_of,
    replace_with_files,
)
from bourne_assets.iceberg.errors import CatalogueFailed, SchemaUnfit
from bourne_assets.iceberg.translation import translated, translated_for_table
from bourne_assets.lake.access import S3Access
from bourne_assets.lake.s3 import access_of_environment, connect_s3
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

_REGION = "us-east-1"


def append_arrow(table: "Table", rows: pa.Table, provenance: Provenance) -> Committed:
    """Add rows to a table, whose columns they have or lack; what they lack is null.

    Raises:
        SchemaUnfit: They have columns that the table has not, or other types: `evolve` first.
        LakeError: The commit failed, and the table is as it was.
    """
    return append_files(table, [write_rows(table, rows)], provenance)


def replace_arrow(table: "Table", rows: pa.Table, provenance: Provenance) -> Committed:
    """Put rows in place of all rows of a table, as `append_arrow` and `replace_with_files`.

    Raises:
        SchemaUnfit: They have columns that the table has not, or other types: `evolve` first.
        LakeError: The commit failed, and the table is as it was.
    """
    return replace_with_files(table, [write_rows(table, rows)], provenance)


def write_rows(table: "Table", rows: pa.Table) -> str:
    """Write rows as a file of a table, in the table's columns; no commit names it yet.

    Returns:
        The file's address.

    Raises:
        SchemaUnfit: The rows do not fit the table.
        CatalogueFailed: The storage failed.
    """
    uri = new_file(table)
    fitting = _fitting(table, rows)
    with (
        translated_for_table(name_of(table)),
        table.io.new_output(uri).create() as stream,
        pq.ParquetWriter(stream, fitting.schema, compression="zstd") as writer,
    ):
        writer.write_table(fitting)
    return uri


def send_file(table: "Table", path: Path) -> str:
    """Send a Parquet file of this machine to where the files of a table are.

    It is streamed, and must have no field ids. No commit names it yet.

    Returns:
        The file's address.

    Raises:
        LakeError: The storage failed.
        OSError: The file cannot be read.
    """
    uri = new_file(table)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    storage, key = storage_of(table, uri)
    storage.write_file(key, path, digest, PARQUET)
    return uri


def schema_of(catalogue: "Catalog", uri: str) -> pa.Schema:
    """Columns and types of a Parquet object, which the catalogue's storage can reach.

    Raises:
        CatalogueFailed: There is no such object, or it is not Parquet.
    """
    with _opened(catalogue, uri) as file:
        return file.schema_arrow.remove_metadata()


def rows_in(catalogue: "Catalog", uri: str) -> pa.Table:
    """The rows of a Parquet object, in memory.

    Raises:
        CatalogueFailed: There is no such object, or it is not Parquet.
    """
    with _opened(catalogue, uri) as file:
        return file.read()


@contextmanager
def _opened(catalogue: "Catalog", uri: str) -> Iterator[pq.ParquetFile]:
    from pyiceberg.io import load_file_io

    with translated(gettext("the object {uri}", uri=uri)):
        storage = load_file_io(catalogue.properties, uri)
        try:
            with storage.new_input(uri).open() as stream, pq.ParquetFile(stream) as file:
                yield file
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0]
            raise CatalogueFailed(
                gettext("The object {uri} is not a Parquet file: {reason}", uri=uri, reason=reason)
            ) from error


def new_file(table: "Table") -> str:
    """Address of a file of this table that is not there yet."""
    # The names say which of two files is older.
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex}.parquet"
    return table.location_provider().new_data_location(name)


def storage_of(table: "Table", uri: str) -> tuple[Lake, str]:
    """The bucket of an object of a table, reached as its catalogue says, and the object's key.

    Raises:
        LakeError: It cannot be reached.
    """
    parts = urlsplit(uri)
    return connect_s3(_access(table.io.properties), parts.netloc), parts.path.lstrip("/")


def _access(properties: Mapping[str, Any]) -> S3Access:
    """How pyiceberg reaches the storage: the AWS chain gives what the properties do not state."""
    endpoint = properties.get("s3.endpoint")
    region = _stated(properties, "region")
    if (key := _stated(properties, "access-key-id")) is not None:
        given = {
            "access_key_id": key,
            "secret_access_key": _stated(properties, "secret-access-key"),
            "token": _stated(properties, "session-token"),
            "expires_at": None,
        }
        return S3Access(endpoint, region or _REGION, lambda: given)
    if str(properties.get("s3.anonymous")).lower() == "true":
        return S3Access(endpoint, region or _REGION, None)
    chain = access_of_environment()
    return replace(chain, endpoint=endpoint or chain.endpoint, region=region or chain.region)


def _stated(properties: Mapping[str, Any], name: str) -> str | None:
    """A property of S3, or of all services of AWS, as pyiceberg looks for it."""
    found: str | None = properties.get(f"s3.{name}", properties.get(f"client.{name}"))
    return found


def _fitting(table: "Table", rows: pa.Table) -> pa.Table:
    """The rows in the table's columns and types, without losing anything."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    wanted = schema_to_pyarrow(table.schema(), include_field_ids=False)
    if foreign := [name for name in rows.column_names if name not in wanted.names]:
        raise SchemaUnfit(
            name_of(table), [gettext("column {name!r} is new", name=name) for name in foreign]
        )
    columns = []
    for field in wanted:
        if field.name not in rows.column_names:
            columns.append(pa.nulls(len(rows), field.type))
            continue
        try:
            columns.append(rows.column(field.name).cast(field.type))
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise SchemaUnfit(name_of(table), [f"column {field.name!r}: {reason}"]) from error
    return pa.Table.from_arrays(columns, schema=wanted.remove_metadata())
