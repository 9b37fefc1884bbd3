"""Which CSV files of a folder are new or changed, and have stopped growing.

What must not be put here: landing, and what is started when files are ready.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.files import CsvFile, must_be_regular

#: A look reads at most so many files, and begins no further file after so many bytes.
MAXIMUM_FILES = 5_000
MAXIMUM_BYTES = 2 * 1024**3


class Known(TypedDict):
    """What a look remembers of a file.

    Attributes:
        size: Bytes.
        changed: Time of the last change, in nanoseconds.
        sha256: Digest of the content that was reported as ready last; None before.
        settled: Whether the file as it is now was reported, or found equal to what was.
    """

    size: int
    changed: int
    sha256: str | None
    settled: bool


@dataclass
class Look:
    """What a look at a folder found.

    Attributes:
        known: What the next look needs.
        ready: New or changed files that have stopped growing, with their SHA-256.
        growing: Files that were not as they are now at the last look.
        waiting: Files that are left for the next look, as this one read enough.
    """

    known: dict[str, Known] = field(default_factory=dict)
    ready: dict[str, str] = field(default_factory=dict)
    growing: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def content_key(self) -> str:
        """The same for the same files of the same content."""
        lines = "\n".join(f"{name} {digest}" for name, digest in sorted(self.ready.items()))
        return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def look_at(files: Iterable[CsvFile], known: Mapping[str, Known]) -> Look:
    """Compare files with what they were at the last look.

    A file is ready when it is the same at two looks, and its content is not what was reported last.
    What cannot be landed (a pipe, a link out of the folder) is passed over: a landing names it.

    Args:
        files: The files of the folder, in order.
        known: What the last look remembered.

    Raises:
        OSError: A file vanished or could not be read while it was looked at.
    """
    look, read = Look(), 0
    for file in files:
        try:
            stamp = must_be_regular(file)
        except (CsvRejected, OSError):
            continue
        before = known.get(file.name)
        if before is None or (before["size"], before["changed"]) != (stamp.size, stamp.changed):
            reported = before["sha256"] if before else None
            look.growing.append(file.name)
            look.known[file.name] = Known(
                size=stamp.size, changed=stamp.changed, sha256=reported, settled=False
            )
        elif before["settled"]:
            look.known[file.name] = before
        elif len(look.ready) >= MAXIMUM_FILES or read >= MAXIMUM_BYTES:
            look.waiting.append(file.name)
            look.known[file.name] = before
        else:
            read += stamp.size
            digest = _digest(file)
            if digest != before["sha256"]:
                look.ready[file.name] = digest
            look.known[file.name] = {**before, "sha256": digest, "settled": True}
    return look


def _digest(file: CsvFile) -> str:
    with file.path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
