"""Rejected lines: listing those of the last landings, and adding corrected ones to their tables.

Not here: what is printed (`cli`), and how corrected lines are read (`corrections`).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import open_csv
from bourne_assets.csvs.landing.corrections import (
    Correction,
    read_corrections,
    read_rows,
    write_corrections,
)
from bourne_assets.csvs.landing.dataset import DatasetWriter
from bourne_assets.csvs.landing.dataset_batch import DatasetBatch, ScannedFile
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.csvs.landing.manifest import DatasetOutcome
from bourne_assets.csvs.landing.profile import FileFacts, Profile, read_profile
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import scan
from bourne_assets.errors import BourneError
from bourne_assets.lake import keys
from bourne_assets.lake.errors import LakeFailed, ObjectMissing
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.translations import gettext, grouped, in_english
from bourne_assets.yaml_files import why_unreadable

_PROFILE = ".profile.json"
_MAXIMUM_FILE_BYTES = 256 * 1024 * 1024


class RejectsError(BourneError):
    """A dataset or a file of corrected lines that does not exist, or that cannot be read."""


class RejectedEntry(BaseModel):
    """A rejected line as it is kept: `bytes` is there where its text was cut."""

    model_config = ConfigDict(frozen=True)

    file: str
    line: int
    reason: str
    text: str
    bytes: int | None = None


@dataclass(frozen=True)
class CorrectedDataset:
    """The outcome of the corrected lines of a dataset.

    Attributes:
        dataset: Its name.
        newly_added: Lines that are rows now and were not before, by file.
        known: Lines that were corrected in the same way before.
        refused: Why others are not rows, by file and line.
        outcome: The outcome for its table.
        files: What is known of its files now.
    """

    dataset: str
    newly_added: Sequence[tuple[str, int]]
    known: Sequence[tuple[str, int]]
    refused: Mapping[tuple[str, int], str]
    outcome: DatasetOutcome
    files: Sequence[FileFacts]


def list_rejected(lake: Lake, dataset: str | None = None) -> Iterator[RejectedEntry]:
    """The rejected lines of the last landing of a dataset, or of all of them.

    Args:
        lake: The lake.
        dataset: Its name, in upper or lower case.

    Raises:
        RejectsError: There is no such dataset.
        LakeError: The lake failed.
    """
    for name in _datasets(lake, dataset):
        profile = read_profile(lake, name)
        for facts in profile.last_files if profile else ():
            if facts.rejects_uri is not None:
                yield from _entries(lake, facts.rejects_uri)


def read_corrections_file(path: Path) -> list[Correction]:
    """A corrected copy of a file of rejected lines: one JSON object per line.

    Args:
        path: The file.

    Raises:
        RejectsError: It cannot be read, or is something else; the line is named.
    """
    # Not `splitlines`, which also ends lines at characters that JSON leaves in its texts.
    lines = enumerate(_text_of(path).split("\n"), start=1)
    given = [_correction(path, number, line) for number, line in lines if line.strip()]
    if not given:
        raise RejectsError(gettext("The file {path} has no corrected lines.", path=path))
    last = {(each.file, each.line): each for each in given}
    return list(last.values())


def apply_corrections(
    corrections: Sequence[Correction],
    lake: Lake,
    tables: DatasetTables,
    datasets: Datasets,
    journal: Path,
) -> list[CorrectedDataset]:
    """Make rows of corrected lines: each is checked as the lines of its file are.

    The landed bytes stay as they are. A line that was corrected before is replaced, and is in
    the table once.

    Args:
        corrections: The lines.
        lake: The lake.
        tables: The tables in its catalogue.
        datasets: What the user declared of datasets.
        journal: Folder shared by the landings of this machine, for temporary files.

    Raises:
        RejectsError: Nothing was landed of a dataset, or not a file of that name.
        LakeError: The lake failed.
    """
    by_dataset: dict[str, list[Correction]] = {}
    for each in corrections:
        by_dataset.setdefault(keys.dataset_name(keys.printable(each.file)), []).append(each)
    profiles = {name: _profile_of(lake, name, given) for name, given in by_dataset.items()}
    with (
        Journal(journal, lake) as noted,
        closing(SessionPool(lambda: None, noted.scratch)) as sessions,
    ):
        return [
            _CorrectedTable(
                DatasetWriter(lake, tables, sessions, noted.scratch),
                profiles[name],
                datasets[name],
                noted.scratch,
            ).apply(given)
            for name, given in sorted(by_dataset.items())
        ]


def _text_of(path: Path) -> str:
    try:
        data = _read_bounded(path)
        if len(data) > _MAXIMUM_FILE_BYTES:
            raise RejectsError(
                gettext(
                    "The file {path} is larger than {maximum_file_bytes} bytes.",
                    path=path,
                    maximum_file_bytes=grouped(_MAXIMUM_FILE_BYTES),
                )
            )
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RejectsError(
            gettext(
                "The file {path} cannot be read ({error}).", path=path, error=why_unreadable(error)
            )
        ) from error


def _read_bounded(path: Path) -> bytes:
    """A file, or what a pipe brings, up to a byte more than may be; without a writer: empty."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MAXIMUM_FILE_BYTES + 1)


