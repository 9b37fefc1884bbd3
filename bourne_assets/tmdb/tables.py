"""TMDB's answers as tables: one row a film, ordered by id.

What must not be put here: requests, and which films belong to a saga.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import pandas as pd

from bourne_assets.tables import conform
from bourne_assets.tmdb.answers import Answer, parse
from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.tmdb.models import AppendedIds, ExternalIds, MovieDetails
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable

Row = Mapping[str, Any]


def details_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `film_rows` as `DetailsTable`."""
    return conform(sorted(rows, key=_tmdb_id), DetailsTable)


def external_ids_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `external_ids_row` or `film_rows` as `ExternalIdsTable`."""
    return conform(sorted(rows, key=_tmdb_id), ExternalIdsTable)


def film_rows(tmdb_id: int, answer: Answer, source: str) -> tuple[Row, Row | None]:
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


def external_ids_row(tmdb_id: int, answer: Answer, source: str) -> Row:
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


def _must_be(found: int, asked: int, answer: Answer) -> None:
    if found != asked:
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is about the film {found}.",
            path=answer.path,
            status=answer.status,
        )
