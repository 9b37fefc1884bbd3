"""Whether a record names columns: names are words where the values are numbers or times.

Not here: where the header is (`layout`).
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from bourne_assets.csvs.reading.kinds import VALUES, is_typed, looks_like
from bourne_assets.csvs.reading.records import Fields

#: A column is of a kind where this many of its values are.
_TYPED_SHARE = 0.8
_YEARS = range(1500, 2201)
_PAIR = 2


def has_header(first: Fields, rows: Sequence[Fields]) -> bool:
    """Whether a record names columns: names are words where the values are numbers or times.

    Args:
        first: The record.
        rows: Those below it, as wide as it.
    """
    return score_of(first, rows) >= 0 if rows else not _is_row(first)


def _is_row(alone: Fields) -> bool:
    """Whether a record that is alone is a row: half of its fields are values, and no years."""
    filled = [text.strip() for text in alone if text and text.strip()]
    values = [t for t in filled if looks_like(t) in VALUES and not _is_year(t)]
    return bool(values) and 2 * len(values) >= len(filled)


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}", text, re.ASCII)) and int(text) in _YEARS


def score_of(first: Fields, rows: Sequence[Fields]) -> int:
    """Columns that speak for a header, less those that speak against one."""
    kinds = [looks_like(name or "") for name in first]
    are_years = _are_years(first, kinds, rows)
    score = 0
    for place, kind in enumerate(kinds):
        below = [row[place] for row in rows]
        if kind == "text":
            score += is_typed(below, _TYPED_SHARE)
        elif kind in VALUES and not are_years:
            found = {looks_like(text or "") for text in below} - {"missing"}
            score -= not (kind == "time" and found == {"number"})  # which days may name
    return score


def _are_years(first: Fields, kinds: Sequence[str], rows: Sequence[Fields]) -> bool:
    """Whether the values among the names are years: `country, 1960, 1961`.

    Three or more come in steps; or they rise or fall, and the values below them are not years.
    """
    places = [place for place, kind in enumerate(kinds) if kind in VALUES]
    found = [(first[place] or "").strip() for place in places]
    if len(found) < _PAIR or len(found) == len(first) or not all(map(_is_year, found)):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(found)} - {0}
    if len(steps) <= 1 and len(found) > _PAIR:
        return bool(steps)
    values = [row[place] for row in rows for place in places if row[place]]
    is_ordered = bool(steps) and (min(steps) > 0 or max(steps) < 0)
    return is_ordered and 2 * sum(_is_year(v or "") for v in values) <= len(values)


def names_columns(fields: Fields) -> bool:
    """Whether fields may be names: words, not values, and no two alike."""
    filled = [value.strip().casefold() for value in fields if value and value.strip()]
    return (
        bool(filled)
        and len(set(filled)) == len(filled)
        and not any(looks_like(value) in VALUES for value in filled)
        and len(filled) >= len(fields) - 1
    )
