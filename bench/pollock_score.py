"""Pollock's measures of a table that was loaded, from the benchmark's definition (VLDB 2023).

Each file has ten in [0, 1]: success, and precision, recall and F1 of header, records and cells, as
multisets. Records are their cells one after another, without a sign between them. All are compared
by value: number, truth value, time, date, price, or text in lower case. The simple score is the sum
of the means over all files, the weighted one of means by how often a survey found each pollution;
ten is the best.
Not here: what a score hides (`pollock_damage`).
"""

import csv
import datetime as dt
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

Rows = list[list[str]]
_MEASURES = 10

_CLOCK = re.compile(
    r"(\d{1,2})([: ])(\d{1,2})(?:\2(\d{1,2}))?|(\d{1,2}):?(\d{1,2})?(?::(\d{1,2}))? ?h"
)
_PART = (
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*([AaPp][Mm])?"
    r"\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
_NUMERIC = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})" + _PART)
_NAMED = re.compile(
    r"(?:(\d{1,2})[-/. ]+([A-Za-z]{3,9})|([A-Za-z]{3,9})[-/. ]+(\d{1,2}))[-/., ]+(\d{4}|\d{2})"
    + _PART
)
_NAMES = "january february march april may june july august september october november december"
_MONTHS = {
    name[:size]: number for number, name in enumerate(_NAMES.split(), 1) for size in (3, len(name))
} | {"sept": 9}
_CURRENCY = re.compile(
    r"[A-Z]{1,3}\$|\$|€|£|¥|₹|₽|₩|₪|₺|(?<![A-Za-z])(?:USD|EUR|GBP|JPY|CHF|AUD|CAD|INR|CNY|RUB|BRL|PLN"
    r"|SEK|NOK|DKK|CZK|HUF|TRY|ZAR|MXN)(?![A-Za-z])"
)
_AMOUNT = re.compile(r"\d[\d\s.,]*")
_PIVOT = 77


def read_rows(path: Path) -> Rows:
    """A table as the benchmark writes it: comma, double quotes, any line end, UTF-8."""
    csv.field_size_limit(sys.maxsize)
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            with path.open(encoding=encoding) as file:
                return list(csv.reader(file))
        except UnicodeDecodeError:
            continue
    return []


def measures(expected: Rows, loaded: Rows | None) -> list[float]:
    """The ten measures of a file; None: it could not be loaded."""
    if loaded is None:
        return [0.0] * _MEASURES
    if not expected:
        return [1.0] * _MEASURES
    rows = [[[value(cell) for cell in row] for row in table] for table in (expected, loaded)]
    wanted, found = rows
    pairs = (
        (wanted[0], found[0] if found else []),
        (["".join(row) for row in wanted[1:]], ["".join(row) for row in found[1:]]),
        ([cell for row in wanted for cell in row], [cell for row in found for cell in row]),
    )
    return [1.0, *(share for pair in pairs for share in _shares(*pair))]


def simple(scores: Mapping[str, Sequence[float]]) -> float:
    """The score in which all files count alike."""
    return sum(map(sum, scores.values())) / len(scores)


def weighted(scores: Mapping[str, Sequence[float]], weights: Mapping[str, float]) -> float:
    """The score in which files count as often as real ones were polluted like them."""
    total = sum(weights[name] for name in scores)
    return sum(weights[name] * sum(each) for name, each in scores.items()) / total


def _shares(expected: Sequence[str], loaded: Sequence[str]) -> tuple[float, float, float]:
    if not expected:
        return 1.0, 1.0, 1.0
    both = (Counter(expected) & Counter(loaded)).total()
    if not both:
        return 0.0, 0.0, 0.0
    precision, recall = both / len(expected), both / len(loaded)
    return precision, recall, 2 * precision * recall / (precision + recall)


@lru_cache(maxsize=400_000)
def value(cell: str) -> str:
    """The value of a cell as a text that equal values share."""
    if not cell.strip():
        return cell.lower()
    if cell in {"True", "true", "False", "false"}:
        return str(int(cell.lower() == "true"))
    for number in (int, float):
        try:
            return str(number(cell))
        except ValueError:
            continue
    return _clock(cell) or _date(cell) or _price(cell) or cell.lower()


def _clock(text: str) -> str | None:
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hour, _, minute, second, hour2, minute2, second2 = match.groups()
    try:
        found = dt.time(
            int(hour or hour2), int(minute or minute2 or 0), int(second or second2 or 0)
        )
    except ValueError:
        return None
    return str(found)


def _date(text: str) -> str | None:
    if match := _NUMERIC.fullmatch(text):
        first, _, second, third, *clock = match.groups()
        year, month, day = _in_order(first, int(second), third)
    elif match := _NAMED.fullmatch(text):
        day1, name1, name2, day2, written, *clock = match.groups()
        month = _MONTHS.get((name1 or name2).lower(), 0)
        year, day = _year(written), int(day1 or day2)
    else:
        return None
    hour, minute, seconds, fraction, half, zone = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    micros = int((fraction or "0").ljust(6, "0"))
    try:
        found = dt.datetime(year, month, day, hours, int(minute or 0), int(seconds or 0), micros)
    except ValueError:
        return None
    if not zone:
        return str(found)
    return str(found) + ("+00:00" if zone[0].isalpha() else f"{zone[:3]}:{zone[-2:]}")


def _in_order(first: str, second: int, third: str) -> tuple[int, int, int]:
    """Year, month and day; the month comes before the day where it can."""
    if len(first) > 2:
        return int(first), second, int(third)
    if int(first) > 12:
        return _year(third), second, int(first)
    return _year(third), int(first), second


def _year(text: str) -> int:
    return int(text) + (0 if len(text) > 2 else 1900 if int(text) >= _PIVOT else 2000)


def _price(text: str) -> str | None:
    sign, amount = _CURRENCY.search(text), _AMOUNT.search(text)
    if not sign or not amount:
        return None
    digits = re.sub(r"\s", "", amount[0]).rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and (len(digits) - last - 1 != 3 or (digits[0] == "0" and last == 1)):
        digits = re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :]
    else:
        digits = re.sub(r"[.,]", "", digits)
    return sign[0] + str(float(digits))
