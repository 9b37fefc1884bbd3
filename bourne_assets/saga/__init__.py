"""Sagas: what one is, which films belong to it, and the table of its films.

Plain Python: no Dagster here, and no requests (`bourne_assets.tmdb`).
"""
