"""Tests of bourne_assets.defs.lake."""
