"""Lines below the rows that a spreadsheet filled up with delimiters: sources, notes, empty ones.

Without these delimiters they are too short, and rejected for it.
Not here: what is above the rows (`layout`).
"""

from collections.abc import Sequence

from bourne_assets.csvs.reading.kinds import VALUES, looks_like
from bourne_assets.csvs.reading.records import Fields, Record
from bourne_assets.translations import in_english

FOOTER = in_english("it is part of the footer: only its first field is filled")
_LEAST_WIDTH, _LEAST_ROWS = 3, 3
_LOOKED_AT = 20
_WORDS = 3


def footer_texts(last: Sequence[Record], rows: Sequence[Fields], width: int) -> frozenset[str]:
    """The texts of a footer's lines; none where they may be rows.

    Args:
        last: The last records of the file.
        rows: Some of its rows.
        width: Fields of a record.
    """
    found: list[Record] = []
    for record in reversed(last[-_LOOKED_AT:]):
        if record.fault or len(record.fields) != width or any(record.fields[1:]):
            break
        found.append(record)
    others = [row for row in rows if any(row[1:])]
    if width < _LEAST_WIDTH or len(others) < _LEAST_ROWS or len(others) + len(found) < len(rows):
        return frozenset()
    is_typed = all(looks_like(row[0] or "") in VALUES for row in others)
    first = [record.fields[0] or "" for record in found]
    if not any(_is_note(text, is_typed=is_typed) for text in first):
        return frozenset()
    return frozenset(record.text for record in found)


def _is_note(text: str, *, is_typed: bool) -> bool:
    """Whether a text is not a value of its column, but somebody's words."""
    is_value = looks_like(text) != "text"
    return not is_value and (is_typed or ":" in text or len(text.split()) >= _WORDS)
