"""One film under two ids: TMDB's editors enter some films twice.

Not here: what is done about it (checks, answers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

Equal = Literal["imdb_id", "wikidata_id", "title_and_date"]


@dataclass(frozen=True)
class Pair:
    """Two rows that look like one film.

    Attributes:
        first: The row with the smaller TMDB id.
        second: The other.
        equal: What is equal: an id proves it, title and date make it likely.
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    equal: Equal


def same_films(films: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """All pairs of films that look like one, ordered by TMDB id.

    Args:
        films: Rows with tmdb_id, imdb_id, wikidata_id, title and release_date.
    """
    ordered = sorted(films, key=lambda film: int(film["tmdb_id"]))
    pairs = ((first, second, _equal(first, second)) for first, second in combinations(ordered, 2))
    return [Pair(first, second, equal) for first, second, equal in pairs if equal is not None]


def _equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> Equal | None:
    if first.get("imdb_id") and first["imdb_id"] == second.get("imdb_id"):
        return "imdb_id"
    if first.get("wikidata_id") and first["wikidata_id"] == second.get("wikidata_id"):
        return "wikidata_id"
    if first["release_date"] is None or first["release_date"] != second["release_date"]:
        return None
    titles = [" ".join(str(film["title"]).casefold().split()) for film in (first, second)]
    return "title_and_date" if titles[0] == titles[1] else None
