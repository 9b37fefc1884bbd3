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
    """Rows of `details_row` as `DetailsTable`."""
    return conform(sorted(rows, key=_tmdb_id), DetailsTable)


def external_ids_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `external_ids_row` or `appended_ids_row` as `ExternalIdsTable`."""
    return conform(sorted(rows, key=_tmdb_id), ExternalIdsTable)


def details_row(tmdb_id: int, answer: Answer, source: str) -> Row:
    """What a film's details say; 404 is a deleted film.

    Args:
        tmdb_id: The film that was asked for.
        answer: The answer.
        source: Who answered.

    Raises:
        TmdbProtocolError: The answer lacks what is required, or is about another film.
    """
    stamp = {"tmdb_id": tmdb_id, "fetched_at": answer.fetched_at, "source": source}
    if answer.status == HTTPStatus.NOT_FOUND:
        return {**stamp, "status": DELETED}
    film = parse(answer, MovieDetails)
    _must_be(film.id, tmdb_id, answer)
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


def external_ids_row(tmdb_id: int, answer: Answer, source: str) -> Row:
    """What `/movie/{id}/external_ids` says; arguments and errors as `details_row`."""
    if answer.status == HTTPStatus.NOT_FOUND:
        return _ids(tmdb_id, answer, source, None)
    ids = parse(answer, ExternalIds)
    _must_be(ids.id, tmdb_id, answer)
    return _ids(tmdb_id, answer, source, ids)


def appended_ids_row(tmdb_id: int, answer: Answer, source: str) -> Row | None:
    """The external ids in a film's details, as `external_ids_row`; None where it holds none."""
    if answer.status == HTTPStatus.NOT_FOUND:
        return _ids(tmdb_id, answer, source, None)
    appended = parse(answer, MovieDetails).external_ids
    return _ids(tmdb_id, answer, source, appended) if appended else None


def _ids(tmdb_id: int, answer: Answer, source: str, ids: AppendedIds | None) -> Row:
    return {
        **(ids.model_dump() if ids else {}),
        "tmdb_id": tmdb_id,
        "status": "known" if ids else DELETED,
        "fetched_at": answer.fetched_at,
        "source": source,
    }


def _tmdb_id(row: Row) -> int:
    return int(row["tmdb_id"])


def _must_be(found: int, asked: int, answer: Answer) -> None:
    if found != asked:
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is about the film {found}.",
            path=answer.path,
            status=answer.status,
        )
