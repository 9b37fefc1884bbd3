"""What the stand-in knows: the bundled snapshot, or films that a test invents.

Shapes and nullability are TMDB's; `append_to_response=external_ids` works as documented.
Not here: HTTP, and what goes wrong (`faults`).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from bourne_assets.settings import DATA_DIR
from bourne_assets_tests.standin.replies import NOT_FOUND, Reply, Request, as_json, refusal

_SNAPSHOT = DATA_DIR / "snapshot"
_MOVIE = re.compile(r"/movie/(\d+)(/external_ids|/changes)?")
_COLLECTION = re.compile(r"/collection/(\d+)")
_PAGE_SIZE = 20
_GENERATED = "Generated Collection"
_LAST_PAGE = 500


class FilmSource(Protocol):
    """Responses for a search page, a film, its external ids, a collection; None: not known."""

    def search(self, query: str, page: int) -> dict[str, Any]:
        """GET /search/movie."""
        ...

    def movie(self, tmdb_id: int) -> dict[str, Any] | None:
        """GET /movie/{id}."""
        ...

    def external_ids(self, tmdb_id: int) -> dict[str, Any] | None:
        """GET /movie/{id}/external_ids."""
        ...

    def collection(self, collection_id: int) -> dict[str, Any] | None:
        """GET /collection/{id}."""
        ...


class SnapshotFilms:
    """The files of the bundled snapshot."""

    def search(self, query: str, page: int) -> dict[str, Any]:
        """The file of a query, compared as a name: the query may hold anything."""
        files = {file.name: file for file in (_SNAPSHOT / "search" / "movie").iterdir()}
        file = files.get(f"{query.lower()}-{page}.json")
        empty = {"page": page, "results": [], "total_pages": 0, "total_results": 0}
        return dict(json.loads(file.read_bytes())) if file else empty

    def movie(self, tmdb_id: int) -> dict[str, Any] | None:
        """The file of a film."""
        return _file(f"movie/{tmdb_id}")

    def external_ids(self, tmdb_id: int) -> dict[str, Any] | None:
        """The file of a film's ids."""
        return _file(f"movie/{tmdb_id}/external_ids")

    def collection(self, collection_id: int) -> dict[str, Any] | None:
        """The file of a collection."""
        return _file(f"collection/{collection_id}")


@dataclass(frozen=True)
class Film:
    """An invented film; TMDB's 0, "" and null mean "unknown", as there."""

    id: int
    title: str
    budget: int = 0
    revenue: int = 0
    release_date: str = ""
    popularity: float = 1.0
    imdb_id: str | None = None
    original_title: str = ""
    original_language: str = "en"
    collection_id: int | None = None
    status: str | None = "Released"
    vote_count: int = 10
    wikidata_id: str | None = None

    @property
    def item(self) -> dict[str, Any]:
        """The film as a search or a collection lists it."""
        return {
            "id": self.id,
            "title": self.title,
            "original_title": self.original_title or self.title,
            "original_language": self.original_language,
            "release_date": self.release_date,
            "popularity": self.popularity,
            "vote_average": 6.5,
            "vote_count": self.vote_count,
            "adult": False,
            "video": False,
            "overview": "",
            "genre_ids": [28, 53],
            "backdrop_path": None,
            "poster_path": None,
        }


