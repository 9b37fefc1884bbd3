"""The table of a saga's films. Not here: requests to TMDB (`tmdb`)."""

from dataclasses import asdict

import dagster as dg
import pandas as pd

from bourne_assets.asset_names import REFINED_GROUP
from bourne_assets.csvs.ratings import landed_ratings
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.following import EAGER_AFTER_RATINGS
from bourne_assets.defs.shared.metadata import column_lineage, rows_of
from bourne_assets.defs.shared.naming import (
    RAW_CSVS,
    collection_credit,
    definition_metadata,
    placed_in,
    saga_key,
)
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.saga.table import build_saga_table, column_sources, rejected_films
from bourne_assets.settings import Settings
from bourne_assets.tables import origin_of


def saga_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The saga table of a saga."""
    key = saga_key(saga, saga.table_name)

    @dg.asset(
        key=key,
        deps=[RAW_CSVS],  # whose titles are in the lake
        ins={
            "tmdb_external_ids": dg.AssetIn(saga_key(saga, "tmdb_external_ids")),
            "tmdb_details": dg.AssetIn(saga_key(saga, "tmdb_details")),
        },
        **placed_in(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_RATINGS,
        kinds={"pandas", "parquet", "s3"},
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.REFINED, key, SagaTable),
            **collection_credit(saga),
        },
    )
    @fails_in_one_sentence
    def saga_table(
        lake: LakeResource,
        tmdb_external_ids: pd.DataFrame,
        tmdb_details: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Films of the saga, with figures of TMDB and ratings of the landed CSV files.

        Grain: one row per film, in order of release. A film belongs to the saga when its details
        name the saga's collection. Joined by IMDb id with rating and votes of the landed CSV
        files; a film that they lack stays, with nulls. Money is whole USD; unknown is null.
        """
        known_ids = {*tmdb_external_ids["imdb_id"].dropna(), *tmdb_details["imdb_id"].dropna()}
        ratings = landed_ratings(known_ids, lake.catalogue())
        films = build_saga_table(saga, tmdb_details, tmdb_external_ids, ratings)
        rejected = rejected_films(saga, tmdb_details)
        return dg.MaterializeResult(
            value=films,
            metadata={
                "films": len(films),
                "source": ", ".join(sorted(set(films["source"]))),
                "figures_of": films["fetched_at"].max().isoformat(),
                "rejected": len(rejected),
                "rejected_films": rows_of([asdict(film) for film in rejected]),
                "unknown_budget": int(films["budget"].isna().sum()),
                "unknown_revenue": int(films["revenue"].isna().sum()),
                "without_csv_rating": int(films["imdb_rating"].isna().sum()),
                "inputs": dg.MetadataValue.json(
                    [
                        *origin_of(tmdb_details),
                        *origin_of(tmdb_external_ids),
                        *ratings.attrs["inputs"],
                    ]
                ),
                "dagster/column_lineage": column_lineage(
                    column_sources(),
                    {
                        "raw_csvs_s3": RAW_CSVS,
                        "tmdb_external_ids": saga_key(saga, "tmdb_external_ids"),
                        "tmdb_details": saga_key(saga, "tmdb_details"),
                    },
                ),
            },
        )

    return [saga_table]
