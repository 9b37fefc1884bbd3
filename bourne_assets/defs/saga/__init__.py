"""The saga table and its history, with their checks."""
