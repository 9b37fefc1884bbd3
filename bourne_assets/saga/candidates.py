"""Which films a saga might consist of: every candidate, kept or rejected, with the reason.

A title proves nothing ("Mrs. Winterbourne"; the television film of 1988 that has the same title
as the film of 2002), so that TMDB's collection decides here, and the details decide again when
the saga table is built. Not here: the table of the saga's films (`table`).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import (
    NotInSnapshot,
    QueryWithoutResults,
    SagaConfigurationError,
    SagaEmpty,
)
from bourne_assets.tables import conform, records
from bourne_assets.tmdb import SNAPSHOT
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.errors import TmdbNotFound, TmdbProtocolError
from bourne_assets.tmdb.fetch import fetch_all, search_pages
from bourne_assets.tmdb.films import Candidate, fetch_films
from bourne_assets.tmdb.models import Collection, SearchItem, SearchPage, read_items
from bourne_assets.tmdb.raw import RawWriter
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.schemas import DELETED, KNOWN, UNREADABLE, SearchTable
from bourne_assets.translations import gettext, grouped

#: This many candidates are named where a saga cannot be resolved.
_NAMED = 5
#: Twice what one query finds at most. Details of every candidate are requested, and kept in memory.
_MOST_CANDIDATES = 20_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Listed:
    """A film as a page of results or the collection lists it, and what could not be read of it."""

    film: SearchItem
    problems: Sequence[str]
    fetched_at: datetime
    query: str | None = None
    page: int | None = None
    position: int | None = None


def find_candidates(saga: Saga, client: TmdbClient, writer: RawWriter) -> pd.DataFrame:
    """Send every query and request the collection; all candidates as `SearchTable`.

    A member of the collection that no query found is a candidate too, `found_by` collection.

    Raises:
        SagaConfigurationError: The queries find too many films.
        NotInSnapshot: The snapshot in TMDB's place does not have the collection.
        SagaEmpty: Not one candidate is in the collection; the nearest ones are named.
        QueryWithoutResults: A query matches nothing; the nearest films are named.
        TmdbError: TMDB refused or failed.
        LakeError: A response could not be stored.
    """
    hits = _all_hits(saga, client, writer)
    try:
        (about,) = fetch_all(client, client.collection, [saga.collection_id], writer)
    except TmdbNotFound as error:
        if client.source == SNAPSHOT:
            raise NotInSnapshot(saga.slug) from error
        fact = gettext("TMDB has no collection {id}", id=saga.collection_id)
        raise _empty(saga, fact, _nearest(hits, client, writer)) from error
    collection = parse(about, Collection, [])
    if collection.id != saga.collection_id:
        raise TmdbProtocolError(
            gettext(
                "TMDB's response to {path} is about the collection {id}.",
                path=about.path,
                id=collection.id,
            ),
            response=about,
        )
    parts = list(_listed(about, collection.parts))
    if not parts:
        fact = gettext("No film is in collection {collection_id}", collection_id=saga.collection_id)
        raise _empty(saga, fact, _nearest(hits, client, writer))
    for query in saga.queries:
        if all(hit.query != query for hit in hits):
            nearest = _nearest(hits or parts, client, writer)
            raise QueryWithoutResults(
                gettext(
                    "The query {query!r} of the saga {slug!r} matches nothing at TMDB: correct or "
                    "remove it in the sagas file or in the run's config. Nearest candidates: "
                    "{nearest}.",
                    query=query,
                    slug=saga.slug,
                    nearest=nearest,
                )
            )
    name = f"collection {saga.collection_id} ({collection.name or 'without a name'})"
    return conform(_rows(hits, parts, name, client.source), SearchTable)


def _all_hits(saga: Saga, client: TmdbClient, writer: RawWriter) -> list[_Listed]:
    """The films that the queries find, each as often as it is found."""
    hits: list[_Listed] = []
    films: set[int] = set()
    for query in saga.queries:
        for hit in _hits(query, client, writer):
            hits.append(hit)
            films.add(hit.film.id)
            if len(films) > _MOST_CANDIDATES:
                raise SagaConfigurationError(
                    gettext(
                        "The queries of the saga {slug!r} find more than {most} films: make them "
                        "narrower in the sagas file.",
                        slug=saga.slug,
                        most=grouped(_MOST_CANDIDATES),
                    )
                )
    return hits


def _hits(query: str, client: TmdbClient, writer: RawWriter) -> Iterator[_Listed]:
    """The films that a query finds, page by page: one page is in memory at a time."""
    for response in search_pages(client, query, writer):
        yield from _listed(response, parse(response, SearchPage, []).results, query)


def _listed(
    response: Response, items: Sequence[Any], query: str | None = None
) -> Iterator[_Listed]:
    page = int(response.parameters["page"]) if query else None
    passed_over = []
    for position, (film, problems) in enumerate(read_items(items, SearchItem), start=1):
        if film is None:
            passed_over.append(f"item {position}, {problems[-1]}")
            continue
        place = position if query else None
        yield _Listed(film, problems, response.fetched_at, query, page, place)
    if passed_over:  # one line per response, however many there are
        _log.warning(
            "%d of %d items of TMDB's response to %s are passed over, the first: %s",
            len(passed_over),
            len(items),
            response.path,
            passed_over[0],
        )


def _rows(
    hits: Sequence[_Listed], parts: Sequence[_Listed], collection: str, source: str
) -> list[dict[str, Any]]:
    members = {part.film.id for part in parts}
    rows: dict[int, dict[str, Any]] = {}
    for listed in (*hits, *parts):
        film, kept = listed.film, listed.film.id in members
        rows.setdefault(
            film.id,
            {
                "tmdb_id": film.id,
                **film.model_dump(exclude={"id"}),
                "vote_average": film.vote_average if film.vote_count else None,
                "found_by": "search" if listed.query else "collection",
                "query": listed.query,
                "page": listed.page,
                "position": listed.position,
                "kept": kept,
                "reason": f"in {collection}" if kept else f"not in {collection}",
                "status": UNREADABLE if listed.problems else KNOWN,
                "problems": "; ".join(listed.problems) or None,
                "fetched_at": listed.fetched_at,
                "source": source,
            },
        )
    return sorted(rows.values(), key=lambda row: int(row["tmdb_id"]))


def _nearest(listed: Sequence[_Listed], client: TmdbClient, writer: RawWriter) -> str:
    """The first candidates, each with the collection that its details place it in."""
    films = {each.film.id: each.film for each in listed}
    first = [
        Candidate(film.id, film.title or film.original_title, is_member=False)
        for film in list(films.values())[:_NAMED]
    ]
    details = fetch_films(first, client, writer, external_ids=False).details
    places = {} if details is None else {row["tmdb_id"]: row for row in records(details)}
    named = [f"{film.title} ({film.tmdb_id}, {_place(places[film.tmdb_id])})" for film in first]
    return ", ".join(named) or gettext("none")


def _place(details: dict[str, Any]) -> str:
    if details["status"] == DELETED:
        return gettext("no details: deleted at TMDB")
    if details["status"] == UNREADABLE:
        return gettext("no details: unreadable")
    if details["collection_id"] is None:
        return gettext("in no collection")
    return gettext(
        "in collection {number} {name}",
        number=details["collection_id"],
        name=details["collection_name"],
    )


def _empty(saga: Saga, fact: str, nearest: str) -> SagaEmpty:
    return SagaEmpty(
        gettext(
            "{fact}, so that the saga {slug!r} has no films: check its collection_id and queries "
            "in the sagas file. Nearest candidates: {nearest}.",
            fact=fact,
            slug=saga.slug,
            nearest=nearest,
        )
    )
