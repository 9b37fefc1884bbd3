"""Rating and votes by IMDb id, from the landed CSV files that have them.

A file has them when its header names the challenge's columns `id`, `notaMedia` and
`numeroVotos`, whatever the file is called. What must not be put here: landing (`landing`).
"""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
from pandera.pandas import Field

from bourne_assets.csvs.form import find_form, opened
from bourne_assets.csvs.schemas import REJECTED
from bourne_assets.lake.store import Lake
from bourne_assets.tables import Integer, Table, conform, records

_ID, _RATING, _VOTES = "id", "notaMedia", "numeroVotos"


class RatingsTable(Table):
    """One row a title, ordered by id."""

    imdb_id: str = Field(unique=True, description="IMDb's id of the title")
    imdb_rating: float = Field(nullable=True, description="Rating, 0 to 10")
    imdb_votes: Integer = Field(nullable=True, description="Number of votes")


def landed_ratings(manifest: pd.DataFrame, imdb_ids: Collection[str], lake: Lake) -> pd.DataFrame:
    """Ratings of these titles as `RatingsTable`; a title that no file has is left out.

    The grain of the files is title by artist, so that ids repeat: rows of one id are made one,
    and where they disagree the one with the most votes, the newest, is taken.

    Args:
        manifest: `ManifestTable` of the landing.
        imdb_ids: Titles that are wanted.
        lake: Where the files lie.

    Raises:
        LakeError: A landed file is gone, or the lake failed.
        CsvRejected: A landed file can no longer be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in records(manifest[manifest["status"] != REJECTED]):
        if {_ID, _RATING, _VOTES} <= set(str(row["columns"]).split(str(row["delimiter"]))):
            for rating in _ratings(str(row["uri"]), imdb_ids, lake):
                known = found.setdefault(rating["imdb_id"], rating)
                if _votes(rating) > _votes(known):
                    found[rating["imdb_id"]] = rating
    return conform([found[imdb_id] for imdb_id in sorted(found)], RatingsTable)


def _votes(rating: dict[str, Any]) -> int:
    return -1 if rating["imdb_votes"] is None else int(rating["imdb_votes"])


def _ratings(uri: str, imdb_ids: Collection[str], lake: Lake) -> list[dict[str, Any]]:
    """Both null markers of the challenge, a backslash with N and a bare N, are no numbers: null."""
    with tempfile.TemporaryDirectory(prefix="bourne-csv-") as folder:
        path = Path(folder) / "landed.csv"
        with path.open("wb") as file:
            lake.copy_to(lake.key(uri), file)
        form = find_form(path)
        place = {name: f"c{form.columns.index(name)}" for name in (_ID, _RATING, _VOTES)}
        query = f"""
            SELECT DISTINCT {place[_ID]},
                   TRY_CAST({place[_RATING]} AS DOUBLE), TRY_CAST({place[_VOTES]} AS BIGINT)
            FROM csv WHERE list_contains(?, {place[_ID]}) ORDER BY ALL
            """  # noqa: S608 - the places are c0, c1, ...
        with opened(path, form) as connection:
            rows = connection.execute(query, [sorted(imdb_ids)]).fetchall()
    return [
        {"imdb_id": imdb_id, "imdb_rating": rating, "imdb_votes": votes}
        for imdb_id, rating, votes in rows
    ]
