"""TMDB: its assets here or on AWS Lambda, their checks, and the sensor of changes."""
