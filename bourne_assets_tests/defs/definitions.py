"""The platform's definitions, and what they say, for tests."""

from typing import Any

import dagster as dg

from bourne_assets.definitions import build_defs
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings

BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
#: Part of a run's config: nothing is logged to the console.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LINEAGE = {
    "raw_csvs_s3": set[str](),
    "tmdb_search": set[str](),
    "tmdb_external_ids": {"tmdb_search"},
    "tmdb_details": {"tmdb_search"},
    "bourne_saga_table": {"raw_csvs_s3", "tmdb_external_ids", "tmdb_details"},
    "insight_metrics": {"bourne_saga_table", "tmdb_search", "tmdb_details", "saga_history"},
    "saga_history": {"bourne_saga_table", "tmdb_search", "tmdb_details"},
    "fact_answer": {"insight_metrics", "saga_history"},
    "saga_report": {"bourne_saga_table", "insight_metrics", "saga_history"},
}


def definitions_of(**changes: Any) -> dg.Definitions:
    return build_defs(settings=Settings(**changes))


def specs_of(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def text_of(value: Any) -> str:
    return str(getattr(value, "value", value))


def column_schema_of(spec: dg.AssetSpec) -> dg.TableSchema:
    value = spec.metadata["dagster/column_schema"]
    schema = getattr(value, "schema", value)
    assert isinstance(schema, dg.TableSchema)
    return schema


def check_specs_of(defs: dg.Definitions) -> list[dg.AssetCheckSpec]:
    graph = defs.resolve_asset_graph()
    return [graph.get_check_spec(key) for key in sorted(graph.asset_check_keys)]
