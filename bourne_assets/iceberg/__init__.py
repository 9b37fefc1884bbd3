"""Iceberg tables: the catalogue, and commits that name the run that made them and its inputs.

Plain Python: no Dagster here. pyiceberg is imported by the functions that use it, as it takes half
a second of every process that loads it.
"""
