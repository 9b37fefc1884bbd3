"""Readers: DuckDBs that read files at the same time, within the memory that a landing may take.

What must not be put here: what is read (`reading`).
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, local

from bourne_assets.csvs.datasets import Dataset
from bourne_assets.csvs.engine import Engine
from bourne_assets.csvs.reading import Reading, read_csv
from bourne_assets.csvs.scan import Scan

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

    def submit(self, path: Path, table: Path, found: Scan, said: Dataset) -> Future[Reading]:
        """Read a file into a table, soon."""
        return self._pool.submit(self.read, path, table, found, said)

    def read(self, path: Path, table: Path, found: Scan, said: Dataset) -> Reading:
        """Read a file into a table, now.

        Raises:
            CsvRejected: The file is no CSV file.
            OSError: It cannot be read.
        """
        self._must_go_on()
        with self.engine(found.size) as engine:
            return read_csv(
                path, table, found=found, said=said, engine=engine, stop=self._must_go_on
            )

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
