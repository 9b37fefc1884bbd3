"""Uploads in progress, noted on disk, so that what a killed landing leaves is cleaned by the next.

Kernel locks show whose landing is still alive. They also let one landing at a time of this
machine complete a key, as not every S3 server decides between two of them in one step.
Not here: sending (`upload`).
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from bourne_assets.errors import BourneError
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.keys import LANDED_CSVS
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext, system_words

_SLOTS = 256
#: An upload of another machine that began this long ago has been abandoned there.
_GIVEN_UP = timedelta(days=2)


class JournalUnusable(BourneError):
    """The folder of uploads in progress cannot be written."""


class Journal:
    """The uploads of one landing; use it with `with`.

    Args:
        folder: Shared by all landings of this machine into this lake; made if missing.
        lake: The lake.
    """

    def __init__(self, folder: Path, lake: Lake) -> None:
        self._folder = folder
        self._lake = lake
        self._path = folder / f"{os.getpid()}-{uuid.uuid4().hex}.jsonl"
        self._lock = FileLock(self._path)
        self._writing = Lock()

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()
            self.scratch.mkdir(mode=0o700)
        except OSError as error:
            raise JournalUnusable(
                gettext(
                    "The folder {folder} cannot be written ({strerror}): uploads in progress are "
                    "noted there, so set BOURNE_HOME to a folder that you can write to.",
                    folder=self._folder,
                    strerror=system_words(error),
                )
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        if error is None:
            self._path.unlink(missing_ok=True)
        self._lock.release()

    @property
    def scratch(self) -> Path:
        """A folder for temporary files, which goes with the landing, however it ends."""
        return _scratch(self._path)

    def note(self, key: str, upload_id: str | None = None) -> None:
        """Note an upload that is about to begin, or has begun, on disk before it continues."""
        entry = _Noted(self._lake.uri(""), key, upload_id)
        with self._writing, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(asdict(entry))}\n")

    @contextmanager
    def completing(self, key: str) -> Iterator[None]:
        """Keep the other landings of this machine from completing the same key meanwhile."""
        uri = self._lake.uri(key)
        slot = int(hashlib.sha256(uri.encode()).hexdigest(), 16) % _SLOTS
        with FileLock(self._folder / f"{slot}.lock"):
            yield

    def clean(self) -> None:
        """Abort the uploads of landings that ended without doing so.

        Raises:
            LakeError: The lake failed.
        """
        for path in sorted(self._folder.glob("*.jsonl")):
            lock = FileLock(path)
            if path == self._path or not lock.acquire():
                continue
            try:
                shutil.rmtree(_scratch(path), ignore_errors=True)
                entries = _entries(path)
                mine = [entry for entry in entries if entry.lake == self._lake.uri("")]
                self._abort(mine)
                if mine == entries:  # else the next landing into the other lake needs it
                    path.unlink(missing_ok=True)
            finally:
                lock.release()

    def clean_abandoned(self) -> None:
        """Abort uploads of CSV files that nobody has continued for days, if these can be listed."""
        with contextlib.suppress(LakeError):
            for upload in self._lake.incomplete_uploads(f"{LANDED_CSVS}/"):
                if upload.initiated < datetime.now(UTC) - _GIVEN_UP:
                    self._lake.abort_upload(upload.key, upload.upload_id)

    def _abort(self, entries: "list[_Noted]") -> None:
        begun = {entry.key: entry.upload_id for entry in entries}
        for key, upload_id in begun.items():
            # One that was noted and has no id may have begun all the same.
            ids = [upload_id] if upload_id else self._unfinished(key)
            for each in ids:
                self._lake.abort_upload(key, each)

    def _unfinished(self, key: str) -> list[str]:
        uploads = self._lake.incomplete_uploads(key)
        return [upload.upload_id for upload in uploads if upload.key == key]


def _scratch(path: Path) -> Path:
    # DuckDB takes these characters in any part of a path for a pattern.
    has_pattern = any(char in str(path) for char in "*?[")
    return (Path(tempfile.gettempdir()) if has_pattern else path.parent) / path.stem


@dataclass(frozen=True)
class _Noted:
    """An entry of a journal: the address of a lake, a key in it, and the upload's id, if known."""

    lake: str
    key: str
    upload_id: str | None


def _entries(path: Path) -> list[_Noted]:
    """The entries of a journal; the last one may have been cut off by the kill."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError, TypeError):
            entries.append(_Noted(**json.loads(line)))
    return entries
