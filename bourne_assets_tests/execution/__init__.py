"""Tests of bourne_assets.execution."""
