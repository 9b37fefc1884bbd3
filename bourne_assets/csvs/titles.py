"""Titles of the challenge's files: one row a title, from rows of title by artist.

What must not be put here: whose ratings are wanted (`ratings`).
"""

from collections.abc import Collection
from pathlib import Path

from bourne_assets.csvs.datasets import CHALLENGE_ID
from bourne_assets.csvs.engine import Engine, identifier, parquet

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
_RATED = {"notaMedia", "numeroVotos"}


def write_titles(engine: Engine, table: Path, columns: Collection[str], titles: Path) -> int:
    """Write the titles of a table of the challenge, ordered by id.

    Facts of a title are the same in all of its rows; where they disagree, all are those of the
    row with the most votes, the newest.

    Args:
        engine: DuckDB.
        table: The table, a Parquet file.
        columns: Its columns.
        titles: The Parquet file that is written.

    Returns:
        How many titles there are.
    """
    known = [name for name in _COLUMNS if name in columns]
    facts = "".join(f", {identifier(name)} AS {_COLUMNS[name]}" for name in known)
    newest = "".join(f"{name} DESC NULLS LAST, " for name in ("votes", "rating"))
    ranked = ", ".join(_COLUMNS[name] for name in known) or "id"
    # Distinct rows first, then ranks: both can be put aside on disk, as arg_max cannot.
    with engine.frugal():
        return engine.write_table(
            f"SELECT * FROM (SELECT DISTINCT {identifier(CHALLENGE_ID)} AS id{facts}"  # noqa: S608
            f" FROM {parquet(table)} WHERE {identifier(CHALLENGE_ID)} IS NOT NULL)"
            " QUALIFY row_number() OVER"
            f" (PARTITION BY id ORDER BY {newest if set(known) >= _RATED else ''}{ranked}) = 1"
            " ORDER BY id",
            titles,
        )
