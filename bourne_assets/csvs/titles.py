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
    votes = [identifier(name) for name in ("numeroVotos", "notaMedia") if name in columns]
    newest = ", ".join(f"v{n} := coalesce({name}, -1)" for n, name in enumerate(votes)) or "v := 0"
    picked = "".join(
        f", arg_max_null({identifier(name)}, struct_pack({newest})) AS {_COLUMNS[name]}"
        for name in known
    )
    return engine.write_table(
        f"SELECT {identifier(CHALLENGE_ID)} AS id{picked} FROM {parquet(table)}"  # noqa: S608
        f" WHERE {identifier(CHALLENGE_ID)} IS NOT NULL GROUP BY ALL ORDER BY id",
        titles,
    )
