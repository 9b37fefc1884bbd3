"""CSV files: reading and landing them."""
