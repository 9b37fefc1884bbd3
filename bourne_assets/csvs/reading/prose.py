"""Lines that no delimiter splits, and that are not columns either: prose, and aligned columns.

Not here: which delimiter divides lines (`delimiters`).
"""

import re
from collections.abc import Sequence
from itertools import dropwhile

from bourne_assets.csvs.reading.records import Line

#: Lines of this many words are prose, where no delimiter splits them evenly.
_PROSE_WORDS = 5
_PROSE_LINES = 3
_TITLE = re.compile(r"#{1,6} \S")
_KEY = re.compile(r"\s*(- |[\w.-]+:(\s|$)|#|---)")
_SENTENCE = re.compile(r"(\S+\s+){2,}\S+[.!?]")
_DIVIDERS = re.compile(r"[,;\t|~^\x01\x02\x1e\x1f\xa6\xa7\xac]")
_ALIGNED = re.compile(r"\S {2,}\S")
_ALIGNED_SHARE = 0.6


def is_prose(lines: Sequence[Line], *, divided: bool) -> bool:
    """Whether lines are sentences, paragraphs, a document with a title, or keys with values."""
    filled = [line.text for line in lines if line.text.strip()]
    if len(filled) < _PROSE_LINES:
        return False
    words = sorted(len(text.split()) for text in filled)
    below = dropwhile(lambda line: not line.text.strip(), lines[:-1])
    has_paragraphs = not divided and not all(line.text.strip() for line in below)
    has_commas = any(each in text for text in filled for each in ",;")
    return (
        words[len(words) // 2] >= _PROSE_WORDS
        or (has_paragraphs and has_commas)
        or bool(_TITLE.match(filled[0]))
        or all(_KEY.match(text) for text in filled)
    )


def is_message(line: str) -> bool:
    """Whether the only line of a file is what a server says in its place: `404: Not Found`."""
    parts = [part.strip() for part in _DIVIDERS.split(line.strip())]
    return bool(_SENTENCE.fullmatch(parts[-1])) or (len(parts) == 1 and len(parts[0].split()) > 1)


def is_aligned(filled: Sequence[str]) -> bool:
    """Whether blanks align the columns of lines that are not blank, the names with them."""
    aligned = [bool(_ALIGNED.search(text)) for text in filled]
    return len(filled) > 1 and aligned[0] and sum(aligned) >= _ALIGNED_SHARE * len(filled)
