"""SQL over the lake: which tables there are, their state on a day, and a DuckDB that reads them.

Not here: how tables come to be (`iceberg`, `csvs`, `saga`), and how rows are printed (`cli`).
"""
