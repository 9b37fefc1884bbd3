"""Pictures that were drawn are found again by later runs, and nobody else's are."""

import os
from pathlib import Path

import pytest

from bourne_assets.answers.pictures import kept, render
from bourne_assets.answers.pictures.kept import kept_or_made
from bourne_assets.answers.pictures.render import PictureNotDrawn, RenderProcess
from bourne_assets.answers.report import build_report
from bourne_assets.saga.history import merged, seed, snapshot_of
from bourne_assets_tests.answers.builders import films_of_2017, result_of, saga_table
from bourne_assets_tests.saga.test_history import BOURNE


class Renderer:
    """Counts how often it is asked, and draws another picture each time."""

    def __init__(self) -> None:
        self.calls = 0

    def draw(self) -> str:
        self.calls += 1
        return f"<svg>\N{LATIN SMALL LETTER E WITH ACUTE}{self.calls}</svg>"


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


def _drawn(folder: Path | None, renderer: Renderer, argument: str = "{}") -> str:
    return kept_or_made(folder, "draw", argument, renderer.draw)


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "pictures").iterdir())


def test_the_same_picture_is_drawn_once(tmp_path: Path, renderer: Renderer) -> None:
    assert _drawn(tmp_path, renderer) == _drawn(tmp_path, renderer)
    assert renderer.calls == 1
    assert _drawn(tmp_path, renderer, "other figures") != _drawn(tmp_path, renderer)
    assert renderer.calls == 2


def test_another_version_of_the_renderer_draws_anew(
    tmp_path: Path, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _drawn(tmp_path, renderer)
    monkeypatch.setattr(kept, "version", lambda _: "99")
    _drawn(tmp_path, renderer)
    assert renderer.calls == 2


@pytest.mark.parametrize("damage", [b"", b"<svg>1</svg>", b"\xff\xfe", b"0\n<svg>other</svg>"])
def test_a_damaged_file_is_drawn_anew(tmp_path: Path, renderer: Renderer, damage: bytes) -> None:
    _drawn(tmp_path, renderer)
    (file,) = _files(tmp_path)
    file.write_bytes(damage)
    assert _drawn(tmp_path, renderer).endswith("2</svg>")
    assert _drawn(tmp_path, renderer).endswith("2</svg>")


def test_what_others_may_write_to_is_not_read(tmp_path: Path, renderer: Renderer) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    _drawn(home, renderer)
    _drawn(home, renderer)
    assert renderer.calls == 2
    assert not list(home.iterdir())


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, renderer: Renderer) -> None:
    for folder in (tmp_path / "none", None):
        _drawn(folder, renderer)
        _drawn(folder, renderer)
    assert renderer.calls == 4
    assert not list(tmp_path.iterdir())


def test_what_was_not_used_for_longest_is_forgotten(
    tmp_path: Path, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_MOST", 4)
    for number in range(4):
        _drawn(tmp_path, renderer, str(number))
    for age, path in enumerate(_files(tmp_path)):
        os.utime(path, (1_000 + age, 1_000 + age))
    _drawn(tmp_path, renderer, "0")  # used again: now the youngest
    _drawn(tmp_path, renderer, "4")
    assert len(_files(tmp_path)) == 4
    assert renderer.calls == 5
    _drawn(tmp_path, renderer, "0")
    assert renderer.calls == 5


def test_a_second_report_of_the_same_figures_asks_nothing_of_the_renderer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = films_of_2017()
    table = saga_table(films)
    history = merged([seed(BOURNE), snapshot_of(table)])

    def report() -> str:
        render._made.cache_clear()  # as in another process
        return build_report(BOURNE, result_of(*films), table, history, folder=tmp_path)

    render.warm_up(tmp_path)
    page = report()
    assert page.count("<svg") > 5

    def refuse(*_: object) -> bytes:
        raise PictureNotDrawn("There is no renderer.")

    monkeypatch.setattr(RenderProcess, "call", refuse)
    render.warm_up(tmp_path)
    assert report() == page
