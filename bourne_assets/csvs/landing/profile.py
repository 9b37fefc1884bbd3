"""The profile of a dataset: what its last landing found, and how its columns drift from it.

It is kept as JSON beside the table, and says which files, read in which way, the table was made of.
Not here: reading rows (`reading`), and making the table (`dataset`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bourne_assets.csvs.options import CHALLENGE_ID, DatasetOptions
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.duckdb_session import ColumnProfile
from bourne_assets.csvs.reading.normalise import RejectedLine
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.tables import to_json
from bourne_assets.translations import in_english

#: Counted up when reading changes: what an older version made is rebuilt.
READER_VERSION = 7
#: With a larger share of rejected lines, files do not replace a good table.
_MAXIMUM_REJECTED_SHARE = 0.1
#: This many rejected lines of a file are shown with it, with this many characters of each.
SHOWN_LINES = 10
_SHOWN_CHARACTERS = 200


class RejectedExample(BaseModel):
    """A rejected line, as it is shown to people: its physical line, why, and its beginning."""

    model_config = ConfigDict(frozen=True)

    line: int
    reason: str
    text: str


class FileFacts(BaseModel):
    """What is known of one landed file.

    Attributes:
        file: Its name in the batch.
        uri: Where its bytes are.
        size: Bytes.
        sha256: Their digest.
        checksum: The server's own checksum, where the file was sent in parts.
        lines: Records below the header, counted in the bytes.
        rows: Those that are rows of the table.
        rejected_rows: Those that are not.
        corrected_rows: Those that were rejected, and are rows since they were corrected.
        rejects_uri: Where the rejected lines are, with reasons.
        first_rejected: The first of them.
        encoding: As Python names it.
        delimiter: One character.
        quote: The quoting character; empty where quotes are data.
        has_header: Whether the first line names the columns.
        columns: Names of the columns.
        unreadable: Values that do not have the type of their column, for people.
        notes: What was decided about its dialect, and why.
        almost: Columns of text that would have a type except for some values, and which, by column.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    uri: str
    size: int
    sha256: str
    checksum: str | None
    lines: int
    rows: int
    rejected_rows: int
    corrected_rows: int = 0
    rejects_uri: str | None
    first_rejected: tuple[RejectedExample, ...] = ()
    encoding: str
    delimiter: str
    quote: str
    has_header: bool
    columns: tuple[str, ...]
    unreadable: str | None
    notes: tuple[str, ...] = ()
    almost: dict[str, str] = Field(default_factory=dict)


