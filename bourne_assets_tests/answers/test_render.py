"""The renderer: what it cannot draw, or dies over, takes nothing else along."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from bourne_assets.answers.films import films_of
from bourne_assets.answers.pictures import render
from bourne_assets.answers.pictures.pictures import Picture
from bourne_assets.answers.pictures.render import PictureNotDrawn, RenderProcess, svg_of
from bourne_assets.answers.questions import pictures_of
from bourne_assets.answers.report import build_report
from bourne_assets.answers.words.language import localizer
from bourne_assets.defs.shared.metadata import picture
from bourne_assets.saga.history import merged, seed, snapshot_of
from bourne_assets_tests.answers.builders import films_of_2017, result_of, saga_table
from bourne_assets_tests.saga.test_history import BOURNE


def _chart(text: str) -> dict[str, Any]:
    values = {"values": [{"name": text}]}
    return {"data": values, "mark": "text", "encoding": {"text": {"field": "name"}}}


_EMPTY = json.dumps(_chart("nothing"))
#: vl-convert 1.9 aborts the process that measures such a text.
_DEADLY = json.dumps(_chart("The Bourne\x0b Ultimatum"))
_REFUSED = json.dumps({**_chart("nothing"), "mark": "nonsense"})


@pytest.fixture
def process() -> Iterator[RenderProcess]:
    """A renderer of the test's own."""
    process = RenderProcess()
    yield process
    process.close()


def _drawn(process: RenderProcess, specification: str) -> bytes:
    return process.call("draw", process.call("compile", specification).decode())


def _child(process: RenderProcess) -> psutil.Process:
    assert process._process is not None
    return psutil.Process(process._process.pid)


def test_a_renderer_that_aborts_takes_nobody_along(process: RenderProcess) -> None:
    with pytest.raises(PictureNotDrawn, match="the renderer died"):
        _drawn(process, _DEADLY)
    assert _drawn(process, _EMPTY).startswith(b"<svg")


def test_a_renderer_that_was_killed_is_started_again(process: RenderProcess) -> None:
    _drawn(process, _EMPTY)
    child = _child(process)
    child.send_signal(signal.SIGKILL)
    psutil.wait_procs([child], timeout=60)
    assert _drawn(process, _EMPTY).startswith(b"<svg")


def test_a_renderer_that_is_stuck_is_abandoned(
    process: RenderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    _drawn(process, _EMPTY)
    monkeypatch.setattr("bourne_assets.answers.pictures.render._DEADLINE", 0.2)
    _child(process).send_signal(signal.SIGSTOP)
    with pytest.raises(PictureNotDrawn, match="took too long"):
        _drawn(process, _EMPTY)


def test_a_picture_that_is_refused_says_why_and_the_renderer_lives_on(
    process: RenderProcess,
) -> None:
    _drawn(process, _EMPTY)
    child = _child(process)
    with pytest.raises(PictureNotDrawn, match="Vega-Lite to Vega conversion failed"):
        _drawn(process, _REFUSED)
    assert _drawn(process, _EMPTY).startswith(b"<svg")
    assert _child(process) == child


@pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_no_renderer_outlives_its_run(way: str) -> None:
    code = (
        "import os, psutil\n"
        "from bourne_assets.answers.pictures.render import svg_of\n"
        f"svg_of({_chart('a')!r})\n"
        "print(psutil.Process().children()[0].pid, flush=True)\n"
        f"{way}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    pid = int(ended.stdout)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=60)


def test_a_forked_process_has_a_renderer_of_its_own(process: RenderProcess) -> None:
    _drawn(process, _EMPTY)
    parents = process._process
    process._owner = os.getppid()  # as in a child, whose memory is a copy of its parent's
    assert _drawn(process, _EMPTY).startswith(b"<svg")
    assert process._process is not parents
    assert parents is not None
    parents.kill()
    parents.communicate()


def test_control_characters_are_left_out_of_pictures() -> None:
    title = "".join(
        ["The ", *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\ufffe\uffffEnd"]
    )
    assert "End</text>" in svg_of(_chart(title))
    films = [{**film, "title": f"{film['title']}\x0b\x1f"} for film in films_of_2017()]
    drawn = pictures_of(localizer("en"), result_of(*films), films_of(saga_table(films)))
    assert all(svg_of(shown.specification).startswith("<svg") for shown in drawn.values())


@pytest.fixture
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture is refused."""

    def refuse(*_: object) -> bytes:
        raise PictureNotDrawn("A picture could not be drawn: the renderer died.")

    monkeypatch.setattr(render, "_made", refuse)


def test_the_report_without_its_pictures_has_all_figures(
    nothing_is_drawn: None, caplog: pytest.LogCaptureFixture
) -> None:
    films = films_of_2017()
    table = saga_table(films)
    page = build_report(
        BOURNE, result_of(*films), table, merged([seed(BOURNE), snapshot_of(table)])
    )
    assert "<svg" not in page
    assert "The Bourne Ultimatum" in page
    assert "442.8" in page
    assert any("lacks the picture" in record.message for record in caplog.records)


def test_the_catalogue_has_words_where_a_picture_cannot_be_drawn(
    nothing_is_drawn: None, tmp_path: Path
) -> None:
    shown = picture(Picture("Budget", "Budget: 60 million", _chart("a")), tmp_path)
    assert shown.md_str is not None
    assert shown.md_str.startswith("Budget: 60 million (A picture could not be drawn")
