"""The two READMEs say the same: headings, commands, settings, tables and links."""

import re
from pathlib import Path

import pytest

from bourne_assets.settings import VARIABLES

ROOT = Path(__file__).parent.parent
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
PORTUGUESE = (ROOT / "README.pt.md").read_text(encoding="utf-8")
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _prose(text: str) -> str:
    return _FENCED.sub("", text)


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    """What a person could paste: the output of commands and comments are left out."""
    found = []
    for kind, body in _FENCED.findall(text):
        lines = [line.split("  #", 1)[0].rstrip() for line in body.splitlines()]
        if kind == "text":
            lines = []
        elif kind == "console":
            lines = [line for line in lines if line.startswith("$ ")]
        found.append((kind, lines))
    return found


def _indented(text: str) -> list[str]:
    return [line for line in _prose(text).splitlines() if line.startswith("    ")]


def _tables(text: str) -> list[list[str]]:
    """The names in the first column of each table's rows; headers are words."""
    rows = [line.split(" | ")[0] for line in _prose(text).splitlines() if line.startswith("| ")]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def _inline(text: str) -> set[str]:
    """Commands, settings, files and names in prose and tables."""
    return set(re.findall(r"`([^`\n]+)`", _prose(text)))


def test_the_headings_have_the_same_levels() -> None:
    levels = [re.findall(r"^#+(?= )", _prose(text), re.MULTILINE) for text in (ENGLISH, PORTUGUESE)]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 8


def test_the_same_commands_and_files_can_be_pasted() -> None:
    assert _blocks(PORTUGUESE) == _blocks(ENGLISH)
    assert _indented(PORTUGUESE) == _indented(ENGLISH)


def test_the_tables_have_rows_about_the_same_things() -> None:
    assert _tables(PORTUGUESE) == _tables(ENGLISH)


def test_the_same_commands_settings_and_names_are_in_the_text() -> None:
    assert _inline(PORTUGUESE) == _inline(ENGLISH)


def test_links_and_pictures_lead_to_the_same_places() -> None:
    places = [
        sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.pt.md"})
        for text in (ENGLISH, PORTUGUESE)
    ]
    assert places[0] == places[1]
    assert "](README.pt.md)" in ENGLISH
    assert "](README.md)" in PORTUGUESE


@pytest.mark.parametrize("text", [ENGLISH, PORTUGUESE], ids=["en", "pt"])
def test_every_setting_is_named(text: str) -> None:
    assert {name for name in VARIABLES if f"`{name}`" not in text} == set()


def test_both_show_a_run_of_the_same_assets_and_checks() -> None:
    shown = [re.findall(r"[✓!✗] [\w.]+", text) for text in (ENGLISH, PORTUGUESE)]
    assert shown[0] == shown[1]
    assert "✓ answers_follow_from_inputs" in shown[0]
