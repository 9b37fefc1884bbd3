"""A run of the platform as plain values: what happened in it."""
