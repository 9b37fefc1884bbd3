"""Iceberg tables: the catalogue, and commits that tell which run made them and of what.

Plain Python: no Dagster here. pyiceberg is imported by the functions that use it, for it takes half
a second of every process that loads it.
"""
