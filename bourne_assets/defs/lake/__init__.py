"""The lake as Dagster sees it: its resource, and the IO manager."""
