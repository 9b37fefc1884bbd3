"""Which CSV files of a folder are new or changed, and have stopped growing.

Not here: landing, and what is started when files are ready.
"""

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import Stamp, open_csv

#: A check reads at most this many files, and starts no further file after this many bytes.
MAXIMUM_FILES = 5_000
MAXIMUM_BYTES = 2 * 1024**3


class Known(BaseModel):
    """What a check remembers of a file.

    Attributes:
        size: Bytes.
        changed: Time of the last change, in nanoseconds.
        sha256: Digest of the content that was reported as ready last; None before.
        settled: Whether the file as it is now was reported, or found equal to what was.
    """

    model_config = ConfigDict(frozen=True)

    size: int
    changed: int
    sha256: str | None = None
    settled: bool = False

    def settle(self, sha256: str | None) -> "Known":
        """The same after its content was reported, or found not to be one that can be landed."""
        return self.model_copy(update={"sha256": sha256, "settled": True})


@dataclass
class FolderChanges:
    """What a check of a folder found.

    Attributes:
        known: What the next check needs.
        ready: New or changed files that have stopped growing, with their SHA-256.
        growing: Files that were not as they are now at the last changes.
        waiting: Files that are left for the next check, as this one read enough.
    """

    known: dict[str, Known] = field(default_factory=dict)
    ready: dict[str, str] = field(default_factory=dict)
    growing: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def changes_since(files: Iterable[CsvFile], known: Mapping[str, Known]) -> FolderChanges:
    """Compare files with what they were at the last changes.

    A file is ready when two checks find it the same, and its content is not what was last reported.
    What cannot be landed (a pipe, a link out of the folder) is passed over: a landing names it.

    Args:
        files: The files of the folder, in order.
        known: What the last check remembered.
    """
    changes, read = FolderChanges(), 0
    for file in files:
        try:
            state = file.path.stat()
        except OSError:
            continue
        if not stat.S_ISREG(state.st_mode):
            continue
        stamp, before = Stamp.of(state), known.get(file.name)
        if before is None or (before.size, before.changed) != (stamp.size, stamp.changed):
            changes.growing.append(file.name)
            changes.known[file.name] = Known(
                size=stamp.size, changed=stamp.changed, sha256=before.sha256 if before else None
            )
        elif before.settled:
            changes.known[file.name] = before
        elif len(changes.ready) >= MAXIMUM_FILES or read >= MAXIMUM_BYTES:
            changes.waiting.append(file.name)
            changes.known[file.name] = before
        else:
            read += stamp.size
            now = changes.known[file.name] = _settled(file, before)
            if now.sha256 is not None and now.sha256 != before.sha256:
                changes.ready[file.name] = now.sha256
    return changes


def _settled(file: CsvFile, before: Known) -> Known:
    """What to remember of a file that has stopped growing; one that cannot be read now waits."""
    try:
        with open_csv(file) as opened, opened.path.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
    except CsvRejected:
        return before.settle(before.sha256)
    except OSError:
        return before
    return before.settle(digest)
