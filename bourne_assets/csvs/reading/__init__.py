"""How a CSV file becomes rows: its bytes, its dialect, its types.

Not here: what the user declares (`csvs.options`), and where rows go (`landing`).
"""
