"""Tests of bourne_assets.defs.csvs."""
