"""What TMDB's responses hold: the fields that the platform needs, typed.

Unknown fields are tolerated, for TMDB adds some without notice; the raw response keeps them.
TMDB writes 0 or "" where it does not know: such a value is None here. The OpenAPI document marks
nothing as nullable, so nullability is from recorded responses. A field that no answer needs may be
anything: what cannot be read of it is None, and noted among the `problems` that `parse` is given.
Not here: judgement of figures (`saga.figures`).
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

#: Characters that a title may have: the longest of a film has some 330.
LONGEST_TITLE = 500
#: Characters of what has no title's freedom: a status, a language, a collection's name.
_LONGEST_TEXT = 250
#: Results on a page of a search: TMDB sends 20, and what stands in for it may send more.
_MOST_RESULTS = 1_000
#: Films of a collection: the longest that are known have some 200.
_MOST_PARTS = 2_000
#: Genres of a film, and letters of one's name: TMDB knows 19 for films.
_MOST_GENRES, _LONGEST_GENRE = 30, 50
#: `tt` and at least seven digits (IMDb's ids have grown to eight).
IMDB_ID = r"tt[0-9]{7,10}"
_WIKIDATA_ID = r"Q[1-9][0-9]*"
#: TMDB's popularity has been below 20,000 on every day that is known.
_HIGHEST_POPULARITY = 1e9
_INT64 = 2**63
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")

Item = TypeVar("Item", bound=BaseModel)


def _or_none(value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """The value as its type reads it; None, and a note, where it cannot."""
    try:
        return read(value)
    except ValidationError as error:
        if not isinstance(info.context, list):
            raise
        what = error.errors(include_input=False, include_url=False)[0]["msg"]
        info.context.append(f"{info.field_name}: {what}")
        return None


def _or_empty(value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    found = _or_none(value, read, info)
    return () if found is None else found


def _empty_if_none(value: Any) -> Any:
    return () if value is None else value


def _note(info: ValidationInfo, what: str) -> None:
    if isinstance(info.context, list):
        info.context.append(f"{info.field_name}: {what}")


def _unknown_if_zero(value: int | None) -> int | None:
    return value or None


def _number(value: Any) -> Any:
    # pydantic, like Python, takes true for 1.
    if isinstance(value, bool):
        raise ValueError("Input should be a number")  # noqa: TRY004 - pydantic's way
    return value


def _whole(value: Any) -> Any:
    """Whole numbers where TMDB sends fractions: half a minute, or a cent."""
    value = _number(value)
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def _not_negative(value: int | None, info: ValidationInfo) -> int | None:
    if value is None or value >= 0:
        return value
    _note(info, "a negative amount")
    return None


def _storable(value: int | None, info: ValidationInfo) -> int | None:
    if value is None or -_INT64 <= value < _INT64:
        return value
    _note(info, "a number that no column can hold")
    return None


def _day(value: Any) -> Any:
    # pydantic itself would read a number, also as text, as seconds since 1970.
    if value is None or value == "":
        return None
    if not _DAY.match(value if isinstance(value, str) else ""):
        raise ValueError("Input should be a date as YYYY-MM-DD")
    return value


def _text(value: Any) -> Any:
    # Blanks of any script, control characters and zero-width ones are not printable.
    if isinstance(value, str) and not any(c.isprintable() and c != " " for c in value):
        return None
    return value


def _cut(value: str | None, info: ValidationInfo) -> str | None:
    """A title as long as a title may be: a film is not lost for a long one."""
    if value is None or len(value) <= LONGEST_TITLE:
        return value
    _note(info, f"cut after {LONGEST_TITLE - len(_ELLIPSIS)} of {len(value)} characters")
    return value[: LONGEST_TITLE - len(_ELLIPSIS)] + _ELLIPSIS


def is_cut(title: str) -> bool:
    """Whether a title was longer than it may be."""
    return len(title) == LONGEST_TITLE and title.endswith(_ELLIPSIS)


def _stripped(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


def _popularity(value: float | None, info: ValidationInfo) -> float | None:
    if value is not None and not 0 <= value <= _HIGHEST_POPULARITY:
        _note(info, "a popularity that no film can have")
        return None
    return value


#: What a 64-bit column can hold.
Int64 = Annotated[int, Field(ge=-_INT64, lt=_INT64)]
#: Whole USD; TMDB's 0 is "unknown", and so is a negative amount, which it has from overflows.
Money = Annotated[
    int | None,
    BeforeValidator(_whole),
    AfterValidator(_storable),
    AfterValidator(_not_negative),
    AfterValidator(_unknown_if_zero),
]
Minutes = Annotated[
    Annotated[int, Field(ge=0, lt=_INT64)] | None,
    BeforeValidator(_whole),
    AfterValidator(_unknown_if_zero),
    WrapValidator(_or_none),
]
Popularity = Annotated[float | None, BeforeValidator(_number), AfterValidator(_popularity)]
OptionalPopularity = Annotated[Popularity, WrapValidator(_or_none)]
OptionalDate = Annotated[date | None, BeforeValidator(_day), WrapValidator(_or_none)]
OptionalText = Annotated[
    Annotated[str, Field(max_length=_LONGEST_TEXT)] | None,
    BeforeValidator(_text),
    WrapValidator(_or_none),
]
OptionalTitle = Annotated[
    str | None, BeforeValidator(_text), AfterValidator(_cut), WrapValidator(_or_none)
]
ImdbId = Annotated[
    Annotated[str, Field(pattern=rf"^{IMDB_ID}$")] | None,
    BeforeValidator(_stripped),
    WrapValidator(_or_none),
]
WikidataId = Annotated[
    Annotated[str, Field(pattern=rf"^{_WIKIDATA_ID}$")] | None,
    BeforeValidator(_stripped),
    WrapValidator(_or_none),
]
OptionalNumber = Annotated[float | None, BeforeValidator(_number), WrapValidator(_or_none)]
OptionalCount = Annotated[Int64 | None, BeforeValidator(_whole), WrapValidator(_or_none)]
Items = Annotated[tuple[Any, ...], BeforeValidator(_empty_if_none), WrapValidator(_or_empty)]
Genres = Annotated[
    Annotated[tuple[Any, ...], Field(max_length=_MOST_GENRES)],
    BeforeValidator(_empty_if_none),
    WrapValidator(_or_empty),
]


class TmdbModel(BaseModel):
    """Immutable; unknown fields are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class SearchItem(TmdbModel):
    """A film as a search or a collection lists it: only its id is needed."""

    id: Int64
    # The parts of a collection have `name` in TMDB's present documentation, `title` in recordings.
    title: OptionalTitle = Field(None, validation_alias=AliasChoices("title", "name"))
    original_title: OptionalTitle = Field(
        None, validation_alias=AliasChoices("original_title", "original_name")
    )
    original_language: OptionalText = None
    release_date: OptionalDate = None
    popularity: OptionalPopularity = None
    vote_average: OptionalNumber = None
    vote_count: OptionalCount = None


