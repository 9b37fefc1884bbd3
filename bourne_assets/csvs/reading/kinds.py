"""What a single text is: a plain number, a date, a timestamp, a truth value, or text.

Two questions, two answers. `plain_kind` says which type a text may be stored as without loss: the
stored value must say exactly what the text says. `looks_like` is generous and separates names from
values: `$74.69`, `28/01/2018` and `00:15` are not names of columns.
Not here: types of whole columns (`column_types`).
"""

import re
from datetime import datetime

#: A plain integer: no sign but a minus, no leading zero, no separator.
INTEGER = r"0|-?[1-9]\d*"
#: A plain decimal number with a point.
DECIMAL = r"-?(?:0|[1-9]\d*)\.\d+"
DATE = r"[1-9]\d{3}-\d{2}-\d{2}"
#: Seconds are written, and at most microseconds: DuckDB's TIMESTAMP keeps no more.
TIMESTAMP = DATE + r"[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?"
#: UTC alone: any other offset is lost in an instant.
UTC = r"(?:Z|[+-]00:00)"
BOOLEAN = r"true|false|TRUE|FALSE|True|False"

_LETTER = {
    "integer": re.compile(INTEGER, re.ASCII),
    "decimal": re.compile(DECIMAL, re.ASCII),
    "date": re.compile(DATE, re.ASCII),
    "timestamp": re.compile(TIMESTAMP, re.ASCII),
    "instant": re.compile(TIMESTAMP + UTC, re.ASCII),
    "boolean": re.compile(BOOLEAN),
}
#: What `looks_like` says of values, as names are none.
VALUES = frozenset({"number", "time"})
_TEMPORAL = frozenset({"date", "timestamp", "instant"})

_NUMBER = re.compile(
    r"[+-]?[$€£¥₹]?\s?[+-]?(\d+|\d{1,3}([., ']\d{3})+)?([.,]\d+)?([eE][+-]?\d+)?\s?(%|[$€£¥])?",
    re.ASCII,
)
_DAY = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[-/. ][A-Za-z]{3,9}[-/. ]\d{2,4})"
    r"([ T]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?([AaPp][Mm])?\s?(Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_CLOCK = re.compile(r"\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp][Mm])?", re.ASCII)
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "\\n"})


def plain_kind(text: str) -> str:
    """What a text may be stored as: a key of `column_types`' families, or `text`."""
    first = text[:1]
    if not (first.isdigit() or first in {"-", "t", "f", "T", "F"}):
        return "text"
    for kind, pattern in _LETTER.items():
        if pattern.fullmatch(text):
            return kind if kind not in _TEMPORAL or _is_in_calendar(text) else "text"
    return "text"


def looks_like(text: str) -> str:
    """What a text looks like to a reader: `number`, `time`, `missing` or `text`."""
    bare = text.strip()
    if bare.casefold() in _MISSING:
        return "missing"
    if any(char.isdigit() for char in bare):
        if _NUMBER.fullmatch(bare):
            return "number"
        if _DAY.fullmatch(bare) or _CLOCK.fullmatch(bare):
            return "time"
    return "text"


def _is_in_calendar(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
