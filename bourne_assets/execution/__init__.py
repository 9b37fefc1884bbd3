"""Where and in which processes runs are executed: all of it Dagster's own, chosen and set up here.

Not here: what is executed. docs/deploy.md says when to choose what.
"""
