"""What a single text is: a plain number, a date, a timestamp, a truth value, or text.

Two questions, two answers. `plain_family` says which types a text may be stored as without loss:
the stored value must say exactly what the text says. `looks_like` is generous and separates names
from values: `$74.69`, `28/01/2018` and `00:15` are not names of columns.
Not here: types of whole columns (`column_types`).
"""

import re
from collections.abc import Iterable
from datetime import datetime

#: A plain number, with a point or without: no sign but a minus, no leading zero, no separator.
NUMBER = r"0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d+"
DATE = r"[1-9]\d{3}-\d{2}-\d{2}"
#: Seconds are written, and at most microseconds: DuckDB's TIMESTAMP keeps no more.
TIMESTAMP = DATE + r"[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?"
#: UTC alone: any other offset is lost in an instant.
UTC = r"(?:Z|[+-]00:00)"
BOOLEAN = r"true|false|TRUE|FALSE|True|False"

_PLAIN = {
    "number": re.compile(NUMBER, re.ASCII),
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


def plain_family(text: str) -> str:
    """What a text may be stored as without loss: a family of types, or `text`."""
    first = text[:1]
    if not (first.isdigit() or first in {"-", "t", "f", "T", "F"}):
        return "text"
    for family, pattern in _PLAIN.items():
        if pattern.fullmatch(text):
            return family if family not in _TEMPORAL or _is_in_calendar(text) else "text"
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


def is_typed(texts: Iterable[str | None], share: float = 1.0) -> bool:
    """Whether at least this share of texts are values, those aside that are missing."""
    known = [kind for text in texts if (kind := looks_like(text or "")) != "missing"]
    return bool(known) and sum(kind in VALUES for kind in known) >= share * len(known)


def _is_in_calendar(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
