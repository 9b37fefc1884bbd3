"""The manifest of a landing: one row per file. Not here: what happens to a file (`batch`)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import Any

import pandas as pd
from pandera.pandas import Field

from bourne_assets.csvs.landing.profile import Drift, FileFacts, RejectedExample
from bourne_assets.tables import Integer, Table, conform, records

LANDED = "landed"
UNCHANGED = "unchanged"
REJECTED = "rejected"


class ManifestTable(Table):
    """CSV files of a batch: one row per file, in order of its name."""

    file: str = Field(unique=True, description="Path of the file below the folder")
    dataset: str = Field(description="Dataset: the file's stem in title case")
    status: str = Field(
        isin=[LANDED, UNCHANGED, REJECTED],
        description="landed; unchanged where the lake has these bytes already; or rejected",
    )
    reason: str = Field(nullable=True, description="Why a file is rejected")
    uri: str = Field(nullable=True, description="Where the bytes are; null for a rejected file")
    size: Integer = Field(ge=0, description="Bytes")
    sha256: str = Field(nullable=True, description="SHA-256 of the bytes, as the lake holds them")
    checksum: str = Field(
        nullable=True, description="The server's own checksum of a file that was sent in parts"
    )
    lines: Integer = Field(
        nullable=True, ge=0, description="Lines below the header, counted in the bytes"
    )
    rows: Integer = Field(nullable=True, ge=0, description="Lines that could be read")
    rejected_rows: Integer = Field(
        nullable=True, ge=0, description="Lines that could not; landed, but not rows"
    )
    corrected_rows: Integer = Field(
        nullable=True,
        ge=0,
        description="Lines that were rejected, and are rows since they were corrected",
    )
    first_rejected: str = Field(
        nullable=True, description="The first ten rejected lines: JSON of line, reason and text"
    )
    columns: str = Field(nullable=True, description="Names of the columns, joined by the delimiter")
    encoding: str = Field(nullable=True, description="Encoding of the text")
    delimiter: str = Field(nullable=True, description="Character between two fields")
    rejects_uri: str = Field(
        nullable=True, description="Where the lines that could not be read are, with reasons"
    )
    table_uri: str = Field(
        nullable=True, description="Table of the dataset in the lake's catalogue"
    )
    table_error: str = Field(
        nullable=True,
        description="Why that table is not one of this landing; the last good one stays",
    )
    drift: str = Field(
        nullable=True, description="How the columns differ from the last landing of the dataset"
    )
    missing_id: str = Field(nullable=True, description="The dataset's id column, where it is gone")
    unreadable: str = Field(
        nullable=True,
        description="Values that do not have their column's type: unknown, or of rejected lines",
    )
    notes: str = Field(
        nullable=True, description="What was decided about the file's dialect and types, and why"
    )


_COLUMNS = tuple(ManifestTable.to_schema().columns)


@dataclass(frozen=True)
class FileOutcome:
    """The outcome of one file.

    Attributes:
        file: Its name in the batch.
        dataset: Name of its dataset.
        size: Bytes.
        status: LANDED, UNCHANGED or REJECTED.
        reason: Why it is rejected.
        facts: What is known of it, where it is not.
    """

    file: str
    dataset: str
    size: int
    status: str = REJECTED
    reason: str | None = None
    facts: FileFacts | None = None


@dataclass
class DatasetOutcome:
    """The outcome of the table of a dataset.

    Attributes:
        table_uri: Its name; None where there is none.
        table_error: Why it is not one of this landing; None where it is.
        drift: How each file's columns differ from those of the last landing, by name.
    """

    table_uri: str | None = None
    table_error: str | None = None
    drift: dict[str, Drift] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """What people are told of a file: some columns of its row of the manifest.

    Attributes:
        file: Path of the file below the folder.
        dataset: Name of its dataset.
        status: LANDED, UNCHANGED or REJECTED.
        reason: Why it is rejected; None where it is not.
        uri: Where its bytes are; None for a rejected file.
        rows: Lines that could be read; None for a rejected file.
        rejected_rows: Lines that could not; None for a rejected file.
        rejects_uri: Where those lines are; None where there are none.
        table_error: Why the table of its dataset is not one of this landing; None where it is.
    """

    file: str
    dataset: str
    status: str
    reason: str | None = None
    uri: str | None = None
    rows: int | None = None
    rejected_rows: int | None = None
    rejects_uri: str | None = None
    table_error: str | None = None

    @property
    def is_landed(self) -> bool:
        """Whether its bytes came with this landing."""
        return self.status == LANDED

    @property
    def is_rejected(self) -> bool:
        """Whether its bytes are not in the lake."""
        return self.status == REJECTED


@dataclass(frozen=True)
class RejectedInFile:
    """A rejected line of one of several files, as it is shown to people.

    Attributes:
        file: Path of the file below the folder.
        line: Its physical line.
        reason: Why it is not a row.
        text: How it begins.
    """

    file: str
    line: int
    reason: str
    text: str


_TOLD = tuple(each.name for each in fields(ManifestRow))


def rows_in(manifest: pd.DataFrame) -> list[ManifestRow]:
    """What people are told of the files of a manifest, in its order."""
    return [ManifestRow(**{name: row[name] for name in _TOLD}) for row in records(manifest)]


def make_manifest(outcomes: Iterable[tuple[FileOutcome, DatasetOutcome]]) -> pd.DataFrame:
    """The manifest of files, each with the outcome of its dataset, as `ManifestTable`."""
    rows = [_row(file, dataset) for file, dataset in outcomes]
    return conform(sorted(rows, key=lambda row: str(row["file"])), ManifestTable)


def _first_rejected(facts: FileFacts) -> str | None:
    lines = [each.model_dump() for each in facts.first_rejected]
    return json.dumps(lines, ensure_ascii=False) if lines else None


def rejected_lines_in(manifest: pd.DataFrame, most: int) -> list[RejectedInFile]:
    """The first rejected lines of all files of a manifest."""
    partly = manifest[manifest["first_rejected"].notna()]
    lines = (
        RejectedInFile(file, **RejectedExample.model_validate(line).model_dump())
        for file, text in zip(partly["file"], partly["first_rejected"], strict=True)
        for line in json.loads(text)
    )
    return list(islice(lines, most))


def with_corrected(
    manifest: pd.DataFrame, files: Iterable[FileFacts], dataset: DatasetOutcome
) -> pd.DataFrame:
    """A manifest with what is known of files now that lines of them were corrected."""
    now = {facts.uri: facts for facts in files}
    rows = [_corrected(row, now.get(str(row["uri"])), dataset) for row in records(manifest)]
    return conform(rows, ManifestTable)


def _corrected(
    row: dict[str, Any], facts: FileFacts | None, dataset: DatasetOutcome
) -> dict[str, Any]:
    if facts is None or facts.file != row["file"]:
        return row
    outcome = FileOutcome(facts.file, row["dataset"], facts.size, row["status"], facts=facts)
    # How the columns differed from those of the landing before is still so.
    kept = {name: row[name] for name in ("drift", "missing_id")}
    return {**_row(outcome, dataset), **kept}


def _row(file: FileOutcome, dataset: DatasetOutcome) -> dict[str, Any]:
    row = {"reason": file.reason, "size": file.size}
    if file.facts is not None:
        drift = dataset.drift.get(file.file, Drift())
        row = {
            **file.facts.model_dump(),
            "first_rejected": _first_rejected(file.facts),
            "columns": file.facts.delimiter.join(file.facts.columns),
            "notes": "; ".join(
                [*file.facts.notes, *(f"{name} {why}" for name, why in file.facts.almost.items())]
            )
            or None,
            "table_uri": dataset.table_uri,
            "table_error": dataset.table_error,
            "drift": "; ".join(drift.changes) or None,
            "missing_id": drift.missing_id,
        }
    row |= {"file": file.file, "dataset": file.dataset, "status": file.status}
    return {name: row.get(name) for name in _COLUMNS}
