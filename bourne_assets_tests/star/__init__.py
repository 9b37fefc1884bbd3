"""Tests of the star schema."""
