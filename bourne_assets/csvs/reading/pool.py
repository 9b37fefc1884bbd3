"""SessionPool: DuckDBs that read files at the same time, within the memory that a landing may take.

Not here: what is read (`reading`).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock, local

import duckdb

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.origin import Origin
from bourne_assets.csvs.reading.reader import Reading, read_csv
from bourne_assets.csvs.reading.scan import Scan
from bourne_assets.csvs.reading.summaries import summarise

_AT_ONCE = 2
_LARGE_BYTES = 32 * 1024 * 1024
_SMALL_MEGABYTES, _LARGE_MEGABYTES = 48, 80
_MAXIMUM_THREADS = 4


class SessionPool:
    """A few sessions, and large files one at a time.

    Args:
        must_go_on: Raises when the landing was stopped.
        folder: For temporary files.
    """

    def __init__(self, must_go_on: Callable[[], None], folder: Path) -> None:
        self._must_go_on = must_go_on
        self._folder = folder
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reading")
        self._sessions: list[DuckDbSession] = []
        self._own = local()
        self._listing, self._large = Lock(), Lock()

    def submit(self, read: Callable[[], Reading]) -> Future[Reading]:
        """Have a file read soon."""
        return self._pool.submit(read)

    def read(
        self,
        path: Path,
        table: Path,
        found: Scan,
        declared: DatasetOptions,
        *,
        name: str,
        types: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        summarised: bool = False,
    ) -> Reading:
        """Read a file into a table, now.

        Args:
            path: The file.
            table: The Parquet file that is written.
            found: What is in the file.
            declared: What the user declares of its dataset.
            name: The file's name.
            types: Types by column that the dataset's files agree on.
            origin: Where its bytes will be, as far as that can be known.
            summarised: Whether the table is the whole dataset, and is summarised at once, while
                the file is still on its way into the lake.

        Raises:
            CsvRejected: The file is not a CSV file.
            OSError: It cannot be read.
        """
        self._must_go_on()
        with self.session(found.size, path) as session:
            reading = read_csv(
                path,
                table,
                session=session,
                found=found,
                declared=declared,
                types=types,
                name=name,
                origin=origin,
                stop=self._must_go_on,
            )
            return self._summarised(session, reading) if summarised else reading

    def _summarised(self, session: DuckDbSession, reading: Reading) -> Reading:
        """The reading with its summary; without one where DuckDB fails.

        What a file holds must not decide whether its bytes land: `landing.one_table` tries again,
        and reports.
        """
        is_challenge = reading.dialect.is_challenge
        try:
            summary = summarise(
                session, reading.table, is_challenge=is_challenge, stop=self._must_go_on
            )
        except duckdb.Error:
            self._must_go_on()  # which may have been the cause
            return reading
        return replace(reading, summary=summary)

    @contextmanager
    def session(self, size: int, source: Path | None = None) -> Iterator[DuckDbSession]:
        """A session with the memory that this many bytes need; small files share this thread's.

        Args:
            size: Bytes that are read.
            source: Where they are, if not in the pool's folder. A large file is read there, and
                its session may open no other.
        """
        if size <= _LARGE_BYTES:
            yield self._own_session()
            return
        with self._large:
            threads = min(os.cpu_count() or 1, _MAXIMUM_THREADS)
            session = DuckDbSession(
                self._folder, megabytes=_LARGE_MEGABYTES, threads=threads, source=source
            )
            with self._listing:
                self._sessions.append(session)
            try:
                yield session
            finally:
                with self._listing:
                    self._sessions.remove(session)
                session.close()

    def _own_session(self) -> DuckDbSession:
        session: DuckDbSession | None = getattr(self._own, "session", None)
        if session is None:
            session = DuckDbSession(self._folder, megabytes=_SMALL_MEGABYTES, threads=1)
            self._own.session = session
            with self._listing:
                self._sessions.append(session)
        return session

    def interrupt(self) -> None:
        """End what the sessions do."""
        with self._listing:
            for session in self._sessions:
                session.interrupt()

    def close(self) -> None:
        """Wait for what is being read, and give all memory back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for session in self._sessions:
            session.close()