@dataclass
class InventedFilms:
    """Films and collections that a test invents.

    Attributes:
        films: By id.
        collections: Names by id; a collection's parts are the films that name it.
        deleted: Ids that the search and the collections list, and the details do not know.
        hidden: Ids that no search finds.
        total_pages: What every search states, in place of what it has.
    """

    films: dict[int, Film] = field(default_factory=dict)
    collections: dict[int, str] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    total_pages: int | None = None

    @classmethod
    def of(cls, films: Iterable[Film], collections: dict[int, str]) -> Self:
        """A source of these films."""
        return cls({film.id: film for film in films}, dict(collections))

    def search(self, query: str, page: int) -> dict[str, Any]:
        """Films whose title holds the query, twenty a page."""
        found = [
            film.item
            for film in self.films.values()
            if query.casefold() in film.title.casefold() and film.id not in self.hidden
        ]
        pages = -(-len(found) // _PAGE_SIZE)
        return {
            "page": page,
            "results": found[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE],
            "total_pages": pages if self.total_pages is None else self.total_pages,
            "total_results": len(found),
        }

    def movie(self, tmdb_id: int) -> dict[str, Any] | None:
        """The details of a film."""
        film = self.films.get(tmdb_id)
        if film is None or tmdb_id in self.deleted:
            return None
        name = self.collections.get(film.collection_id or 0)
        part_of = {"id": film.collection_id, "name": name, "poster_path": None} if name else None
        return {
            **{name: value for name, value in film.item.items() if name != "genre_ids"},
            "imdb_id": film.imdb_id,
            "budget": film.budget,
            "revenue": film.revenue,
            "runtime": 0,
            "status": film.status,
            "tagline": "",
            "homepage": "",
            "genres": [{"id": 28, "name": "Action"}, {"id": 53, "name": "Thriller"}],
            "belongs_to_collection": part_of,
            "production_companies": [],
            "production_countries": [],
            "spoken_languages": [],
        }

    def external_ids(self, tmdb_id: int) -> dict[str, Any] | None:
        """The ids of a film."""
        film = self.films.get(tmdb_id)
        if film is None or tmdb_id in self.deleted:
            return None
        others = dict.fromkeys(("facebook_id", "instagram_id", "twitter_id"))
        ids = {"imdb_id": film.imdb_id, "wikidata_id": film.wikidata_id}
        return {"id": tmdb_id, **ids, **others}

    def collection(self, collection_id: int) -> dict[str, Any] | None:
        """A collection and the films that name it."""
        name = self.collections.get(collection_id)
        if name is None:
            return None
        films = [film.item for film in self.films.values() if film.collection_id == collection_id]
        return {"id": collection_id, "name": name, "overview": "", "parts": films}


class GeneratedFilms:
    """So many films of one collection, made when they are requested: for measurements."""

    def __init__(self, number: int) -> None:
        self._number = number

    def search(self, query: str, page: int) -> dict[str, Any]:
        """All films, for any query."""
        del query
        last = min(self._number, page * _PAGE_SIZE)
        return {
            "page": page,
            "results": [_generated(n).item for n in range((page - 1) * _PAGE_SIZE + 1, last + 1)],
            "total_pages": -(-self._number // _PAGE_SIZE),
            "total_results": self._number,
        }

    def movie(self, tmdb_id: int) -> dict[str, Any] | None:
        """The details of a film, some three kilobytes long."""
        details = self._alone(tmdb_id).movie(tmdb_id)
        company = {"id": 33, "logo_path": None, "name": "A Company", "origin_country": "US"}
        more = {"overview": "A film. " * 200, "production_companies": [company] * 10}
        return details and {**details, **more}

    def external_ids(self, tmdb_id: int) -> dict[str, Any] | None:
        """The ids of a film."""
        return self._alone(tmdb_id).external_ids(tmdb_id)

    def collection(self, collection_id: int) -> dict[str, Any] | None:
        """The collection of all films."""
        films = map(_generated, range(1, self._number + 1))
        return InventedFilms.of(films, {1: _GENERATED}).collection(collection_id)

    def _alone(self, number: int) -> InventedFilms:
        films = [_generated(number)] if 1 <= number <= self._number else []
        return InventedFilms.of(films, {1: _GENERATED})


def _generated(number: int) -> Film:
    return Film(
        number,
        f"Generated {number}",
        budget=1_000_000 + number,
        revenue=3_000_000 + number,
        release_date=f"{1950 + number % 75}-01-01",
        popularity=number / 10,
        imdb_id=f"tt{number:07}",
        collection_id=1,
    )


def snapshot(path: str) -> dict[str, Any]:
    """What the bundled snapshot holds for a path, to be changed and given to `override`."""
    return dict(json.loads((_SNAPSHOT / f"{path.strip('/')}.json").read_bytes()))


def respond(source: FilmSource, request: Request) -> Reply:
    """TMDB's response to a request, from what the source knows."""
    if request.path == "/authentication":
        return as_json({"success": True, "status_code": 1, "status_message": "Success."})
    if request.path == "/configuration":
        images = {"base_url": "http://image.invalid/t/p/", "poster_sizes": ["w92", "original"]}
        return as_json({"images": images, "change_keys": ["budget", "revenue", "title"]})
    if request.path == "/search/movie":
        return _search(source, request.query.get("query", ""), request.query.get("page", "1"))
    if part := _COLLECTION.fullmatch(request.path):
        return _known(source.collection(int(part[1])))
    if film := _MOVIE.fullmatch(request.path):
        return _movie(source, int(film[1]), film[2], request.query)
    return NOT_FOUND


def _movie(source: FilmSource, tmdb_id: int, part: str | None, query: Any) -> Reply:
    if part == "/external_ids":
        return _known(source.external_ids(tmdb_id))
    details = source.movie(tmdb_id)
    if part == "/changes":
        return _known(details and {"changes": []})
    appended = query.get("append_to_response", "").split(",")
    if details and "external_ids" in appended:
        ids = source.external_ids(tmdb_id) or {}
        details["external_ids"] = {name: value for name, value in ids.items() if name != "id"}
    return _known(details)


def _known(found: dict[str, Any] | None) -> Reply:
    return as_json(found) if found else NOT_FOUND


def _search(source: FilmSource, query: str, page: str) -> Reply:
    if not query:
        return as_json({"errors": ["query must be provided"]}, 422)
    if not page.isdecimal() or not 1 <= int(page) <= _LAST_PAGE:
        return refusal(400, 22, "Invalid page: Pages start at 1 and max at 500.")
    return as_json(source.search(query, int(page)))


def _file(path: str) -> dict[str, Any] | None:
    file = _SNAPSHOT / f"{path}.json"
    return dict(json.loads(file.read_bytes())) if file.is_file() else None
