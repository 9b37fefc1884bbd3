"""Tests of bourne_assets: sentences about behaviour, against real servers on loopback."""
