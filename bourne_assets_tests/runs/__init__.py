"""Tests of bourne_assets.runs."""
