"""One Parquet file of the rows of all files of a delivery, as their table wants them.

Not here: what is committed (`tables`), and when (`dataset`).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bourne_assets.csvs.landing.dataset_batch import LandedFile
from bourne_assets.csvs.landing.tables import keeps_integers, type_in_table
from bourne_assets.csvs.reading.agreement import union_types
from bourne_assets.csvs.reading.column_types import TEXT
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, parquet
from bourne_assets.csvs.reading.number_types import INTEGERS
from bourne_assets.csvs.reading.origin import ORIGIN, Origin
from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.summaries import Summary, summarise
from bourne_assets.sql import identifier


def one_table(
    landed: Sequence[LandedFile],
    origins: Sequence[Origin],
    present: Mapping[str, str],
    sessions: SessionPool,
    folder: Path,
) -> tuple[Path, Summary]:
    """The rows of files and of their corrected lines, with their origin; and what they hold.

    Args:
        landed: The files, each with its reading.
        origins: Where each is.
        present: Columns and types of the table that the rows are added to; none: they replace it.
        sessions: DuckDB.
        folder: For the file.

    Raises:
        duckdb.Error: DuckDB failed on its own files.
    """
    readings = readings_of(landed)
    parts = [
        (path, origin)
        for each, origin in zip(landed, origins, strict=True)
        for path in tables_of(each)
    ]
    first, (path, origin) = readings[0], parts[0]
    spelled = {name.casefold(): name for name in present}
    with sessions.session(sum(each.facts.size for each in landed)) as session:
        types = _types(session, landed, present)
        if len(parts) == 1 and first.origin == origin and _is_as_wanted(first, types, spelled):
            table = path  # written so when the file was read
        else:
            table = folder / f"{path.stem}-all.parquet"
            columns_of_files = [(each, source.columns) for each, source in parts]
            session.collect(columns_of_files, table, types, spelled, last=", ".join(ORIGIN))
        if len(parts) == 1 and first.summary is not None:
            return table, first.summary
        is_challenge = all(reading.dialect.is_challenge for reading in readings)
        return table, summarise(session, table, is_challenge=is_challenge)


def readings_of(landed: Sequence[LandedFile]) -> list[Reading]:
    """The readings of files, as far as they were read."""
    return [each.reading for each in landed if each.reading is not None]


def tables_of(landed: LandedFile) -> Iterator[Path]:
    """Parquet files of a file's rows, and of its corrected lines."""
    if landed.reading is not None:
        yield landed.reading.table
    if landed.corrected is not None:
        yield landed.corrected


def _types(
    session: DuckDbSession, landed: Sequence[LandedFile], present: Mapping[str, str]
) -> dict[str, str]:
    """The types of all columns in the table, by their names in lower case."""
    there = {name.casefold(): kind for name, kind in present.items()}
    types = union_types(readings_of(landed))
    for name, kind in types.items():
        known = there.get(name)
        types[name] = type_in_table(kind, known)
        if known is None or types[name] == known:
            continue
        if kind == TEXT:  # a column without a value has no type of its own
            takes = not any(_values(session, landed, name, "count({0})"))
        else:
            takes = kind in INTEGERS and keeps_integers(
                known, max(_values(session, landed, name, "max(abs({0}::HUGEINT))"))
            )
        types[name] = known if takes else types[name]
    return types


def _values(
    session: DuckDbSession, landed: Sequence[LandedFile], name: str, aggregate: str
) -> list[int]:
    """An aggregate of a column's values in each file that has it."""
    return [
        int(value or 0)
        for each in landed
        for own in (each.reading.types if each.reading else ())
        if own.casefold() == name
        for table in tables_of(each)
        for (value,) in session.rows(
            f"SELECT {aggregate.format(identifier(own))} FROM {parquet(table)}"
        )
    ]


def _is_as_wanted(reading: Reading, types: Mapping[str, str], spelled: Mapping[str, str]) -> bool:
    return all(
        types[name.casefold()] == kind and spelled.get(name.casefold(), name) == name
        for name, kind in reading.types.items()
    )
