"""The table of a saga's films, from TMDB's details, the external ids and the landed ratings.

Not here: requests, files, and the answers to the questions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import SagaConfigurationError, SagaEmpty
from bourne_assets.saga.figures import doubt_of
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.tables import conform, records
from bourne_assets.tmdb.schemas import DELETED
from bourne_assets.translations import gettext

#: For columns that no single column upstream has under the same name: asset and column.
_COMPUTED_FROM = {
    "release_year": (("tmdb_details", "release_date"),),
    "profit": (("tmdb_details", "revenue"), ("tmdb_details", "budget")),
    "return_on_budget": (("tmdb_details", "revenue"), ("tmdb_details", "budget")),
    # The sagas file states them, by id of the film.
    "budget_source": (("tmdb_details", "tmdb_id"),),
    "revenue_source": (("tmdb_details", "tmdb_id"),),
    "imdb_id": (("tmdb_external_ids", "imdb_id"), ("tmdb_details", "imdb_id")),
    "wikidata_id": (("tmdb_external_ids", "wikidata_id"),),
    "imdb_rating": (("raw_csvs_s3", "uri"), ("tmdb_external_ids", "imdb_id")),
    "imdb_votes": (("raw_csvs_s3", "uri"), ("tmdb_external_ids", "imdb_id")),
}
_FROM_DETAILS = (
    "tmdb_id",
    "title",
    "original_title",
    "release_date",
    "status",
    "runtime_minutes",
    "budget",
    "revenue",
    "popularity",
    "vote_average",
    "vote_count",
    "genres",
    "collection_id",
    "fetched_at",
    "source",
)


@dataclass(frozen=True)
class RejectedFilm:
    """A candidate that is not a film of the saga.

    Attributes:
        tmdb_id: TMDB's id of it.
        title: Its title; None: TMDB no longer says.
        reason: Why it is not.
    """

    tmdb_id: int
    title: str | None
    reason: str


def build_saga_table(
    saga: Saga, details: pd.DataFrame, external_ids: pd.DataFrame, ratings: pd.DataFrame
) -> pd.DataFrame:
    """The films that their details place in the saga's collection, as `SagaTable`.

    A film that the CSV does not have stays, with null rating and votes.

    Args:
        saga: The saga.
        details: `DetailsTable` of all candidates.
        external_ids: `ExternalIdsTable` of all candidates.
        ratings: One row an IMDb id: imdb_id, imdb_rating, imdb_votes.

    Raises:
        SagaEmpty: No candidate is in the collection.
        SagaConfigurationError: The sagas file states figures of a film that is not a candidate.
    """
    candidates = set(details["tmdb_id"])
    for tmdb_id in saga.figures:
        if tmdb_id not in candidates:
            raise SagaConfigurationError(
                gettext(
                    "The sagas file states figures of the film {tmdb_id}, which is not among the "
                    "candidates of the saga {slug!r}: correct the id below `figures`, or remove "
                    "it.",
                    tmdb_id=tmdb_id,
                    slug=saga.slug,
                )
            )
    ids = {row["tmdb_id"]: row for row in records(external_ids)}
    rated = {row["imdb_id"]: row for row in records(ratings)}
    films = [
        _film(with_stated_figures(saga, row), ids.get(row["tmdb_id"], {}), rated)
        for row in records(details)
        if row["collection_id"] == saga.collection_id
    ]
    if not films:
        raise SagaEmpty(
            gettext(
                "None of the {count} candidates of the saga {slug!r} is in collection "
                "{collection_id} by its details: check collection_id in the sagas file.",
                count=len(details),
                slug=saga.slug,
                collection_id=saga.collection_id,
            )
        )
    return conform(sorted(films, key=release_order), SagaTable)


def rejected_films(saga: Saga, details: pd.DataFrame) -> list[RejectedFilm]:
    """Candidates that are not films of the saga, with the reason, ordered by id."""
    return [
        RejectedFilm(row["tmdb_id"], row["title"], _reason(saga, row))
        for row in records(details)
        if row["collection_id"] != saga.collection_id
    ]


def deleted_films(candidates: pd.DataFrame, details: pd.DataFrame) -> pd.DataFrame:
    """The details of films that the collection lists and TMDB has deleted, ordered by id.

    Args:
        candidates: `SearchTable`.
        details: `DetailsTable` of the candidates.
    """
    listed = candidates[candidates["kept"]]["tmdb_id"]
    return details[(details["status"] == DELETED) & details["tmdb_id"].isin(listed)]


def with_stated_figures(saga: Saga, film: Mapping[str, Any]) -> dict[str, Any]:
    """A film with the figures of the sagas file in place of TMDB's, and their source."""
    stated = saga.figures.get(film["tmdb_id"])
    row = {**film, "budget_source": None, "revenue_source": None}
    if stated is None:
        return row
    for figure in ("budget", "revenue"):
        if (amount := getattr(stated, figure)) is not None:
            row |= {figure: amount, f"{figure}_source": stated.source}
    return row


def release_order(film: Mapping[str, Any]) -> tuple[bool, str, int]:
    """Sort key: release date (unknown last), then TMDB id."""
    released = film["release_date"]
    return (released is None, str(released or ""), film["tmdb_id"])


def derived_figures(film: Mapping[str, Any]) -> dict[str, Any]:
    """Year, profit (USD) and return (profit / budget) of a film.

    Null where a figure is unknown or doubtful.
    """
    released = film["release_date"]
    budget, revenue = (
        film[figure] if doubt_of(film, figure) is None else None for figure in ("budget", "revenue")
    )
    profit = revenue - budget if budget is not None and revenue is not None else None
    return {
        "release_year": released.year if released else None,
        "profit": profit,
        "return_on_budget": profit / budget if profit is not None and budget else None,
    }


def column_sources() -> dict[str, tuple[tuple[str, str], ...]]:
    """Where each column of the saga table comes from: names of an asset and of its column."""
    return {**{name: (("tmdb_details", name),) for name in _FROM_DETAILS}, **_COMPUTED_FROM}


def _reason(saga: Saga, row: dict[str, Any]) -> str:
    if row["status"] == DELETED:
        return "no details: deleted at TMDB"
    if row["collection_id"] is None:
        return f"not in collection {saga.collection_id}: in none"
    return f"not in collection {saga.collection_id}: in {row['collection_id']}"


def _film(
    details: dict[str, Any], ids: dict[str, Any], rated: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    imdb_id = ids.get("imdb_id") or details["imdb_id"]
    rating = rated.get(imdb_id, {}) if imdb_id else {}
    return {
        **details,
        "imdb_id": imdb_id,
        "wikidata_id": ids.get("wikidata_id"),
        **derived_figures(details),
        "imdb_rating": rating.get("imdb_rating"),
        "imdb_votes": rating.get("imdb_votes"),
    }
