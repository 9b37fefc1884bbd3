"""Titles of the challenge's files: one row per title, from rows of title by artist.

Not here: whose ratings are wanted (`ratings`).
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from bourne_assets.csvs.options import CHALLENGE_ID
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, parquet
from bourne_assets.sql import identifier

#: Columns of the titles table by those of the challenge.
_COLUMNS = {
    "tituloPincipal": "title",
    "tituloOriginal": "original_title",
    "anoLancamento": "year",
    "anoTermino": "end_year",
    "tempoMinutos": "runtime_minutes",
    "genero": "genres",
    "notaMedia": "rating",
    "numeroVotos": "votes",
}
_RATED = ("votes", "rating")


def write_titles(
    session: DuckDbSession, table: Path, columns: Collection[str], titles: Path
) -> None:
    """Write the titles of a table of the challenge, ordered by id.

    Facts of a title are the same in all of its rows; where they disagree, all are those of the
    row with the most votes, the newest.

    Args:
        session: DuckDB.
        table: The table, a Parquet file.
        columns: Its columns.
        titles: The Parquet file that is written.
    """
    names = {CHALLENGE_ID: "id", **{name: to for name, to in _COLUMNS.items() if name in columns}}
    _write_changes(session, table, names, titles)
    if _is_ordered(session, titles):
        return
    changes = titles.with_stem(f"{titles.stem}-changes")
    titles.rename(changes)
    try:
        _write_newest(session, changes, list(names.values()), titles)
    finally:
        changes.unlink()


def _write_changes(
    session: DuckDbSession, table: Path, names: Mapping[str, str], titles: Path
) -> None:
    """Leave out rows that say of a title what the row before says: most rows, and no sorting.

    Files of the challenge have the rows of a title together and the titles in order, so that
    nothing else is to be done for them, in a quarter of the time that sorting all rows takes.
    """
    selected = ", ".join(f"{identifier(name)} AS {to}" for name, to in names.items())
    changed = " OR ".join(f"{to} IS DISTINCT FROM lag({to}) OVER ()" for to in names.values())
    session.write_table(
        f"SELECT * FROM (SELECT {selected} FROM {parquet(table)})"
        f" WHERE id IS NOT NULL QUALIFY {changed}",
        titles,
        len(names),
    )


def _is_ordered(session: DuckDbSession, titles: Path) -> bool:
    """Whether every id is greater than the one before."""
    ((wrong,),) = session.rows(
        "SELECT count(*) FROM (SELECT id <= lag(id) OVER () AS is_wrong"
        f" FROM {parquet(titles)}) WHERE is_wrong"
    )
    return not wrong


def _write_newest(
    session: DuckDbSession, changes: Path, columns: Sequence[str], titles: Path
) -> None:
    newest = [f"{name} DESC NULLS LAST" for name in _RATED if name in columns]
    order = ", ".join([*(newest if len(newest) == len(_RATED) else ()), *columns])
    # Distinct rows first, then ranks: both can be put aside on disk, as arg_max cannot.
    with session.single_threaded():
        session.write_table(
            f"SELECT * FROM (SELECT DISTINCT * FROM {parquet(changes)})"
            f" QUALIFY row_number() OVER (PARTITION BY id ORDER BY {order}) = 1 ORDER BY id",
            titles,
            len(columns),
        )
