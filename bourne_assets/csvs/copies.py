"""Columnar copies of datasets, their profiles and titles, and the lines that were rejected.

What must not be put here: the landed bytes (`sending`), and the manifest (`landing`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import Stamp, open_csv
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.csvs.profiles import (
    Drift,
    find_drift,
    id_of,
    is_current,
    make_profile,
    read_profile,
)
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import Scan, scan
from bourne_assets.csvs.reading.summaries import summarise
from bourne_assets.lake import keys
from bourne_assets.lake.store import JSON, PARQUET, Lake
from bourne_assets.tables import to_json

JSON_LINES = "application/x-ndjson"
_SINGLE_BYTES = 8 * 1024 * 1024


@dataclass
class _Member:
    file: CsvFile
    stamp: Stamp
    found: Scan
    facts: dict[str, Any]
    reading: Reading | None


class Group:
    """The files of one dataset in a batch.

    Attributes:
        dataset: Name of the dataset.
        is_new: Whether it has no objects in the lake yet.
        drift: How each file's columns differ from those of the last landing.
        table_uri: Where its columnar copy lies; None where there is none.
        table_error: Why its copy is not that of these files; None where it is.
        is_single: Whether it has no more than one file.
    """

    def __init__(self, dataset: str, *, is_new: bool) -> None:
        self.dataset = dataset
        self.is_new = is_new
        self.drift: dict[str, Drift] = {}
        self.table_uri: str | None = None
        self.table_error: str | None = None
        self.is_single = True
        self.members: dict[str, _Member] = {}
        self.profile: dict[str, Any] | None = None
        self.lock = Lock()
        self._waiting: set[str] = set()
        self._is_taken = False

    def expect(self, name: str) -> None:
        """A file that belongs to the dataset."""
        self._waiting.add(name)
        self.is_single = len(self._waiting) == 1

    def add(
        self,
        file: CsvFile,
        stamp: Stamp,
        found: Scan,
        facts: dict[str, Any],
        reading: Reading | None,
    ) -> None:
        """A file that was landed."""
        with self.lock:
            self.members[file.name] = _Member(file, stamp, found, facts, reading)
            self._waiting.discard(file.name)

    def reject(self, name: str) -> None:
        """A file that was not."""
        with self.lock:
            self.members.pop(name, None)
            self._waiting.discard(name)

    def is_complete(self) -> bool:
        """Whether no file is waited for; true for one who asks only."""
        with self.lock:
            if self._waiting or self._is_taken:
                return False
            self._is_taken = True
            return True


class Copies:
    """Makes and finds what the lake holds of datasets beside the landed bytes.

    Args:
        lake: The lake.
        datasets: What is known of datasets beforehand.
        readers: Engines.
    """

    def __init__(self, lake: Lake, datasets: Datasets, readers: SessionPool) -> None:
        self._lake = lake
        self._datasets = datasets
        self._readers = readers
        self.profiles: dict[str, dict[str, Any]] = {}

    def said(self, dataset: str) -> DatasetOptions:
        """What the user says of a dataset."""
        return self._datasets[dataset]

    def known_facts(self, group: Group, name: str, sha256: str) -> dict[str, Any] | None:
        """What an earlier reading of the very same file found, read as it would be now."""
        profile = self._profile(group)
        facts = self._entry(group, name, sha256)
        sources = [(each["file"], each["sha256"]) for each in profile.get("files", [])]
        return facts if is_current(profile, sources, self.said(group.dataset)) else None

    def earlier(self, group: Group, name: str, sha256: str) -> str | None:
        """Where the very same bytes were landed the last time."""
        facts = self._entry(group, name, sha256)
        return str(facts["uri"]) if facts else None

    def keep_rejects(self, name: str, key: str, reading: Reading) -> dict[str, Any]:
        """Keep the rejected lines of a file, and tell what was found in it."""
        target = keys.rejected_lines(key)
        uri = None
        if reading.rejected:
            data = b"".join(_json_lines(name, reading))
            uri = self._lake.write(target, data, JSON_LINES).uri
        elif self._lake.find(target) is not None:  # of an older reading of these bytes
            self._lake.delete(target)
        dialect = reading.dialect
        wrong = [f"{column}: {n} ({text!r})" for column, (n, text) in reading.cast_failures.items()]
        return {
            "lines": reading.lines,
            "rows": reading.rows,
            "rejected_rows": len(reading.rejected),
            "rejects_uri": uri,
            "encoding": dialect.encoding,
            "delimiter": dialect.delimiter,
            "quote": dialect.quote,
            "has_header": dialect.has_header,
            "columns": list(dialect.columns),
            "unreadable": "; ".join(wrong) or None,
        }

    def make(self, group: Group, folder: Path) -> None:
        """Make the copy, the titles and the profile of a dataset whose files are all landed.

        Raises:
            CsvRejected: DuckDB failed on its own files.
            LakeError: The lake failed.
        """
        members = [group.members[name] for name in sorted(group.members)]
        if not members:
            return
        profile, said = self._profile(group), self.said(group.dataset)
        group.table_uri = self._lake.uri(keys.dataset_table(group.dataset))
        sources = [(member.facts["file"], member.found.sha256) for member in members]
        if is_current(profile, sources, said) and all(m.reading is None for m in members):
            self._note_where_they_lie(group, profile, members)
            return
        readings = [self._reading(member, said, folder, n) for n, member in enumerate(members)]
        for member, reading in zip(members, readings, strict=True):
            group.drift[member.facts["file"]] = find_drift(
                profile, reading.types, reading.dialect, said
            )
        if any(drift.missing_id for drift in group.drift.values()):
            return  # the last good copy stays
        try:
            self.profiles[group.dataset] = self._made(group, members, readings, folder)
        except duckdb.Error as error:
            first = str(error).partition("\n")[0][:300]
            raise CsvRejected(
                f"The copy of {group.dataset} cannot be made: {first} - check the free disk space "
                "of BOURNE_HOME."
            ) from None

    def _made(
        self, group: Group, members: list[_Member], readings: list[Reading], folder: Path
    ) -> dict[str, Any]:
        dataset, said = group.dataset, self.said(group.dataset)
        tables = [reading.table for reading in readings]
        table, summary = tables[0], readings[0].summary
        if len(tables) > 1 or summary is None:
            with self._readers.session(sum(member.found.size for member in members)) as session:
                if len(tables) > 1:
                    table = folder / f"{tables[0].stem}-all.parquet"
                    session.union(tables, table)
                is_challenge = all(reading.dialect.is_challenge for reading in readings)
                summary = summarise(session, table, is_challenge=is_challenge)
        titles = summary.titles
        table_uri = self._upload(keys.dataset_table(dataset), table)
        titles_uri = self._upload(keys.dataset_titles(dataset), titles) if titles else None
        profile = make_profile(
            dataset,
            files=[member.facts for member in members],
            rows=sum(reading.rows for reading in readings),
            columns=summary.columns,
            id_column=id_of(self._profile(group), readings[0].dialect, said),
            said=said,
            table=table_uri,
            titles=titles_uri,
        )
        # Last, for it says that the others are those of these files.
        self._lake.write(keys.dataset_profile(dataset), to_json(profile), JSON)
        for each in {*tables, table, titles} - {None}:
            assert each is not None  # noqa: S101 - for the type checker
            each.unlink(missing_ok=True)
        return profile

    def _upload(self, key: str, path: Path) -> str:
        if path.stat().st_size <= _SINGLE_BYTES:
            return self._lake.write(key, path.read_bytes(), PARQUET).uri
        return self._lake.write_file(key, path, scan(path).sha256, PARQUET).uri

    def _reading(self, member: _Member, said: DatasetOptions, folder: Path, number: int) -> Reading:
        """The reading of a file; one that was known is read now, for another one is new."""
        if member.reading is not None:
            return member.reading
        table = folder / f"again-{number}-{member.found.sha256[:16]}.parquet"
        with open_csv(member.file) as opened:
            if opened.stamp != member.stamp:
                raise CsvRejected(f"{member.file.name} changed while it was landed")
            return self._readers.read(opened.path, table, member.found, said)

    def _note_where_they_lie(
        self, group: Group, profile: dict[str, Any], members: list[_Member]
    ) -> None:
        """The same bytes may have been landed under another day."""
        facts = [member.facts for member in members]
        if facts != profile["files"]:
            profile = {**profile, "files": facts}
            self._lake.write(keys.dataset_profile(group.dataset), to_json(profile), JSON)
        self.profiles[group.dataset] = profile

    def _entry(self, group: Group, name: str, sha256: str) -> dict[str, Any] | None:
        files = self._profile(group).get("files", [])
        same = [each for each in files if each["file"] == name and each["sha256"] == sha256]
        return dict(same[0]) if same else None

    def _profile(self, group: Group) -> dict[str, Any]:
        with group.lock:
            if group.profile is None:
                group.profile = {} if group.is_new else read_profile(self._lake, group.dataset)
            return group.profile


def _json_lines(name: str, reading: Reading) -> Iterator[bytes]:
    """Rejected lines, one object each; one that was cut tells how many bytes it has."""
    for line in reading.rejected:
        entry: dict[str, Any] = {
            "file": name,
            "line": line.line,
            "reason": line.reason,
            "text": line.text,
        }
        if line.size > len(line.text.encode()):
            entry["bytes"] = line.size
        yield f"{json.dumps(entry, ensure_ascii=False)}\n".encode()
