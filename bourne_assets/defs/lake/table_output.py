"""Outputs that are Iceberg tables: what an asset's metadata asks for, and what Dagster records.

Not here: the IO manager, and the tables themselves (`bourne_assets.iceberg`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from bourne_assets.defs.shared.metadata import (
    COLUMNS_KEY,
    FORMAT_KEY,
    MERGE_KEY_KEY,
    TABLE_KEY,
    WRITE_KEY,
    observed_schema,
    preview_of_table,
    stated,
    table_state,
)
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from bourne_assets.iceberg.commits import Committed, Provenance

_WRITES = ("append", "replace", "merge")


@dataclass(frozen=True)
class TableOutput:
    """What an asset's definition says of its table.

    Attributes:
        name: Namespace and name, such as `refined.dim_date`.
        write: What becomes of the rows that are there: `append`, `replace` or `merge`.
        key: Columns by which rows are merged.
    """

    name: str
    write: str = "replace"
    key: tuple[str, ...] = ()


def table_output(metadata: Mapping[str, Any]) -> TableOutput | None:
    """What the metadata of an asset asks for; None where the asset is not a table.

    Raises:
        Failure: It asks for something that does not exist.
    """
    if stated(metadata, FORMAT_KEY) != "table":
        return None
    name = str(stated(metadata, TABLE_KEY, ""))
    write = str(stated(metadata, WRITE_KEY, "replace"))
    key = stated(metadata, MERGE_KEY_KEY, ())
    columns = (key,) if isinstance(key, str) else tuple(str(column) for column in key)
    if name.count(".") != 1 or write not in _WRITES or (write == "merge") != bool(columns):
        raise dg.Failure(
            gettext(
                "The metadata of a table must name it ({table_key}: namespace.name), say how it "
                "is written ({write_key}: one of {writes}), and name the key of a merge "
                "({merge_key_key}) and of nothing else.",
                table_key=TABLE_KEY,
                write_key=WRITE_KEY,
                writes=", ".join(_WRITES),
                merge_key_key=MERGE_KEY_KEY,
            ),
            allow_retries=False,
        )
    return TableOutput(name, write, columns)


def store(
    catalogue: "Catalog", output: TableOutput, value: Any, provenance: "Provenance"
) -> "Committed":
    """Commit what an asset returned: a frame, an Arrow table, or the address of a Parquet object.

    Raises:
        Failure: It is not one of these.
        LakeError: It does not fit the table, or the commit failed.
    """
    from bourne_assets.iceberg import commits, files
    from bourne_assets.iceberg.merge import merge
    from bourne_assets.iceberg.tables import ensure_table, evolve

    if isinstance(value, str) and output.write != "merge":
        schema = files.schema_of(catalogue, value)
        table = evolve(ensure_table(catalogue, output.name, schema), schema)
        write = commits.append_files if output.write == "append" else commits.replace_with_files
        return write(table, [value], provenance)
    rows = files.rows_in(catalogue, value) if isinstance(value, str) else _arrow(value)
    table = evolve(ensure_table(catalogue, output.name, rows.schema), rows.schema)
    if output.write == "merge":
        return merge(table, rows, output.key, provenance)
    put = files.append_arrow if output.write == "append" else files.replace_arrow
    return put(table, rows, provenance)


def described(done: "Committed", value: Any, declared: dg.TableSchema | None) -> dict[str, Any]:
    """Metadata of an output: its table, its snapshot, and SQL to paste."""
    metadata: dict[str, Any] = {
        **table_state(done.table, done.snapshot_id),
        "dagster/row_count": done.rows,
        "rows_added": done.added,
    }
    if isinstance(value, pd.DataFrame):
        metadata[COLUMNS_KEY] = observed_schema(value, declared)
        metadata["preview"] = preview_of_table(value)
    return metadata


def load(
    catalogue: "Catalog", output: TableOutput, snapshot_id: int | None, kind: Any
) -> pd.DataFrame | pa.Table:
    """The rows of a table as of a snapshot: an Arrow table where the input is annotated with it.

    The frame's `attrs` name the table and the snapshot.

    Raises:
        LakeError: There is no such table or snapshot, or it cannot be read.
    """
    from bourne_assets.iceberg.reading import rows_of
    from bourne_assets.iceberg.tables import open_table
    from bourne_assets.iceberg.translation import translated_for_table

    table = open_table(catalogue, output.name)
    newest = table.current_snapshot()
    read = snapshot_id or (newest.snapshot_id if newest else None)
    rows = rows_of(table, read)
    with translated_for_table(output.name):
        found = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows.to_table()
    if kind is pa.Table:
        return found
    frame = pd.DataFrame(found.to_pandas(types_mapper=_NULLABLE.get))
    frame.attrs = {"table": output.name, "snapshot_id": str(read or "")}
    return frame


#: Integers and truth values that may be unknown stay what they are.
_NULLABLE = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def _arrow(value: Any) -> pa.Table:
    if isinstance(value, pa.Table):
        return value
    if not isinstance(value, pd.DataFrame):
        raise dg.Failure(
            gettext(
                "A table takes a pandas DataFrame, an Arrow table or the address of a Parquet "
                "object, and this is a {kind}.",
                kind=type(value).__name__,
            ),
            allow_retries=False,
        )
    try:
        return pa.Table.from_pandas(value, preserve_index=False).replace_schema_metadata()
    except (TypeError, ValueError) as error:  # Arrow's errors are such
        raise dg.Failure(
            f"This frame cannot be kept as a table: {error}", allow_retries=False
        ) from error
