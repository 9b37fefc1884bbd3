"""TMDB's answers as tables: one row a film, ordered by id.

What must not be put here: requests, and which films belong to a saga.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import pandas as pd

from bourne_assets.tables import conform
from bourne_assets.tmdb.client import Answer, parse
from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.tmdb.models import ExternalIds, MovieDetails
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable


def details_table(ids: Sequence[int], answers: Sequence[Answer], source: str) -> pd.DataFrame:
    """Details of films as `DetailsTable`.

    Args:
        ids: The films that were asked for.
        answers: Their answers in the same order; 404 is a deleted film.
        source: Who answered.

    Raises:
        TmdbProtocolError: An answer lacks what is required, or is about another film.
    """
    rows = [_details(tmdb_id, answer) for tmdb_id, answer in zip(ids, answers, strict=True)]
    return _table(rows, answers, source, DetailsTable)


def external_ids_table(ids: Sequence[int], answers: Sequence[Answer], source: str) -> pd.DataFrame:
    """External ids of films as `ExternalIdsTable`; arguments and errors as `details_table`."""
    rows = [_external_ids(tmdb_id, answer) for tmdb_id, answer in zip(ids, answers, strict=True)]
    return _table(rows, answers, source, ExternalIdsTable)


def _table(
    rows: list[dict[str, Any]],
    answers: Sequence[Answer],
    source: str,
    model: type[DetailsTable] | type[ExternalIdsTable],
) -> pd.DataFrame:
    stamped = [
        {**row, "fetched_at": answer.fetched_at, "source": source}
        for row, answer in zip(rows, answers, strict=True)
    ]
    return conform(sorted(stamped, key=lambda row: row["tmdb_id"]), model)


def _details(tmdb_id: int, answer: Answer) -> dict[str, Any]:
    if answer.status == HTTPStatus.NOT_FOUND:
        return {"tmdb_id": tmdb_id, "status": DELETED}
    film = parse(answer, MovieDetails)
    _must_be(film.id, tmdb_id, answer)
    collection = film.belongs_to_collection
    return {
        "tmdb_id": film.id,
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


def _external_ids(tmdb_id: int, answer: Answer) -> dict[str, Any]:
    if answer.status == HTTPStatus.NOT_FOUND:
        return {"tmdb_id": tmdb_id, "status": DELETED}
    ids = parse(answer, ExternalIds)
    _must_be(ids.id, tmdb_id, answer)
    return {"tmdb_id": ids.id, "status": "known", **ids.model_dump(exclude={"id"})}


def _must_be(found: int, asked: int, answer: Answer) -> None:
    if found != asked:
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is about the film {found}.",
            path=answer.path,
            status=answer.status,
        )
