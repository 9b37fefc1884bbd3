"""Tests of `bourne_assets.saga`."""
