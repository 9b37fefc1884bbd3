"""The assets, one module per source or layer.

An asset's body reads like its sentence: take the inputs, call the lower floor, return the value
with what is worth knowing about it. What must not be put here: requests, file formats, rules.
See https://docs.dagster.io/guides/build/assets
"""
