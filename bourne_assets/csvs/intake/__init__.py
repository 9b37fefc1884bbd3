"""CSV files on their way in: which there are, what is new among them, and opening them safely.

Not here: what a file holds (`reading`), and sending it (`landing`).
"""
