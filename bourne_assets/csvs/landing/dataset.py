"""The tables of datasets, their profiles and titles, and the lines that were rejected.

Not here: the landed bytes (`upload`), and the order in which files are landed (`batch`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.opening import open_csv
from bourne_assets.csvs.landing.corrections import (
    JSON_LINES,
    CorrectedRows,
    json_lines,
    read_corrections,
    read_rows,
)
from bourne_assets.csvs.landing.dataset_batch import DatasetBatch, LandedFile, ScannedFile
from bourne_assets.csvs.landing.one_table import one_table, readings_of, tables_of
from bourne_assets.csvs.landing.profile import (
    READER_VERSION,
    FileFacts,
    Profile,
    examples_of,
    find_drift,
    id_of,
    reason_to_refuse,
    write_profile,
)
from bourne_assets.csvs.landing.tables import DatasetTables, Delivery, table_name, titles_name
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.agreement import agreed_types, loses_text, union_types
from bourne_assets.csvs.reading.column_types import TEXT
from bourne_assets.csvs.reading.normalise import RejectedLine
from bourne_assets.csvs.reading.origin import ORIGIN, Origin, names_of_origin
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.iceberg.errors import SchemaUnfit
from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.translations import in_english


class DatasetWriter:
    """Makes what the lake holds of datasets beside the landed bytes, and knows what it holds.

    Args:
        lake: The lake.
        tables: The tables in its catalogue.
        sessions: DuckDB.
        folder: For temporary files.

    Attributes:
        lake: The lake.
        sessions: DuckDB.
        profiles: Those of the datasets that were landed, by name.
    """

    def __init__(
        self, lake: Lake, tables: DatasetTables, sessions: SessionPool, folder: Path
    ) -> None:
        self.lake = lake
        self._tables = tables
        self.sessions = sessions
        self._folder = folder
        self.profiles: dict[str, Profile] = {}

    def known_facts(self, dataset: DatasetBatch, name: str, sha256: str) -> FileFacts | None:
        """What the last landing knew of the very same file, if it would be read the same now."""
        profile = dataset.last_profile(self.lake)
        if profile is None or not profile.is_read_like_now(dataset.options):
            return None
        return profile.file(name, sha256)

    def earlier_key(self, dataset: DatasetBatch, name: str, sha256: str) -> str | None:
        """Where the very same bytes were landed the last time."""
        profile = dataset.last_profile(self.lake)
        facts = profile.file(name, sha256) if profile else None
        return self.lake.key(facts.uri) if facts else None

    def keep(
        self, dataset: DatasetBatch, source: ScannedFile, stored: StoredObject, reading: Reading
    ) -> LandedFile:
        """Keep the rejected lines of a file that was landed, and say what is known of it.

        Raises:
            LakeError: The lake failed.
        """
        corrected = self._corrected(self.lake.key(stored.uri), reading, dataset.options)
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
            rejects_uri=self._keep_rejects(name, self.lake.key(stored.uri), rejected),
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
        profile, name = dataset.last_profile(self.lake), table_name(dataset.name)
        dataset.outcome.table_uri = name if profile is not None or self._tables.has(name) else None
        facts = tuple(each.facts for each in landed)
        is_current = profile is not None and self._is_current(profile, dataset, landed)
        wanted = [] if is_current else self._wanted(dataset, profile, landed)
        if not wanted:
            self._note_where_they_are(profile, facts)
            return
        landed = [self._read_again(dataset, each, n) for n, each in enumerate(wanted)]
        present = {} if dataset.options.write == "replace" else self._tables.columns(name)
        landed = self._in_agreement(landed, dataset.options, present)
        self._note_drift(dataset, profile, landed)
        refusal = self._refusal(dataset, profile, [each.facts for each in landed])
        if refusal is None:
            try:
                self.profiles[dataset.name] = self._write(dataset, facts, landed, present)
            except SchemaUnfit as error:
                refusal = dataset.outcome.table_error = str(error)
            except duckdb.Error as error:
                raise CsvRejected(
                    in_english(
                        "The table of {name} cannot be made: {first} - check the free disk space "
                        "of BOURNE_HOME.",
                        name=dataset.name,
                        first=str(error).partition("\n")[0][:300],
                    )
                ) from error
        if refusal is not None and profile is not None:
            update = {"refused_files": facts, "refusal": refusal}
            write_profile(self.lake, profile.model_copy(update=update))

    def _wanted(
        self, dataset: DatasetBatch, profile: Profile | None, landed: list[LandedFile]
    ) -> list[LandedFile]:
        """The files whose rows the table lacks, or has without the lines corrected since.

        Where nothing is known of the last landing, files whose rows it has make it known again;
        those that were taken back stay away all the same.
        """
        if dataset.options.write == "replace":
            return landed
        known = {each.sha256: each for each in self._tables.deliveries(table_name(dataset.name))}
        taken_back = {each.sha256 for each in known.values() if each.taken_back}

        def is_there(facts: FileFacts) -> bool:
            delivery = known.get(facts.sha256)
            return delivery is not None and delivery.rows == facts.rows + facts.corrected_rows

        landed = [each for each in landed if each.facts.sha256 not in taken_back]
        lacking = [each for each in landed if not is_there(each.facts)]
        return lacking or (landed if profile is None else [])

    def _note_drift(
        self, dataset: DatasetBatch, profile: Profile | None, landed: Sequence[LandedFile]
    ) -> None:
        for each, reading in zip(landed, readings_of(landed), strict=True):
            dataset.outcome.drift[each.facts.file] = find_drift(profile, reading, dataset.options)

    def _refusal(
        self, dataset: DatasetBatch, profile: Profile | None, facts: Sequence[FileFacts]
    ) -> str | None:
        """Why the table of the last landing stays; None where it is replaced."""
        missing = [drift.missing_id for drift in dataset.outcome.drift.values() if drift.missing_id]
        if missing:
            reason = in_english("the id column {missing} is missing", missing=missing[0])
            return self._refused(dataset, reason)
        if profile is None:
            return None
        before = sum(each.rejected_rows for each in profile.files)
        if profile.is_of(facts) and sum(each.rejected_rows for each in facts) <= before:
            return None  # the same files, read at least as well
        refusal = reason_to_refuse(facts, dataset.options)
        return self._refused(dataset, refusal) if refusal else None

    @staticmethod
    def _refused(dataset: DatasetBatch, reason: str) -> str:
        """The reason, once the dataset says what it means for the table."""
        dataset.outcome.table_error = (
            in_english("{reason}: no table is made", reason=reason)
            if dataset.outcome.table_uri is None
            else in_english("{reason}: the last good table stays", reason=reason)
        )
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
        self,
        dataset: DatasetBatch,
        facts: tuple[FileFacts, ...],
        landed: Sequence[LandedFile],
        present: Mapping[str, str],
    ) -> Profile:
        readings = readings_of(landed)
        if taken := names_of_origin(union_types(readings)):
            raise CsvRejected(
                in_english(
                    "The column {taken!r} has the name of a column that every table has: give it "
                    "another name by `columns` in the datasets file",
                    taken=taken[0],
                )
            )
        origins = [self._origin(each.facts) for each in landed]
        table, summary = one_table(landed, origins, present, self.sessions, self._folder)
        deliveries = [self._delivery(each.facts) for each in landed]
        rows = self._commit(dataset, table, summary.titles, deliveries)
        profile = Profile(
            reader_version=READER_VERSION,
            dataset=dataset.name,
            table=table_name(dataset.name),
            titles=titles_name(dataset.name) if summary.titles else None,
            rows=rows,
            id=id_of(dataset.last_profile(self.lake), readings[0].dialect, dataset.options),
            columns=tuple(each for each in summary.columns if each.name not in ORIGIN),
            files=facts,
            options=dataset.options,
        )
        # Last, as it says that the others are those of these files.
        write_profile(self.lake, profile)
        parts = {path for each in landed for path in tables_of(each)}
        for path in {*parts, table, *([summary.titles] if summary.titles else [])}:
            path.unlink(missing_ok=True)
        return profile

    def _commit(
        self,
        dataset: DatasetBatch,
        rows: Path,
        titles: Path | None,
        deliveries: Sequence[Delivery],
    ) -> int:
        """Make the rows part of the dataset's tables, as it wants; how many its table has then."""
        name, tables, options = table_name(dataset.name), self._tables, dataset.options
        dataset.outcome.table_uri = name  # also where the rows do not fit it
        match options.write:
            case "replace":
                done = tables.replace(name, dataset.name, rows, deliveries)
            case "append":
                done = tables.append(name, dataset.name, rows, deliveries)
            case "merge":
                done = tables.merge(name, dataset.name, rows, options.key, deliveries)
        if titles is not None and options.write == "replace":
            tables.replace(titles_name(dataset.name), dataset.name, titles)
        elif titles is not None:
            tables.merge(titles_name(dataset.name), dataset.name, titles, ["id"])
        return done.rows

    def _delivery(self, facts: FileFacts) -> Delivery:
        return Delivery(
            sha256=facts.sha256,
            file=facts.file,
            uri=facts.uri,
            landed_on=self._origin(facts).landed_on,
            rows=facts.rows + facts.corrected_rows,
        )

    def _origin(self, facts: FileFacts) -> Origin:
        return Origin(facts.uri, keys.landed_on(self.lake.key(facts.uri)))

    def _corrected(self, key: str, reading: Reading, options: DatasetOptions) -> CorrectedRows:
        """Rows of the rejected lines of a file that people have corrected."""
        known = read_corrections(self.lake, key) if reading.rejected else {}
        wanted = [known[line.line] for line in reading.rejected if line.line in known]
        return read_rows(wanted, reading, options, self.sessions)

    def _keep_rejects(self, name: str, key: str, rejected: Sequence[RejectedLine]) -> str | None:
        target = keys.rejected_lines(key)
        if rejected:
            return self.lake.write(target, json_lines(_entries(name, rejected)), JSON_LINES).uri
        if self.lake.head(target) is not None:  # of an older reading of these bytes
            self.lake.delete(target)
        return None

    def _read_again(self, dataset: DatasetBatch, landed: LandedFile, number: int) -> LandedFile:
        """A file with its reading; one that was known is read now, for another one is new."""
        if landed.reading is not None:
            return landed
        reading = self._read(landed.source, dataset.options, number)
        corrected = self._corrected(self.lake.key(landed.facts.uri), reading, dataset.options)
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
                raise CsvRejected(in_english("it changed while it was landed"))
            return self.sessions.read(
                opened.path, table, source.scan, options, name=source.file.file_name, types=types
            )

    def _in_agreement(
        self, landed: Sequence[LandedFile], options: DatasetOptions, present: Mapping[str, str]
    ) -> list[LandedFile]:
        """The files, read again as texts where they differ in a column's type.

        A column that is text in the table, whose columns and types are `present`, is text in all.
        """
        readings = readings_of(landed)
        agreed = {name.casefold(): TEXT for name, kind in present.items() if kind == TEXT}
        if len(readings) > 1:
            with self.sessions.session(0) as session:
                agreed = {**agreed_types(session, readings), **agreed}
        for n, reading in enumerate(readings):
            if loses_text(reading.types, agreed):
                reading.table.unlink(missing_ok=True)
                readings[n] = self._read(landed[n].source, options, n, agreed)
        return [
            replace(each, reading=reading.with_types(agreed))
            for each, reading in zip(landed, readings, strict=True)
        ]

    def _note_where_they_are(self, profile: Profile | None, facts: tuple[FileFacts, ...]) -> None:
        """The same bytes may have been landed under another day."""
        if profile is None:
            return
        if facts != profile.files or profile.refused_files:
            update = {"files": facts, "refused_files": (), "refusal": None}
            profile = profile.model_copy(update=update)
            write_profile(self.lake, profile)
        self.profiles[profile.dataset] = profile


def _misfits(
    reading: Reading, rejected: Sequence[RejectedLine], options: DatasetOptions
) -> list[str]:
    """Values that are not of their column's type, and declared types of no column."""
    nulled = [f"{name}: {n} ({text!r})" for name, (n, text) in reading.cast_failures.items()]
    misfits = [line for line in rejected if line.is_misfit]
    named = [
        in_english(
            "{count:,} lines were rejected, the first in line {line:,}: {reason}",
            count=len(misfits),
            line=first.line,
            reason=first.reason,
        )
        for first in misfits[:1]
    ]
    columns = {name.casefold() for name in reading.dialect.columns}
    missing = [
        in_english("{name}: types names it, and it is not a column", name=name)
        for name in options.types
        if name.casefold() not in columns
    ]
    return [*nulled, *named, *missing]


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
