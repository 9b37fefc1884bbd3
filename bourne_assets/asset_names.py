"""Names of the assets that both floors know: as the last part of a key, and of an object's.

Not here: whole keys (`defs.shared.naming`; in the lake, `lake.keys`).
"""

RAW_CSVS = "raw_csvs_s3"
INSIGHT_METRICS = "insight_metrics"
SAGA_HISTORY = "saga_history"
SAGA_REPORT = "saga_report"
FACT_ANSWER = "fact_answer"