class Profile(BaseModel):
    """What is known of a dataset after its landing.

    Attributes:
        schema_version: Of this object.
        reader_version: Of the program's reading.
        dataset: Name of the dataset.
        table: Name of its table.
        titles: Name of the table of the challenge's titles of it, if it has some.
        rows: Rows of the table.
        id: The column without which the dataset is worthless, if it has one.
        columns: What each column of the table holds.
        files: The files that the table was made of, in order of their names.
        options: What the user declared of the dataset; `said` in JSON.
        refused_files: Files of a later landing, of which the table was not made.
        refusal: Why not.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_version: Literal[1] = 1
    reader_version: int
    dataset: str
    table: str
    titles: str | None
    rows: int
    id: str | None
    columns: tuple[ColumnProfile, ...]
    files: tuple[FileFacts, ...]
    options: DatasetOptions = Field(alias="said")
    refused_files: tuple[FileFacts, ...] = ()
    refusal: str | None = None

    @property
    def last_files(self) -> tuple[FileFacts, ...]:
        """The files of the last landing, whether or not the table was made of them."""
        return self.refused_files or self.files

    def file(self, name: str, sha256: str) -> FileFacts | None:
        """What is known of a file of this name and content; None where it was not landed last."""
        same = (facts for facts in self.files if (facts.file, facts.sha256) == (name, sha256))
        return next(same, None)

    def is_read_like_now(self, options: DatasetOptions) -> bool:
        """Whether its files were read as they would be now, with these options."""
        # Dumped, for how fresh a dataset must be is not part of how it is read.
        return (
            self.reader_version == READER_VERSION
            and self.options.model_dump() == options.model_dump()
        )

    def is_of(self, files: Sequence[FileFacts]) -> bool:
        """Whether its table is made of these files, in this order."""
        return [(each.file, each.sha256) for each in self.files] == [
            (each.file, each.sha256) for each in files
        ]


@dataclass(frozen=True)
class Drift:
    """How columns differ from those of the last landing.

    Attributes:
        changes: One sentence a change; none: they are the same.
        missing_id: The id column, where the file no longer has it.
    """

    changes: tuple[str, ...] = ()
    missing_id: str | None = None


def read_profile(lake: Lake, dataset: str) -> Profile | None:
    """The profile of the last landing; None where there is none that this version can read.

    Raises:
        LakeError: The lake failed.
    """
    try:
        data, _ = lake.read(keys.dataset_profile(dataset))
        return Profile.model_validate_json(data)
    except (ObjectMissing, ValidationError):
        return None


def write_profile(lake: Lake, profile: Profile) -> None:
    """Write the profile of a landing, in place of the last one.

    Raises:
        LakeError: The lake failed.
    """
    content = to_json(profile.model_dump(mode="json", by_alias=True))
    lake.write(keys.dataset_profile(profile.dataset), content, JSON)


def examples_of(rejected: Iterable[RejectedLine]) -> tuple[RejectedExample, ...]:
    """The first of the rejected lines of a file, cut to what people are shown."""
    return tuple(
        RejectedExample(line=each.line, reason=each.reason, text=each.text[:_SHOWN_CHARACTERS])
        for each in islice(rejected, SHOWN_LINES)
    )


def reason_to_refuse(facts: Sequence[FileFacts], options: DatasetOptions) -> str | None:
    """Why files are too bad to replace a good table; None where they may.

    Args:
        facts: What is known of all files of the dataset.
        options: What the user declared of it.
    """
    lines = sum(each.lines for each in facts)
    rejected = sum(each.rejected_rows for each in facts)
    most, share = options.max_rejected, options.max_rejected_share
    if most is not None and rejected > most:
        return in_english(
            "{rejected:,} lines were rejected, more than max_rejected allows ({most:,})",
            rejected=rejected,
            most=most,
        )
    if share is None:
        share = _MAXIMUM_REJECTED_SHARE if most is None else 1.0
    if rejected > share * lines:
        return in_english(
            "{rejected:,} of {lines:,} lines were rejected, more than max_rejected_share "
            "allows ({share:.0%})",
            rejected=rejected,
            lines=lines,
            share=share,
        )
    return None


def find_drift(profile: Profile | None, reading: Reading, options: DatasetOptions) -> Drift:
    """Compare columns with those of the last landing; one without a value has no type of its own.

    Args:
        profile: That of the last landing, if there is one.
        reading: The file that was landed now.
        options: What the user declared of the dataset.
    """
    id_column = id_of(profile, reading.dialect, options)
    names = {name.casefold() for name in reading.types}
    missing = id_column if id_column is not None and id_column.casefold() not in names else None
    if profile is None:
        return Drift((), missing)
    before = {column.name: column.type for column in profile.columns}
    now = {**reading.types, **{n: before[n] for n in reading.empty_columns() if n in before}}
    empty_before = [column.name for column in profile.columns if not column.distinct]
    before.update({name: now[name] for name in empty_before if name in now})
    return Drift(tuple(_changes(before, now)), missing)


def id_of(profile: Profile | None, dialect: Dialect, options: DatasetOptions) -> str | None:
    """The id column: the declared one, the last landing's, the challenge's, or one named `id`."""
    if known := options.id or (profile.id if profile else None):
        return known
    if dialect.is_challenge:
        return CHALLENGE_ID
    return next((name for name in dialect.columns if name.casefold() == "id"), None)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    renamed = {
        old: name
        for old, name in zip(before, now, strict=False)
        if old not in now and name not in before and now[name] == before[old]
    }
    missing = [name for name in before if name not in now and name not in renamed]
    added = [name for name in now if name not in before and name not in renamed.values()]
    return [
        *(
            in_english("renamed: {old} is now {name}", old=old, name=name)
            for old, name in renamed.items()
        ),
        *(in_english("missing: {name}", name=name) for name in missing),
        *(in_english("added: {name}", name=name) for name in added),
        *(
            in_english(
                "retyped: {name} was {before} and is {now}",
                name=name,
                before=before[name],
                now=now[name],
            )
            for name in now
            if name in before and before[name] != now[name]
        ),
    ]
