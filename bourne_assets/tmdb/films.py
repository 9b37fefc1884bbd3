"""Details and external ids of many films, each requested once, as tables with one row per film.

Only films of the saga must be readable. Any other candidate can be as odd as it likes: it is a row
with the status `unreadable`.
Not here: single requests (`client`), the columns (`schemas`), and which films belong to a saga.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bourne_assets.tables import Table, conform, records
from bourne_assets.text import printable
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.errors import (
    TmdbNotFound,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.fetch import Failed, fetch_all
from bourne_assets.tmdb.models import AppendedIds, ExternalIds, MovieDetails, is_cut
from bourne_assets.tmdb.raw import RawWriter
from bourne_assets.tmdb.responses import Response, not_as_documented, parse
from bourne_assets.tmdb.schemas import (
    DELETED,
    KNOWN,
    UNREADABLE,
    DetailsTable,
    ExternalIdsTable,
)
from bourne_assets.translations import gettext

Row = Mapping[str, Any]

_LONGEST_PROBLEMS = 500


@dataclass(frozen=True)
class Candidate:
    """A film that may belong to a saga.

    Attributes:
        tmdb_id: TMDB's id.
        title: Its title, as the search or the collection has it.
        is_member: Whether the saga's collection lists it: then it must be readable.
    """

    tmdb_id: int
    title: str | None = None
    is_member: bool = True


@dataclass(frozen=True)
class FilmTables:
    """Tables of the same films; None where it was not wanted.

    Attributes:
        details: `DetailsTable`.
        external_ids: `ExternalIdsTable`.
    """

    details: pd.DataFrame | None
    external_ids: pd.DataFrame | None


def candidates_of(search: pd.DataFrame) -> list[Candidate]:
    """The candidates of a `SearchTable`."""
    return [
        Candidate(row["tmdb_id"], row["title"] or row["original_title"], row["kept"])
        for row in records(search)
    ]


def fetch_films(
    candidates: Sequence[Candidate],
    client: TmdbClient,
    writer: RawWriter,
    *,
    details: bool = True,
    external_ids: bool = True,
) -> FilmTables:
    """Fetch films; where both tables are wanted, one request a film serves both.

    Args:
        candidates: The films.
        client: Sends the requests.
        writer: Stores the responses.
        details: Whether the details are wanted.
        external_ids: Whether the external ids are wanted.

    Raises:
        TmdbError: A film of the saga could not be fetched or read, or TMDB is not available.
        LakeError: A response could not be stored.
    """
    # Films of the saga first: where TMDB is down, nothing is tried that can be done without.
    films = sorted(candidates, key=lambda film: (not film.is_member, film.tmdb_id))
    if not details:
        return FilmTables(None, film_table(_fetched_ids(films, client, writer), ExternalIdsTable))
    method = client.movie_details_with_ids if external_ids else client.movie_details
    rows: list[Row] = []
    id_rows: list[Row] = []
    without: list[Candidate] = []
    fetched = fetch_all(client, _tolerant(method, client), films, writer)
    for film, each in zip(films, fetched, strict=True):
        row, id_row = film_rows(film, each, client.source)
        rows.append(row)
        if id_row is None:
            without.append(film)
        else:
            id_rows.append(id_row)
    if not external_ids:
        return FilmTables(film_table(rows, DetailsTable), None)
    # A proxy or another server of the API may not append: then the ids are requested separately.
    id_rows += _fetched_ids(without, client, writer)
    return FilmTables(film_table(rows, DetailsTable), film_table(id_rows, ExternalIdsTable))


def film_table(rows: Sequence[Row], model: type[Table]) -> pd.DataFrame:
    """Rows of `film_rows` or `external_ids_row` as a table of their model, by TMDB's ids."""
    return conform(sorted(rows, key=lambda row: int(row["tmdb_id"])), model)


