"""How assets reach the outside: TMDB, the lake, and the IO manager that keeps tables in it.

A resource is a thin face: its fields are settings, its work is done by the lower floor.
See https://docs.dagster.io/guides/build/external-resources
"""
