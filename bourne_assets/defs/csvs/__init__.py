"""CSV files: landing, datasets, checks, and the sensors that land by themselves."""
