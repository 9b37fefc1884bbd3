"""What TMDB's answers hold: the fields that the platform needs, typed.

Unknown fields are tolerated, for TMDB adds some without notice; the raw answer keeps them.
TMDB writes 0 or "" where it does not know: such a value is None here. The OpenAPI document marks
nothing as nullable, so nullability is from recorded answers.
What must not be put here: judgement of figures (`bourne_assets.checks`).
"""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _unknown_if_zero(value: int | None) -> int | None:
    return value or None


def _day(value: Any) -> Any:
    # pydantic itself would read a number, also as text, as seconds since 1970.
    if value is None or value == "":
        return None
    if not _DAY.match(value if isinstance(value, str) else ""):
        raise ValueError("Input should be a day as YYYY-MM-DD")
    return value


def _unknown_if_empty(value: Any) -> Any:
    return None if value == "" else value


#: What a 64-bit column can hold.
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
#: Whole USD or minutes; TMDB's 0 is "unknown".
KnownInt = Annotated[Int64 | None, AfterValidator(_unknown_if_zero)]
KnownDate = Annotated[date | None, BeforeValidator(_day)]
KnownText = Annotated[str | None, BeforeValidator(_unknown_if_empty)]


class TmdbModel(BaseModel):
    """Immutable; unknown fields are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class SearchItem(TmdbModel):
    """A film as a search or a collection lists it."""

    id: Int64
    # The parts of a collection have `name` in TMDB's present documentation, `title` in recordings.
    title: str = Field(validation_alias=AliasChoices("title", "name"))
    original_title: str = Field(validation_alias=AliasChoices("original_title", "original_name"))
    original_language: str
    release_date: KnownDate = None
    popularity: float | None = None
    vote_average: float | None = None
    vote_count: Int64 | None = None


class SearchPage(TmdbModel):
    """GET /search/movie."""

    page: Int64
    results: tuple[SearchItem, ...]
    total_pages: int = Field(ge=0)
    total_results: int = Field(ge=0)


class Collection(TmdbModel):
    """GET /collection/{id}."""

    id: Int64
    name: str
    parts: tuple[SearchItem, ...]


class CollectionReference(TmdbModel):
    """The collection that a film's details name."""

    id: Int64
    name: str


class Genre(TmdbModel):
    """A genre of TMDB's list."""

    id: Int64
    name: str


class AppendedIds(TmdbModel):
    """External ids as a film's details hold them when they are asked to: without an `id`."""

    imdb_id: KnownText = None
    wikidata_id: KnownText = None
    facebook_id: KnownText = None
    instagram_id: KnownText = None
    twitter_id: KnownText = None


class ExternalIds(AppendedIds):
    """GET /movie/{id}/external_ids."""

    id: Int64


class MovieDetails(TmdbModel):
    """GET /movie/{id}. Budget and revenue in USD, runtime in minutes."""

    id: Int64
    imdb_id: KnownText = None
    title: str
    original_title: str
    original_language: str
    status: str | None = None
    release_date: KnownDate = None
    runtime: KnownInt = None
    budget: KnownInt
    revenue: KnownInt
    popularity: float | None
    vote_average: float | None = None
    vote_count: Int64 | None = None
    genres: tuple[Genre, ...] = ()
    belongs_to_collection: CollectionReference | None = None
    external_ids: AppendedIds | None = None


class Change(TmdbModel):
    """What an editor did to one field of a film."""

    id: str
    action: str
    time: str
    value: Any = None
    original_value: Any = None


class FieldChanges(TmdbModel):
    """All changes of one field of a film: `budget`, `revenue`, `title`, ..."""

    key: str
    items: tuple[Change, ...]


class Changes(TmdbModel):
    """GET /movie/{id}/changes."""

    changes: tuple[FieldChanges, ...]
