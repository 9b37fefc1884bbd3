"""Which CSV files there are in folders, under names that no two of them share.

Not here: opening them (`opening`).
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bourne_assets.csvs.errors import CsvFolderError
from bourne_assets.lake import keys
from bourne_assets.translations import gettext, system_words

#: What office programs and archivers leave beside the files that are meant.
_DROPPINGS = ("~$", "__MACOSX")


@dataclass(frozen=True)
class CsvFile:
    """A file to land.

    Attributes:
        path: Where it is.
        name: What the manifest calls it: its path below the folder that was given.
        root: The folder that a link must not leave.
        landed_as: Name of the file in the lake, where it is not that of the path.
        problem: Why it cannot be landed, where that is known already.
    """

    path: Path
    name: str
    root: Path
    landed_as: str | None = None
    problem: str | None = None

    @property
    def file_name(self) -> str:
        """Name of the file in the lake, without folders."""
        return self.path.name if self.landed_as is None else self.landed_as

    @classmethod
    def of(cls, path: Path) -> "CsvFile":
        """A single file."""
        return cls(path, path.name, path.parent)


def find_csv_files(*places: Path) -> list[CsvFile]:
    """CSV files of folders, at any depth, and files that are named; in order of their names.

    Hidden files, and what editors and office programs leave, are left out. What cannot be landed
    (a pipe, a link out of the folder, a folder that cannot be read) is found too, so that the
    manifest names it.

    Raises:
        CsvFolderError: A place is missing or cannot be read, or there are no CSV files.
    """
    found = [file for place in places for file in _found(place)]
    if not found:
        named = ", ".join(str(place) for place in places)
        raise CsvFolderError(
            gettext(
                "The folder {named} holds no CSV files: put some there, or set BOURNE_CSV_DIR.",
                named=named,
            )
        )
    return sorted(with_distinct_names(found), key=lambda file: file.name)


def with_distinct_names(found: Sequence[CsvFile]) -> list[CsvFile]:
    """Files once each, under printable names; where two would share one, it is the whole path."""
    once = {os.path.abspath(file.path): file for file in found}  # noqa: PTH100 - keeps links
    files = [replace(file, name=keys.printable(file.name)) for file in once.values()]
    shared = Counter(file.name for file in files)
    named = [
        replace(file, name=keys.printable(str(file.path))) if shared[file.name] > 1 else file
        for file in files
    ]
    taken: dict[str, int] = {}
    return [replace(file, name=_unused(file.name, taken)) for file in named]


def _unused(name: str, taken: dict[str, int]) -> str:
    """The name, numbered where another file has it: characters that are escaped may coincide.

    Args:
        name: The name.
        taken: Names that files have, with the last number that each was given.
    """
    number, free = taken.get(name, 1), name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    taken[name] = number
    taken.setdefault(free, 1)
    return free


def leads_inside(link: Path, root: Path) -> bool:
    """Whether a path, with all links followed, is in a folder.

    Raises:
        OSError: It leads nowhere.
    """
    try:
        return link.resolve(strict=True).is_relative_to(root.resolve())
    except RuntimeError:  # a link that leads to itself, in Python 3.11 and 3.12
        return False


def _found(place: Path) -> Iterator[CsvFile]:
    try:
        if stat.S_ISDIR(place.stat().st_mode):
            yield from _below(place)
        else:
            yield CsvFile.of(place)
    except OSError as error:
        if os.path.islink(place):  # noqa: PTH114 - which no name can make fail
            yield CsvFile.of(place)
            return
        raise CsvFolderError(
            gettext(
                "The folder {place} of CSV files cannot be read ({strerror}): check "
                "BOURNE_CSV_DIR, or the path that you gave.",
                place=place,
                strerror=system_words(error),
            )
        ) from error


def _below(root: Path) -> Iterator[CsvFile]:
    """The files of a folder at any depth, without recursion: folders may be nested in thousands."""
    waiting = _entries(root)
    while waiting:
        entry = waiting.pop()
        path = Path(entry.path)
        if entry.name.startswith((".", *_DROPPINGS)):
            continue
        if entry.is_dir(follow_symlinks=False):
            try:
                waiting += _entries(path)
            except OSError:
                yield _of(path, root)
        elif entry.is_symlink() and path.is_dir():
            if not leads_inside(path, root):
                yield _of(path, root)
        elif entry.name.lower().endswith(keys.CSV_EXTENSIONS):
            yield _of(path, root)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, the first name last, as it is taken from the end."""
    return sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)


def _of(path: Path, root: Path) -> CsvFile:
    return CsvFile(path, str(path.relative_to(root)), root)
