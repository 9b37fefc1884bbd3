"""CSV files: finding them, reading their form, landing them, and the ratings that they hold.

Plain Python: no Dagster here, and no films but by their IMDb id.
"""
