"""What a score hides: tables that are silently wrong, compared with the clean ones by row.

Pollock's measures are of multisets, and its records have no sign between their cells: a row whose
cells have moved by one scores like one that is right. Here a row is right where each of its cells
is: the same text except for case and blanks around it, or one number, time, date or truth value in
whatever form; a number that lost leading zeros or digits is not the same. Empty cells at the end of
a row, and rows without any text, do not count.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bench.pollock_score import Rows, value

_CODE = re.compile(r"[+-]?0\d+|[+-]?\d{16,}")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(.*)", re.DOTALL)
_C1 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_WORDS = dict.fromkeys(("no", "n", "false", "f"), False) | dict.fromkeys(
    ("yes", "y", "true", "t"), True
)
_MADE_UP = re.compile(r"(?i)(column|unnamed|_duplicated).*|_c\d+")
_AHEAD, _MOST_AHEAD = 60, 2_000


@dataclass(frozen=True)
class Loaded:
    """What a system made of a file.

    Attributes:
        rows: Its rows as texts, the names first.
        warned: How many lines it says it left out.
        is_named: Whether the first row has names; else it is a row like all others.
        is_invented: Whether these are the system's own, and it says so.
    """

    rows: Rows = field(default_factory=list)
    warned: int = 0
    is_named: bool = True
    is_invented: bool = False


def judge(clean: Rows, loaded: Loaded, parameters: Mapping[str, Any]) -> str:
    """The outcome of a file: `right`, `warned` or `silent`.

    Args:
        clean: The table that was meant.
        loaded: What the system made of it.
        parameters: What the benchmark says of the file.
    """
    rows, mine = _filled(clean), _filled(loaded.rows[1:] if loaded.is_named else loaded.rows)
    if not rows:
        return _kind(wrong=len(mine), missing=0, loaded=loaded)
    if int(parameters.get("header_lines", 1)) > 0:
        named = not loaded.warned or loaded.is_named
        names = loaded.rows[0] if loaded.rows and named else []
        rows, mine = rows[1:], _filled(loaded.rows[1:] if named else loaded.rows)
        has_names = _are_names(clean[0], names)
    else:
        made_up = [str(name).strip() for name in parameters.get("column_names") or ()]
        taken = [name.strip() for name in clean[0]]
        if made_up == taken or all(re.fullmatch(r"col_\d+", name) for name in taken):
            rows = rows[1:]
        first = _filled(loaded.rows[:1])
        is_row = bool(first) and bool(rows) and _same_row(first[0], rows[0])
        has_names = not (loaded.is_named and is_row and not loaded.is_invented)
    ahead = min(_MOST_AHEAD, loaded.warned + abs(len(rows) - len(mine)) + _AHEAD)
    wrong, missing = _compare(rows, mine, ahead)
    return _kind(wrong=wrong + (not has_names), missing=missing, loaded=loaded)


def _kind(*, wrong: int, missing: int, loaded: Loaded) -> str:
    if not wrong and not missing:
        return "right"
    return "warned" if loaded.warned else "silent"


def _filled(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    found = []
    for row in rows:
        cells = list(row)
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            found.append(tuple(cells))
    return found


def _compare(
    clean: Sequence[Sequence[str]], loaded: Sequence[Sequence[str]], ahead: int
) -> tuple[int, int]:
    """Loaded rows that are not a clean row (in order), and clean rows that were not loaded."""
    place = wrong = 0
    for row in loaded:
        span = range(place, min(len(clean), place + ahead))
        found = next((number for number in span if _same_row(clean[number], row)), None)
        if found is None:
            wrong += 1
        else:
            place = found + 1
    return wrong, len(clean) - (len(loaded) - wrong)


def _are_names(clean: Sequence[str], loaded: Sequence[str]) -> bool:
    """Whether all names are right that are not empty, and stand once."""
    given = Counter(name.strip().casefold() for name in clean)
    for number, name in enumerate(clean):
        is_free = not name.strip() or given[name.strip().casefold()] > 1
        if not is_free and (number >= len(loaded) or not _same(name, loaded[number])):
            return False
    return all(_MADE_UP.fullmatch(name) for name in loaded[len(clean) :])


def _same_row(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(one) == len(other) and all(map(_same, one, other))


@lru_cache(maxsize=400_000)
def _same(one: str, other: str) -> bool:
    """Whether two texts are one value."""
    one, other = (text.strip().translate(_C1).casefold() for text in (one, other))
    if one == other or (one in _WORDS and _WORDS[one] == _WORDS.get(other)):
        return True
    if not one or not other or _CODE.fullmatch(one) or _CODE.fullmatch(other):
        return False
    try:
        return float(one) == float(other)
    except ValueError:
        return bool(_views(one) & _views(other))


def _views(text: str) -> set[str]:
    """What a text may mean: a date may have its day or its month first."""
    found = {value(text)}
    if match := _DAY_FIRST.fullmatch(text):
        day, sign, month, year, rest = match.groups()
        found.add(value(f"{year}-{month.zfill(2)}-{day.zfill(2)}{rest}"))
        found.add(value(f"{month}{sign}{day}{sign}{year}{rest}"))
    return found | {each.removesuffix(" 00:00:00") for each in found} - {""}
