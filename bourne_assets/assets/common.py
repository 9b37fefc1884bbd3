"""What all assets share: owner, groups, keys, and metadata of their definition."""

from typing import Any

import dagster as dg

from bourne_assets.catalogue import column_schema, table_metadata
from bourne_assets.lake.store import StoredObject
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import Table
from bourne_assets.tmdb import NOTICE

OWNERS = ["team:films"]
RAW_GROUP, TRUSTED_GROUP, REFINED_GROUP = "raw", "trusted", "refined"


def saga_key(saga: Saga, name: str) -> dg.AssetKey:
    """Key of a saga's asset: flat for the default saga, below the slug for another."""
    return dg.AssetKey([*saga.key_prefix, name])


def saga_tags(saga: Saga) -> dict[str, str]:
    """Tags of a saga's assets."""
    return {"domain": "films", "saga": saga.slug}


def definition_metadata(
    settings: Settings, layer: str, key: dg.AssetKey, model: type[Table]
) -> dict[str, Any]:
    """Where a table lies and which columns it has."""
    return {
        **table_metadata(settings, layer, tuple(key.path), "parquet"),
        "dagster/column_schema": column_schema(model),
    }


def tmdb_credit(page: str) -> dict[str, Any]:
    """Where the data are from, and the notice that TMDB's terms ask for."""
    return {"source": dg.MetadataValue.url(page), "notice": NOTICE}


def raw_objects(stored: list[StoredObject]) -> dg.JsonMetadataValue:
    """The raw objects that an asset wrote: uri and sha256."""
    return dg.MetadataValue.json([{"uri": item.uri, "sha256": item.sha256} for item in stored])
