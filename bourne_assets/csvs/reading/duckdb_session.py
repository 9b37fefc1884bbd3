"""DuckDB, held to the memory that a landing may take.

Not here: CSV files' forms (`dialect`), and which columns there are (`reading`).
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb

from bourne_assets.csvs.reading.bounds import free_room
from bourne_assets.sql import identifier, literal

#: Values of a row group: this many rows are one that a group fits into the memory that there is.
_GROUP_VALUES = 800_000
_ROWS = (2_048, 40_960)
_MEMORY_MEGABYTES = 80
#: DuckDB counts some 160 kB a column that it reads, however few rows there are.
_COLUMNS_A_MEGABYTE = 4
_SHOWN = 100
#: What may still be set when everything else is locked.
_ADJUSTABLE = (
    "memory_limit",
    "threads",
    "preserve_insertion_order",
    "disabled_optimizers",
)
#: Looking for expressions that appear twice takes DuckDB time by the square of their number: 20
#: seconds for 2,000 columns of a file of two lines.
_MANY_COLUMNS = 200
#: Optimisers after which a table's rows are not written in the order of the file: a list of texts
#: becomes a join.
_UNORDERED = ("in_clause",)
#: So that a table of any width is profiled within the memory that there is.
_PROFILED_AT_ONCE = 50


@dataclass(frozen=True)
class RejectedRecord:
    """A record that DuckDB did not take: where it starts, what is wrong, how far it goes."""

    start: int
    kind: str
    column: int
    size: int


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds; `distinct` is an estimate, `low` and `high` are text."""

    name: str
    type: str
    nulls: int
    distinct: int
    low: str | None
    high: str | None


