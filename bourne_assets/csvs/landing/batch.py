"""A batch of CSV files into the lake: bytes, rejected lines, tables, and the manifest.

Files are scanned, read and sent at the same time, many at once; an object becomes visible when
its file has been read and is known to be whole. A bad file stops no other.
Not here: how a file is sent (`upload`), how it is read (`reading`), and its table (`dataset`).
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd

from bourne_assets.csvs.errors import CsvRejected, LandingStopped
from bourne_assets.csvs.intake.files import CsvFile, with_distinct_names
from bourne_assets.csvs.intake.opening import OpenedCsv, open_csv
from bourne_assets.csvs.landing.dataset import DatasetWriter
from bourne_assets.csvs.landing.dataset_batch import DatasetBatch, LandedFile, ScannedFile
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.csvs.landing.manifest import (
    LANDED,
    REJECTED,
    UNCHANGED,
    FileOutcome,
    make_manifest,
)
from bourne_assets.csvs.landing.profile import Profile
from bourne_assets.csvs.landing.progress import Progress
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.csvs.landing.upload import SINGLE_BYTES, PendingUpload, Uploader
from bourne_assets.csvs.options import Datasets
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.scan import scan
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeError, ObjectMissing
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.tables import records
from bourne_assets.threads import thread_pool
from bourne_assets.translations import gettext, in_english, system_words

_FILES_AT_ONCE = 8
#: This many files are looked up one by one; for more, one list of all datasets is cheaper.
_FEW_FILES = 16
_SHOWN_CHARACTERS = 300
_PROGRESS_SECONDS = 1.0


@dataclass(frozen=True)
class Landing:
    """The outcome of a batch.

    Attributes:
        manifest: `ManifestTable`.
        profiles: Those of the datasets that were landed, by name.
    """

    manifest: pd.DataFrame
    profiles: dict[str, Profile] = field(default_factory=dict)


@dataclass(frozen=True)
class DifferingBytes:
    """A landed file whose object is not what was sent.

    Attributes:
        uri: Where it is.
        expected: SHA-256 of what was sent.
        found: SHA-256 of what is there, or `missing`.
    """

    uri: str
    expected: str
    found: str


def land_csv_files(
    files: Iterable[Path | CsvFile],
    lake: Lake,
    landed_on: date,
    *,
    tables: DatasetTables,
    datasets: Datasets | None = None,
    journal: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Landing:
    """Land files and report the outcome of each; a bad file does not stop the others.

    Args:
        files: The files.
        lake: Where to.
        landed_on: UTC day in the keys.
        tables: The tables in the lake's catalogue.
        datasets: What the user declared of datasets.
        journal: Folder in which uploads in progress are noted, shared by the landings of this
            machine; None: one below the system's folder for temporary files.
        report: Called with a line of progress, once a second at most.

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
            tables=tables,
            datasets=datasets or Datasets(),
            journal=noted,
            report=report,
        )
        return batch.land()


def bytes_that_differ(manifest: pd.DataFrame, lake: Lake) -> list[DifferingBytes]:
    """Landed files whose object no longer has the manifest's SHA-256.

    Objects that were sent in one request are read back. Of larger ones the server's own checksum
    is requested, which it computed from what it stored; where it keeps none, they are read too.

    Raises:
        LakeError: The lake failed.
    """
    landed = manifest[manifest["status"] != REJECTED]
    rows = records(landed[["uri", "sha256", "checksum"]])
    with thread_pool(_FILES_AT_ONCE, "digests") as pool:
        found = list(pool.map(lambda row: _digest_now(lake, row), rows))
    return [
        DifferingBytes(uri=str(row["uri"]), expected=str(row["sha256"]), found=digest)
        for row, digest in zip(rows, found, strict=True)
        if digest != row["sha256"]
    ]


