"""What TMDB knows of a saga's candidates: search, external ids, details.

Not here: which films finally belong to the saga (`saga`).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from bourne_assets.asset_names import TRUSTED_GROUP
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.metadata import rows_of
from bourne_assets.defs.shared.naming import definition_metadata, placed_in, saga_key, tmdb_credit
from bourne_assets.defs.shared.run_config import RunConfig
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake import keys
from bourne_assets.saga.candidates import find_candidates
from bourne_assets.saga.definition import Saga, with_queries
from bourne_assets.saga.live_figures import ensure_not_newer
from bourne_assets.settings import Settings
from bourne_assets.tables import Table, records
from bourne_assets.tmdb import SNAPSHOT
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.films import candidates_of, fetch_films
from bourne_assets.tmdb.raw import RawWriter
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable, SearchTable

#: One step of all runs at a time uses TMDB, so that the pace of a process is that of the machine.
POOL = "tmdb_api"
_KINDS = {"python", "parquet", "s3"}
_DOCUMENTATION = "https://developer.themoviedb.org/reference"
_EXTERNAL_IDS = """Ids of every candidate at IMDb, Wikidata and elsewhere.

Source: TMDB's external ids. Grain: one row per candidate; a film that TMDB has deleted is a row
with the status `deleted`. The IMDb id joins the saga with the landed CSV files.
"""
_DETAILS = """Budget, revenue, popularity and collection of every candidate.

Source: TMDB's `/movie/{id}`. Grain: one row per candidate; a film that TMDB has deleted is a row
with the status `deleted`. TMDB writes 0 for an unknown budget, revenue or runtime: it is null here.
Popularity moves every day.
"""


class TmdbConfig(RunConfig):
    """How TMDB is used in this run."""

    resume: bool = Field(
        default=False,
        description="Reuse responses that were stored under Raw/TMDB/JSON today, and request only "
        "the others from TMDB: to continue after a crash.",
    )
    replace_live_figures: bool = Field(
        default=False,
        description="Without a credential: let the bundled snapshot replace newer figures of TMDB.",
    )


class SearchConfig(TmdbConfig):
    """What TMDB is searched for in this run."""

    queries: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="Queries in place of those of the sagas file; empty: those of the file.",
    )


def tmdb_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The three TMDB assets of a saga."""
    return [_search(settings, saga), _films(settings, saga)]


