"""Names of the assets that both floors know: as the last part of a key, and of an object's.

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