def _digest_now(lake: Lake, row: dict[str, Any]) -> str:
    key = lake.key(str(row["uri"]))
    try:
        if row["checksum"] is not None and lake.checksum(key) == row["checksum"]:
            return str(row["sha256"])
        return str(lake.read_back(key).sha256)
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
        tables: DatasetTables,
        datasets: Datasets,
        journal: Journal,
        report: Callable[[str], None],
    ) -> None:
        self._files = files
        self._lake = lake
        self._folder = journal.scratch
        self._report = report
        self._stopped = Event()
        sizes = [_size(file.path) for file in files]
        self._progress = Progress(len(files), sum(sizes))
        if any(size > SINGLE_BYTES for size in sizes):
            journal.clean_abandoned()
        self._sessions = SessionPool(self._ensure_running, self._folder)
        self._uploader = Uploader(lake, landed_on, journal, self._count_sent)
        self._writer = DatasetWriter(lake, tables, self._sessions, self._folder)
        self._datasets = self._group(datasets)
        self._numbers = count(1)

    def _group(self, datasets: Datasets) -> dict[str, DatasetBatch]:
        """The files by dataset."""
        is_large = len(self._files) > _FEW_FILES
        known = self._lake.folders(keys.LANDED_CSVS) if is_large else None
        grouped: dict[str, DatasetBatch] = {}
        for file in self._files:
            name = _dataset_of(file)
            if name not in grouped:
                is_new = known is not None and name not in known
                grouped[name] = DatasetBatch(name, datasets[name], is_new=is_new)
            grouped[name].expect(file.name)
        return grouped

    def land(self) -> Landing:
        """Land all files."""
        pool = ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="landing")
        try:
            futures = [pool.submit(self._land, file) for file in self._files]
            self._wait(set(futures))
            outcomes = [future.result() for future in futures]
        except BaseException:  # an interrupt as well: the threads must end before it goes on
            self._stopped.set()
            self._sessions.interrupt()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=True)
            self._uploader.close()
            self._sessions.close()
        manifest = make_manifest(
            (outcome, self._datasets[outcome.dataset].outcome) for outcome in outcomes
        )
        return Landing(manifest, self._writer.profiles)

    def _wait(self, pending: set[Future[FileOutcome]]) -> None:
        last_line = time.monotonic()
        while pending:
            done, pending = wait(pending, timeout=_PROGRESS_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if pending and time.monotonic() - last_line >= _PROGRESS_SECONDS:
                last_line = time.monotonic()
                # A terminal that is gone, or a full disk of logs, must not end a landing.
                with contextlib.suppress(Exception):
                    self._report(self._progress.line())

    def _land(self, file: CsvFile) -> FileOutcome:
        """Land a file, and the table of its dataset after the last of its files."""
        dataset = self._datasets[_dataset_of(file)]
        outcome = FileOutcome(file.name, dataset.name, _size(file.path))
        try:
            with open_csv(file) as opened:
                landed, status = self._landed(file, opened, dataset)
            facts = landed.facts
            outcome = replace(outcome, size=facts.size, status=status, facts=facts)
            dataset.add(landed)
        except (LakeError, LandingStopped):
            raise
        except Exception as error:
            outcome = replace(outcome, reason=_reason(error))
            dataset.reject(file.name)
        if dataset.claim_if_complete():
            self._write_table(dataset)
        self._progress.end_file()
        return outcome

    def _write_table(self, dataset: DatasetBatch) -> None:
        """Write the table of a dataset whose bytes are landed; a failure does not stop others."""
        try:
            self._writer.write(dataset)
        except (LakeError, LandingStopped):
            raise
        except Exception as error:
            dataset.outcome.table_error = _reason(error)

    def _landed(
        self, file: CsvFile, opened: OpenedCsv, dataset: DatasetBatch
    ) -> tuple[LandedFile, str]:
        """Scan, read and send a file; its status is LANDED or UNCHANGED."""
        scanned = scan(opened.path, self._count_scanned, opened.stamp.size)
        source = ScannedFile(file, opened.stamp, scanned)
        pending = PendingUpload(file.file_name, opened, scanned, dataset.is_new)
        facts = self._writer.known_facts(dataset, file.name, scanned.sha256)
        if facts is not None:
            stored, status = self._send(pending, dataset, file.name, self._ensure_running)
            checksum = stored.checksum or facts.checksum
            facts = facts.model_copy(update={"uri": stored.uri, "checksum": checksum})
            return LandedFile(source, facts), status
        reading = self._sessions.submit(
            partial(
                self._sessions.read,
                opened.path,
                self._folder / f"{next(self._numbers)}.parquet",
                scanned,
                dataset.options,
                name=file.file_name,
                origin=self._uploader.likely_origin(file.file_name),
                summarised=dataset.is_single,
            )
        )

        def approve() -> None:
            reading.result()
            self._ensure_running()

        try:
            stored, status = self._send(pending, dataset, file.name, approve)
            landed = self._writer.keep(dataset, source, stored, reading.result())
        except BaseException:  # an interrupt as well: nobody waits for the reading any more
            if not reading.cancel():
                wait([reading])  # it reads the file, which is about to be closed
            raise
        return landed, status

    def _send(
        self,
        pending: PendingUpload,
        dataset: DatasetBatch,
        name: str,
        approve: Callable[[], None],
    ) -> tuple[StoredObject, str]:
        """Send a file, or have the server copy what it has of another day."""
        earlier = self._writer.earlier_key(dataset, name, pending.scan.sha256)
        if earlier is not None:
            approve()
            copied = self._uploader.copy(pending, earlier)
            if copied is not None:
                return copied, LANDED
        stored, is_sent = self._uploader.send(pending, approve)
        return stored, LANDED if is_sent else UNCHANGED

    def _ensure_running(self) -> None:
        if self._stopped.is_set():
            raise LandingStopped(gettext("The landing was stopped."))

    def _count_scanned(self, size: int) -> None:
        self._ensure_running()
        self._progress.count_scanned(size)

    def _count_sent(self, size: int) -> None:
        self._ensure_running()
        self._progress.count_sent(size)


def _dataset_of(file: CsvFile) -> str:
    return keys.dataset_name(keys.printable(file.file_name))


def _reason(error: Exception) -> str:
    """Why a file is rejected, for people."""
    if isinstance(error, CsvRejected):
        return str(error)
    if isinstance(error, OSError):
        return in_english("it cannot be read ({why})", why=system_words(error))
    if isinstance(error, MemoryError):
        return in_english("reading it takes more memory than is available")
    detail = keys.printable(" ".join(str(error).split()))[:_SHOWN_CHARACTERS]
    return in_english(
        "reading it failed ({kind}: {detail})", kind=type(error).__name__, detail=detail
    )


def _size(path: Path) -> int:
    """Bytes of the file, 0 where even that cannot be known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
