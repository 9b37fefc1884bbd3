"""A query while DuckDB works on it: an interrupt ends it, and it takes no more memory than it may.

DuckDB counts what it sorts, groups and joins, and spills it to disk, but not a single value as
long as `repeat('x', 3000000000)`, whose making no signal of the system reaches either.
Not here: which SQL is taken (`engine`), and what its rows become (`output`).
"""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from bourne_assets.lake.errors import LakeError
from bourne_assets.query.errors import QueryFailed
from bourne_assets.translations import gettext

try:
    import resource
except ImportError:  # a system without limits of resources
    resource = None  # type: ignore[assignment]  # what is missing is looked at where it is used

Result = TypeVar("Result")

#: Memory that DuckDB counts.
COUNTED_MEGABYTES = 1024
#: Memory that a query may take with all that is not counted: values, files that are read, results.
WHOLE_MEGABYTES = 2560
_STATUS = Path("/proc/self/status")
_DATA = re.compile(r"^VmData:\s+(\d+) kB$", re.MULTILINE)
_BATCH_ROWS = 65_536
#: How long an interrupted query has to end on its own; the process ends without it then.
_LEAVING_SECONDS = 2.0
#: How DuckDB's errors begin, which Arrow hands on as errors of reading.
_OF_DUCKDB = re.compile(r"[A-Z][A-Za-z ]+ Error: ")
#: How DuckDB reports that a table that it was handed cannot be read.
_OF_A_FILE = "reading the stream registered as"


@contextmanager
def bounded_memory() -> Iterator[None]:
    """A limit of the memory that this process may take more, while the context lasts.

    Where the system has no such limit, as macOS has none, there is none.
    """
    used = _DATA.search(_STATUS.read_text("ascii")) if _STATUS.exists() else None
    if resource is None or used is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(used[1]) * 1024 + WHOLE_MEGABYTES * 2**20
    known = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def closed_after(
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection, closed finally, unless an interrupted query has not let go of it."""
    try:
        yield connection
    finally:
        with suppress(duckdb.Error):  # it is busy, and ends with the process
            connection.close()


def executed(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    """The rows of a query, batch by batch, each of which an interrupt ends.

    Raises:
        duckdb.Error: The query is wrong, or fails before its first row.
    """
    reader = interruptibly(connection, lambda: connection.sql(sql).to_arrow_reader(_BATCH_ROWS))
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(connection, reader))


def _batches(
    connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader
) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = interruptibly(connection, lambda: next(reader, None))
        except (OSError, pa.ArrowInvalid) as error:  # Arrow's, whatever failed
            raise explained(error) from error
        except MemoryError as error:
            raise too_much_memory() from error
        if batch is None:
            return
        yield batch


def interruptibly(connection: duckdb.DuckDBPyConnection, call: Callable[[], Result]) -> Result:
    """The result of a call of DuckDB in its own thread, so that signals are handled meanwhile.

    Whatever the call raises is raised here.
    """
    outcome: Future[Result] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    # A daemon: one long value of DuckDB's making would hold up the end of the process.
    thread = threading.Thread(target=work, name="query", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        connection.interrupt()
        thread.join(_LEAVING_SECONDS)
        raise
    return outcome.result()


def explained(error: Exception) -> QueryFailed | LakeError:
    """What failed on the way: DuckDB on the data, or the reading of a table's file."""
    text = first_line(error)
    if _OF_A_FILE in text or not _OF_DUCKDB.match(text):
        return unreadable(error)
    if text.startswith("Out of Memory"):
        return too_much_memory(f" ({text})")
    return QueryFailed(gettext("The query failed: {text}.", text=text))


def unreadable(error: Exception) -> LakeError:
    """The storage did not give what a table says is there."""
    return LakeError(gettext("A table's file cannot be read: {text}.", text=first_line(error)))


def too_much_memory(detail: str = "") -> QueryFailed:
    """It takes more than is available for it."""
    return QueryFailed(
        gettext(
            "The query failed as it takes more memory than it may{detail}: ask for fewer rows or "
            "columns, or for shorter values.",
            detail=detail,
        )
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's text, without its full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".")
