"""Dates and times in a format that the user declares, in SQL.

Not here: which formats there are (`time_formats`), and ISO dates (`column_types`).
"""

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.time_formats import has_zone
from bourne_assets.sql import literal

INSTANT = "TIMESTAMP WITH TIME ZONE"
#: `%Y` takes `24` for a year of the first century.
_FIRST_YEAR = 1000


def timestamp_type(options: DatasetOptions) -> str:
    """The type of timestamps in the declared format."""
    has = options.timestamp_format and has_zone(options.timestamp_format)
    return INSTANT if has else "TIMESTAMP"


def in_format(text: str, kind: str, given: str) -> tuple[str, str]:
    """The value of a text in SQL, and whether the text is one of the type, and says no more.

    Args:
        text: An SQL expression.
        kind: DuckDB's type.
        given: The format, as DuckDB's `strptime` takes it.
    """
    found = f"try_strptime({text}, {literal(given)})"
    value = f"CAST({found} AS {kind})"
    # DuckDB takes `infinity` and `epoch` in any format, for the first day of 1900.
    fits = (
        f"regexp_matches({text}, '[0-9]') AND {found} = {value} AND year({found}) >= {_FIRST_YEAR}"
    )
    return value, f"coalesce({fits}, false)"
