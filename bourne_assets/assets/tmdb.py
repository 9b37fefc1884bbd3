"""What TMDB knows of a saga's candidates: search, external ids, details.

What must not be put here: which films belong to the saga in the end (`saga`).
"""

import dagster as dg
import pandas as pd

from bourne_assets.assets.common import (
    OWNERS,
    TRUSTED_GROUP,
    definition_metadata,
    raw_objects,
    saga_key,
    saga_tags,
    tmdb_credit,
)
from bourne_assets.catalogue import rows_of
from bourne_assets.lake import keys
from bourne_assets.resources.lake import LakeResource
from bourne_assets.resources.tmdb import TmdbResource
from bourne_assets.saga.candidates import find_candidates
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import records
from bourne_assets.tmdb.fetch import ask_all
from bourne_assets.tmdb.landing import RawLanding
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable, SearchTable
from bourne_assets.tmdb.tables import details_table, external_ids_table

_KINDS = {"python", "parquet", "s3"}
_DOCUMENTATION = "https://developer.themoviedb.org/reference"


def tmdb_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The three TMDB assets of a saga."""
    return [
        _search(settings, saga),
        _external_ids(settings, saga),
        _details(settings, saga),
    ]


def _search(settings: Settings, saga: Saga) -> dg.AssetsDefinition:
    key = saga_key(saga, "tmdb_search")

    @dg.asset(
        key=key,
        group_name=TRUSTED_GROUP,
        kinds=_KINDS,
        owners=OWNERS,
        tags=saga_tags(saga),
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.TRUSTED, key, SearchTable),
            **tmdb_credit(f"{_DOCUMENTATION}/search-movie"),
            "queries": ", ".join(saga.queries),
            "collection_id": saga.collection_id,
        },
    )
    def tmdb_search(tmdb: TmdbResource, lake: LakeResource) -> dg.MaterializeResult[pd.DataFrame]:
        """Candidates of the saga, each kept or rejected with the reason.

        Source: all pages of TMDB's `/search/movie` for every query of the saga, and `/collection`,
        which lists the saga's films. Grain: one row a film. A title proves nothing: TMDB finds
        "Mrs. Winterbourne" for "Bourne", so that the collection decides. Every answer is stored
        as received under `Raw/TMDB/JSON/` first.
        """
        client = tmdb.client()
        with RawLanding(lake.connect()) as landing:
            candidates = find_candidates(saga, client, landing)
        rejected = candidates[~candidates["kept"]]
        return dg.MaterializeResult(
            value=candidates,
            metadata={
                "candidates": len(candidates),
                "kept": int(candidates["kept"].sum()),
                "rejected": len(rejected),
                "rejected_films": rows_of(records(rejected[["tmdb_id", "title", "reason"]])),
                "answered_by": client.source,
                "raw_objects": raw_objects(landing.stored),
            },
        )

    return tmdb_search


def _external_ids(settings: Settings, saga: Saga) -> dg.AssetsDefinition:
    key = saga_key(saga, "tmdb_external_ids")

    @dg.asset(
        key=key,
        ins={"tmdb_search": dg.AssetIn(saga_key(saga, "tmdb_search"))},
        group_name=TRUSTED_GROUP,
        kinds=_KINDS,
        owners=OWNERS,
        tags=saga_tags(saga),
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.TRUSTED, key, ExternalIdsTable),
            **tmdb_credit(f"{_DOCUMENTATION}/movie-external-ids"),
        },
    )
    def tmdb_external_ids(
        tmdb: TmdbResource, lake: LakeResource, tmdb_search: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Ids of every candidate at IMDb, Wikidata and elsewhere.

        Source: TMDB's `/movie/{id}/external_ids`, asked concurrently. Grain: one row a candidate;
        a film that TMDB has deleted is a row with the status `deleted`. The IMDb id joins the
        saga with the landed CSV files.
        """
        client, ids = tmdb.client(), _ids(tmdb_search)
        with RawLanding(lake.connect()) as landing:
            answers = ask_all(client.movie_external_ids, ids, landing)
        table = external_ids_table(ids, answers, client.source)
        return dg.MaterializeResult(
            value=table,
            metadata={
                "films": len(table),
                "with_imdb_id": int(table["imdb_id"].notna().sum()),
                "deleted": int((table["status"] == DELETED).sum()),
                "answered_by": client.source,
                "raw_objects": raw_objects(landing.stored),
            },
        )

    return tmdb_external_ids


def _details(settings: Settings, saga: Saga) -> dg.AssetsDefinition:
    key = saga_key(saga, "tmdb_details")

    @dg.asset(
        key=key,
        ins={"tmdb_search": dg.AssetIn(saga_key(saga, "tmdb_search"))},
        group_name=TRUSTED_GROUP,
        kinds=_KINDS,
        owners=OWNERS,
        tags=saga_tags(saga),
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.TRUSTED, key, DetailsTable),
            **tmdb_credit(f"{_DOCUMENTATION}/movie-details"),
        },
    )
    def tmdb_details(
        tmdb: TmdbResource, lake: LakeResource, tmdb_search: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Budget, revenue, popularity and collection of every candidate.

        Source: TMDB's `/movie/{id}`, asked concurrently. Grain: one row a candidate; a film that
        TMDB has deleted is a row with the status `deleted`. TMDB writes 0 for an unknown budget,
        revenue or runtime: it is null here. Popularity moves every day.
        """
        client, ids = tmdb.client(), _ids(tmdb_search)
        with RawLanding(lake.connect()) as landing:
            answers = ask_all(client.movie_details, ids, landing)
        table = details_table(ids, answers, client.source)
        return dg.MaterializeResult(
            value=table,
            metadata={
                "films": len(table),
                "unknown_budget": int(table["budget"].isna().sum()),
                "unknown_revenue": int(table["revenue"].isna().sum()),
                "deleted": int((table["status"] == DELETED).sum()),
                "answered_by": client.source,
                "raw_objects": raw_objects(landing.stored),
            },
        )

    return tmdb_details


def _ids(search: pd.DataFrame) -> list[int]:
    return [int(tmdb_id) for tmdb_id in search["tmdb_id"]]
