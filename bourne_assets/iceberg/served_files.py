"""Files of tables, served to DuckDB under addresses of their own, and nothing else.

DuckDB reads them itself: only the columns and row groups that a query needs.
Not here: the SQL that reads them (`scanning`).
"""

import hashlib
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

from bourne_assets.iceberg.blocks import BLOCK, BlockCache

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

#: What all addresses begin with. DuckDB may be allowed these, as nothing else has them.
SERVED = "bourne://tables/"
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


class ServedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system of exactly the files that were added, which can only be read.

    Args:
        cache: Keeps what is read for later; None: nothing is kept.

    Attributes:
        failure: Why the storage did not give what was requested; None while it gives all.
    """

    protocol = "bourne"
    cachable = False  # fsspec would give the same one to all

    def __init__(self, cache: BlockCache | None = None) -> None:
        super().__init__()
        self._cache = cache
        self._files: dict[str, _Source] = {}
        self.failure: OSError | None = None

    def add(self, table: "Table", file: "DataFile") -> str:
        """Serve a file of a table.

        Returns:
            Its address for DuckDB.
        """
        address = f"{SERVED}{len(self._files)}"
        self._files[address] = _Source(table, file, self._cache)
        return address

    def open(self, path: str, mode: str = "rb", **_: Any) -> "ServedFile":
        """One of the files.

        Raises:
            OSError: There is no such file, or something other than reading is requested.
        """
        if mode != "rb":
            raise PermissionError(path)
        return ServedFile(self, self._source(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Size of a file."""
        return {"name": path, "size": self._source(path).size, "type": "file"}

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file of this address, if there is one; there are no patterns."""
        return [path] if path in self._files else []

    def modified(self, path: str) -> datetime:
        """The files never change."""
        self._source(path)
        return _EVER

    def _source(self, path: str) -> "_Source":
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(path) from None


class ServedFile(io.RawIOBase):
    """A file that is open. Threads may share it: each has a place of its own in it."""

    def __init__(self, files: ServedFiles, source: "_Source") -> None:
        self._files, self._source = files, source
        self._places: dict[int, int] = {}
        self.size = source.size

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in the file."""
        start = (0, self.tell(), self.size)[whence]
        self._places[threading.get_ident()] = start + offset
        return start + offset

    def tell(self) -> int:
        """The place that is read next."""
        return self._places.get(threading.get_ident(), 0)

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from the place on; fewer at the end of the file."""
        start = self.tell()
        end = self.size if size < 0 else min(start + size, self.size)
        if end <= start:
            return b""
        try:
            found = self._source.read(start, end)
        except OSError as error:
            self._files.failure = error
            raise
        self.seek(end)
        return found

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True


class _Source:
    """Where the bytes of a file come from: the blocks that are kept, else the storage."""

    def __init__(self, table: "Table", file: "DataFile", cache: BlockCache | None) -> None:
        self._table, self._uri, self._cache = table, file.file_path, cache
        self.size = file.file_size_in_bytes
        # The address would do, but that others may write another file where one was.
        identity = (
            table.io.properties.get("s3.endpoint"),
            self._uri,
            self.size,
            file.record_count,
            sorted((file.column_sizes or {}).items()),
            sorted((file.lower_bounds or {}).items()),
        )
        self._name = hashlib.sha256(repr(identity).encode()).hexdigest()
        self._opening = threading.Lock()
        self._opened: Any = None

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, which are in the file.

        Raises:
            OSError: The storage failed, or has fewer bytes.
        """
        if self._cache is None:
            return self._fetched(start, end)
        first = start // BLOCK
        blocks: list[bytes | memoryview | None] = [
            self._cache.read(self._name, number, self._length(number))
            for number in range(first, (end - 1) // BLOCK + 1)
        ]
        for gap in _gaps(blocks):
            low = (first + gap.start) * BLOCK
            found = memoryview(self._fetched(low, min((first + gap.stop) * BLOCK, self.size)))
            for index in gap:
                block = found[(index - gap.start) * BLOCK :][:BLOCK]
                self._cache.keep(self._name, first + index, block)
                blocks[index] = block
        offset = start - first * BLOCK
        return _joined(blocks, offset, offset + end - start)

    def _length(self, number: int) -> int:
        return min(BLOCK, self.size - number * BLOCK)

    def _fetched(self, start: int, end: int) -> bytes:
        with self._opening:
            if self._opened is None:
                self._opened = self._table.io.new_input(self._uri).open()
        found: bytes = self._opened.read_at(end - start, start)
        if len(found) != end - start:
            raise OSError(f"{self._uri} has fewer bytes than its table says")
        return found


def _gaps(blocks: list[Any]) -> Iterator[range]:
    """Runs of blocks that are not there."""
    for is_missing, run in groupby(range(len(blocks)), lambda index: blocks[index] is None):
        if is_missing:
            indices = list(run)
            yield range(indices[0], indices[-1] + 1)


def _joined(blocks: list[Any], start: int, end: int) -> bytes:
    """The bytes from `start` up to `end` of blocks one after another."""
    parts = [
        memoryview(block)[max(start - index * BLOCK, 0) : end - index * BLOCK]
        for index, block in enumerate(blocks)
    ]
    return b"".join(parts)
