"""The tables of datasets, their profiles and titles, and the lines that were rejected.

Not here: the landed bytes (`upload`), and the order in which files are landed (`batch`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import duckdb

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import Stamp, open_csv
from bourne_assets.csvs.landing.corrections import (
    JSON_LINES,
    CorrectedRows,
    json_lines,
    read_corrections,
    read_rows,
)
from bourne_assets.csvs.landing.manifest import DatasetOutcome
from bourne_assets.csvs.landing.profile import (
    READER_VERSION,
    Drift,
    FileFacts,
    Profile,
    examples_of,
    find_drift,
    id_of,
    read_profile,
    reason_to_refuse,
    write_profile,
)
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.agreement import agreed_types, loses_text, union_types
from bourne_assets.csvs.reading.normalise import RejectedLine
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import Scan, scan
from bourne_assets.csvs.reading.summaries import Summary, summarise
from bourne_assets.lake import keys
from bourne_assets.lake.store import PARQUET, Lake, StoredObject

_SINGLE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class ScannedFile:
    """A file whose bytes have been looked at.

    Attributes:
        file: The file.
        stamp: What it was then.
        scan: What stands in its bytes.
    """

    file: CsvFile
    stamp: Stamp
    scan: Scan


@dataclass(frozen=True)
class LandedFile:
    """A file whose bytes lie in the lake.

    Attributes:
        source: The file.
        facts: What is known of it.
        reading: What was read of it now; None where that was known.
        corrected: Rows of its lines that were corrected, a Parquet file; None where there are none.
    """

    source: ScannedFile
    facts: FileFacts
    reading: Reading | None = None
    corrected: Path | None = None


class DatasetBatch:
    """The files of one dataset in a batch.

    Args:
        name: Name of the dataset.
        options: What the user declared of it.
        is_new: Whether it has no objects in the lake yet.

    Attributes:
        is_single: Whether it has no more than one file.
        drift: How each file's columns differ from those of the last landing.
        table_uri: Where its table lies; None where there is none.
        table_error: Why its table is not one of these files; None where it is.
    """

    def __init__(self, name: str, options: DatasetOptions, *, is_new: bool) -> None:
        self.name = name
        self.options = options
        self.is_new = is_new
        self.is_single = True
        self.drift: dict[str, Drift] = {}
        self.table_uri: str | None = None
        self.table_error: str | None = None
        self._landed: dict[str, LandedFile] = {}
        self._expected: set[str] = set()
        self._is_claimed = False
        self._last_profile: Profile | None = None
        self._has_last_profile = is_new
        self._lock, self._reading = Lock(), Lock()

    def expect(self, name: str) -> None:
        """A file that belongs to the dataset."""
        self._expected.add(name)
        self.is_single = len(self._expected) == 1

    def add(self, landed: LandedFile) -> None:
        """A file that was landed."""
        with self._lock:
            self._landed[landed.facts.file] = landed
            self._expected.discard(landed.facts.file)

    def reject(self, name: str) -> None:
        """A file that was not."""
        with self._lock:
            self._landed.pop(name, None)
            self._expected.discard(name)

    def claim_if_complete(self) -> bool:
        """Whether no file is waited for; true for the first who asks, and for nobody after."""
        with self._lock:
            if self._expected or self._is_claimed:
                return False
            self._is_claimed = True
            return True

    def last_profile(self, lake: Lake) -> Profile | None:
        """The profile of the landing before this one.

        Raises:
            LakeError: The lake failed.
        """
        with self._reading:
            if not self._has_last_profile:
                self._last_profile = read_profile(lake, self.name)
                self._has_last_profile = True
            return self._last_profile

    @property
    def landed(self) -> list[LandedFile]:
        """The files that were landed, in order of their names."""
        with self._lock:
            return [self._landed[name] for name in sorted(self._landed)]

    @property
    def outcome(self) -> DatasetOutcome:
        """What became of its table."""
        return DatasetOutcome(self.table_uri, self.table_error, self.drift)


class DatasetWriter:
    """Makes what the lake holds of datasets beside the landed bytes, and knows what it holds.

    Args:
        lake: The lake.
        sessions: DuckDB.
        folder: For temporary files.

    Attributes:
        profiles: Those of the datasets that were landed, by name.
    """

    def __init__(self, lake: Lake, sessions: SessionPool, folder: Path) -> None:
        self._lake = lake
        self._sessions = sessions
        self._folder = folder
        self.profiles: dict[str, Profile] = {}

    def known_facts(self, dataset: DatasetBatch, name: str, sha256: str) -> FileFacts | None:
        """What the last landing knew of the very same file, if it would be read the same now."""
        profile = dataset.last_profile(self._lake)
        if profile is None or not profile.is_read_like_now(dataset.options):
            return None
        return profile.file(name, sha256)

    def earlier_key(self, dataset: DatasetBatch, name: str, sha256: str) -> str | None:
        """Where the very same bytes were landed the last time."""
        profile = dataset.last_profile(self._lake)
        facts = profile.file(name, sha256) if profile else None
        return self._lake.key(facts.uri) if facts else None

    def keep(
        self, dataset: DatasetBatch, source: ScannedFile, stored: StoredObject, reading: Reading
    ) -> LandedFile:
        """Keep the rejected lines of a file that was landed, and say what is known of it.

        Raises:
            LakeError: The lake failed.
        """
        corrected = self._corrected(self._lake.key(stored.uri), reading, dataset.options)
        rejected = [line for line in reading.rejected if line.line not in corrected.lines]
        facts = self._facts(source, stored, reading, rejected, dataset.options)
        return LandedFile(source, facts, reading, corrected.table)

    def _facts(
        self,
        source: ScannedFile,
        stored: StoredObject,
        reading: Reading,
        rejected: Sequence[RejectedLine],
        options: DatasetOptions,
    ) -> FileFacts:
        name, dialect = source.file.name, reading.dialect
        return FileFacts(
            file=name,
            uri=stored.uri,
            size=source.scan.size,
            sha256=source.scan.sha256,
            checksum=stored.checksum,
            lines=reading.lines,
            rows=reading.rows,
            rejected_rows=len(rejected),
            corrected_rows=len(reading.rejected) - len(rejected),
            rejects_uri=self._keep_rejects(name, self._lake.key(stored.uri), rejected),
            first_rejected=examples_of(rejected),
            encoding=dialect.encoding,
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            has_header=dialect.has_header,
            columns=dialect.columns,
            unreadable="; ".join(_misfits(reading, rejected, options)) or None,
            notes=dialect.notes,
            almost=dict(reading.almost),
        )

    def write(self, dataset: DatasetBatch) -> None:
        """Make table, titles and profile of a dataset whose files are all landed.

        Raises:
            CsvRejected: A file changed, or DuckDB failed on its own files.
            LakeError: The lake failed.
        """
        landed = dataset.landed
        if not landed:
            return
        profile = dataset.last_profile(self._lake)
        dataset.table_uri = self._lake.uri(keys.dataset_table(dataset.name))
        facts = tuple(each.facts for each in landed)
        if profile is not None and self._is_current(profile, dataset, landed):
            self._note_where_they_lie(profile, facts)
            return
        landed = [self._read_again(dataset, each, n) for n, each in enumerate(landed)]
        if len(landed) > 1:
            landed = self._in_agreement(landed, dataset.options)
        self._note_drift(dataset, profile, landed)
        if refusal := self._refusal(dataset, profile, facts):
            if profile is not None:
                update = {"refused_files": facts, "refusal": refusal}
                write_profile(self._lake, profile.model_copy(update=update))
            return
        try:
            self.profiles[dataset.name] = self._write(dataset, facts, landed)
        except duckdb.Error as error:
            first = str(error).partition("\n")[0][:300]
            raise CsvRejected(
                f"The copy of {dataset.name} cannot be made: {first} - check the free disk space "
                "of BOURNE_HOME."
            ) from error

    def _note_drift(
        self, dataset: DatasetBatch, profile: Profile | None, landed: Sequence[LandedFile]
    ) -> None:
        for each, reading in zip(landed, _readings(landed), strict=True):
            dataset.drift[each.facts.file] = find_drift(
                profile, reading.types, reading.dialect, dataset.options
            )

    def _refusal(
        self, dataset: DatasetBatch, profile: Profile | None, facts: Sequence[FileFacts]
    ) -> str | None:
        """Why the table of the last landing stays; None where it is replaced."""
        missing = [drift.missing_id for drift in dataset.drift.values() if drift.missing_id]
        if missing:
            return f"the id column {missing[0]} is missing"
        if profile is None:
            return None
        before = sum(each.rejected_rows for each in profile.files)
        if profile.is_of(facts) and sum(each.rejected_rows for each in facts) <= before:
            return None  # the same files, read at least as well
        if reason := reason_to_refuse(facts, dataset.options):
            dataset.table_error = f"{reason}: the last good table stays"
        return reason

    def _is_current(
        self, profile: Profile, dataset: DatasetBatch, landed: Sequence[LandedFile]
    ) -> bool:
        """Whether the table of the last landing is the one that would be made now."""
        return (
            all(each.reading is None for each in landed)
            and profile.is_read_like_now(dataset.options)
            and profile.is_of([each.facts for each in landed])
        )

    def _write(
        self, dataset: DatasetBatch, facts: tuple[FileFacts, ...], landed: Sequence[LandedFile]
    ) -> Profile:
        readings = _readings(landed)
        corrected = [each.corrected for each in landed if each.corrected is not None]
        table, summary = self._one_table(sum(each.size for each in facts), readings, corrected)
        titles = summary.titles
        table_uri = self._upload(keys.dataset_table(dataset.name), table)
        titles_uri = self._upload(keys.dataset_titles(dataset.name), titles) if titles else None
        profile = Profile(
            reader_version=READER_VERSION,
            dataset=dataset.name,
            table=table_uri,
            titles=titles_uri,
            rows=sum(each.rows + each.corrected_rows for each in facts),
            id=id_of(dataset.last_profile(self._lake), readings[0].dialect, dataset.options),
            columns=tuple(summary.columns),
            files=facts,
            options=dataset.options,
        )
        # Last, for it says that the others are those of these files.
        write_profile(self._lake, profile)
        for each in {*(reading.table for reading in readings), *corrected, table, titles}:
            if each is not None:
                each.unlink(missing_ok=True)
        return profile

    def _one_table(
        self, size: int, readings: Sequence[Reading], corrected: Sequence[Path]
    ) -> tuple[Path, Summary]:
        """The table of all files and of their corrected lines, and what it holds."""
        tables = [*(reading.table for reading in readings), *corrected]
        table, summary = tables[0], readings[0].summary
        if len(tables) == 1 and summary is not None:
            return table, summary
        with self._sessions.session(size) as session:
            if len(tables) > 1:
                table = self._folder / f"{tables[0].stem}-all.parquet"
                session.union(tables, table, union_types(readings))
            is_challenge = all(reading.dialect.is_challenge for reading in readings)
            return table, summarise(session, table, is_challenge=is_challenge)

    def _upload(self, key: str, path: Path) -> str:
        if path.stat().st_size <= _SINGLE_BYTES:
            return self._lake.write(key, path.read_bytes(), PARQUET).uri
        return self._lake.write_file(key, path, scan(path).sha256, PARQUET).uri

    def _corrected(self, key: str, reading: Reading, options: DatasetOptions) -> CorrectedRows:
        """Rows of the rejected lines of a file that people have corrected."""
        if not reading.rejected:
            return CorrectedRows(None, frozenset(), {})
        known = read_corrections(self._lake, key)
        wanted = [known[line.line] for line in reading.rejected if line.line in known]
        if not wanted:
            return CorrectedRows(None, frozenset(), {})
        return read_rows(wanted, reading, options, self._sessions)

    def _keep_rejects(self, name: str, key: str, rejected: Sequence[RejectedLine]) -> str | None:
        target = keys.rejected_lines(key)
        if rejected:
            return self._lake.write(target, json_lines(_entries(name, rejected)), JSON_LINES).uri
        if self._lake.find(target) is not None:  # of an older reading of these bytes
            self._lake.delete(target)
        return None

    def _read_again(self, dataset: DatasetBatch, landed: LandedFile, number: int) -> LandedFile:
        """A file with its reading; one that was known is read now, for another one is new."""
        if landed.reading is not None:
            return landed
        reading = self._read(landed.source, dataset.options, number)
        corrected = self._corrected(self._lake.key(landed.facts.uri), reading, dataset.options)
        return replace(landed, reading=reading, corrected=corrected.table)

    def _read(
        self,
        source: ScannedFile,
        options: DatasetOptions,
        number: int,
        types: Mapping[str, str] | None = None,
    ) -> Reading:
        table = self._folder / f"again-{number}-{source.scan.sha256[:16]}.parquet"
        with open_csv(source.file) as opened:
            if opened.stamp != source.stamp:
                raise CsvRejected(f"{source.file.name} changed while it was landed")
            return self._sessions.read(
                opened.path, table, source.scan, options, name=source.file.file_name, types=types
            )

    def _in_agreement(
        self, landed: Sequence[LandedFile], options: DatasetOptions
    ) -> list[LandedFile]:
        """The files, read again as texts where they differ in a column's type."""
        readings = _readings(landed)
        with self._sessions.session(0) as session:
            agreed = agreed_types(session, readings)
        for n, reading in enumerate(readings):
            if loses_text(reading.types, agreed):
                reading.table.unlink(missing_ok=True)
                readings[n] = self._read(landed[n].source, options, n, agreed)
        return [
            replace(each, reading=reading.with_types(agreed))
            for each, reading in zip(landed, readings, strict=True)
        ]

    def _note_where_they_lie(self, profile: Profile, facts: tuple[FileFacts, ...]) -> None:
        """The same bytes may have been landed under another day."""
        if facts != profile.files or profile.refused_files:
            update = {"files": facts, "refused_files": (), "refusal": None}
            profile = profile.model_copy(update=update)
            write_profile(self._lake, profile)
        self.profiles[profile.dataset] = profile


