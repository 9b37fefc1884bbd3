"""How old data may be: freshness policies, put on all assets in this one place.

See https://docs.dagster.io/guides/observe/asset-freshness-policies
"""

from datetime import timedelta

import dagster as dg

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.csvs.options import Datasets
from bourne_assets.defs.csvs.datasets import dataset_key
from bourne_assets.defs.shared.naming import Assets
from bourne_assets.saga.figures import OLDEST_FIGURES
from bourne_assets.settings import Settings

#: Daily refreshes: a warning means that one refresh is late, a failure that one was missed.
OF_TMDB = dg.FreshnessPolicy.time_window(
    fail_window=OLDEST_FIGURES, warn_window=timedelta(hours=26)
)


def with_freshness(settings: Settings, assets: Assets, datasets: Datasets) -> Assets:
    """The assets with their policies.

    Those of a saga must follow TMDB day by day, unless they come from the bundled snapshot, which
    stays as it is. How old a dataset of CSV files may be, its own options say.
    """
    policies = {
        dataset_key(name): dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=options.fresh_within_hours)
        )
        for name, options in datasets.known.items()
        if options.fresh_within_hours is not None
    }
    of_sagas = None if settings.uses_snapshot else OF_TMDB

    def with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
        policy = of_sagas if SAGA_TAG in spec.tags else policies.get(spec.key)
        return spec.replace_attributes(freshness_policy=policy) if policy else spec

    return dg.map_asset_specs(with_policy, assets)
