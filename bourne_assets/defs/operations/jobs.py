"""Jobs: selections of assets that are run as a whole. What must not be put here: when they run."""

from typing import Any

import dagster as dg

from bourne_assets.defs.shared.naming import SAGA_TAG, saga_job_name
from bourne_assets.saga.definition import Saga

#: The main job: every asset and check of every saga in the lineage; no saga can take its name.
full_refresh = dg.define_asset_job(
    "full_refresh",
    selection=dg.AssetSelection.all(),
    description="Land the CSV files, and refresh every saga of the lineage.",
)


def saga_job(saga: Saga) -> Any:
    """A saga's own job: all its assets and checks, and the CSV files that they join."""
    return dg.define_asset_job(
        saga_job_name(saga),
        selection=dg.AssetSelection.tag(SAGA_TAG, saga.slug).upstream(),
        description=(
            f"{saga.title}: land the CSV files, ask TMDB, build the saga table, answer the six "
            "questions."
        ),
        tags={SAGA_TAG: saga.slug},
    )
