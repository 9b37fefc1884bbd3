"""The six answers and the report, with their checks."""
