"""Text from outside: nothing of it harms a picture, a page or a terminal."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bourne_assets.text import drawable, printable

_C0 = [chr(code) for code in range(0x20)]
_C1 = [chr(code) for code in range(0x7F, 0xA0)]
_FORBIDDEN = [*_C0, *_C1, "\ud83c", "\ufffe", "\uffff", "\u2028"]
_ANY = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=60)
_BOTH = pytest.mark.parametrize("clean", [drawable, printable])
_OPENING, _CLOSING = "\u2066\u2067\u2068", "\u2069"


@_BOTH
@pytest.mark.parametrize("character", _FORBIDDEN, ids=lambda text: f"{ord(text):04X}")
def test_no_control_character_is_left(clean: Callable[[str], str], character: str) -> None:
    cleaned = clean(f"The Bourne{character} Ultimatum")
    assert character not in cleaned
    assert cleaned.startswith("The Bourne")
    assert cleaned.endswith(" Ultimatum")


@given(_ANY)
def test_what_is_drawn_is_xml(text: str) -> None:
    element = ET.fromstring(f"<t>{drawable(text).translate(_ESCAPED)}</t>")  # noqa: S314 - made here
    assert (element.text or "") == drawable(text)


_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@given(_ANY)
def test_what_is_printed_is_one_line_of_utf8(text: str) -> None:
    printed = printable(text)
    assert len(printed.splitlines()) <= 1
    assert printed.encode().decode() == printed


@_BOTH
def test_ordinary_text_stays_as_it_is(clean: Callable[[str], str]) -> None:
    text = "L’Été \N{NO-BREAK SPACE}– 東京物語, \N{GRINNING FACE} שלום"
    assert clean(text) == text


def test_an_escape_sequence_is_seen_and_does_nothing() -> None:
    assert printable("a\x1b[31mb\x9bJ\x7f") == "a␛[31mb\N{REPLACEMENT CHARACTER}J␡"


def test_a_picture_leaves_control_characters_out() -> None:
    assert drawable("The Bourne\x0b Ultimatum\x1f\n2") == "The Bourne  Ultimatum 2"


@_BOTH
@given(text=st.text(alphabet="a\u202e\u202b\u202c\u2066\u2067\u2068\u2069\u200f", max_size=12))
def test_direction_marks_reach_no_further_than_the_text(
    clean: Callable[[str], str], text: str
) -> None:
    cleaned = clean(text)
    depth, ended_at = 0, []
    for position, character in enumerate(cleaned):
        depth += (character in _OPENING) - (character == _CLOSING)
        assert depth >= 0
        if depth == 0:
            ended_at.append(position)
    assert depth == 0
    if cleaned.strip("a"):  # one isolate from the first character to the last
        assert cleaned[0] in _OPENING
        assert ended_at == [len(cleaned) - 1]
