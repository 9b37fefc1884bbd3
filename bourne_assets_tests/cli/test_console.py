"""What the console prints of text from outside: characters, and nothing that a terminal obeys."""

import io
import json

import pytest
from rich.console import Console

from bourne_assets.cli import console as show
from bourne_assets.cli.answer_printing import print_answers
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED, ManifestRow
from bourne_assets.runs.outcomes import (
    Checked,
    Diagnosis,
    ProgressLine,
    RunEvent,
    RunReport,
    StepFailed,
    Stored,
)
from bourne_assets_tests.answers.builders import film, result_of

HOSTILE = "\x1b]0;owned\x07\x9b31m[bold]Bourne[/] :smile:\u202egnp.exe\r\nError: fake \\"
SHOWN = "␛]0;owned␇�31m[bold]Bourne[/] :smile:�gnp.exe  Error: fake \\"
OBEYED = [chr(code) for code in (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))] + [
    *"\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
]


@pytest.fixture
def console() -> Console:
    return Console(
        file=io.StringIO(), markup=False, emoji=False, highlight=False, width=1_000, no_color=True
    )


def _printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _ensure_harmless(text: str) -> None:
    assert not [character for character in OBEYED if character in text]
    assert SHOWN in text
    assert "\nError" not in text


def _checked(name: str) -> Checked:
    return Checked(name, name, False, True, (name,), 1)


@pytest.mark.parametrize(
    "event",
    [
        Stored(HOSTILE, HOSTILE),
        StepFailed(HOSTILE, HOSTILE, False),
        ProgressLine(HOSTILE),
        _checked(HOSTILE),
    ],
)
def test_progress_is_text(console: Console, event: RunEvent) -> None:
    show.print_progress(console, event)
    _ensure_harmless(_printed(console))


def test_sentences_diagnoses_and_plain_lines_are_text(console: Console) -> None:
    show.print_error(console, HOSTILE)
    show.print_note(console, HOSTILE)
    show.print_diagnosis(console, Diagnosis(HOSTILE, False, HOSTILE))
    show.write(console, HOSTILE)
    _ensure_harmless(_printed(console))


def test_a_report_and_a_manifest_are_text(console: Console) -> None:
    rejected = ManifestRow(
        file=HOSTILE, dataset=HOSTILE, status=REJECTED, reason=HOSTILE, table_error=HOSTILE
    )
    landed = ManifestRow(
        file=HOSTILE,
        dataset=HOSTILE,
        status=LANDED,
        uri=HOSTILE,
        rows=1,
        rejected_rows=1,
        rejects_uri=HOSTILE,
        table_error=HOSTILE,
    )
    show.print_manifest(console, [rejected, landed])
    show.print_report(console, RunReport(checked=[_checked(HOSTILE)], not_reached=[HOSTILE]))
    _ensure_harmless(_printed(console))


def test_the_title_of_a_film_is_text_in_the_answers(console: Console) -> None:
    print_answers(console, result_of(film(1, title=HOSTILE), film(2, title=HOSTILE)), "en")
    _ensure_harmless(_printed(console))


def test_json_is_the_same_value_and_moves_no_terminal(console: Console) -> None:
    value = {"title": HOSTILE + "".join(OBEYED) + "\ud800", "ação": "é"}
    show.write_json(console, value)
    text = _printed(console)
    assert json.loads(text) == value
    assert not [character for character in OBEYED if character in text]
    assert "ação" in text


@pytest.mark.parametrize("columns", ["0", "00", "1", "19"])
def test_a_terminal_without_columns_is_taken_for_a_usual_one(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert _width_of_output() == show.error_output().width == 80
    monkeypatch.setenv("COLUMNS", "132")
    assert _width_of_output() == 132


@pytest.mark.parametrize("columns", ["1001", "999999999", "9" * 30])
def test_no_terminal_is_wider_than_lines_can_be_filled(columns: str) -> None:
    with pytest.MonkeyPatch.context() as changed:  # not until pytest itself fills a line
        changed.setenv("COLUMNS", columns)
        assert _width_of_output() == show.error_output().width == 1000


def _width_of_output() -> int:
    console = show.output()
    with console.file:  # a duplicate of the stream, which is the console's own
        return console.width
