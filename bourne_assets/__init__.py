"""A Dagster data platform for CSV batches, TMDB films and six questions about a saga.

Two floors: `definitions`, `defs` and `cli` speak Dagster;
`tmdb`, `lake`, `csvs`, `saga` and `answers` are plain Python that never imports it.
Nothing is imported here, so that a light module of the lower floor starts light.
"""

__version__ = "0.1.0"
