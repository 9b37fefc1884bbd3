"""Which files are landed, and that each is a regular file of its own folder.

What must not be put here: what a file holds (`scan`, `reading`).
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bourne_assets.csvs.errors import CsvFolderError, CsvRejected
from bourne_assets.lake import keys

_EXTENSIONS = (".csv", ".csv.gz")
#: What office programs and archivers leave beside the files that are meant.
_DROPPINGS = ("~$", "__MACOSX")
#: A part of a key holds 255 bytes on most servers; its second name of a day needs fifteen more.
_MAXIMUM_NAME_BYTES = 240


@dataclass(frozen=True)
class CsvFile:
    """A file that shall be landed.

    Attributes:
        path: Where it lies.
        name: What the manifest calls it: its path below the folder that was given.
        root: The folder that a link must not leave.
    """

    path: Path
    name: str
    root: Path

    @classmethod
    def of(cls, path: Path) -> "CsvFile":
        """A single file."""
        return cls(path, path.name, path.parent)


@dataclass(frozen=True)
class Stamp:
    """What tells that a file is still the same: device, inode, size, time of change."""

    device: int
    inode: int
    size: int
    changed: int


def find_csv_files(*places: Path) -> list[CsvFile]:
    """CSV files of folders, at any depth, and files that are named; in order of their names.

    Hidden files, and what editors and office programs leave, are left out. What cannot be landed
    (a pipe, a link out of the folder, a folder that cannot be read) is found as well, so that the
    manifest names it.

    Raises:
        CsvFolderError: A place is missing or cannot be read, or there are no CSV files.
    """
    found = [file for place in places for file in _found(place)]
    if not found:
        named = ", ".join(str(place) for place in places)
        raise CsvFolderError(
            f"The folder {named} holds no CSV files: put some there, or set BOURNE_CSV_DIR."
        )
    return sorted(told_apart(found), key=lambda file: file.name)


def must_be_regular(file: CsvFile) -> Stamp:
    """The stamp of a file that can be landed; nothing is opened, so that no pipe is waited for.

    Raises:
        CsvRejected: It is no regular file of its folder, or no object can have its name.
        OSError: Its state cannot be read.
    """
    path = file.path
    if not keys.can_name(path.name):
        raise CsvRejected("its name holds signs that no object can be named with")
    if len(os.fsencode(path.name)) > _MAXIMUM_NAME_BYTES:
        raise CsvRejected(f"its name is longer than {_MAXIMUM_NAME_BYTES} bytes")
    if path.is_symlink() and not _leads_inside(path, file.root):
        raise CsvRejected("it is a link out of the folder")
    if path.is_dir():
        os.scandir(path).close()  # says why it cannot be read, where that is so
        raise CsvRejected("it is a folder")
    if not path.is_file():
        path.stat()  # says that it is gone, where that is so
        raise CsvRejected("it is no regular file")
    return stamp_of(path)


def stamp_of(path: Path) -> Stamp:
    """What a file is now.

    Raises:
        OSError: Its state cannot be read.
    """
    state = path.stat()
    return Stamp(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root.resolve())
    except RuntimeError:  # what Python 3.11 and 3.12 say of a link that leads to itself
        raise CsvRejected("it is a link that leads to itself") from None


def _found(place: Path) -> Iterator[CsvFile]:
    try:
        if stat.S_ISDIR(place.stat().st_mode):
            os.scandir(place).close()
            yield from _below(place, place)
        else:
            yield CsvFile.of(place)
    except OSError as error:
        if os.path.islink(place):  # noqa: PTH114 - which no name can make fail
            yield CsvFile.of(place)
            return
        raise CsvFolderError(
            f"The folder {place} of CSV files cannot be read ({error.strerror}): "
            "check BOURNE_CSV_DIR, or the path that you gave."
        ) from None


def _below(folder: Path, root: Path) -> Iterator[CsvFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield _of(folder, root)
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith((".", *_DROPPINGS)):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(path, root)
        elif entry.is_symlink() and path.is_dir():
            if not _leads_inside(path, root):
                yield _of(path, root)
        elif entry.name.lower().endswith(_EXTENSIONS):
            yield _of(path, root)


def _of(path: Path, root: Path) -> CsvFile:
    return CsvFile(path, str(path.relative_to(root)), root)


def told_apart(found: Sequence[CsvFile]) -> list[CsvFile]:
    """Files once each; where two would have one name, their whole paths are their names."""
    once = {os.path.abspath(file.path): file for file in found}  # noqa: PTH100 - keeps links
    names = [file.name for file in once.values()]
    return [
        replace(file, name=str(file.path)) if names.count(file.name) > 1 else file
        for file in once.values()
    ]
