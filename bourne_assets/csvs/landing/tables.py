"""The tables of datasets in the catalogue, and which deliveries they hold.

A delivery is one landed file. The list of them is a property of the table, which changes in the
same commit as the rows do: a landing that is killed, or made twice, neither loses nor doubles one.
Not here: reading files (`reading`), and what is made of a batch (`dataset`).
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, TypeAdapter

from bourne_assets.csvs.reading.number_types import (
    DECIMAL,
    DECIMAL_DIGITS,
    EXACT_IN_DOUBLE,
    INTEGERS,
)
from bourne_assets.csvs.reading.origin import FILE, ORIGIN
from bourne_assets.iceberg.commits import (
    Committed,
    Provenance,
    replace_rows_of,
    replace_with_files,
)
from bourne_assets.iceberg.files import send_file
from bourne_assets.iceberg.merge import merge
from bourne_assets.iceberg.tables import ensure_table, evolve, find_table

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

#: Property of a table: its dataset's name, and its deliveries.
DATASET, _DELIVERIES = "bourne.dataset", "bourne.deliveries"
#: Of one file all rows have one `_file`: with whole bounds a file's rows are found without reading.
_BOUNDS = {f"write.metadata.metrics.column.{FILE}": "full"}
#: DuckDB's types that Iceberg has not, and what holds all of their values.
_STORED_AS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"), "INTEGER"),
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS"), "TIMESTAMP"),
    **dict.fromkeys(("UUID", "TIMESTAMP_NS"), "VARCHAR"),
}
_PLAIN = {
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
}
#: How the names of the tables of the challenge's titles end.
TITLES = "_titles"
#: Numbers of this many digits are exact as DOUBLE.
_EXACT_DIGITS = 15


class Delivery(BaseModel):
    """A landed file whose rows a table holds.

    Attributes:
        sha256: Digest of its bytes.
        file: Its name in the batch.
        uri: Where the bytes are: the value of `_file`.
        landed_on: UTC day in that address.
        rows: Its rows when it was delivered, those of corrected lines among them.
        taken_back: Whether its rows were removed again, and stay away.
    """

    model_config = ConfigDict(frozen=True)

    sha256: str
    file: str
    uri: str
    landed_on: date
    rows: int
    taken_back: bool = False

    @property
    def name(self) -> str:
        """What a person calls it by: the beginning of its digest."""
        return self.sha256[:12]


_ADAPTER = TypeAdapter(tuple[Delivery, ...])


class DatasetTables:
    """The tables of the datasets of one lake.

    Args:
        open_catalogue: Opens the catalogue; called when it is needed first.
        run_id: The Dagster run that lands; None outside of runs.
    """

    def __init__(self, open_catalogue: Callable[[], "Catalog"], run_id: str | None = None) -> None:
        self._open = open_catalogue
        self._run_id = run_id
        self._lock = Lock()
        self._opened: Catalog | None = None

    @property
    def catalogue(self) -> "Catalog":
        """The catalogue.

        Raises:
            LakeError: It cannot be used.
        """
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def deliveries(self, name: str) -> tuple[Delivery, ...]:
        """The deliveries of a table, in their order; none where there is no table.

        Raises:
            LakeError: The catalogue failed.
        """
        table = find_table(self.catalogue, name)
        return deliveries_of(table) if table else ()

    def has(self, name: str) -> bool:
        """Whether there is such a table.

        Raises:
            LakeError: The catalogue failed.
        """
        return find_table(self.catalogue, name) is not None

    def columns(self, name: str) -> dict[str, str]:
        """The columns of a table and DuckDB's names of their types; empty where there is none.

        Raises:
            LakeError: The catalogue failed.
        """
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        table = find_table(self.catalogue, name)
        if table is None:
            return {}
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        return {field.name: _duckdb_type(field.type) for field in schema}

    def replace(
        self, name: str, dataset: str, rows: Path, deliveries: Sequence[Delivery] = ()
    ) -> Committed:
        """Put the rows of a Parquet file in the place of all; columns become those of the file.

        Args:
            name: The table.
            dataset: Its dataset.
            rows: The file.
            deliveries: What the rows are from.

        Raises:
            LakeError: The table is as it was.
        """
        table, schema = self._table(name, dataset, rows)
        return replace_with_files(
            table,
            [send_file(table, rows)],
            self._provenance(deliveries),
            schema=schema,
            properties=lambda _: {_DELIVERIES: _dumped(deliveries)},
        )

    def append(
        self, name: str, dataset: str, rows: Path, deliveries: Sequence[Delivery]
    ) -> Committed:
        """Add the rows of a Parquet file; new columns are added, types widened.

        Rows of the same deliveries that the table holds already are replaced.

        Args:
            name: The table.
            dataset: Its dataset.
            rows: The file.
            deliveries: What the rows are from.

        Raises:
            SchemaUnfit: A column's type does not fit.
            LakeError: The table is as it was.
        """
        table = self._widened(name, dataset, rows)
        digests = {each.sha256 for each in deliveries}

        def same(properties: Mapping[str, str]) -> list[str]:
            return [each.uri for each in _stated_in(properties) if each.sha256 in digests]

        return replace_rows_of(
            table,
            FILE,
            same,
            [send_file(table, rows)],
            self._provenance(deliveries),
            properties=_with(deliveries),
        )

    def merge(
        self,
        name: str,
        dataset: str,
        rows: Path,
        key: Sequence[str],
        deliveries: Sequence[Delivery] = (),
    ) -> Committed:
        """Put rows into a table: of each key the newest stays.

        Args:
            name: The table.
            dataset: Its dataset.
            rows: A Parquet file, the newest rows last.
            key: Columns that identify a row.
            deliveries: What the rows are from.

        Raises:
            SchemaUnfit: A column's type does not fit, or the key is not a column.
            LakeError: The table is as it was.
        """
        table = self._widened(name, dataset, rows)
        properties = _with(deliveries)
        return merge(table, rows, key, self._provenance(deliveries), properties=properties)

    def take_back(self, name: str, delivery: Delivery) -> Committed:
        """Remove the rows of a delivery, and remember that they stay away.

        Raises:
            LakeError: The table is as it was.
        """
        table = find_table(self.catalogue, name)
        assert table is not None  # noqa: S101 - the delivery is one of its own
        gone = delivery.model_copy(update={"taken_back": True})
        provenance = self._provenance([])
        return replace_rows_of(
            table, FILE, lambda _: [delivery.uri], [], provenance, properties=_with([gone])
        )

    def drop(self, name: str) -> None:
        """Remove a table, its rows and its history; the landed bytes stay.

        Raises:
            LakeError: The catalogue failed.
        """
        from bourne_assets.iceberg.translation import translated_for_table

        if find_table(self.catalogue, name) is not None:
            with translated_for_table(name):
                self.catalogue.purge_table(name)

    def _table(self, name: str, dataset: str, rows: Path) -> "tuple[Table, pa.Schema]":
        schema = pq.read_schema(rows).remove_metadata()
        properties = {DATASET: dataset, **_BOUNDS}
        table = ensure_table(self.catalogue, name, schema, ORIGIN, properties=properties)
        return table, schema

    def _widened(self, name: str, dataset: str, rows: Path) -> "Table":
        table, schema = self._table(name, dataset, rows)
        return evolve(table, schema, ORIGIN, before=FILE)

    def _provenance(self, deliveries: Sequence[Delivery]) -> Provenance:
        return Provenance(self._run_id, tuple(each.sha256 for each in deliveries))


def table_name(dataset: str) -> str:
    """The table of a dataset: `trusted.movies`.

    A name with characters other than ASCII letters, digits and underscores has the beginning of its
    digest after what is left of it, so that no two datasets share a table.
    """
    lowered = dataset.lower()
    if re.fullmatch(r"[a-z0-9_]{1,100}", lowered) and not lowered.endswith(TITLES):
        return f"trusted.{lowered}"
    plain = re.sub(r"[^a-z0-9]+", "_", lowered).strip("_")[:60]
    digest = hashlib.sha256(lowered.encode()).hexdigest()[:8]
    return f"trusted.{plain}_{digest}" if plain else f"trusted.dataset_{digest}"


def titles_name(dataset: str) -> str:
    """The table of the challenge's titles of a dataset: `trusted.movies_titles`."""
    return f"{table_name(dataset)}{TITLES}"


