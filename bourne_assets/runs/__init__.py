"""Recorded runs: the instance that keeps them, and what happened in one as plain values."""
