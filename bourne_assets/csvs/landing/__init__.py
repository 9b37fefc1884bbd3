"""Landing CSV files in the lake: their bytes, their rejected lines, and a table of each dataset.

Not here: finding and opening files (`intake`), and what is in them (`reading`).
"""
