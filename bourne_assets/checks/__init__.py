"""Asset checks, one module per module of assets.

A rule is a function of a table that returns a `Finding`; "the data are bad" is a finding, and
"it could not be checked" raises. All rules of an asset run in one step, as every check of its own
would be a step of its own. What must not be put here: mending of data.
See https://docs.dagster.io/guides/test/asset-checks
"""
