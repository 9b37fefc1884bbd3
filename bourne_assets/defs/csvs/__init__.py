"""CSV files: landing, datasets, checks, and the sensors that land new files."""
