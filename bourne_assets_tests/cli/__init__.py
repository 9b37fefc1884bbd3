"""Tests of bourne_assets.cli."""
