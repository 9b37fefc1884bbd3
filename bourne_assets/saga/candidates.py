"""Which films a saga might consist of: every candidate, kept or rejected, with the reason.

A title proves nothing ("Mrs. Winterbourne"; the television film of 1988 that has the same title
as the film of 2002), so that TMDB's collection decides here, and the details decide again when
the saga table is built. What must not be put here: the table of the saga's films (`table`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import QueryWithoutResults, SagaConfigurationError, SagaEmpty
from bourne_assets.tables import conform
from bourne_assets.tmdb.client import SNAPSHOT, TmdbClient
from bourne_assets.tmdb.errors import TmdbNotFound, TmdbProtocolError
from bourne_assets.tmdb.fetch import fetch_all, search_pages
from bourne_assets.tmdb.models import Collection, MovieDetails, SearchItem, SearchPage
from bourne_assets.tmdb.raw import RawWriter
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.schemas import SearchTable

#: So many candidates are named where a saga cannot be resolved.
_NAMED = 5


@dataclass(frozen=True)
class _Hit:
    """A film on a page of a query's results."""

    film: SearchItem
    query: str
    page: int
    position: int
    fetched_at: datetime


def find_candidates(saga: Saga, client: TmdbClient, landing: RawWriter) -> pd.DataFrame:
    """Ask TMDB for every query and for the collection; all candidates as `SearchTable`.

    A member of the collection that no query found is a candidate too, `found_by` collection.

    Raises:
        SagaEmpty: Not one candidate is in the collection; the nearest ones are named.
        QueryWithoutResults: A query matches nothing; the nearest films are named.
        TmdbError: TMDB refused or failed.
        LakeError: An answer could not be stored.
    """
    hits = [hit for query in saga.queries for hit in _hits(query, client, landing)]
    found = [hit.film for hit in hits]
    try:
        (about,) = fetch_all(client, client.collection, [saga.collection_id], landing)
    except TmdbNotFound:
        if client.source == SNAPSHOT:
            raise SagaConfigurationError(
                f"The bundled snapshot of TMDB knows Jason Bourne alone: set "
                f"TMDB_READ_ACCESS_TOKEN to ask TMDB for the saga {saga.slug!r}."
            ) from None
        fact = f"TMDB has no collection {saga.collection_id}"
        raise _empty(saga, fact, _nearest(found, client, landing)) from None
    collection = parse(about, Collection)
    if collection.id != saga.collection_id:
        raise TmdbProtocolError(
            f"TMDB's answer to {about.path} is about the collection {collection.id}.",
            path=about.path,
            status=about.status,
        )
    rows = _rows(saga, hits, collection, about, client.source)
    if not any(row["kept"] for row in rows):
        fact = f"No film is in collection {saga.collection_id}"
        raise _empty(saga, fact, _nearest(found, client, landing))
    for query in saga.queries:
        if all(hit.query != query for hit in hits):
            nearest = _nearest(found or collection.parts, client, landing)
            raise QueryWithoutResults(
                f"The query {query!r} of the saga {saga.slug!r} matches nothing at TMDB: mend or "
                f"remove it in the sagas file. Nearest candidates: {nearest}."
            )
    return conform(rows, SearchTable)


def _hits(query: str, client: TmdbClient, landing: RawWriter) -> Iterator[_Hit]:
    """The films that a query finds, page by page: one page is in memory at a time."""
    for answer in search_pages(client, query, landing):
        page = parse(answer, SearchPage)
        for position, film in enumerate(page.results, start=1):
            yield _Hit(film, query, page.page, position, answer.fetched_at)


def _rows(
    saga: Saga,
    hits: Sequence[_Hit],
    collection: Collection,
    about: Response,
    source: str,
) -> list[dict[str, Any]]:
    members = {part.id for part in collection.parts}
    rows: dict[int, dict[str, Any]] = {}
    for hit in hits:
        place = {"query": hit.query, "page": hit.page, "position": hit.position}
        row = {**_film(hit.film, hit.fetched_at), "found_by": "search", **place}
        rows.setdefault(hit.film.id, row)
    for part in collection.parts:
        rows.setdefault(part.id, {**_film(part, about.fetched_at), "found_by": "collection"})
    name = f"collection {saga.collection_id} ({collection.name})"
    for tmdb_id, row in rows.items():
        row["kept"] = tmdb_id in members
        row["reason"] = f"in {name}" if row["kept"] else f"not in {name}"
        row["source"] = source
    return sorted(rows.values(), key=lambda row: int(row["tmdb_id"]))


def _film(item: SearchItem, fetched_at: datetime) -> dict[str, Any]:
    return {
        "tmdb_id": item.id,
        **item.model_dump(exclude={"id"}),
        "vote_average": item.vote_average if item.vote_count else None,
        "fetched_at": fetched_at,
    }


def _nearest(found: Sequence[SearchItem], client: TmdbClient, landing: RawWriter) -> str:
    """The first candidates, each with the collection that its details place it in."""
    first = list({item.id: item for item in found}.values())[:_NAMED]
    answers = fetch_all(client, client.movie_details, [item.id for item in first], landing)
    named = [
        f"{item.title} ({item.id}, {_place(answer)})"
        for item, answer in zip(first, answers, strict=True)
    ]
    return ", ".join(named) or "none"


def _place(answer: Response) -> str:
    if answer.status == HTTPStatus.NOT_FOUND:
        return "no details: deleted"
    collection = parse(answer, MovieDetails).belongs_to_collection
    return f"in collection {collection.id} {collection.name}" if collection else "in no collection"


def _empty(saga: Saga, fact: str, nearest: str) -> SagaEmpty:
    return SagaEmpty(
        f"{fact}, so that the saga {saga.slug!r} has no films: check its collection_id and "
        f"queries in the sagas file. Nearest candidates: {nearest}."
    )
