"""The six answers: computed from the saga table, put into words, and drawn.

Plain Python: no Dagster here, no requests, and no lake.
"""
