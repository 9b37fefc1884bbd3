"""Jobs: selections of assets that are run as a whole. What must not be put here: when they run."""

import dagster as dg

#: The main job: every asset and every check.
refresh_saga = dg.define_asset_job(
    "refresh_saga",
    selection=dg.AssetSelection.all(),
    description="Land the CSV files, ask TMDB, build the saga table, answer the six questions.",
)
