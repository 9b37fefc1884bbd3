"""Rating and votes by IMDb id, from the titles of the landed datasets that have them.

Not here: making the titles (`reading.titles`), and their tables (`landing.tables`).
"""

import hashlib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pandera.pandas import Field

from bourne_assets.csvs.landing.tables import TITLES
from bourne_assets.iceberg.commits import name_of
from bourne_assets.iceberg.reading import rows_of
from bourne_assets.iceberg.tables import TRUSTED, open_table, table_names
from bourne_assets.tables import Integer, conform
from bourne_assets.tables import Table as Model

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table


class RatingsTable(Model):
    """One row per title, ordered by id."""

    imdb_id: str = Field(unique=True, description="IMDb's id of the title")
    imdb_rating: float = Field(nullable=True, description="Rating, 0 to 10")
    imdb_votes: Integer = Field(nullable=True, description="Number of votes")


def landed_ratings(imdb_ids: Collection[str], catalogue: "Catalog") -> pd.DataFrame:
    """Ratings of these titles as `RatingsTable`; a title that no dataset has is left out.

    All datasets of the challenge's format are considered; where two have a title, the one with the
    most votes, the newest, is taken.

    Args:
        imdb_ids: Titles that are wanted.
        catalogue: Where the tables of titles are.

    Returns:
        The table; its `attrs` name the tables that it came from under `inputs`: name, snapshot, and
        the digests of what the snapshot was made of.

    Raises:
        LakeError: The catalogue failed.
    """
    found: dict[str, dict[str, Any]] = {}
    inputs = []
    for table in _tables_of_titles(catalogue) if imdb_ids else ():
        snapshot = table.current_snapshot()
        if snapshot is None:
            continue
        inputs.append({"table": name_of(table), "snapshot_id": str(snapshot.snapshot_id)})
        for rating in _ratings(table, imdb_ids):
            known = found.setdefault(rating["imdb_id"], rating)
            if _votes(rating) > _votes(known):
                found[rating["imdb_id"]] = rating
    frame = conform([found[imdb_id] for imdb_id in sorted(found)], RatingsTable)
    frame.attrs["inputs"] = inputs
    return frame


def ratings_version(catalogue: "Catalog") -> str:
    """What distinguishes one state of all ratings from another; other ratings change it.

    Raises:
        LakeError: The catalogue failed.
    """
    states = [
        f"{name_of(table)} {snapshot.snapshot_id}"
        for table in _tables_of_titles(catalogue)
        if (snapshot := table.current_snapshot())
    ]
    return hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]


def _tables_of_titles(catalogue: "Catalog") -> "Iterator[Table]":
    for name in table_names(catalogue, TRUSTED):
        if name.endswith(TITLES):
            yield open_table(catalogue, name)


def _votes(rating: dict[str, Any]) -> int:
    return -1 if rating["imdb_votes"] is None else int(rating["imdb_votes"])


def _ratings(table: "Table", imdb_ids: Collection[str]) -> list[dict[str, Any]]:
    rows = rows_of(table)
    wanted = [name for name in ("id", "rating", "votes") if name in rows.schema.names]
    if isinstance(rows, pa.RecordBatchReader):
        rows = ds.dataset(rows.read_all())
    read = rows.to_table(wanted, filter=pc.field("id").isin(sorted(imdb_ids)))
    return [
        {
            "imdb_id": row["id"],
            "imdb_rating": None if row.get("rating") is None else float(row["rating"]),
            "imdb_votes": row.get("votes"),
        }
        for row in sorted(read.to_pylist(), key=lambda row: str(row["id"]))
    ]
