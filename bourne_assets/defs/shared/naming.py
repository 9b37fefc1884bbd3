"""What all assets share: owner, groups, keys, and metadata of their definition."""

from collections.abc import Sequence
from typing import Any, TypedDict

import dagster as dg

from bourne_assets import asset_names
from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.defs.shared.metadata import COLUMNS_KEY, column_schema, table_metadata
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import Table
from bourne_assets.tmdb import NOTICE
from bourne_assets.translations import current_language, plain

#: Tag of the assets of a saga that was run by hand and is not among those of the settings.
BY_HAND_TAG = "by_hand"
RAW_CSVS = dg.AssetKey(asset_names.RAW_CSVS)

Assets = Sequence[dg.AssetsDefinition | dg.AssetSpec]


def saga_key(saga: Saga, name: str) -> dg.AssetKey:
    """Key of a saga's asset: flat for the default saga, below the slug for another."""
    return dg.AssetKey([*saga.key_prefix, name])


class Placement(TypedDict):
    """Where an asset appears in Dagster's UI, as arguments of `dg.asset`."""

    group_name: str
    tags: dict[str, str]


def placed_in(saga: Saga, layer: str) -> Placement:
    """The placement of a saga's asset: each saga has groups of its own in the lineage."""
    return Placement(
        group_name=asset_names.group_of(saga.slug, layer),
        tags={"domain": "films", SAGA_TAG: saga.slug},
    )


def with_owners(assets: Assets, owners: Sequence[str]) -> Assets:
    """The assets, each with its owners: teams and e-mail addresses."""
    return dg.map_asset_specs(lambda spec: spec.replace_attributes(owners=list(owners)), assets)


def in_the_users_language(assets: Assets) -> Assets:
    """The assets, with what their pages say of them and of their columns translated."""
    return assets if current_language() == "en" else dg.map_asset_specs(_translated, assets)


def only_by_hand(assets: Assets, slugs: Sequence[str]) -> Assets:
    """The assets; those of these sagas are made only when somebody asks, and are never late."""

    def on_request(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.tags.get(SAGA_TAG) not in slugs:
            return spec
        return spec.replace_attributes(
            automation_condition=None, freshness_policy=None, tags={**spec.tags, BY_HAND_TAG: ""}
        )

    return dg.map_asset_specs(on_request, assets)


def _translated(spec: dg.AssetSpec) -> dg.AssetSpec:
    metadata = dict(spec.metadata)
    if schema := metadata.get(COLUMNS_KEY):
        columns = [
            dg.TableColumn(each.name, each.type, plain(each.description or ""), each.constraints)
            for each in schema.columns
        ]
        metadata[COLUMNS_KEY] = dg.TableSchema(columns=columns)
    return spec.replace_attributes(description=plain(spec.description or ""), metadata=metadata)


def definition_metadata(
    settings: Settings, layer: str, key: dg.AssetKey, model: type[Table]
) -> dict[str, Any]:
    """Where a table is and which columns it has."""
    return {
        **table_metadata(settings, layer, key, "parquet"),
        COLUMNS_KEY: column_schema(model),
    }


def tmdb_credit(page: str) -> dict[str, Any]:
    """Where the data are from, and the notice that TMDB's terms require."""
    return {"source": dg.MetadataValue.url(page), "notice": NOTICE}


def collection_credit(saga: Saga) -> dict[str, Any]:
    """As `tmdb_credit`, with TMDB's page of the saga's collection."""
    return tmdb_credit(f"https://www.themoviedb.org/collection/{saga.collection_id}")


def saga_job_name(saga: Saga) -> str:
    """Name of a saga's own job: `refresh_bourne`."""
    return f"refresh_{saga.slug}"


def tmdb_job_name(saga: Saga) -> str:
    """Name of the job that fetches a saga from TMDB with all downstream, and lands no CSV files."""
    return f"ask_tmdb_for_{saga.slug}"