def _misfits(
    reading: Reading, rejected: Sequence[RejectedLine], options: DatasetOptions
) -> list[str]:
    """Values that are not of their column's type, and declared types of no column."""
    nulled = [f"{name}: {n} ({text!r})" for name, (n, text) in reading.cast_failures.items()]
    misfits = [line for line in rejected if line.is_misfit]
    named = [
        f"{len(misfits):,} lines were rejected, the first in line {first.line:,}: {first.reason}"
        for first in misfits[:1]
    ]
    columns = {name.casefold() for name in reading.dialect.columns}
    missing = [name for name in options.types if name.casefold() not in columns]
    return [
        *nulled,
        *named,
        *(f"{name}: types names it, and it is not a column" for name in missing),
    ]


def _readings(landed: Sequence[LandedFile]) -> list[Reading]:
    return [each.reading for each in landed if each.reading is not None]


def _entries(name: str, rejected: Iterable[RejectedLine]) -> Iterator[dict[str, str | int]]:
    """Rejected lines, one object each; one that was cut says how many bytes it has."""
    for line in rejected:
        entry: dict[str, str | int] = {
            "file": name,
            "line": line.line,
            "reason": line.reason,
            "text": line.text,
        }
        if line.size > len(line.text.encode()):
            entry["bytes"] = line.size
        yield entry
