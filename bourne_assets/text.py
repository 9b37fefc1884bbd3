"""Text from outside, made safe for where it is shown.

Titles, names and messages of other people may hold anything: terminal escape sequences, characters
that XML forbids, marks that turn the direction of what follows. Tables keep such text as it came;
code that draws, renders or prints it calls one of these functions first.
Not here: escaping for a markup language (Markdown, HTML, Rich), which comes after.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

#: C0, DEL, C1, line and paragraph separators, surrogates, noncharacters of the first plane.
#: XML 1.0 forbids most of them (section 2.2, production 2); no text needs the others.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
#: Explicit direction marks: Unicode Standard Annex 9, section 2.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_ISOLATES = re.compile("[\u2066-\u2069]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL_PICTURES, _DELETE, _PICTURE_OF_DELETE = 0x2400, 0x7F, "\N{SYMBOL FOR DELETE}"


def drawable(text: str) -> str:
    """A text for a picture or a page: on one line, of characters that XML 1.0 allows.

    Line breaks and tabs become blanks; other control characters, surrogates and noncharacters are
    left out. Direction marks reach no further than the text itself.
    """
    return _isolated(_UNSAFE.sub(lambda found: " " if found[0] in _LINE_BREAKS else "", text))


def printable(text: str) -> str:
    """A text for a terminal: on one line, and unable to move, colour or clear anything.

    Line breaks and tabs become blanks. Other control characters are shown by their pictures (ESC
    as U+241B), what has none by U+FFFD. Direction marks reach no further than the text itself.
    """
    return _isolated(_UNSAFE.sub(lambda found: _picture(found[0]), text))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped one was probably meant to be; None where none is near."""
    by_folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def ended_once(sentence: str) -> str:
    """The sentence without the full stop that follows a question at its end."""
    return sentence[:-1] if sentence.endswith("?.") else sentence


def _picture(character: str) -> str:
    if character in _LINE_BREAKS:
        return " "
    code = ord(character)
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    return _PICTURE_OF_DELETE if code == _DELETE else _REPLACEMENT


def _isolated(text: str) -> str:
    """The text in an isolate of its own where it holds direction marks, none of which ends that."""
    if not _BIDI.search(text):
        return text
    depth = 0

    def balance(found: re.Match[str]) -> str:
        nonlocal depth
        if found[0] != _POP_ISOLATE:
            depth += 1
            return found[0]
        if depth == 0:
            return ""
        depth -= 1
        return found[0]

    balanced = _ISOLATES.sub(balance, text)
    return f"{_FIRST_STRONG_ISOLATE}{balanced}{_POP_ISOLATE * depth}{_POP_ISOLATE}"
