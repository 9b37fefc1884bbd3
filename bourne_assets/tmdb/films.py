"""Details and external ids of many films, each asked for once.

What must not be put here: requests one by one (`client`), and the columns (`tables`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.fetch import ask_all
from bourne_assets.tmdb.landing import RawLanding
from bourne_assets.tmdb.tables import (
    Row,
    details_table,
    external_ids_row,
    external_ids_table,
    film_rows,
)


@dataclass(frozen=True)
class FilmTables:
    """Tables of the same films; None where it was not asked for.

    Attributes:
        details: `DetailsTable`.
        external_ids: `ExternalIdsTable`.
    """

    details: pd.DataFrame | None
    external_ids: pd.DataFrame | None


def fetch_films(
    ids: Sequence[int],
    client: TmdbClient,
    landing: RawLanding,
    *,
    details: bool = True,
    external_ids: bool = True,
) -> FilmTables:
    """Ask for films; where both tables are wanted, one request a film answers for both.

    Args:
        ids: The films.
        client: Asks.
        landing: Where the answers are stored.
        details: Whether the details are wanted.
        external_ids: Whether the external ids are wanted.

    Raises:
        TmdbError: A film could not be fetched.
        LakeError: An answer could not be stored.
    """
    if not details:
        return FilmTables(None, external_ids_table(_ids(ids, client, landing)))
    ask = client.movie_details_with_ids if external_ids else client.movie_details
    rows: list[Row] = []
    id_rows: list[Row] = []
    without: list[int] = []
    for tmdb_id, answer in zip(ids, ask_all(client, ask, ids, landing), strict=True):
        row, id_row = film_rows(tmdb_id, answer, client.source)
        rows.append(row)
        if id_row is None:
            without.append(tmdb_id)
        else:
            id_rows.append(id_row)
    if not external_ids:
        return FilmTables(details_table(rows), None)
    # A proxy or another server of the API may not append: then the ids are asked for by themselves.
    id_rows += _ids(without, client, landing)
    return FilmTables(details_table(rows), external_ids_table(id_rows))


def _ids(ids: Sequence[int], client: TmdbClient, landing: RawLanding) -> list[Row]:
    answers = ask_all(client, client.movie_external_ids, ids, landing)
    return [
        external_ids_row(tmdb_id, answer, client.source)
        for tmdb_id, answer in zip(ids, answers, strict=True)
    ]
