"""Readers: DuckDBs that read files at the same time, within the memory that a landing may take.

What must not be put here: what is read (`reading`).
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock, local

import duckdb

from bourne_assets.csvs.datasets import Dataset
from bourne_assets.csvs.engine import Engine
from bourne_assets.csvs.reading import Reading, read_csv
from bourne_assets.csvs.scan import Scan
from bourne_assets.csvs.summaries import summarise

_AT_ONCE = 2
_LARGE_BYTES = 32 * 1024 * 1024
_SMALL_MEGABYTES, _LARGE_MEGABYTES = 48, 80
_MAXIMUM_THREADS = 4


class Readers:
    """A few engines, and large files one at a time.

    Args:
        must_go_on: Raises when the landing was stopped.
        folder: For temporary files.
    """

    def __init__(self, must_go_on: Callable[[], None], folder: Path) -> None:
        self._must_go_on = must_go_on
        self._folder = folder
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reading")
        self._engines: list[Engine] = []
        self._own = local()
        self._listing, self._large = Lock(), Lock()

    def submit(
        self, path: Path, table: Path, found: Scan, said: Dataset, *, summarised: bool
    ) -> Future[Reading]:
        """Read a file into a table, soon."""
        return self._pool.submit(self.read, path, table, found, said, summarised=summarised)

    def read(
        self, path: Path, table: Path, found: Scan, said: Dataset, *, summarised: bool = False
    ) -> Reading:
        """Read a file into a table, now.

        Args:
            path: The file.
            table: The Parquet file that is written.
            found: What stands in the file.
            said: What the user says of its dataset.
            summarised: Whether the table is the whole dataset, and is summarised at once, while
                the file is still on its way into the lake.

        Raises:
            CsvRejected: The file is no CSV file.
            OSError: It cannot be read.
        """
        self._must_go_on()
        with self.engine(found.size) as engine:
            reading = read_csv(
                path, table, found=found, said=said, engine=engine, stop=self._must_go_on
            )
            return self._summarised(engine, reading) if summarised else reading

    def _summarised(self, engine: Engine, reading: Reading) -> Reading:
        """The reading with its summary; without one where DuckDB fails.

        What a file holds must not decide whether its bytes land: `copies` tries again, and tells.
        """
        is_challenge = reading.form.is_challenge
        try:
            summary = summarise(
                engine, reading.table, is_challenge=is_challenge, stop=self._must_go_on
            )
        except duckdb.Error:
            self._must_go_on()  # which may have been the cause
            return reading
        return replace(reading, summary=summary)

    @contextmanager
    def engine(self, size: int) -> Iterator[Engine]:
        """This thread's engine, with the memory that so many bytes need."""
        engine = getattr(self._own, "engine", None)
        if engine is None:
            engine = self._own.engine = Engine(
                megabytes=_SMALL_MEGABYTES, threads=1, folder=self._folder
            )
            with self._listing:
                self._engines.append(engine)
        if size <= _LARGE_BYTES:
            yield engine
            return
        with self._large:
            threads = min(os.cpu_count() or 1, _MAXIMUM_THREADS)
            engine.allow(megabytes=_LARGE_MEGABYTES, threads=threads)
            try:
                yield engine
            finally:
                engine.allow(megabytes=_SMALL_MEGABYTES, threads=1)

    def interrupt(self) -> None:
        """End what the engines do."""
        with self._listing:
            for engine in self._engines:
                engine.interrupt()

    def close(self) -> None:
        """Wait for what is being read, and give all memory back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for engine in self._engines:
            engine.close()
