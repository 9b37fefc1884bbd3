"""Tests of `bourne_assets.csvs.landing`."""
