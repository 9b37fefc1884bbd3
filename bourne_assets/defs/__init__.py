"""What Dagster knows, a chapter a source; plain Python that it calls lies beside `defs`."""
