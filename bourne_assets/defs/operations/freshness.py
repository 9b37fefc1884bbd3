"""How old data may be: freshness policies, put on all assets in this one place.

See https://docs.dagster.io/guides/observe/asset-freshness-policies
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from bourne_assets.csvs.options import Datasets
from bourne_assets.defs.csvs.datasets import dataset_key
from bourne_assets.defs.shared.naming import REFINED_GROUP, TRUSTED_GROUP

#: TMDB is asked every day: a warning tells of one refresh that is late, a failure of one missed.
OF_TMDB = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)


def with_freshness(
    assets: Iterable[dg.AssetsDefinition | dg.AssetSpec], datasets: Datasets
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets with their policies.

    Args:
        assets: The assets; those that come from TMDB must follow it day by day.
        datasets: What the user says of datasets of CSV files: how old each may be.
    """
    policies = {
        dataset_key(name): dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=said.fresh_within_hours)
        )
        for name, said in datasets.known.items()
        if said.fresh_within_hours is not None
    }

    def with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
        group = (spec.group_name or "").rpartition("_")[2]
        follows_tmdb = group in {TRUSTED_GROUP, REFINED_GROUP}
        policy = OF_TMDB if follows_tmdb else policies.get(spec.key)
        return spec.replace_attributes(freshness_policy=policy) if policy else spec

    return [
        with_policy(each) if isinstance(each, dg.AssetSpec) else each.map_asset_specs(with_policy)
        for each in assets
    ]
