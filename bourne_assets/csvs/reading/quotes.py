"""Whether the quotes of a whole file are beyond doubt, so that DuckDB reads it as it is.

They are where each encloses a field, is doubled inside of one, and no line end is in quotes.
Looked at in blocks, with all quotes of a block at once.
Not here: files whose quotes are in doubt (`records`).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bourne_assets.csvs.reading.scan import BLOCK, MAXIMUM_LINE_BYTES

_FEED, _RETURN = ord("\n"), ord("\r")


def encloses_plainly(path: Path, delimiter: str, quote: str, stop: Callable[[], None]) -> bool:
    """Whether all quotes of a file enclose fields, or are doubled inside of them.

    Args:
        path: The file, with line feeds.
        delimiter: One character between two fields.
        quote: The quoting character.
        stop: Called between blocks; what it raises ends it.

    Returns:
        False where that is in doubt, where a line end is in quotes, and where some fields
        are empty in quotes, and others are not quoted: these are not the same.

    Raises:
        OSError: The file cannot be read.
    """
    if not (delimiter.isascii() and quote.isascii()):
        return False
    separator, mark = ord(delimiter), ord(quote)
    has_empty = has_bare = False
    for block in _whole_lines(path):
        stop()
        facts = _facts_of(block, separator, mark) if block else None
        if facts is None:
            return False
        has_bare, has_empty = has_bare or facts.has_bare, has_empty or facts.has_empty
        if has_empty and has_bare:
            return False
    return True


class _Facts(NamedTuple):
    """Whether fields of a block are not quoted, and whether one is empty in quotes."""

    has_bare: bool
    has_empty: bool


def _facts_of(block: bytes, separator: int, mark: int) -> _Facts | None:
    """What is in whole lines; None where a quote is in doubt."""
    found = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(found == mark)
    if not len(quotes):
        return _Facts(has_bare=True, has_empty=False)
    if len(quotes) % 2:  # a line end in quotes, or a quote too many
        return None
    opening, closing = quotes[::2], quotes[1::2]
    feeds = np.flatnonzero(found == _FEED)
    if not _well_placed(found, opening, closing, separator) or _inside(feeds, quotes).any():
        return None
    delimiters = np.flatnonzero(found == separator)
    ends = feeds.size + int(found[-1] != _FEED)
    fields = delimiters.size - int(_inside(delimiters, quotes).sum()) + ends
    doubled = int((closing[:-1] + 1 == opening[1:]).sum())
    has_bare = opening.size - doubled < fields
    return _Facts(has_bare, _has_empty(found, opening, closing, mark))


def _well_placed(
    found: np.ndarray, opening: np.ndarray, closing: np.ndarray, separator: int
) -> bool:
    """Whether each quote is at the edge of a field, or beside another."""
    before = np.where(opening > 0, found[opening - 1], _FEED)
    after = np.append(found, _FEED)[closing + 1]
    second = np.zeros(opening.size, bool)
    second[1:] = closing[:-1] + 1 == opening[1:]
    first = np.zeros(closing.size, bool)
    first[:-1] = second[1:]
    starts = (before == separator) | (before == _FEED) | second
    ends = (after == separator) | (after == _FEED) | (after == _RETURN) | first
    return bool(starts.all() and ends.all())


def _inside(places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Which places are between an opening and a closing quote."""
    return (np.searchsorted(quotes, places) % 2).astype(bool)


def _has_empty(found: np.ndarray, opening: np.ndarray, closing: np.ndarray, mark: int) -> bool:
    """Whether a field is empty in quotes."""
    pairs = opening[closing == opening + 1]
    if not pairs.size:
        return False
    edges = np.append(found, _FEED)
    before = np.where(pairs > 0, found[pairs - 1], _FEED)
    return bool(((before != mark) & (edges[pairs + 2] != mark)).any())


def _whole_lines(path: Path) -> Iterator[bytes | None]:
    """The bytes of a file in blocks of whole lines; None where a line is too long."""
    held = b""
    with path.open("rb", buffering=0) as source:
        while block := source.read(4 * BLOCK):
            data = held + block
            place = data.rfind(b"\n") + 1
            if place:
                yield data[:place]
            held = data[place:]
            if len(held) > MAXIMUM_LINE_BYTES:
                yield None
    if held:
        yield held
