"""Tests of `bourne_assets.csvs.intake`."""
