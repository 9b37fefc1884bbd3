"""The answers: computed from the saga table, put into words, and drawn.

`questions` is the way in. Plain Python: no Dagster here, no requests, and no lake.
"""
