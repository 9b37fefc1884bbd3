"""Measurements. They print ratios within one run, for absolute times move with the machine."""
