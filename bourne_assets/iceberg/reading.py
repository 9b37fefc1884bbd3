"""The rows of a table, as of any of its snapshots, without holding them all in memory.

Not here: SQL over tables, and frames.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.dataset as ds

from bourne_assets.iceberg.commits import name_of
from bourne_assets.iceberg.errors import SnapshotMissing
from bourne_assets.iceberg.translation import translated_for_table

if TYPE_CHECKING:
    from pyiceberg.schema import Schema
    from pyiceberg.table import DataScan, FileScanTask, Table
    from pyiceberg.table.snapshots import Snapshot


def rows_of(table: "Table", snapshot_id: int | None = None) -> ds.Dataset | pa.RecordBatchReader:
    """The rows, in the columns and types of the table as of that snapshot.

    DuckDB and Arrow read a dataset in parallel and only the columns that they need. Where another
    engine deleted single rows, only pyiceberg's own reader knows how to leave them out.

    Args:
        table: The table.
        snapshot_id: The snapshot; None for the newest.

    Raises:
        SnapshotMissing: There is no such snapshot, or it is gone.
        CatalogueFailed: The storage failed.
    """
    from pyiceberg.io.pyarrow import PyArrowFileIO

    with planned(table, snapshot_id) as (scan, tasks):
        if any(task.delete_files for task in tasks) or not isinstance(table.io, PyArrowFileIO):
            return scan.to_arrow_batch_reader()
        uris = oldest_first(task.file.file_path for task in tasks)
        return files_of(table, uris, scan.projection())


@contextmanager
def planned(
    table: "Table", snapshot_id: int | None
) -> Iterator[tuple["DataScan", list["FileScanTask"]]]:
    """The scan of a table as of a snapshot and the files that it reads; see `rows_of`."""
    if snapshot_id is not None and table.snapshot_by_id(snapshot_id) is None:
        raise SnapshotMissing(name_of(table), str(snapshot_id))
    with translated_for_table(name_of(table)):
        scan = table.scan(snapshot_id=snapshot_id)
        yield scan, list(scan.plan_files())


def committed_at(snapshot: "Snapshot") -> datetime:
    """When a snapshot was committed, in UTC."""
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


def files_of(table: "Table", uris: Sequence[str], schema: "Schema | None" = None) -> ds.Dataset:
    """The rows of some files of a table, in its columns and types, or in those of another schema.

    The storage must be pyarrow's.
    """
    from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow

    assert isinstance(table.io, PyArrowFileIO)  # noqa: S101 - as the docstring says
    columns = schema_to_pyarrow(schema or table.schema(), include_field_ids=False).remove_metadata()
    if not uris:
        return ds.dataset(columns.empty_table())
    parts = [urlsplit(uri) for uri in uris]
    storage = table.io.fs_by_scheme(parts[0].scheme or "file", parts[0].netloc)
    paths = [f"{part.netloc}{part.path}" for part in parts]
    return ds.dataset(paths, schema=columns, filesystem=storage, format="parquet")


def oldest_first(uris: Iterable[str]) -> list[str]:
    """Addresses of files in the order in which they were written, which their names show."""
    return sorted(uris, key=lambda uri: uri.rpartition("/")[2])
