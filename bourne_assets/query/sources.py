"""What SQL can name: `trusted.*` and `refined.*`, which are Iceberg tables, and `assets.*`.

An asset's object is a state without history: a frame is a table, JSON is one row of one column.
Not here: SQL itself (`engine`).
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from bourne_assets.iceberg.commits import name_of
from bourne_assets.iceberg.reading import committed_at
from bourne_assets.iceberg.scanning import selection_of
from bourne_assets.iceberg.served_files import ServedFiles
from bourne_assets.iceberg.tables import REFINED, TRUSTED, find_table, open_table, table_names
from bourne_assets.iceberg.translation import translated_for_table
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import Lake
from bourne_assets.query.errors import NoSuchState, QueryFailed
from bourne_assets.query.moments import Moment, snapshot_at
from bourne_assets.translations import gettext

#: The schema of assets' objects in SQL.
ASSETS = "assets"
#: The one column of an object that is JSON.
JSON_COLUMN = "json"
_PARQUET, _JSON = ".parquet", ".json"
#: Folders of `Trusted/` and `Refined/` whose objects are not what an asset returned.
_OTHER = ("Local", "_ops")

#: What DuckDB scans: a SELECT that reads files as it goes, or rows in memory.
Rows: TypeAlias = "str | pa.Table"


@dataclass(frozen=True)
class ListedTable:
    """What can be queried.

    Attributes:
        name: As SQL names it.
        rows: None for an object, which is not opened to be listed.
        size: Bytes of the newest state; None where the table does not say.
        snapshots: How many states can be requested; 1 for an object.
        changed_at: When the newest state came, UTC; None for a table without rows so far.
    """

    name: str
    rows: int | None
    size: int | None
    snapshots: int
    changed_at: datetime | None


class Sources:
    """The tables and objects of one lake and its catalogue, by their names in SQL."""

    def __init__(self, catalogue: Catalog, lake: Lake) -> None:
        self._catalogue, self.lake = catalogue, lake

    @cached_property
    def _objects(self) -> dict[str, list[ListedObject]]:
        """The objects of each name: several where `a_b` is beside `a/b`, or an old form is left."""
        found: dict[str, list[ListedObject]] = {}
        for name, each in sorted(_asset_objects(self.lake), key=lambda pair: pair[0]):
            found.setdefault(name, []).append(each)
        return found

    @cached_property
    def _tables(self) -> list[str]:
        return [
            name
            for namespace in (TRUSTED, REFINED)
            for name in table_names(self._catalogue, namespace)
        ]

    def names(self) -> list[str]:
        """What SQL can name: tables, then assets, each in alphabetical order."""
        return [*self._tables, *self._objects]

    def names_in(self, sql: str) -> Iterator[str]:
        """Those of the names that occur in SQL. Objects are not listed where none can be meant."""
        text = sql.casefold()
        for name in self.names() if ASSETS in text else self._tables:
            word = re.escape(name.partition(".")[2].casefold())
            if re.search(rf"(?<!\w){word}(?!\w)", text):
                yield name

    def tables(self) -> Iterator[Table]:
        """All Iceberg tables.

        Raises:
            LakeError: The catalogue failed.
        """
        for name in self._tables:
            if (table := find_table(self._catalogue, name)) is not None:  # not dropped meanwhile
                yield table

    def rows(
        self,
        name: str,
        moment: Moment | None,
        connection: duckdb.DuckDBPyConnection,
        files: ServedFiles,
    ) -> Rows:
        """What DuckDB scans for a name.

        Args:
            name: One of `names`.
            moment: The state that is requested; None for the newest, all that objects have.
            connection: DuckDB.
            files: Serves files to this connection.

        Raises:
            NoSuchState: The table came later, or it is an object.
            QueryFailed: Several objects have this name.
            LakeError: The lake refused or failed.
        """
        if name in self._objects:
            if moment is not None:
                raise NoSuchState(
                    gettext(
                        "{name} has no history: leave --as-of out, or query a table of trusted or "
                        "refined.",
                        name=name,
                    )
                )
            return _object_rows(self.lake, self._object(name).key)
        table = open_table(self._catalogue, name)
        snapshot = snapshot_at(table, name, moment)
        wanted = snapshot.snapshot_id if snapshot else None
        return selection_of(connection, files, table, wanted) or _read_by_pyiceberg(table, wanted)

    def _object(self, name: str) -> ListedObject:
        """The one object of a name: of two, nobody knows which is meant."""
        found = self._objects[name]
        if len(found) > 1:
            raise QueryFailed(
                gettext(
                    "{name} is the name of several objects, {uris}: remove those that earlier runs "
                    "left, or rename an asset.",
                    name=name,
                    uris=", ".join(self.lake.uri(each.key) for each in found),
                )
            )
        return found[0]

    def listed(self) -> Iterator[ListedTable]:
        """What can be queried, in the order of `names`; each of several objects of one name.

        Raises:
            LakeError: The catalogue failed.
        """
        for table in self.tables():
            yield _listed_table(table)
        for name, objects in self._objects.items():
            for found in objects:
                yield ListedTable(name, None, found.size, 1, found.stored_at)


def _asset_objects(lake: Lake) -> Iterator[tuple[str, ListedObject]]:
    """The objects that assets returned, by their names in SQL: `a/b` is `assets.a_b`."""
    for layer in (keys.TRUSTED, keys.REFINED):
        for found in lake.list_objects(layer).objects:
            path = PurePosixPath(found.key.removeprefix(f"{layer}/"))
            is_snapshot = any(part.isdigit() for part in path.parts[:-1])
            if path.parts[0] in _OTHER or is_snapshot or path.suffix not in {_PARQUET, _JSON}:
                continue
            yield f"{ASSETS}.{'_'.join(path.with_suffix('').parts)}".lower(), found


def _object_rows(lake: Lake, key: str) -> pa.Table:
    """An object's rows.

    Raises:
        LakeFailed: The object is not what its name says.
        LakeError: It cannot be read.
    """
    data, _ = lake.read(key)
    try:
        if key.endswith(_PARQUET):
            return pq.read_table(io.BytesIO(data))
        return pa.table({JSON_COLUMN: pa.array([data.decode()], pa.string())})
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise LakeFailed(
            gettext(
                "The object {uri} is not a Parquet file: {reason}",
                uri=lake.uri(key),
                reason=reason,
            )
        ) from error
    except UnicodeDecodeError as error:
        raise LakeFailed(
            gettext("The object {uri} is not UTF-8 text.", uri=lake.uri(key))
        ) from error


def _read_by_pyiceberg(table: Table, snapshot_id: int | None) -> pa.Table:
    with translated_for_table(name_of(table)):
        return table.scan(snapshot_id=snapshot_id).to_arrow()


def _listed_table(table: Table) -> ListedTable:
    current = table.current_snapshot()
    facts = current.summary.additional_properties if current and current.summary else {}
    return ListedTable(
        name_of(table),
        _number(facts.get("total-records")) if current else 0,
        _number(facts.get("total-files-size")),
        len(table.history()),
        committed_at(current) if current else None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
