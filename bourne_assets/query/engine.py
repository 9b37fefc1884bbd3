"""One SELECT over the lake, in a DuckDB that reaches nothing but the tables that it is handed.

Not here: which tables there are (`sources`), and how rows are written (`output`).
"""

import difflib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from bourne_assets.csvs.reading.duckdb_session import locked_connection
from bourne_assets.errors import BourneError
from bourne_assets.iceberg.blocks import FOLDER, BlockCache
from bourne_assets.iceberg.errors import CatalogueFailed
from bourne_assets.iceberg.served_files import SERVED, ServedFiles
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.query.errors import QueryFailed, QueryRefused, UnknownTable
from bourne_assets.query.execution import (
    COUNTED_MEGABYTES,
    bounded_memory,
    closed_after,
    executed,
    explained,
    first_line,
    interruptibly,
    too_much_memory,
    unreadable,
)
from bourne_assets.query.moments import Moment
from bourne_assets.query.sources import JSON_COLUMN, Sources
from bourne_assets.sql import identifier
from bourne_assets.translations import gettext

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
_EXPLAIN = re.compile(r"\s*EXPLAIN(\s+ANALYZE)?(\s*\([^()]*\))?\s", re.IGNORECASE)
_MISSING_TABLE = re.compile(r"Table with name (\S+) does not exist")
_MISSING_COLUMN = re.compile(r'(?:Referenced c|C)olumn "([^"]+)" not found')
_CANDIDATES = re.compile(r"Candidate bindings: (.+)")


@contextmanager
def run_query(
    sql: str, sources: Sources, moment: Moment | None, home: Path
) -> Iterator[pa.RecordBatchReader]:
    """The rows of a query, batch by batch, while the context lasts.

    Only tables whose name occurs in the query are opened. Columns and filters reach their files,
    so that what is not requested is not read.

    Args:
        sql: One SELECT or EXPLAIN.
        sources: What it can name.
        moment: The state that is requested; None for the newest.
        home: `BOURNE_HOME`, where what does not fit into memory and what was read is kept.

    Raises:
        QueryRefused: It is something else than one statement that only reads.
        UnknownTable: A table of it is not there.
        QueryFailed: It is wrong, or fails on the data.
        NoSuchState: A table of it has no such state.
        LakeError: The lake refused or failed.
    """
    ensure_reading(sql)
    folder = home / FOLDER.parent
    for private in (home, folder):
        make_private_folder(private)
    cache = BlockCache(home / FOLDER)
    files = ServedFiles(cache)
    with (
        tempfile.TemporaryDirectory(prefix="bourne-query-", dir=folder) as spill,
        closed_after(
            locked_connection(Path(spill), megabytes=COUNTED_MEGABYTES, served=SERVED)
        ) as connection,
        bounded_memory(),
    ):
        connection.register_filesystem(files)
        with _blaming(files):
            try:
                _expose(connection, files, sql, sources, moment)
                reader = executed(connection, sql)
            except duckdb.Error as error:
                raise _explained(error, sources) from error
            except OSError as error:  # Arrow's, of a table without a first row that can be read
                raise explained(error) from error
            except MemoryError as error:
                raise too_much_memory() from error
            yield reader
        if cache.has_grown:
            cache.prune()


@contextmanager
def _blaming(files: ServedFiles) -> Iterator[None]:
    """Report a failure of the storage as such: DuckDB reports it as a failure of Python's."""
    try:
        yield
    except (QueryFailed, LakeError) as error:
        if files.failure is None or isinstance(error, CatalogueFailed):
            raise
        raise unreadable(files.failure) from None


def ensure_reading(sql: str) -> None:
    """Refuse what is not one SELECT or EXPLAIN.

    Raises:
        QueryRefused: It is not.
        QueryFailed: It is not SQL.
    """
    try:
        sql.encode()
        statements = duckdb.extract_statements(sql)
    except UnicodeEncodeError as error:  # of an argument that is not text in this locale
        raise QueryFailed(gettext("The query is not UTF-8 text.")) from error
    except duckdb.Error as error:
        raise QueryFailed(
            gettext("The query is not valid SQL: {first_line}.", first_line=first_line(error))
        ) from error
    if len(statements) != 1:
        raise QueryRefused(
            gettext("Give one SQL statement; this is {count}.", count=len(statements))
        )
    kind = statements[0].type
    if kind not in _READING:
        raise QueryRefused(
            gettext("Queries only read, and this is {name}: give a SELECT.", name=kind.name)
        )
    if kind is duckdb.StatementType.EXPLAIN and not _explains_a_select(statements[0].query):
        raise QueryRefused(gettext("Queries only read: EXPLAIN is followed by a SELECT here."))


def _explains_a_select(sql: str) -> bool:
    """Whether the statement behind EXPLAIN only reads: EXPLAIN ANALYZE executes it."""
    explain = _EXPLAIN.match(sql)
    if explain is None:
        return False
    try:
        (explained,) = duckdb.extract_statements(sql[explain.end() :])
    except (duckdb.Error, ValueError):
        return False
    return explained.type is duckdb.StatementType.SELECT


def _expose(
    connection: duckdb.DuckDBPyConnection,
    files: ServedFiles,
    sql: str,
    sources: Sources,
    moment: Moment | None,
) -> None:
    """Make the tables that the query names, and no others, views of the connection."""
    for number, name in enumerate(sources.names_in(sql)):
        schema, _, table = name.partition(".")
        rows = sources.rows(name, moment, connection, files)
        if not isinstance(rows, str):
            connection.register(f"__source_{number}", rows)
            is_json = rows.column_names == [JSON_COLUMN]
            selected = f"{JSON_COLUMN}::JSON AS {JSON_COLUMN}" if is_json else "*"
            rows = f"SELECT {selected} FROM __source_{number}"
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
        view = f"CREATE VIEW {identifier(schema)}.{identifier(table)} AS {rows}"
        interruptibly(connection, partial(connection.execute, view))


def _explained(error: duckdb.Error, sources: Sources) -> BourneError:
    """DuckDB's complaint as one sentence, with the nearest name where one was mistyped."""
    text = str(error)
    if found := _MISSING_TABLE.search(text):
        return UnknownTable(_unknown_table(found[1].strip('"'), sources))
    if found := _MISSING_COLUMN.search(text):
        candidates = _CANDIDATES.search(text)
        nearest = (
            gettext(": the nearest are {candidates}", candidates=candidates[1])
            if candidates
            else ""
        )
        return QueryFailed(
            gettext(
                'No table of the query has the column "{found}"{nearest}.',
                found=found[1],
                nearest=nearest,
            )
        )
    return explained(error)


def _unknown_table(name: str, sources: Sources) -> str:
    bare = {each.partition(".")[2]: each for each in sources.names()}
    nearest = difflib.get_close_matches(name.lower(), bare, n=1, cutoff=0.4)
    hint = (
        gettext("the nearest is {bare}", bare=bare[nearest[0]])
        if nearest
        else gettext("`bourne tables` lists what there is")
    )
    return gettext("There is no table {name!r}: {hint}.", name=name, hint=hint)
