"""The chart is a PNG for whatever is known, and what draws it loads only when it draws."""

import struct
import subprocess
import sys
from datetime import date

import pytest

from bourne_assets.insights.chart import budget_and_revenue_png
from bourne_assets_tests.test_answers import Figures, film, films_of_2017, saga_table
from bourne_assets_tests.test_words import SCENARIOS

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _drawn(*films: Figures, title: str = "Jason Bourne") -> bytes:
    return budget_and_revenue_png(saga_table(films), title)


def _size(png: bytes) -> tuple[int, int]:
    """Width and height that the picture states."""
    assert png.startswith(_SIGNATURE)
    assert png.rstrip().endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def test_the_chart_is_a_png_small_enough_for_the_event_log() -> None:
    png = _drawn(*films_of_2017())
    width, height = _size(png)
    assert 300 < width < 1_200
    assert 100 < height < 1_200
    assert len(png) < 200_000


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_chart_is_drawn_whatever_is_unknown(name: str) -> None:
    _size(_drawn(*SCENARIOS[name]))


def test_every_film_has_a_place_of_its_own() -> None:
    known = films_of_2017()
    heights = [_size(_drawn(*known[:number]))[1] for number in (1, 2, 3)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] - heights[1] == heights[1] - heights[0]


def test_a_film_of_unknown_figures_keeps_its_place() -> None:
    known = films_of_2017()
    whole = _size(_drawn(*known))[1]
    known[1]["budget"] = known[1]["revenue"] = None
    assert _size(_drawn(*known))[1] == whole


def test_two_films_of_one_title_and_year_are_two_films() -> None:
    day = date(2007, 8, 3)
    one, other = (film(n, title="Untitled", release_date=day, budget=9, revenue=9) for n in (1, 2))
    another = film(3, title="Another", release_date=day, budget=9, revenue=9)
    assert _size(_drawn(one, other))[1] == _size(_drawn(one, another))[1]


def test_an_unknown_figure_looks_different_from_a_small_one() -> None:
    known = films_of_2017()
    known[1]["budget"] = None
    unknown = _drawn(*known)
    known[1]["budget"] = 1_000_000
    assert unknown != _drawn(*known)


@pytest.mark.parametrize("title", ["<b>&|", "a" * 300, "日本 🎬", "line\nbreak", '"', "\\", ""])
def test_any_title_can_be_drawn(title: str) -> None:
    _size(_drawn(film(1, title=title or " ", budget=5_000_000), title=title))


def test_the_same_figures_give_the_same_picture() -> None:
    assert _drawn(*films_of_2017()) == _drawn(*films_of_2017())


def test_loading_the_definitions_loads_nothing_that_draws_or_computes_statistics() -> None:
    code = (
        "import sys, bourne_assets.definitions\n"
        "heavy = ('scipy', 'altair', 'matplotlib', 'vl_convert', 'vegafusion')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
