"""Names of the assets that both floors know: as the last part of a key, and of an object's; groups.

Not here: whole keys (`defs.shared.naming`; in the lake, `lake.keys`).
"""

RAW_CSVS = "raw_csvs_s3"
INSIGHT_METRICS = "insight_metrics"
SAGA_HISTORY = "saga_history"
SAGA_REPORT = "saga_report"
FACT_ANSWER = "fact_answer"
#: What each saga has besides the table that is named after it.
OF_EACH_SAGA = (
    "tmdb_search",
    "tmdb_external_ids",
    "tmdb_details",
    INSIGHT_METRICS,
    SAGA_HISTORY,
    FACT_ANSWER,
    SAGA_REPORT,
)
#: First part of the keys of CSV datasets.
CSV_DATASETS = "csv_datasets"
RAW_GROUP, TRUSTED_GROUP, REFINED_GROUP = "raw", "trusted", "refined"
#: Tag of assets, jobs and runs whose value is the slug of their saga.
SAGA_TAG = "saga"


def group_of(slug: str, layer: str) -> str:
    """The group of a saga's assets of one layer: each saga has groups of its own in the lineage."""
    return f"{slug}_{layer}"


def groups_of(slug: str) -> list[str]:
    """The groups of all assets of a run of a saga."""
    return [RAW_GROUP, *(group_of(slug, layer) for layer in (TRUSTED_GROUP, REFINED_GROUP))]
