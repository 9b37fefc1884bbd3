"""Tests of bourne_assets.defs.saga."""