def _search(settings: Settings, saga: Saga) -> dg.AssetsDefinition:
    key = saga_key(saga, "tmdb_search")

    @dg.asset(
        key=key,
        **placed_in(saga, TRUSTED_GROUP),
        kinds=_KINDS,
        code_version="1",
        config_schema=SearchConfig.fields_of_a_run(),
        pool=POOL,
        metadata={
            **definition_metadata(settings, keys.TRUSTED, key, SearchTable),
            **tmdb_credit(f"{_DOCUMENTATION}/search-movie"),
            "queries": ", ".join(saga.queries),
            "collection_id": saga.collection_id,
        },
    )
    @fails_in_one_sentence
    def tmdb_search(
        context: dg.AssetExecutionContext, tmdb: TmdbResource, lake: LakeResource
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Candidates of the saga, each kept or rejected with the reason.

        Source: all pages of TMDB's `/search/movie` for every query of the saga, and `/collection`,
        which lists the saga's films. Grain: one row per film. A title proves nothing: TMDB finds
        "Mrs. Winterbourne" for "Bourne", so the collection decides. Every response is stored
        as received under `Raw/TMDB/JSON/` first.
        """
        config = SearchConfig.of(context)
        client = _client(saga, config, tmdb, lake)
        searched = with_queries(saga, config.queries)
        with RawWriter(lake.connect()) as writer:
            candidates = find_candidates(searched, client, writer)
        rejected = candidates[~candidates["kept"]]
        return dg.MaterializeResult(
            value=candidates,
            metadata={
                "queries": ", ".join(searched.queries),
                "candidates": len(candidates),
                "kept": int(candidates["kept"].sum()),
                "rejected": len(rejected),
                "rejected_films": rows_of(records(rejected[["tmdb_id", "title", "reason"]])),
                **_provenance(client, writer),
            },
        )

    return tmdb_search


def _films(settings: Settings, saga: Saga) -> dg.AssetsDefinition:
    """External ids and details, as one step.

    They are two assets in the lineage, as they are two tables of their own. They are one step, as
    one response holds both: `/movie/{id}?append_to_response=external_ids` halves the requests.
    Where one of the two is selected alone, only that one is requested.
    """
    ids_key, details_key = saga_key(saga, "tmdb_external_ids"), saga_key(saga, "tmdb_details")

    @dg.multi_asset(
        name="__".join([*saga.key_prefix, "tmdb_films"]),
        outs={
            "external_ids": _out(
                settings,
                saga,
                ids_key,
                ExternalIdsTable,
                description=_EXTERNAL_IDS,
                page="movie-external-ids",
            ),
            "details": _out(
                settings,
                saga,
                details_key,
                DetailsTable,
                description=_DETAILS,
                page="movie-details",
            ),
        },
        ins={"tmdb_search": dg.AssetIn(saga_key(saga, "tmdb_search"))},
        can_subset=True,
        config_schema=TmdbConfig.fields_of_a_run(),
        pool=POOL,
    )
    @fails_in_one_sentence
    def tmdb_films(
        context: dg.AssetExecutionContext,
        tmdb: TmdbResource,
        lake: LakeResource,
        tmdb_search: pd.DataFrame,
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        config, wanted = TmdbConfig.of(context), context.selected_asset_keys
        client = _client(saga, config, tmdb, lake)
        with RawWriter(lake.connect()) as writer:
            films = fetch_films(
                candidates_of(tmdb_search),
                client,
                writer,
                details=details_key in wanted,
                external_ids=ids_key in wanted,
            )
        provenance = _provenance(client, writer)
        if (table := films.external_ids) is not None:
            metadata = {"with_imdb_id": int(table["imdb_id"].notna().sum()), **provenance}
            yield _result(ids_key, table, metadata)
        if (table := films.details) is not None:
            unknown = {
                f"unknown_{figure}": int(table[figure].isna().sum())
                for figure in ("budget", "revenue")
            }
            yield _result(details_key, table, {**unknown, **provenance})

    return tmdb_films


def _client(saga: Saga, config: TmdbConfig, tmdb: TmdbResource, lake: LakeResource) -> TmdbClient:
    connected = lake.connect()
    if tmdb.source == SNAPSHOT and not config.replace_live_figures:
        ensure_not_newer(connected, saga)
    return tmdb.client(resume_from=connected if config.resume else None)


def _provenance(client: TmdbClient, writer: RawWriter) -> dict[str, Any]:
    """Metadata of every table: where the responses came from, and what of Raw was not usable."""
    written = [{"uri": item.uri, "sha256": item.sha256} for item in writer.stored]
    provenance: dict[str, Any] = {
        "source": client.source,
        "raw_objects": dg.MetadataValue.json(written),
    }
    if writer.read:
        provenance["raw_objects_of_an_earlier_run"] = dg.MetadataValue.json(list(writer.read))
    if client.stored is not None and client.stored.unreadable:
        provenance["unreadable_raw_objects"] = rows_of(
            [{"uri": uri} for uri in client.stored.unreadable]
        )
    return provenance


def _out(
    settings: Settings,
    saga: Saga,
    key: dg.AssetKey,
    model: type[Table],
    *,
    description: str,
    page: str,
) -> dg.AssetOut:
    return dg.AssetOut(
        key=key,
        description=description,
        dagster_type=pd.DataFrame,
        is_required=False,
        **placed_in(saga, TRUSTED_GROUP),
        kinds=_KINDS,
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.TRUSTED, key, model),
            **tmdb_credit(f"{_DOCUMENTATION}/{page}"),
        },
    )


def _result(
    key: dg.AssetKey, table: pd.DataFrame, metadata: dict[str, Any]
) -> dg.MaterializeResult[pd.DataFrame]:
    deleted = table[table["status"] == DELETED]
    counts = {
        "films": len(table),
        "deleted": len(deleted),
        "deleted_films": rows_of(records(deleted[["tmdb_id"]])),
    }
    return dg.MaterializeResult(asset_key=key, value=table, metadata={**counts, **metadata})
