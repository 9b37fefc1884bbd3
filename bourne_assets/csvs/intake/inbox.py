"""CSV files that others put into the lake, fetched so that they are landed like any other file.

Not here: landing (`landing`), and finding the objects (`lake.changes`).
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.reading.bounds import free_room
from bourne_assets.lake.errors import (
    BucketMissing,
    LakeError,
    LakeUnreachable,
    ObjectMissing,
    ObjectTooLarge,
)
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext, in_english, system_words

_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/[^/]+\Z")


@contextmanager
def fetched(lake: Lake, object_keys: Sequence[str]) -> Iterator[list[CsvFile]]:
    """The objects as files of a folder that is removed afterwards; their names are their keys.

    One that cannot be fetched is among them with the reason, so that it is rejected alone. The
    files are numbered, as a key may be longer than a file's name.

    Raises:
        LakeError: The lake does not respond, or none of the objects could be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="bourne-inbox-") as folder:
        files, refusals = [], []
        for number, key in enumerate(dict.fromkeys(object_keys)):
            path = Path(folder) / f"{number}.csv"
            name = key.rpartition("/")[2]
            problem, room = None, free_room(Path(folder))
            try:
                with path.open("wb") as file:
                    lake.download(key, file, most_bytes=room)
            except (BucketMissing, LakeUnreachable):
                raise
            except (LakeError, OSError) as error:
                path.unlink(missing_ok=True)
                problem = _problem(error, room)
                if not isinstance(error, ObjectMissing):
                    refusals.append(error)
            files.append(CsvFile(path, key, Path(folder), landed_as=name, problem=problem))
        if refusals and len(refusals) == len(files):
            if isinstance(refusals[0], LakeError):
                raise refusals[0]
            raise LakeError(
                gettext(
                    "No object could be fetched into {folder} ({strerror}): free some space "
                    "there, or set TMPDIR.",
                    folder=folder,
                    strerror=system_words(refusals[0]),
                )
            ) from refusals[0]
        yield files


def _problem(error: LakeError | OSError, room: int) -> str:
    if isinstance(error, ObjectMissing):
        return in_english("it was removed from the lake before it could be landed")
    if isinstance(error, ObjectTooLarge):
        return in_english(
            "it has {size:,} bytes, and the disk of {folder} has room for {room:,}: make "
            "room there, or set TMPDIR to a folder of another disk",
            size=error.size,
            folder=tempfile.gettempdir(),
            room=room,
        )
    return in_english("it could not be fetched ({error})", error=error)


def day_of(key: str) -> date | None:
    """The day in the key of a landed CSV; None where it has none, as in an inbox."""
    found = _DAY.search(key)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