def film_rows(film: Candidate, fetched: Response | Failed, source: str) -> tuple[Row, Row | None]:
    """What a film's details say, and the external ids in them; 404 is a deleted film.

    The second is None where the response holds no external ids, as they were not requested.

    Args:
        film: The film that was requested.
        fetched: What came.
        source: `tmdb` or `bundled-snapshot`.

    Raises:
        TmdbProtocolError: The response is about another film, or lacks what the answers need of a
            film of the saga.
    """
    if isinstance(fetched, Failed):
        row = _unreadable(film, fetched, source)
        return row, row
    stamp = _stamp(film, fetched, source)
    if fetched.is_missing:
        return {**stamp, "title": film.title, "status": DELETED}, {**stamp, "status": DELETED}
    problems: list[str] = []
    try:
        details = parse(fetched, MovieDetails, problems)
        _ensure_about(details.id, film, fetched)
        row = {
            **stamp,
            **_details(details, film, fetched, problems),
            "problems": _joined(problems),
        }
    except TmdbProtocolError as error:
        if film.is_member:
            raise
        row = _unreadable(film, Failed(error, fetched.fetched_at), source)
        return row, row
    appended = details.external_ids
    return row, {**stamp, **_ids(appended)} if appended else None


def external_ids_row(film: Candidate, fetched: Response | Failed, source: str) -> Row:
    """What `/movie/{id}/external_ids` says; arguments as `film_rows`. No answer needs these ids."""
    if isinstance(fetched, Failed):
        return _unreadable(film, fetched, source)
    stamp = _stamp(film, fetched, source)
    if fetched.is_missing:
        return {**stamp, "status": DELETED}
    problems: list[str] = []
    try:
        ids = parse(fetched, ExternalIds, problems)
        _ensure_about(ids.id, film, fetched)
    except TmdbProtocolError as error:
        return _unreadable(film, Failed(error, fetched.fetched_at), source)
    return {**stamp, **_ids(ids), "problems": _joined(problems)}


def _fetched_ids(films: Sequence[Candidate], client: TmdbClient, writer: RawWriter) -> list[Row]:
    fetched = fetch_all(client, _tolerant(client.movie_external_ids, client), films, writer)
    return [
        external_ids_row(film, each, client.source)
        for film, each in zip(films, fetched, strict=True)
    ]


def _tolerant(
    method: Callable[[int], Response], client: TmdbClient
) -> Callable[[Candidate], Response | Failed]:
    """A method of the client that fails for no film but those of the saga."""

    def request(film: Candidate) -> Response | Failed:
        try:
            response = method(film.tmdb_id)
            if response.is_missing and film.is_member and response.stored_in is None:
                # TMDB has said so of films that are there, and the collection lists this one.
                response = method(film.tmdb_id)
        except (TmdbNotFound, TmdbProtocolError, TmdbUnavailable) as error:
            is_final = isinstance(error, TmdbUnavailable) and error.is_final
            if film.is_member or is_final or isinstance(error, TmdbRateLimited):
                raise
            return Failed(error, client.now())
        return response

    return request


def _details(
    film: MovieDetails, listed: Candidate, response: Response, problems: Sequence[str]
) -> dict[str, Any]:
    titles = [each for each in (film.title, film.original_title, listed.title) if each]
    if not titles:
        for problem in problems:
            if problem.startswith(("title: ", "original_title: ")):
                place, _, what = problem.partition(": ")
                raise not_as_documented(response, place, what)
        raise TmdbProtocolError(
            gettext(
                "TMDB's response to {path} is not as documented, at title: the film has none, nor "
                "an original title.",
                path=response.path,
            ),
            response=response,
        )
    title = next((each for each in titles if not is_cut(each)), titles[0])
    collection = film.belongs_to_collection
    return {
        "imdb_id": film.imdb_id,
        "title": title,
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
        "genres": ", ".join(film.genre_names) or None,
        "collection_id": collection.id if collection else None,
        "collection_name": collection.name if collection else None,
    }


def _ids(ids: AppendedIds) -> dict[str, Any]:
    return {**ids.model_dump(include=set(AppendedIds.model_fields)), "status": KNOWN}


def _unreadable(film: Candidate, failed: Failed, source: str) -> Row:
    return {
        "tmdb_id": film.tmdb_id,
        "title": film.title,
        "status": UNREADABLE,
        "problems": _joined([str(failed.error)]),
        "fetched_at": failed.at,
        "source": source,
    }


def _stamp(film: Candidate, response: Response, source: str) -> dict[str, Any]:
    return {"tmdb_id": film.tmdb_id, "fetched_at": response.fetched_at, "source": source}


def _joined(problems: Sequence[str]) -> str | None:
    return printable("; ".join(problems))[:_LONGEST_PROBLEMS] or None


def _ensure_about(found: int, film: Candidate, response: Response) -> None:
    if found != film.tmdb_id:
        raise TmdbProtocolError(
            gettext(
                "TMDB's response to {path} is about the film {found}.",
                path=response.path,
                found=found,
            ),
            response=response,
        )