class SearchPage(TmdbModel):
    """GET /search/movie: its results are read one by one, by `read_items`."""

    results: Annotated[Items, Field(max_length=_MOST_RESULTS)]
    total_pages: OptionalCount = None
    total_results: OptionalCount = None


class Collection(TmdbModel):
    """GET /collection/{id}: its parts are read one by one, by `read_items`."""

    id: Int64
    name: OptionalText = None
    parts: Annotated[Items, Field(max_length=_MOST_PARTS)]


class CollectionReference(TmdbModel):
    """The collection that a film's details name."""

    id: Int64
    name: OptionalText = None


class AppendedIds(TmdbModel):
    """External ids as a film's details hold them on request: without an `id`."""

    imdb_id: ImdbId = None
    wikidata_id: WikidataId = None
    facebook_id: OptionalText = None
    instagram_id: OptionalText = None
    twitter_id: OptionalText = None


class ExternalIds(AppendedIds):
    """GET /movie/{id}/external_ids."""

    id: Int64


class MovieDetails(TmdbModel):
    """GET /movie/{id}. Budget and revenue in USD, runtime in minutes.

    Required is what the answers need: a title, and that the three figures are stated.
    """

    id: Int64
    imdb_id: ImdbId = None
    title: OptionalTitle = None
    original_title: OptionalTitle = None
    original_language: OptionalText = None
    status: OptionalText = None
    release_date: OptionalDate = None
    runtime: Minutes = None
    budget: Money
    revenue: Money
    popularity: Popularity
    vote_average: OptionalNumber = None
    vote_count: OptionalCount = None
    genres: Genres = ()
    belongs_to_collection: CollectionReference | None = None
    external_ids: Annotated[AppendedIds | None, WrapValidator(_or_none)] = None

    @property
    def genre_names(self) -> list[str]:
        """Names of the genres, as far as they can be read."""
        names = (genre.get("name") for genre in self.genres if isinstance(genre, dict))
        return [
            name
            for name in names
            if isinstance(name, str) and name.strip() and len(name) <= _LONGEST_GENRE
        ]


class Change(TmdbModel):
    """What an editor did to one field of a film."""

    id: OptionalText = None
    time: OptionalText = None


class FieldChanges(TmdbModel):
    """All changes of one field of a film: `budget`, `revenue`, `title`, ..."""

    key: OptionalText = None
    items: Items = ()


class Changes(TmdbModel):
    """GET /movie/{id}/changes."""

    changes: Items = ()


def read_items(items: Sequence[Any], model: type[Item]) -> Iterator[tuple[Item | None, list[str]]]:
    """Read a list item by item.

    Args:
        items: What TMDB sent as the list.
        model: What an item should be.

    Yields:
        The item, None where it lacks what the model requires, and what could not be read of it.
    """
    for item in items:
        problems: list[str] = []
        try:
            yield model.model_validate(item, context=problems), problems
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the item"
            yield None, [*problems, f"{place}: {first['msg']}"]
