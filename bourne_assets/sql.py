"""Names and texts in DuckDB's SQL, whatever is in them. Not here: statements, and connections."""


def identifier(name: str) -> str:
    """A name, quoted as an identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """A text as a value."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
