"""Blocks of tables' files on this machine's disk, so that what was read once need not come again.

A table's file never changes, so that a block of it stays right. The copies may go at any
time: whatever is wrong with them or with the disk, the block is fetched again.
Not here: whose blocks they are (`served_files`).
"""

import os
import re
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bourne_assets.lake.private_files import make_private_folder

#: Where a home has its blocks.
FOLDER = Path("query") / "blocks"
#: Bytes of a block.
BLOCK = 2**20
#: Bytes of all blocks on disk; those that were used least recently go first.
_LIMIT = 2 * 10**9
#: Data that were removed from the lake do not stay here much longer than they are used.
_UNUSED_SECONDS = 30 * 86_400
_STEP = _LIMIT // 8
_PART = ".part"
#: A part that is older than this was left by a process that was killed.
_OLD_PART_SECONDS = 3_600
#: What is removed: whatever else somebody has put there is theirs.
_OURS = re.compile(r"[0-9a-f]{64}-[0-9]+|\w+\.part", re.ASCII)
#: A link is not followed, and a pipe not waited for.
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SUM = 4
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class BlockCache:
    """Blocks in a private folder. Any number of threads and processes may use one at once.

    A block is a file that appears whole, with the sum of its bytes behind them. After a crash of
    the system it need not be so, which is why each boot has blocks of its own.

    Args:
        folder: Where they are kept; it is made. Where that fails, it or a folder in it is a
            link, or the disk is full, nothing is kept.
        limit: Bytes that they may take.

    Raises:
        UnsafeFolder: Somebody else could change what is in it.
    """

    def __init__(self, folder: Path, limit: int = _LIMIT) -> None:
        self._root, self._limit = folder, limit
        self._folder = folder / _boot()
        self._written = self._unpruned = 0
        self._is_usable = self._has_room = True
        try:
            for each in (folder, self._folder):
                if each.is_symlink():
                    raise NotADirectoryError(each)
                make_private_folder(each)
        except OSError:
            self._is_usable = False

    def read(self, file: str, number: int, size: int) -> bytes | None:
        """A block; None where it is not kept.

        Args:
            file: Name of the file that it is of: letters and digits.
            number: Which block, counted from 0.
            size: Bytes that it has.
        """
        if not self._is_usable:
            return None
        try:
            descriptor = os.open(self._path(file, number), _READING)
        except OSError:
            return None
        try:
            found = os.pread(descriptor, size + _SUM + 1, 0)
            os.utime(descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        block = memoryview(found)[:size]
        return bytes(block) if found[size:] == _sum(block) else None

    def keep(self, file: str, number: int, block: bytes | memoryview) -> None:
        """Keep a block for later, where there is room."""
        # What one process reads beyond the limit would only push out what it read before.
        if not (self._is_usable and self._has_room) or self._written + len(block) > self._limit:
            return
        path = self._path(file, number)
        part = path.with_name(f"{uuid.uuid4().hex}{_PART}")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                target.write(block)
                target.write(_sum(block))
            part.replace(path)
        except OSError:
            self._has_room = False
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return
        self._written += len(block)
        self._unpruned += len(block)
        if self._unpruned >= _STEP:
            self.prune()

    @property
    def has_grown(self) -> bool:
        """Whether this process added anything since the last `prune`."""
        return self._unpruned > 0

    def prune(self) -> None:
        """Remove what is too much, not used for long, or of another boot."""
        self._unpruned = 0
        if self._root.is_symlink():
            return
        now, kept = time.time(), 0
        for found, path in sorted(self._found(), key=lambda each: -each[0].st_mtime):
            age = now - found.st_mtime
            is_part = path.suffix == _PART
            kept += found.st_size - _SUM
            if (
                path.parent != self._folder
                or kept > self._limit
                or age > (_OLD_PART_SECONDS if is_part else _UNUSED_SECONDS)
            ):
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            for folder in self._root.iterdir():
                if folder != self._folder:
                    folder.rmdir()

    def _found(self) -> Iterator[tuple[os.stat_result, Path]]:
        folders = (each for each in self._root.glob("*") if not each.is_symlink())
        for path in (path for folder in folders for path in folder.glob("*")):
            if _OURS.fullmatch(path.name):
                with suppress(OSError):  # another process was faster
                    yield path.lstat(), path

    def _path(self, file: str, number: int) -> Path:
        return self._folder / f"{file}-{number}"


def prune_blocks(home: Path) -> None:
    """Remove what is too much of the blocks of a home, or was not used for long."""
    folder = home / FOLDER
    if folder.is_dir():
        BlockCache(folder).prune()


def _sum(block: bytes | memoryview) -> bytes:
    return zlib.crc32(block).to_bytes(_SUM, "big")


def _boot() -> str:
    """Which boot of the system this is; always the same where the system does not say."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return "blocks"
