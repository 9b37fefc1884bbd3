"""How a CSV file becomes rows."""
