"""A batch of CSV files into the lake: bytes, rejected lines, columnar copies, and the manifest.

Files are scanned, read and sent at the same time, many at once; an object becomes visible when
its file has been read and is known to be whole. A bad file stops no other.
What must not be put here: how a file is sent (`sending`), and how it is read (`reading`).
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pandas as pd

from bourne_assets.csvs.copies import Copies, Group
from bourne_assets.csvs.errors import CsvRejected, LandingStopped
from bourne_assets.csvs.intake.files import CsvFile, with_distinct_names
from bourne_assets.csvs.intake.opening import OpenedCsv, open_csv
from bourne_assets.csvs.journal import Journal
from bourne_assets.csvs.options import Datasets
from bourne_assets.csvs.progress import Progress
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import scan
from bourne_assets.csvs.schemas import LANDED, REJECTED, UNCHANGED, ManifestTable
from bourne_assets.csvs.sending import SINGLE_BYTES, Outgoing, Sender
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeError, ObjectMissing
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.tables import conform, records

_FILES_AT_ONCE = 8
#: So many files are asked for one by one; for more, one list of all datasets is cheaper.
_FEW_FILES = 16
_SHOWN_CHARACTERS = 300
_PROGRESS_SECONDS = 1.0


@dataclass(frozen=True)
class ManifestRow:
    """What became of one file; the fields are those of `ManifestTable`."""

    file: str
    dataset: str
    status: str
    size: int
    reason: str | None = None
    uri: str | None = None
    sha256: str | None = None
    checksum: str | None = None
    lines: int | None = None
    rows: int | None = None
    rejected_rows: int | None = None
    columns: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    rejects_uri: str | None = None
    table_uri: str | None = None
    table_error: str | None = None
    drift: str | None = None
    missing_id: str | None = None
    unreadable: str | None = None


@dataclass(frozen=True)
class Landing:
    """What became of a batch.

    Attributes:
        manifest: `ManifestTable`.
        profiles: Those of the datasets that were landed, by name.
    """

    manifest: pd.DataFrame
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)


def land_csv_files(
    files: Iterable[Path | CsvFile],
    lake: Lake,
    landed_on: date,
    *,
    datasets: Datasets | None = None,
    journal: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Landing:
    """Land files and say what became of each; a bad file stops no other.

    Args:
        files: The files.
        lake: Where to.
        landed_on: UTC day in the keys.
        datasets: What is known of datasets beforehand.
        journal: Folder in which uploads in progress are noted, shared by the landings of this
            machine; None: one below the system's folder for temporary files.
        tell: Called with a line of progress, once a second at most.

    Raises:
        LakeError: The lake refused or failed.
    """
    given = [CsvFile.of(file) if isinstance(file, Path) else file for file in files]
    folder = journal or Path(tempfile.gettempdir()) / "bourne-landing"
    with Journal(folder, lake) as noted:
        noted.clean()
        batch = _Batch(
            with_distinct_names(given),
            lake,
            landed_on=landed_on,
            datasets=datasets or Datasets(),
            journal=noted,
            tell=tell,
        )
        rows = batch.run()
    table = conform(sorted(map(asdict, rows), key=lambda row: str(row["file"])), ManifestTable)
    return Landing(table, batch.copies.profiles)


def bytes_that_differ(manifest: pd.DataFrame, lake: Lake) -> list[dict[str, str]]:
    """Landed files whose object no longer has the manifest's SHA-256.

    Objects that were sent in one request are read back. Of larger ones the server's own checksum
    is asked for, which it computed from what it stored; where it keeps none, they are read too.

    Raises:
        LakeError: The lake failed.
    """
    landed = manifest[manifest["status"] != REJECTED]
    rows = records(landed[["uri", "sha256", "checksum"]])
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        found = list(pool.map(lambda row: _digest_now(lake, row), rows))
    return [
        {"uri": str(row["uri"]), "expected": str(row["sha256"]), "found": digest}
        for row, digest in zip(rows, found, strict=True)
        if digest != row["sha256"]
    ]


def _digest_now(lake: Lake, row: dict[str, Any]) -> str:
    key = lake.key(str(row["uri"]))
    try:
        if row["checksum"] is not None and lake.checksum(key) == row["checksum"]:
            return str(row["sha256"])
        return str(lake.digest(key).sha256)
    except ObjectMissing:
        return "missing"


class _Batch:
    """The files of one landing."""

    def __init__(
        self,
        files: Sequence[CsvFile],
        lake: Lake,
        *,
        landed_on: date,
        datasets: Datasets,
        journal: Journal,
        tell: Callable[[str], None],
    ) -> None:
        self._files = files
        self._lake = lake
        self._landed_on = landed_on
        self._journal = journal
        self._folder = journal.scratch
        self._tell = tell
        self._stopped = Event()
        sizes = [_size(file.path) for file in files]
        self._progress = Progress(len(files), sum(sizes))
        if any(size > SINGLE_BYTES for size in sizes):
            journal.clean_given_up()
        self._readers = SessionPool(self._must_go_on, self._folder)
        self._sender = Sender(lake, landed_on, journal, self._count)
        few = len(files) <= _FEW_FILES
        self._known = None if few else lake.folders(keys.LANDED_CSVS)
        self.copies = Copies(lake, datasets, self._readers)
        self._groups: dict[str, Group] = {}
        for file in files:
            dataset = keys.dataset_name(keys.printable(file.file_name))
            group = self._groups.setdefault(dataset, Group(dataset, is_new=self._is_new(dataset)))
            group.expect(file.name)
        self._counter = Lock()
        self._tables = 0

    def run(self) -> list[ManifestRow]:
        """Land all files; the order of the rows is any."""
        pool = ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="landing")
        try:
            futures = [pool.submit(self._land, file) for file in self._files]
            self._wait(set(futures))
            rows = [future.result() for future in futures]
        except BaseException:  # an interrupt as well: the threads must end before it goes on
            self._stopped.set()
            self._readers.interrupt()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=True)
            self._sender.close()
            self._readers.close()
        return [self._completed(row) for row in rows]

    def _wait(self, pending: set[Future[ManifestRow]]) -> None:
        told = time.monotonic()
        while pending:
            done, pending = wait(pending, timeout=_PROGRESS_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if pending and time.monotonic() - told >= _PROGRESS_SECONDS:
                told = time.monotonic()
                # A terminal that is gone, or a full disk of logs, must not end a landing.
                with contextlib.suppress(Exception):
                    self._tell(self._progress.line())

    def _land(self, file: CsvFile) -> ManifestRow:
        name = file.name
        group = self._groups[keys.dataset_name(keys.printable(file.file_name))]
        row = ManifestRow(name, group.dataset, REJECTED, _size(file.path))
        try:
            with open_csv(file) as opened:
                row = self._landed(file, opened, group)
        except (LakeError, LandingStopped):
            raise
        except Exception as error:
            row = replace(row, reason=_reason(error))
        if row.status == REJECTED:
            group.reject(name)
        if group.is_complete():
            self._make_copy(group)
        self._progress.end_file()
        return row

    def _make_copy(self, group: Group) -> None:
        """Make the copy of a dataset whose bytes are landed; one that fails stops no other."""
        try:
            self.copies.make(group, self._folder)
        except (LakeError, LandingStopped):
            raise
        except Exception as error:
            group.table_error = _reason(error)

    def _landed(self, file: CsvFile, opened: OpenedCsv, group: Group) -> ManifestRow:
        name = file.name
        found = scan(opened.path, self._look, opened.stamp.size)
        facts = self.copies.known_facts(group, name, found.sha256)
        reading: Future[Reading] | None = None
        if facts is None:
            reading = self._readers.submit(
                opened.path,
                self._table(),
                found,
                self.copies.said(group.dataset),
                summarised=group.is_single,
            )
        outgoing = Outgoing(file.file_name, opened, found, group.is_new)
        try:
            stored, status = self._stored(outgoing, group, name, reading)
            if reading is not None:
                facts = self.copies.keep_rejects(name, self._lake.key(stored.uri), reading.result())
        except BaseException:  # an interrupt as well: nobody waits for the reading any more
            if reading is not None and not reading.cancel():
                wait([reading])  # it reads the file, which is closed now
            raise
        assert facts is not None  # noqa: S101 - known, or found by reading just now
        facts = {
            **facts,
            "file": name,
            "uri": stored.uri,
            "sha256": found.sha256,
            "size": found.size,
            "checksum": stored.checksum or facts.get("checksum"),
        }
        group.add(file, opened.stamp, found, facts, reading.result() if reading else None)
        return ManifestRow(
            name,
            group.dataset,
            status,
            found.size,
            uri=stored.uri,
            sha256=found.sha256,
            checksum=facts["checksum"],
            lines=facts["lines"],
            rows=facts["rows"],
            rejected_rows=facts["rejected_rows"],
            columns=str(facts["delimiter"]).join(facts["columns"]),
            encoding=facts["encoding"],
            delimiter=facts["delimiter"],
            rejects_uri=facts["rejects_uri"],
            unreadable=facts["unreadable"],
        )

    def _stored(
        self, outgoing: Outgoing, group: Group, name: str, reading: Future[Reading] | None
    ) -> tuple[StoredObject, str]:
        earlier = self.copies.earlier(group, name, outgoing.found.sha256)
        if earlier is not None:
            if reading is not None:
                reading.result()
            copied = self._sender.copy(outgoing, self._lake.key(earlier))
            if copied is not None:
                return copied, LANDED

        def approve() -> None:
            if reading is not None:
                reading.result()
            self._must_go_on()

        stored, is_sent = self._sender.send(outgoing, approve)
        return stored, LANDED if is_sent else UNCHANGED

    def _completed(self, row: ManifestRow) -> ManifestRow:
        """The row with what is known only when its whole dataset is."""
        group = self._groups[row.dataset]
        if row.status == REJECTED:
            return row
        drift = group.drift.get(row.file)
        return ManifestRow(
            **{
                **asdict(row),
                "table_uri": group.table_uri,
                "table_error": group.table_error,
                "drift": "; ".join(drift.changes) or None if drift else None,
                "missing_id": drift.missing_id if drift else None,
            }
        )

    def _is_new(self, dataset: str) -> bool:
        return self._known is not None and dataset not in self._known

    def _table(self) -> Path:
        with self._counter:
            self._tables += 1
            return self._folder / f"{self._tables}.parquet"

    def _must_go_on(self) -> None:
        if self._stopped.is_set():
            raise LandingStopped("The landing was stopped.")

    def _look(self, size: int) -> None:
        self._must_go_on()
        self._progress.look(size)

    def _count(self, size: int) -> None:
        self._must_go_on()
        self._progress.send(size)


def _reason(error: Exception) -> str:
    """Why a file is rejected, for people."""
    if isinstance(error, CsvRejected):
        return str(error)
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror or error})"
    if isinstance(error, MemoryError):
        return "reading it takes more memory than there is"
    detail = keys.printable(" ".join(str(error).split()))[:_SHOWN_CHARACTERS]
    return f"reading it failed ({type(error).__name__}: {detail})"


def _size(path: Path) -> int:
    """Bytes of the file, 0 where even that cannot be known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
