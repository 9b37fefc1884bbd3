"""Formats of dates and timestamps that a user declares: each says a whole date.

Not here: how texts are read by them (`reading.moments`).
"""

import re

import duckdb

from bourne_assets.translations import gettext

_FIELD = re.compile(r"%(-?[A-Za-z]|%)")
#: What the fields of DuckDB's `strptime` say, without `-`.
_YEAR, _MONTH, _DAY = frozenset("yYGcx"), frozenset("mbBVjcx"), frozenset("dujcx")
_TIME = frozenset("HIpMSfgnzZcX")
_ZONE = frozenset("zZ")
_HALF_DAY, _HALVES = "I", "p"


def date_format(text: str) -> str:
    """A format of dates as DuckDB's `strptime` takes it.

    Raises:
        ValueError: It is not one.
    """
    found = _fields(text)
    if times := sorted(found & _TIME):
        raise ValueError(
            gettext("a date has no time (%{times}): declare timestamp_format", times=times[0])
        )
    return text


def timestamp_format(text: str) -> str:
    """A format of timestamps as DuckDB's `strptime` takes it.

    Raises:
        ValueError: It is not one.
    """
    found = _fields(text)
    if _HALF_DAY in found and _HALVES not in found:
        raise ValueError(gettext("%I counts twelve hours: declare %p too, or %H"))
    return text


def has_zone(text: str) -> bool:
    """Whether a format has a zone or an offset, so that it says an instant."""
    return bool({name.lstrip("-") for name in _FIELD.findall(text)} & _ZONE)


def _fields(text: str) -> set[str]:
    """The fields of a format, which name a year, a month and a day."""
    found = {name.lstrip("-") for name in _FIELD.findall(text)} - {"%"}
    if not found:
        raise ValueError(gettext("it has no field such as %d, %m or %Y"))
    try:
        duckdb.execute("SELECT try_strptime('x', ?)", [text])
    except duckdb.Error as error:
        raise ValueError(
            gettext("DuckDB does not know the format {text!r}", text=text[:100])
        ) from error
    needed = {"year (%Y)": _YEAR, "month (%m)": _MONTH, "day (%d)": _DAY}
    missing = [name for name, fields in needed.items() if not found & fields]
    if missing:
        raise ValueError(
            gettext("it has no {missing}, which would be made up", missing=" and no ".join(missing))
        )
    return found
