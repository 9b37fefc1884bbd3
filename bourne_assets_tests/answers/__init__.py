"""Tests of `bourne_assets.answers`."""
