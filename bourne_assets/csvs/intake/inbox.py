"""CSV files that others put into the lake, fetched so that they are landed like any other file.

What must not be put here: landing (`landing`), and finding the objects (`lake.watching`).
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePosixPath

from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.lake.store import Lake

_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/[^/]+\Z")


@contextmanager
def fetched(lake: Lake, object_keys: Sequence[str]) -> Iterator[list[CsvFile]]:
    """The objects as files of a folder that is removed afterwards; their names are their keys.

    Raises:
        ObjectMissing: One is gone.
        LakeError: The lake refused or failed.
    """
    with tempfile.TemporaryDirectory(prefix="bourne-inbox-") as folder:
        files = []
        for number, key in enumerate(object_keys):
            root = Path(folder) / str(number)
            root.mkdir()
            path = root / PurePosixPath(key).name
            with path.open("wb") as file:
                lake.copy_to(key, file)
            files.append(CsvFile(path, key, root))
        yield files


def day_of(key: str) -> date | None:
    """The day in the key of a landed CSV; None where it has none, as in an inbox."""
    found = _DAY.search(key)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
