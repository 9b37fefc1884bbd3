"""One file into the lake, byte for byte, under a key that nobody has, with proof that it arrived.

Not here: which files (`intake`), and what is in them (`reading`).
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date
from threading import Condition

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.opening import OpenedCsv
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.csvs.reading.origin import Origin
from bourne_assets.csvs.reading.scan import Scan
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeError, ObjectExists
from bourne_assets.lake.multipart import Part, Upload
from bourne_assets.lake.store import CSV, Lake, StoredObject
from bourne_assets.translations import in_english

#: Up to this size a file is sent in one request.
SINGLE_BYTES = 8 * 1024 * 1024
_PART_BYTES = 8 * 1024 * 1024
_MAXIMUM_PARTS = 9_500
_IN_FLIGHT_BYTES = 32 * 1024 * 1024
_PART_THREADS = 4
_CHANGED = in_english("it changed while it was sent")


@dataclass(frozen=True)
class PendingUpload:
    """A file to send.

    Attributes:
        file_name: Its name, without folders.
        source: The opened file.
        scan: What is in it, above all its digest.
        is_new: Whether its dataset has no objects in the lake yet.
    """

    file_name: str
    source: OpenedCsv
    scan: Scan
    is_new: bool


class Uploader:
    """Sends files, many at once, with bounded memory.

    Args:
        lake: Where to.
        landed_on: Day in the keys.
        journal: Where uploads in parts are noted.
        sent: Called with the bytes that arrived; what it raises ends the sending.
    """

    def __init__(
        self, lake: Lake, landed_on: date, journal: Journal, sent: Callable[[int], None]
    ) -> None:
        self._lake = lake
        self._landed_on = landed_on
        self._journal = journal
        self._on_sent = sent
        self._parts = ThreadPoolExecutor(_PART_THREADS, thread_name_prefix="parts")
        self._in_flight = _InFlightBytes(_IN_FLIGHT_BYTES)

    def close(self) -> None:
        """Wait for what is on its way."""
        self._parts.shutdown(wait=True, cancel_futures=True)

    def likely_origin(self, file_name: str) -> Origin:
        """Where a file will be, unless that day's key is taken by other bytes."""
        key = keys.landed_csv(file_name, self._landed_on)
        return Origin(self._lake.uri(key), self._landed_on)

    def find(self, pending: PendingUpload) -> tuple[str, StoredObject | None]:
        """The key for a file, and the object with its bytes, if the lake has them there already.

        Raises:
            CsvRejected: Both keys of the day are taken by other bytes.
            LakeError: The lake failed.
        """
        digest = pending.scan.sha256
        key = keys.landed_csv(pending.file_name, self._landed_on)
        if pending.is_new:
            return key, None
        for candidate in (key, keys.with_digest(key, digest)):
            known = self._lake.head(candidate)
            if known is None:
                return candidate, None
            if known.sha256 is None and known.size == pending.scan.size:
                known = self._lake.read_back(candidate)  # somebody else put it there
            if known.sha256 == digest and known.size == pending.scan.size:
                return candidate, known
        raise CsvRejected(
            in_english("the lake has different bytes at {uri}", uri=self._lake.uri(candidate))
        )

    def send(
        self, pending: PendingUpload, approve: Callable[[], None] = lambda: None
    ) -> tuple[StoredObject, bool]:
        """Send a file, unless the lake has its bytes for this day.

        Args:
            pending: The file.
            approve: Called when all bytes have been sent and nothing is visible yet; what it
                raises leaves nothing behind.

        Returns:
            The object, and whether it was sent now.

        Raises:
            CsvRejected: The file changed meanwhile, or `approve` rejects it.
            LakeError: The lake failed.
            OSError: The file cannot be read.
        """
        for _ in range(3):  # another landing may be faster, twice at most
            key, known = self.find(pending)
            if known is not None:
                approve()
                self._on_sent(pending.scan.size)
                return known, False
            try:
                return self._new(pending, key, approve), True
            except ObjectExists:
                pending = replace(pending, is_new=False)
        raise CsvRejected(
            in_english("other landings are writing to {uri}", uri=self._lake.uri(key))
        )

    def copy(self, pending: PendingUpload, earlier: str) -> StoredObject | None:
        """The bytes that the lake has of another day, copied there and not sent once more.

        Args:
            pending: The file.
            earlier: Key of an object that had its bytes.

        Returns:
            The object; None where there is nothing to copy, or the day's key is taken.
        """
        key, known = self.find(replace(pending, is_new=False))
        source = self._lake.head(earlier)
        if known is not None or source is None or source.sha256 != pending.scan.sha256:
            return None
        with self._journal.completing(key):
            if self._lake.head(key) is not None:
                return None
            try:
                self._lake.copy(earlier, key)
            except LakeError:  # larger than the server copies, or forbidden: it is sent
                return None
        found = self._lake.head(key)
        if found is None or found.sha256 != source.sha256 or found.size != source.size:
            return None
        self._on_sent(source.size)
        return found

    def _new(self, pending: PendingUpload, key: str, approve: Callable[[], None]) -> StoredObject:
        if pending.scan.size > SINGLE_BYTES:
            return self._in_parts(pending, key, approve)
        data = pending.source.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != pending.scan.sha256:
            raise CsvRejected(_CHANGED)
        approve()
        _ensure_unchanged(pending)
        with self._journal.completing(key):
            stored = self._lake.write(key, data, CSV, create_only=True, sha256=pending.scan.sha256)
        # The server has checked the SHA-256; its ETag is the MD5 of what it stored, with most.
        if stored.etag != hashlib.md5(data, usedforsecurity=False).hexdigest():
            self._ensure_arrived(key, stored)
        self._on_sent(len(data))
        return stored

    def _ensure_arrived(self, key: str, stored: StoredObject) -> None:
        if self._lake.read_back(key).sha256 != stored.sha256:
            raise CsvRejected(
                in_english(
                    "the bytes that arrived at {uri} are not those that were sent", uri=stored.uri
                )
            )

    def _in_parts(
        self, pending: PendingUpload, key: str, approve: Callable[[], None]
    ) -> StoredObject:
        self._journal.note(key)
        upload = self._lake.begin_upload(key, CSV, pending.scan.sha256)
        try:
            self._journal.note(key, upload.upload_id)
            parts = self._sent_parts(pending, upload)
            approve()
            _ensure_unchanged(pending)
            with self._journal.completing(key):
                # Checked once more, as not every server checks and completes in one step.
                self._ensure_free(key)
                checksum = upload.complete(parts)
        except BaseException:
            # Where the lake is gone as well, the journal informs the next landing.
            with contextlib.suppress(LakeError):
                upload.abort()
            raise
        stored = StoredObject(
            self._lake.uri(key), pending.scan.size, pending.scan.sha256, None, checksum
        )
        if checksum is None:  # a server without checksums: only the bytes themselves are proof
            self._ensure_arrived(key, stored)
        return stored

    def _ensure_free(self, key: str) -> None:
        if self._lake.head(key) is not None:
            raise ObjectExists(self._lake.uri(key))

    def _sent_parts(self, pending: PendingUpload, upload: Upload) -> list[Part]:
        """Send all parts; the digest of what was read must be that of the scan."""
        size = max(_PART_BYTES, -(-pending.scan.size // _MAXIMUM_PARTS))
        digest = hashlib.sha256()
        futures: list[Future[Part]] = []
        checked = 0
        try:
            for number, data in enumerate(_pieces(pending, size), start=1):
                digest.update(data)
                self._in_flight.acquire(size)
                futures.append(self._parts.submit(self._send_part, upload, number, data, size))
                while checked < len(futures) and futures[checked].done():
                    futures[checked].result()
                    checked += 1
            if digest.hexdigest() != pending.scan.sha256:
                raise CsvRejected(_CHANGED)
            return [future.result() for future in futures]
        finally:
            wait(futures)

    def _send_part(self, upload: Upload, number: int, data: bytes, size: int) -> Part:
        with self._in_flight.releasing(size):
            part = upload.send(number, data)
        self._on_sent(len(data))
        return part


def _pieces(pending: PendingUpload, size: int) -> Iterator[bytes]:
    """Pieces of one size, however little a read gives; the last one may be smaller."""
    left = pending.scan.size
    with pending.source.path.open("rb", buffering=0) as source:
        while piece := source.read(size):
            while len(piece) < size and (more := source.read(size - len(piece))):
                piece += more
            left -= len(piece)
            if left < 0:  # it grows, perhaps faster than it is read
                raise CsvRejected(_CHANGED)
            yield piece


def _ensure_unchanged(pending: PendingUpload) -> None:
    if pending.source.has_changed():
        raise CsvRejected(_CHANGED)


class _InFlightBytes:
    """Bytes that may be held at once; a single piece may always be."""

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._free = Condition()

    def acquire(self, size: int) -> None:
        with self._free:
            self._free.wait_for(lambda: self._used == 0 or self._used + size <= self._size)
            self._used += size

    @contextlib.contextmanager
    def releasing(self, size: int) -> Iterator[None]:
        try:
            yield
        finally:
            with self._free:
                self._used -= size
                self._free.notify_all()
