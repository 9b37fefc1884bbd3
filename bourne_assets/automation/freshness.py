"""How old data may be: freshness policies, put on all assets in this one place.

See https://docs.dagster.io/guides/observe/asset-freshness-policies
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from bourne_assets.assets.common import REFINED_GROUP, TRUSTED_GROUP

#: TMDB is asked every day: a warning tells of one refresh that is late, a failure of one missed.
OF_TMDB = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)


def with_freshness(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The assets with their policies: those that come from TMDB must follow it day by day."""
    return [each.map_asset_specs(_with_policy) for each in assets]


def _with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    group = (spec.group_name or "").rpartition("_")[2]
    if group in {TRUSTED_GROUP, REFINED_GROUP}:
        return spec.replace_attributes(freshness_policy=OF_TMDB)
    return spec
