"""Bounds of what one file may cost: bytes that come out of a compressed file, and free disk.

A gzip file of 10 MB can hold 10 GB, and a copy of a large file can fill the disk that everything
else writes to. Not here: bounds of lines and columns (`normalise`, `dialect`).
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.translations import in_english

#: Texts seldom shrink to less than a fiftieth; deflate can shrink zeros to a thousandth.
MAXIMUM_RATIO = 100
#: A file may grow to this size whatever its ratio.
_ALWAYS_ALLOWED_BYTES = 256 * 1024 * 1024
#: This much may go into a decompressor before anything comes out; later, a multiple of what came.
_EMPTY_BYTES = 4 * 1024 * 1024
_GREATEST_LOSS = 10
#: This much of the disk stays free for everything else, or a tenth of a small one.
_FREE_BYTES = 512 * 1024 * 1024
#: Free disk space is checked once in this many bytes.
_BETWEEN_LOOKS_BYTES = 64 * 1024 * 1024


class CompressedFile:
    """A compressed file as a decompressor reads it, as long as enough comes out of it.

    A stream may be of empty parts alone: millions of them take minutes in which nothing comes out.

    Args:
        file: The opened file.
        stop: Called at each reading; what it raises ends it.

    Attributes:
        came_out: Bytes that came out of it so far.
    """

    def __init__(self, file: IO[bytes], stop: Callable[[], None]) -> None:
        self._file = file
        self._stop = stop
        self._went_in = 0
        self.came_out = 0

    def read(self, size: int = -1) -> bytes:
        """At most this many bytes; none at the end.

        Raises:
            CsvRejected: Next to nothing came out of what was read.
        """
        self._stop()
        data = self._file.read(size)
        self._went_in += len(data)
        if self._went_in > _EMPTY_BYTES + _GREATEST_LOSS * self.came_out:
            raise CsvRejected(in_english("its compressed parts decompress to almost nothing"))
        return data

    def seekable(self) -> bool:
        """No: it is read once."""
        return False


class DecompressedReader:
    """The bytes that come out of a compressed file; too many of them reject it.

    Args:
        stream: What decompresses the file.
        compressed_bytes: Size of the file.
        compressed: What the stream reads, where it is given what came out.
    """

    def __init__(
        self, stream: IO[bytes], compressed_bytes: int, compressed: CompressedFile | None = None
    ) -> None:
        self._stream = stream
        self._compressed = compressed
        self._left = max(_ALWAYS_ALLOWED_BYTES, MAXIMUM_RATIO * compressed_bytes)

    def read(self, size: int) -> bytes:
        """At most this many bytes; none at the end.

        Raises:
            CsvRejected: More came out than the size of the file makes plausible.
        """
        data = self._stream.read(size)
        self._left -= len(data)
        if self._compressed is not None:
            self._compressed.came_out += len(data)
        if self._left < 0:
            raise CsvRejected(
                in_english(
                    "it grows to more than {maximum_ratio} times its size when it is "
                    "decompressed: if that is right, decompress it first",
                    maximum_ratio=MAXIMUM_RATIO,
                )
            )
        return data


class DiskRoom:
    """The room that a file's copy may take.

    Args:
        folder: Where the copy is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = 0

    def take(self, size: int) -> None:
        """This many more bytes are about to be written.

        Raises:
            CsvRejected: They would leave too little of the disk.
        """
        looks = self._written // _BETWEEN_LOOKS_BYTES
        self._written += size
        if self._written // _BETWEEN_LOOKS_BYTES == looks:
            return
        if free_room(self._folder) <= 0:
            raise CsvRejected(
                in_english(
                    "reading it takes more disk space than is free: make room, or set BOURNE_HOME "
                    "to a folder of another disk"
                )
            )


def free_room(folder: Path) -> int:
    """Bytes that may still be written to a folder's disk, so that it keeps some for others."""
    disk = shutil.disk_usage(folder)
    return max(0, disk.free - min(_FREE_BYTES, disk.total // 10))
