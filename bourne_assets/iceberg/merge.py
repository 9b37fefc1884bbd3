"""Merging: new rows take the place of those with the same key, and the others stay.

pyiceberg's own upsert works in memory. Here DuckDB reads the table's files and rewrites all rows,
within a bound, spilling to disk what does not fit, and one commit puts them in place.
Not here: commits themselves (`commits`).
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from bourne_assets.iceberg.commits import (
    Committed,
    Properties,
    Provenance,
    name_of,
    replace_with_files,
)
from bourne_assets.iceberg.errors import CatalogueFailed, SchemaUnfit, TableChanged
from bourne_assets.iceberg.files import send_file
from bourne_assets.iceberg.reading import rows_of
from bourne_assets.iceberg.scanning import duckdb_types, selection_of
from bourne_assets.iceberg.served_files import ServedFiles
from bourne_assets.sql import identifier, literal
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.table import Table

_ATTEMPTS = 5
_MEMORY = "400MB"
#: Level 1 takes less time than DuckDB's usual 3, and its files were no larger.
_FORM = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
#: Rows of one delivery are numbered in its order, so that the last of a key is known.
_NUMBER = "__number_in_delivery"


def merge(
    table: "Table",
    rows: pa.Table | Path,
    key: Sequence[str],
    provenance: Provenance,
    *,
    properties: Properties | None = None,
) -> Committed:
    """Put rows into a table: of each key the newest, and within the rows the last, stays.

    Keys are compared as values, and null is equal to null. What others commit meanwhile is kept:
    the merge is repeated on top of it.

    Args:
        table: The table, which has all columns of the rows: `evolve` first. It is refreshed.
        rows: The new rows, or a Parquet file of them.
        key: Columns that the rows have.
        provenance: Where the rows come from.
        properties: Properties of the table that change with them.

    Raises:
        SchemaUnfit: The rows or the key do not fit the table.
        LakeError: The merge failed, and the table is as it was.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        table.refresh()
        newest = table.current_snapshot()
        base = newest.snapshot_id if newest else None
        with tempfile.TemporaryDirectory(prefix="bourne-merge-") as folder:
            merged = _merged(table, rows, key, Path(folder))
            uri = send_file(table, merged)
        try:
            return replace_with_files(table, [uri], provenance, base=base, properties=properties)
        except TableChanged:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError


def _merged(table: "Table", rows: pa.Table | Path, key: Sequence[str], folder: Path) -> Path:
    """A Parquet file of all rows: the new ones, and the old ones of other keys."""
    made, files = folder / "merged.parquet", ServedFiles()
    columns = [identifier(field.name) for field in table.schema().fields]
    same = " AND ".join(
        f"old.{identifier(n)} IS NOT DISTINCT FROM new.{identifier(n)}" for n in key
    )
    partition = ", ".join(identifier(name) for name in key)
    with duckdb.connect(
        config={"memory_limit": _MEMORY, "temp_directory": str(folder / "spill")}
    ) as db:
        try:
            db.execute("SET preserve_insertion_order = false")
            db.register_filesystem(files)
            _register_new(db, table, rows, key)
            db.execute(
                f"CREATE TEMP TABLE new AS SELECT * EXCLUDE {_NUMBER} FROM given "
                f"QUALIFY row_number() OVER (PARTITION BY {partition} ORDER BY {_NUMBER} DESC) = 1"
            )
            _register_old(db, files, table)
            db.execute(
                f"COPY (SELECT {', '.join(columns)} FROM new UNION ALL "
                f"SELECT {', '.join(columns)} FROM old ANTI JOIN new ON {same}) "
                f"TO {literal(str(made))} ({_FORM})"
            )
        except (duckdb.BinderException, duckdb.ConversionException) as error:
            reason = str(error).splitlines()[0]
            raise SchemaUnfit(name_of(table), [reason]) from error
        except duckdb.Error as error:
            first = str(files.failure or error).splitlines()[0]
            raise CatalogueFailed(
                gettext(
                    "The merge into {name_of} failed: {first}", name_of=name_of(table), first=first
                )
            ) from error
    return made


def _register_old(db: duckdb.DuckDBPyConnection, files: ServedFiles, table: "Table") -> None:
    """The view `old`: the table's rows."""
    selection = selection_of(db, files, table)
    if selection is None:
        db.register("stored", _in_few_batches(rows_of(table)))
        selection = "FROM stored"
    db.execute(f"CREATE TEMP VIEW old AS {selection}")


def _in_few_batches(rows: ds.Dataset | pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Rows read but a little ahead: what Arrow itself would read ahead is outside of the bound."""
    if isinstance(rows, pa.RecordBatchReader):
        return rows
    return rows.scanner(batch_size=65_536, batch_readahead=4, fragment_readahead=1).to_reader()


def _register_new(
    db: duckdb.DuckDBPyConnection, table: "Table", rows: pa.Table | Path, key: Sequence[str]
) -> None:
    """The view `given`: the new rows in the table's columns and types, numbered."""
    if isinstance(rows, Path):
        source = f"read_parquet({literal(str(rows))}, file_row_number = true)"
        number = "file_row_number"
        names = db.execute(f"SELECT * FROM {source} LIMIT 0").description
        present = {column[0] for column in names} - {number}
    else:
        numbered = rows.append_column(_NUMBER, pa.array(range(len(rows)), pa.int64()))
        db.register("arriving", numbered)
        source, present, number = "arriving", set(rows.column_names), _NUMBER
    there = {name.casefold() for name in present}
    if absent := [name for name in key if name.casefold() not in there]:
        raise SchemaUnfit(
            name_of(table),
            [
                gettext("the rows have no column {name!r}, which is of the key", name=name)
                for name in absent
            ],
        )
    if foreign := present - {field.name for field in table.schema().fields}:
        raise SchemaUnfit(
            name_of(table),
            [gettext("column {name!r} is new", name=name) for name in sorted(foreign)],
        )
    types = duckdb_types(db, table.schema())
    columns = [
        f"CAST({identifier(name) if name in present else 'NULL'} AS {kind}) AS {identifier(name)}"
        for name, kind in types.items()
    ]
    db.execute(
        f"CREATE TEMP VIEW given AS SELECT {', '.join(columns)}, {number} AS {_NUMBER} "
        f"FROM {source}"
    )
