"""What Dagster knows, a chapter a source; plain Python that it calls is beside `defs`."""
