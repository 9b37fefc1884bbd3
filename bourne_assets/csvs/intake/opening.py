"""Opening a CSV file once, so that what was checked is what is read and sent.

Between two accesses to a path anybody who can write to the folder may put another file there, or a
link to one that only the platform may read. So each folder on the way is opened from the one
before and no link is followed, and everything that is read of the file is read of that descriptor.
Not here: which files there are (`files`).
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.lake import keys
from bourne_assets.translations import in_english

#: A part of a key holds 255 bytes on most servers; what is appended to it takes up to fifteen.
_MAXIMUM_NAME_BYTES = 240
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
#: Non-blocking, so that a pipe in the place of the file is not waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DESCRIPTORS = Path("/proc/self/fd")


@dataclass(frozen=True)
class Stamp:
    """What identifies a file: device, inode, size, time of change."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, state: os.stat_result) -> Self:
        """The stamp of a file with this state."""
        return cls(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


class OpenedCsv:
    """An opened file; use it with `with`.

    Args:
        descriptor: The file's, open for reading; it is closed with this.
        real_path: The path without links that it was opened by.

    Attributes:
        stamp: What the file was when it was opened.
        path: Any reader of this process that opens it reads this very file, from its beginning.
            Where the system has no such path it is the file's own.
    """

    def __init__(self, descriptor: int, real_path: Path) -> None:
        self._descriptor = descriptor
        self._real_path = real_path
        self.stamp = Stamp.of(os.fstat(descriptor))
        by_descriptor = _DESCRIPTORS / str(descriptor)
        self.path = by_descriptor if by_descriptor.exists() else real_path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def has_changed(self) -> bool:
        """Whether the file is no longer what it was when it was opened.

        Raises:
            OSError: Its state cannot be read.
        """
        if self.path == self._real_path and Stamp.of(self.path.lstat()) != self.stamp:
            return True
        return Stamp.of(os.fstat(self._descriptor)) != self.stamp


def open_csv(file: CsvFile) -> OpenedCsv:
    """Open a file of a folder; what is not a regular file is not opened, so that nothing waits.

    Raises:
        CsvRejected: It is not a regular file of its folder, or no object can have its name.
        OSError: It cannot be opened.
    """
    if file.problem is not None:
        raise CsvRejected(file.problem)
    _ensure_usable_name(file.file_name)
    root = file.root.resolve()
    try:
        path = file.path.resolve(strict=True)
    except RuntimeError as error:  # what Python 3.11 and 3.12 raise
        raise CsvRejected(in_english("it is a link that leads to itself")) from error
    if not path.is_relative_to(root):
        raise CsvRejected(in_english("it is a link out of the folder"))
    try:
        return OpenedCsv(_open_below(root, path), path)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise CsvRejected(
                in_english("it was replaced by a link while it was opened")
            ) from error
        raise


def _ensure_usable_name(name: str) -> None:
    if not keys.can_name(name):
        raise CsvRejected(
            in_english("its name contains characters that are not allowed in object keys")
        )
    if len(os.fsencode(name)) > _MAXIMUM_NAME_BYTES:
        raise CsvRejected(
            in_english(
                "its name is longer than {maximum_name_bytes} bytes",
                maximum_name_bytes=_MAXIMUM_NAME_BYTES,
            )
        )
    dataset = keys.dataset_name(name)
    if not keys.can_name(dataset):
        raise CsvRejected(in_english("its name is not the name of a dataset"))
    if len(dataset.encode()) > _MAXIMUM_NAME_BYTES:  # some letters are longer in title case
        raise CsvRejected(
            in_english(
                "the name of its dataset is longer than {maximum_name_bytes} bytes",
                maximum_name_bytes=_MAXIMUM_NAME_BYTES,
            )
        )


def _open_below(root: Path, path: Path) -> int:
    """The descriptor of a regular file, reached folder by folder without following a link."""
    *folders, name = path.relative_to(root).parts or (".",)
    folder = os.open(root, _FOLDER)
    try:
        for each in folders:
            below = os.open(each, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        _ensure_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
        descriptor = os.open(name, _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        _ensure_regular(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _ensure_regular(state: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(state.st_mode):
        os.scandir(path).close()  # says why it cannot be read, where that is so
        raise CsvRejected(in_english("it is a folder"))
    if not stat.S_ISREG(state.st_mode):
        raise CsvRejected(in_english("it is not a regular file"))
