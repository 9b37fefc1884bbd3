"""Tests of bourne_assets.webserver."""