def _correction(path: Path, number: int, line: str) -> Correction:
    try:
        return Correction.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or gettext("the object")
        raise RejectsError(
            gettext(
                "Line {number} of {path} is not a corrected line ({place}: {first}): it "
                "needs file, line and text, as `bourne rejects --json` prints them.",
                number=number,
                path=path,
                place=place,
                first=first["msg"],
            )
        ) from error


def _datasets(lake: Lake, wanted: str | None) -> list[str]:
    """Names of the datasets that have a profile, in order."""
    prefix = f"{keys.PROFILES}/"
    names = [
        key.removeprefix(prefix).removesuffix(_PROFILE)
        for key in lake.list(keys.PROFILES)
        if key.endswith(_PROFILE)
    ]
    if wanted is None:
        return names
    same = [name for name in names if name.casefold() == wanted.casefold()]
    if not same:
        known = (
            gettext("there are {names}", names=", ".join(names))
            if names
            else gettext("nothing was landed yet")
        )
        raise RejectsError(
            gettext("There is no dataset {wanted!r}: {known}.", wanted=wanted, known=known)
        )
    return same


def _entries(lake: Lake, uri: str) -> list[RejectedEntry]:
    try:
        data, _ = lake.read(lake.key(uri))
        return [RejectedEntry.model_validate_json(line) for line in data.splitlines()]
    except ObjectMissing:
        return []
    except ValidationError as error:
        raise LakeFailed(
            gettext("{uri} does not hold rejected lines: land the file again.", uri=uri)
        ) from error


def _profile_of(lake: Lake, dataset: str, corrections: Sequence[Correction]) -> Profile:
    profile = read_profile(lake, dataset)
    if profile is None:
        raise RejectsError(gettext("Nothing was landed of the dataset {dataset}.", dataset=dataset))
    known = {facts.file for facts in profile.last_files}
    for each in corrections:
        if each.file not in known:
            raise RejectsError(
                gettext(
                    "The last landing of {dataset} has no file {file!r}: it has {known}.",
                    dataset=dataset,
                    file=each.file,
                    known=", ".join(sorted(known)),
                )
            )
    return profile


class _CorrectedTable:
    """The table of one dataset, made once more from its landed files and corrected lines."""

    def __init__(
        self, writer: DatasetWriter, profile: Profile, options: DatasetOptions, folder: Path
    ) -> None:
        self._lake = writer.lake
        self._profile = profile
        self._sessions = writer.sessions
        self._folder = folder
        self._writer = writer
        self._dataset = DatasetBatch(profile.dataset, options, is_new=False)
        self._numbers = count(1)
        self._added: list[tuple[str, int]] = []
        self._known: list[tuple[str, int]] = []
        self._refused: dict[tuple[str, int], str] = {}

    def apply(self, corrections: Sequence[Correction]) -> CorrectedDataset:
        for facts in self._profile.last_files:
            source, reading = self._read(facts)
            own = [each for each in corrections if each.file == facts.file]
            self._keep(facts, own, reading)
            stored = StoredObject(facts.uri, facts.size, facts.sha256, None, facts.checksum)
            self._dataset.add(self._writer.keep(self._dataset, source, stored, reading))
        self._writer.write(self._dataset)
        return CorrectedDataset(
            self._profile.dataset,
            self._added,
            self._known,
            self._refused,
            self._dataset.outcome,
            [each.facts for each in self._dataset.landed],
        )

    def _read(self, facts: FileFacts) -> tuple[ScannedFile, Reading]:
        """A landed file, read once more."""
        key = self._lake.key(facts.uri)
        path = self._folder / f"landed-{next(self._numbers)}"
        with path.open("wb") as target:
            stored = self._lake.download(key, target)
        if stored.sha256 != facts.sha256:
            raise LakeFailed(
                gettext(
                    "{uri} does not have the bytes that were landed: check the lake.", uri=facts.uri
                )
            )
        file = CsvFile(path, facts.file, self._folder, landed_as=key.rpartition("/")[2])
        with open_csv(file) as opened:
            scanned = scan(opened.path)
            table = path.with_suffix(".parquet")
            reading = self._sessions.read(
                opened.path, table, scanned, self._dataset.options, name=file.file_name
            )
            return ScannedFile(file, opened.stamp, scanned), reading

    def _keep(self, facts: FileFacts, given: Sequence[Correction], reading: Reading) -> None:
        """Keep those of the corrected lines that are rows, beside those of earlier."""
        if not given:
            return
        key = self._lake.key(facts.uri)
        earlier = read_corrections(self._lake, key)
        rejected = {line.line for line in reading.rejected}
        wanted = []
        for each in given:
            place = (facts.file, each.line)
            if each.line not in rejected:
                self._refused[place] = in_english("it was not rejected")
            elif each.line in earlier and earlier[each.line].text == each.text:
                self._known.append(place)
            else:
                wanted.append(each)
        if not wanted:
            return
        found = read_rows(wanted, reading, self._dataset.options, self._sessions)
        self._refused |= {(facts.file, line): why for line, why in found.refused.items()}
        self._added += [(facts.file, line) for line in sorted(found.lines)]
        taken = {each.line: each for each in wanted if each.line in found.lines}
        if taken:
            write_corrections(self._lake, key, {**earlier, **taken}.values())