def locked_connection(
    spill: Path,
    *,
    megabytes: int,
    threads: int = 2,
    folder: Path | None = None,
    source: Path | None = None,
    served: str | None = None,
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that opens no file, network or extension, whatever SQL it is given.

    Args:
        spill: Folder of what does not fit into memory.
        megabytes: Memory that it may take.
        threads: Threads that it may use.
        folder: A folder in which it may read and write all the same.
        source: A file that it may read all the same.
        served: What all addresses of a file system begin with that is registered with it.
    """
    connection = duckdb.connect()
    folders = [f"{folder.absolute()}/"] if folder else []
    folders += [served] if served else []
    for name, value in {
        "memory_limit": literal(f"{megabytes}MB"),
        "threads": str(threads),
        "temp_directory": literal(str(spill)),
        # Its default is nine tenths of what is free.
        "max_temp_directory_size": literal(f"{free_room(spill) // 2**20}MiB"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "TimeZone": "'UTC'",
        "allow_persistent_secrets": "false",
        "allowed_directories": f"[{', '.join(map(literal, folders))}]",
        "allowed_paths": f"[{literal(str(source)) if source else ''}]",
        "allowed_configs": f"[{', '.join(map(literal, _ADJUSTABLE))}]",
        "enable_external_access": "false",
        "lock_configuration": "true",  # the last, as it holds from now on
    }.items():
        connection.execute(f"SET {name} = {value}")
    return connection


class DuckDbSession:
    """One DuckDB in memory; not to be shared by threads.

    It can open nothing outside of its folder, whatever SQL it is given, and that cannot be changed.

    Args:
        folder: All tables and sources are in it, and temporary files.
        megabytes: Memory that it may take.
        threads: Threads that it may use.
        source: A file outside of the folder that it may read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        megabytes: int = _MEMORY_MEGABYTES,
        threads: int = 2,
        source: Path | None = None,
    ) -> None:
        self.source = source
        self._folder = tempfile.TemporaryDirectory(prefix="bourne-duckdb-", dir=folder)
        self._connection = locked_connection(
            Path(self._folder.name),
            megabytes=megabytes,
            threads=threads,
            folder=folder,
            source=source,
        )
        self._megabytes = megabytes

    @contextmanager
    def single_threaded(self) -> Iterator[None]:
        """One thread, for what must fit into little memory; results that are sorted stay so."""
        ((threads,),) = self.rows("SELECT current_setting('threads')")
        self._connection.execute("SET threads = 1")
        self._connection.execute("SET preserve_insertion_order = false")
        try:
            yield
        finally:
            self._connection.execute(f"SET threads = {threads}")
            self._connection.execute("SET preserve_insertion_order = true")

    def close(self) -> None:
        """Give memory and temporary files back."""
        self._connection.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def interrupt(self) -> None:
        """End what is being done, from another thread."""
        self._connection.interrupt()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            duckdb.Error: The query fails.
        """
        return self._connection.execute(query).fetchall()

    def prepare(self, columns: int) -> None:
        """Get ready for queries of this many columns."""
        megabytes = max(self._megabytes, columns // _COLUMNS_A_MEGABYTE)
        self._connection.execute(f"SET memory_limit = '{megabytes}MB'")
        slow = ["common_subexpressions"] if columns > _MANY_COLUMNS else []
        disabled = ",".join([*_UNORDERED, *slow])
        self._connection.execute(f"SET disabled_optimizers = '{disabled}'")

    def write_table(self, query: str, table: Path, columns: int) -> int:
        """Write the rows of a query to a Parquet file, in their order.

        Args:
            query: The query.
            table: The file.
            columns: How many columns there are.

        Returns:
            How many they are.

        Raises:
            duckdb.Error: The query fails.
        """
        self.prepare(columns)
        for name in ("reject_errors", "reject_scans"):
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        group = min(max(_GROUP_VALUES // columns, _ROWS[0]), _ROWS[1])
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group}"
        ((count,),) = self.rows(f"COPY ({query}) TO {literal(str(table))} ({options})")
        return int(count)

    def collect(
        self,
        parts: Sequence[tuple[Path, str]],
        table: Path,
        types: Mapping[str, str],
        spelled: Mapping[str, str],
        last: str,
    ) -> None:
        """Write tables one below another, columns matched by name, in upper or lower case.

        Args:
            parts: Parquet files, each with the columns of its origin, as SQL.
            table: The file that is written.
            types: The types that columns have in it, by their names in lower case.
            spelled: How columns are spelled in it, by their names in lower case; the others are
                spelled as in the first file.
            last: Names of the columns of the origin.

        Raises:
            duckdb.Error: DuckDB fails on its own files.
        """
        queries = [
            f"SELECT {_cast(self.columns(path), types, spelled)}, {origin} FROM {parquet(path)}"
            for path, origin in parts
        ]
        query = " UNION ALL BY NAME ".join(queries)
        if len(parts) > 1:  # a later file may have columns of its own
            query = f"SELECT * EXCLUDE ({last}), {last} FROM ({query})"
        self.write_table(query, table, len(types) + 2)

    def rejects(self) -> list[RejectedRecord]:
        """What the last table was written without, in order."""
        try:
            found = self.rows(
                "SELECT min(line_byte_position) - 1,"
                " first(error_type::VARCHAR ORDER BY column_idx), coalesce(min(column_idx), 0),"
                " coalesce(max(strlen(csv_line)), 0)"
                " FROM reject_errors GROUP BY line ORDER BY 1"
            )
        except duckdb.CatalogException:  # there were none
            return []
        return [RejectedRecord(*record) for record in found]

    def columns(self, table: Path) -> dict[str, str]:
        """Types of the columns of a Parquet file, by name."""
        rows = self.rows(f"DESCRIBE SELECT * FROM {parquet(table)}")
        return {str(row[0]): str(row[1]) for row in rows}

    def profile(self, table: Path) -> list[ColumnProfile]:
        """What the columns of a Parquet file hold."""
        self._connection.execute(f"SET memory_limit = '{self._megabytes}MB'")
        columns = list(self.columns(table).items())
        return [
            profile
            for first in range(0, len(columns), _PROFILED_AT_ONCE)
            for profile in self._profile(table, columns[first : first + _PROFILED_AT_ONCE])
        ]

    def _profile(self, table: Path, columns: Sequence[tuple[str, str]]) -> list[ColumnProfile]:
        wanted = ", ".join(
            f"count(*) - count({name}), approx_count_distinct({name}),"
            f" left(min({name})::VARCHAR, {_SHOWN}), left(max({name})::VARCHAR, {_SHOWN})"
            for name in (identifier(name) for name, _ in columns)
        )
        (row,) = self.rows(f"SELECT {wanted} FROM {parquet(table)}")
        return [
            ColumnProfile(name, kind, *row[4 * number : 4 * number + 4])
            for number, (name, kind) in enumerate(columns)
        ]


def parquet(*tables: Path) -> str:
    """A query's source: Parquet files one below another, columns matched by name."""
    files = ", ".join(literal(str(table)) for table in tables)
    return f"read_parquet([{files}], union_by_name = true)"


def _cast(columns: Mapping[str, str], types: Mapping[str, str], spelled: Mapping[str, str]) -> str:
    """The columns of a file in their types and spelling."""
    return ", ".join(
        f"CAST({identifier(name)} AS {types[name.casefold()]})"
        f" AS {identifier(spelled.get(name.casefold(), name))}"
        for name in columns
        if name.casefold() in types
    )
