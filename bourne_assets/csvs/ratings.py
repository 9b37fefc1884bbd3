"""Rating and votes by IMDb id, from the titles of the landed datasets that have them.

What must not be put here: making the titles (`titles`).
"""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
from pandera.pandas import Field

from bourne_assets.csvs.reading.duckdb_session import DuckDbSession, literal, parquet
from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.tables import Integer, Table, conform


class RatingsTable(Table):
    """One row a title, ordered by id."""

    imdb_id: str = Field(unique=True, description="IMDb's id of the title")
    imdb_rating: float = Field(nullable=True, description="Rating, 0 to 10")
    imdb_votes: Integer = Field(nullable=True, description="Number of votes")


def landed_ratings(imdb_ids: Collection[str], lake: Lake) -> pd.DataFrame:
    """Ratings of these titles as `RatingsTable`; a title that no dataset has is left out.

    All datasets of the challenge's format that lie in the lake are looked at; where two have a
    title, the one with the most votes, the newest, is taken.

    Args:
        imdb_ids: Titles that are wanted.
        lake: Where the titles lie.

    Returns:
        The table; its `attrs` name the objects that it came from under `inputs`: uri and sha256.

    Raises:
        LakeError: The lake failed.
    """
    found: dict[str, dict[str, Any]] = {}
    inputs = []
    tables = [key for key in lake.list(keys.DATASET_TABLES) if key.endswith(keys.TITLES_SUFFIX)]
    if imdb_ids and tables:
        for key in tables:
            ratings, stored = _ratings(key, imdb_ids, lake)
            inputs.append({"uri": stored.uri, "sha256": stored.sha256 or ""})
            for rating in ratings:
                known = found.setdefault(rating["imdb_id"], rating)
                if _votes(rating) > _votes(known):
                    found[rating["imdb_id"]] = rating
    table = conform([found[imdb_id] for imdb_id in sorted(found)], RatingsTable)
    table.attrs["inputs"] = inputs
    return table


def _votes(rating: dict[str, Any]) -> int:
    return -1 if rating["imdb_votes"] is None else int(rating["imdb_votes"])


def _ratings(
    key: str, imdb_ids: Collection[str], lake: Lake
) -> tuple[list[dict[str, Any]], StoredObject]:
    with tempfile.TemporaryDirectory(prefix="bourne-titles-") as folder:
        path = Path(folder) / "titles.parquet"
        with path.open("wb") as file:
            stored = lake.copy_to(key, file)
        wanted = ", ".join(literal(imdb_id) for imdb_id in sorted(imdb_ids))
        with DuckDbSession(Path(folder)) as engine:
            columns = engine.columns(path)
            rating, votes = (name if name in columns else "NULL" for name in ("rating", "votes"))
            rows = engine.rows(
                f"SELECT id, {rating}::DOUBLE, {votes}::BIGINT FROM {parquet(path)}"
                f" WHERE id IN ({wanted}) ORDER BY id"
            )
    ratings = [
        {"imdb_id": imdb_id, "imdb_rating": rating, "imdb_votes": votes}
        for imdb_id, rating, votes in rows
    ]
    return ratings, stored
