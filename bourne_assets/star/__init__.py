"""The star schema in `refined.*`: films, sagas, days, what was stated on a day, and answers.

Not here: how Iceberg tables are written (`iceberg`), and what Dagster shows of them (`defs`).
"""