def deliveries_of(table: "Table") -> tuple[Delivery, ...]:
    """The deliveries that a table names, in their order."""
    return _stated_in(table.properties)


def _stated_in(properties: Mapping[str, str]) -> tuple[Delivery, ...]:
    stated = properties.get(_DELIVERIES)
    return _ADAPTER.validate_json(stated) if stated else ()


def type_in_table(reading: str, present: str | None) -> str:
    """The type of new rows of a column: that of the table, where it holds every value of theirs.

    Args:
        reading: Their type.
        present: The type in the table; None for a new column.

    Returns:
        The type; one that the table cannot be given is refused when the rows are added.
    """
    given = _STORED_AS.get(reading, reading)
    if present is None or present == given:
        return given
    if present == "BIGINT" and given == "INTEGER":
        return present
    new, old = DECIMAL.fullmatch(given), DECIMAL.fullmatch(present)
    if old and new:
        whole = max(int(new[1]) - int(new[2]), int(old[1]) - int(old[2]))
        if int(new[2]) <= int(old[2]) and whole + int(old[2]) <= DECIMAL_DIGITS:
            return f"DECIMAL({whole + int(old[2])},{old[2]})"
    if old and given in INTEGERS:
        digits = 10 if given == "INTEGER" else 19
        return present if int(old[1]) - int(old[2]) >= digits else given
    if present == "DOUBLE" and new and int(new[1]) <= _EXACT_DIGITS:
        return present
    return given


def keeps_integers(present: str, largest: int) -> bool:
    """Whether a type of other numbers keeps whole ones up to the largest as they are."""
    if decimal := DECIMAL.fullmatch(present):
        return bool(largest < 10 ** (int(decimal[1]) - int(decimal[2])))
    return present == "DOUBLE" and largest <= EXACT_IN_DOUBLE


def _with(deliveries: Sequence[Delivery]) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Deliveries in addition to those that a table has by then, in place of the same ones."""

    def change(properties: Mapping[str, str]) -> dict[str, str]:
        new = {each.sha256: each for each in deliveries}  # computed again by each attempt
        kept = [new.pop(each.sha256, each) for each in _stated_in(properties)]
        return {_DELIVERIES: _dumped([*kept, *new.values()])}

    return change


def _dumped(deliveries: Sequence[Delivery]) -> str:
    return _ADAPTER.dump_json(tuple(deliveries)).decode()


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
    return _PLAIN.get(kind, "VARCHAR")
