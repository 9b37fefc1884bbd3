"""Tests of the Iceberg tables and their catalogues."""
