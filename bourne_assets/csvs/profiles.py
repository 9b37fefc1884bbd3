"""What is known of a dataset after its landing: the profile, and how it differs from the last.

What must not be put here: reading rows (`reading`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bourne_assets.csvs.options import CHALLENGE_ID, DatasetOptions
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.duckdb_session import ColumnProfile
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.tables import from_json

#: Raised when reading changes: what an older version made is made again.
READER_VERSION = 2


@dataclass(frozen=True)
class Drift:
    """How columns differ from those of the last landing.

    Attributes:
        changes: One sentence a change; none: they are the same.
        missing_id: The id column, where the file has it no more.
    """

    changes: tuple[str, ...] = ()
    missing_id: str | None = None


def read_profile(lake: Lake, dataset: str) -> dict[str, Any]:
    """The profile of the last landing; empty where there is none that can be read.

    Raises:
        LakeError: The lake failed.
    """
    try:
        data, _ = lake.read(keys.dataset_profile(dataset))
        profile = dict(from_json(data))
    except (ObjectMissing, ValueError, TypeError):
        return {}
    return profile if profile.get("schema_version") == 1 else {}


def is_current(
    profile: Mapping[str, Any], sources: Sequence[tuple[str, str]], said: DatasetOptions
) -> bool:
    """Whether a profile is that of these files, read as they would be now.

    Args:
        profile: The profile.
        sources: Name and SHA-256 of each file.
        said: What the user says of the dataset.
    """
    known = [(each["file"], each["sha256"]) for each in profile.get("files", [])]
    return (
        known == list(sources)
        and profile.get("reader_version") == READER_VERSION
        and profile.get("said") == said.model_dump(mode="json")
    )


def find_drift(
    profile: Mapping[str, Any], now: Mapping[str, str], dialect: Dialect, said: DatasetOptions
) -> Drift:
    """Compare columns with those of the last landing.

    Args:
        profile: That of the last landing.
        now: Types of the columns that were landed now, by name.
        dialect: Their file's dialect.
        said: What the user says of the dataset.
    """
    id_column = id_of(profile, dialect, said)
    missing = id_column if id_column is not None and id_column not in now else None
    if not profile:
        return Drift((), missing)
    before = {str(each["name"]): str(each["type"]) for each in profile["columns"]}
    return Drift(tuple(_changes(before, now)), missing)


def id_of(profile: Mapping[str, Any], dialect: Dialect, said: DatasetOptions) -> str | None:
    """The id column: the user's word, the challenge's, or one of that name in the last landing."""
    known = profile.get("id")
    if said.id or known:
        return said.id or str(known)
    if dialect.is_challenge:
        return CHALLENGE_ID
    return next((name for name in dialect.columns if name.casefold() == "id"), None)


def make_profile(
    dataset: str,
    *,
    files: Sequence[Mapping[str, Any]],
    rows: int,
    columns: Sequence[ColumnProfile],
    id_column: str | None,
    said: DatasetOptions,
    table: str,
    titles: str | None,
) -> dict[str, Any]:
    """The profile as JSON has it.

    Args:
        dataset: Name of the dataset.
        files: What is known of each of its files.
        rows: Rows of its table.
        columns: What its columns hold.
        id_column: Its id column.
        said: What the user says of it.
        table: Address of the table.
        titles: Address of its titles, if it has some.
    """
    return {
        "schema_version": 1,
        "reader_version": READER_VERSION,
        "dataset": dataset,
        "table": table,
        "titles": titles,
        "rows": rows,
        "id": id_column,
        "columns": [asdict(column) for column in columns],
        "files": list(files),
        "said": said.model_dump(mode="json"),
    }


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    missing = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    places = {name: place for place, name in enumerate(before)}
    renamed = {
        name: list(now)[places[name]]
        for name in missing
        if places[name] < len(now)
        and list(now)[places[name]] in new
        and now[list(now)[places[name]]] == before[name]
    }
    return [
        *(f"renamed: {old} is now {name}" for old, name in renamed.items()),
        *(f"missing: {name}" for name in missing if name not in renamed),
        *(f"new: {name}" for name in new if name not in renamed.values()),
        *(
            f"retyped: {name} was {before[name]} and is {now[name]}"
            for name in now
            if name in before and before[name] != now[name]
        ),
    ]
