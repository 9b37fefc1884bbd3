"""Details and external ids of many films, each requested once, as tables with one row a film.

Not here: single requests (`client`), the columns (`schemas`), and which films belong to a saga.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pandas as pd

from bourne_assets.tables import conform
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.tmdb.fetch import fetch_all
from bourne_assets.tmdb.models import AppendedIds, ExternalIds, MovieDetails
from bourne_assets.tmdb.raw import RawWriter
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable

Row = Mapping[str, Any]


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
    landing: RawWriter,
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
        return FilmTables(None, external_ids_table(_fetched_ids(ids, client, landing)))
    ask = client.movie_details_with_ids if external_ids else client.movie_details
    rows: list[Row] = []
    id_rows: list[Row] = []
    without: list[int] = []
    for tmdb_id, answer in zip(ids, fetch_all(client, ask, ids, landing), strict=True):
        row, id_row = film_rows(tmdb_id, answer, client.source)
        rows.append(row)
        if id_row is None:
            without.append(tmdb_id)
        else:
            id_rows.append(id_row)
    if not external_ids:
        return FilmTables(details_table(rows), None)
    # A proxy or another server of the API may not append: then the ids are asked for by themselves.
    id_rows += _fetched_ids(without, client, landing)
    return FilmTables(details_table(rows), external_ids_table(id_rows))


def _fetched_ids(ids: Sequence[int], client: TmdbClient, landing: RawWriter) -> list[Row]:
    answers = fetch_all(client, client.movie_external_ids, ids, landing)
    return [
        external_ids_row(tmdb_id, answer, client.source)
        for tmdb_id, answer in zip(ids, answers, strict=True)
    ]


def details_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `film_rows` as `DetailsTable`."""
    return conform(sorted(rows, key=_tmdb_id), DetailsTable)


def external_ids_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `external_ids_row` or `film_rows` as `ExternalIdsTable`."""
    return conform(sorted(rows, key=_tmdb_id), ExternalIdsTable)


def film_rows(tmdb_id: int, answer: Response, source: str) -> tuple[Row, Row | None]:
    """What a film's details say, and the external ids in them; 404 is a deleted film.

    The second is None where the answer holds no external ids, as it was not asked for them.

    Args:
        tmdb_id: The film that was asked for.
        answer: The answer.
        source: Who answered.

    Raises:
        TmdbProtocolError: The answer lacks what is required, or is about another film.
    """
    stamp = {"tmdb_id": tmdb_id, "fetched_at": answer.fetched_at, "source": source}
    if answer.status == HTTPStatus.NOT_FOUND:
        return {**stamp, "status": DELETED}, _ids(stamp, None)
    film = parse(answer, MovieDetails)
    _must_be(film.id, tmdb_id, answer)
    appended = film.external_ids
    return _details(stamp, film), _ids(stamp, appended) if appended else None


def external_ids_row(tmdb_id: int, answer: Response, source: str) -> Row:
    """What `/movie/{id}/external_ids` says; arguments and errors as `film_rows`."""
    stamp = {"tmdb_id": tmdb_id, "fetched_at": answer.fetched_at, "source": source}
    if answer.status == HTTPStatus.NOT_FOUND:
        return _ids(stamp, None)
    ids = parse(answer, ExternalIds)
    _must_be(ids.id, tmdb_id, answer)
    return _ids(stamp, ids)


def _details(stamp: Row, film: MovieDetails) -> Row:
    collection = film.belongs_to_collection
    return {
        **stamp,
        "imdb_id": film.imdb_id,
        "title": film.title,
        "original_title": film.original_title,
        "original_language": film.original_language,
        "status": film.status,
        "release_date": film.release_date,
        "runtime_minutes": film.runtime,
        "budget": film.budget,
        "revenue": film.revenue,
        "popularity": film.popularity,
        "vote_average": film.vote_average if film.vote_count else None,
        "vote_count": film.vote_count,
        "genres": ", ".join(genre.name for genre in film.genres) or None,
        "collection_id": collection.id if collection else None,
        "collection_name": collection.name if collection else None,
    }


def _ids(stamp: Row, ids: AppendedIds | None) -> Row:
    known = ids.model_dump(include=set(AppendedIds.model_fields)) if ids else {}
    return {**stamp, **known, "status": "known" if ids else DELETED}


def _tmdb_id(row: Row) -> int:
    return int(row["tmdb_id"])


def _must_be(found: int, asked: int, answer: Response) -> None:
    if found != asked:
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is about the film {found}.",
            path=answer.path,
            status=answer.status,
        )
