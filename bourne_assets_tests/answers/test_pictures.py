"""The pictures: drawn whatever is unknown, labelled directly, described to those who cannot see."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bourne_assets.answers.films import films_of
from bourne_assets.answers.pictures.labels import FONT_SIZE, place, shortened, spread
from bourne_assets.answers.pictures.pictures import Picture, popularity_over_time
from bourne_assets.answers.pictures.render import javascript, svg_of, vega_of
from bourne_assets.answers.questions import origin, pictures_of
from bourne_assets.answers.words.language import localizer
from bourne_assets.saga.history import merged, seed
from bourne_assets.translations import LANGUAGES, Language
from bourne_assets_tests.answers.builders import (
    SCENARIOS,
    Figures,
    film,
    films_of_2017,
    result_of,
    saga_table,
)
from bourne_assets_tests.saga.test_history import BOURNE, OTHER, seen

_MINUS = "\N{MINUS SIGN}"
_ALL = {
    "revenue",
    "budget",
    "figures",
    "changes",
    "popularity_and_revenue",
    "popularity_and_profit",
    "popularity_and_return",
    "year_and_popularity",
}


def _pictures(*films: Figures, language: Language = "en") -> dict[str, Picture]:
    return pictures_of(localizer(language), result_of(*films), films_of(saga_table(films)))


def _written(picture: Picture) -> list[str]:
    """All texts that stand in the picture."""
    root = ET.fromstring(svg_of(picture.specification))  # noqa: S314 - made here
    return ["".join(found.itertext()) for found in root.iter("{http://www.w3.org/2000/svg}text")]


def _bars(picture: Picture) -> list[dict[str, Any]]:
    """The rows of the bars, as the specification holds them."""
    return [row for row in _rows(picture) if "millions" in row]


def _rows(picture: Picture) -> list[dict[str, Any]]:
    return [row for rows in picture.specification["datasets"].values() for row in rows]


def _size(svg: str) -> tuple[float, float]:
    """Width and height that the picture states."""
    root = ET.fromstring(svg)  # noqa: S314 - made here
    return float(root.attrib["width"]), float(root.attrib["height"])


# What they show


def test_the_films_of_2017_have_all_pictures_small_enough_for_the_event_log() -> None:
    pictures = _pictures(*films_of_2017())
    assert set(pictures) == _ALL
    for name, picture in pictures.items():
        svg = svg_of(picture.specification)
        width, height = _size(svg)
        assert 330 < width < 660, name
        assert 130 < height < 660, name
        assert len(svg) < 20_000, name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_pictures_are_drawn_whatever_is_unknown(name: str, language: Language) -> None:
    films = SCENARIOS[name]
    for picture in _pictures(*films, language=language).values():
        texts = _written(picture)
        assert picture.title in texts
        assert not [text for text in texts if re.search(r"NaN|undefined|null|None", text)]
        assert picture.alternative.startswith(f"{picture.title}. ")


def test_films_and_figures_are_named_where_they_stand_and_money_is_in_millions() -> None:
    pictures = _pictures(*films_of_2017())
    texts = _written(pictures["figures"])
    assert "Budget, revenue and profit in millions of USD" in texts
    for record in films_of_2017():
        assert f"{record['title']} ({record['release_date'].year})" in texts
        assert f"Revenue {record['revenue'] / 1e6:.1f}" in texts
        assert f"Profit {(record['revenue'] - record['budget']) / 1e6:.1f}" in texts
    texts = _written(pictures["popularity_and_profit"])
    assert {record["title"] for record in films_of_2017()} <= set(texts)
    assert "Profit, millions of USD" in texts
    assert f"{_MINUS}166.3 ({_MINUS}37.5%)" in _written(pictures["changes"])
    assert "mean 327.5" in _written(pictures["revenue"])
    assert origin(result_of(*films_of_2017())) in texts


def test_pictures_speak_portuguese_with_its_marks() -> None:
    pictures = _pictures(*films_of_2017(), language="pt")
    assert "Faturamento 442,8" in _written(pictures["figures"])
    assert f"{_MINUS}166,3 ({_MINUS}37,5%)" in _written(pictures["changes"])
    assert "Popularidade no TMDB" in _written(pictures["year_and_popularity"])
    assert "popularidade 90,34" in pictures["popularity_and_profit"].alternative


def test_bars_are_as_long_as_the_figures() -> None:
    bars = _bars(_pictures(*films_of_2017())["figures"])
    expected = [
        figure / 1e6
        for record in films_of_2017()
        for figure in (record["budget"], record["revenue"], record["revenue"] - record["budget"])
    ]
    assert [bar["millions"] for bar in bars] == expected


def test_a_figure_that_the_line_of_the_mean_would_cross_stands_beyond_it() -> None:
    picture = _pictures(*films_of_2017())["revenue"]
    places = {bar["text"]: bar["at"] for bar in _bars(picture)}
    mean = 327.4832862
    assert places["214.0"] == 214.034224
    assert places["288.5"] == places["276.6"] == pytest.approx(mean)
    assert places["442.8"] == 442.824138


def test_an_unknown_figure_has_no_bar_and_says_so() -> None:
    known = films_of_2017()
    known[1]["budget"] = None
    pictures = _pictures(*known)
    unknown = [bar for bar in _bars(pictures["figures"]) if bar["millions"] is None]
    assert [bar["text"] for bar in unknown] == ["Budget unknown", "Profit unknown"]
    assert "Budget unknown" in _written(pictures["figures"])
    assert "budget unknown, revenue $288.5 million" in pictures["figures"].alternative
    assert "The Bourne Supremacy" not in _written(pictures["popularity_and_profit"])


def test_a_loss_goes_to_the_other_side_of_zero() -> None:
    drawn = _pictures(*SCENARIOS["losses"])["figures"]
    assert f"Profit {_MINUS}80.0" in _written(drawn)
    assert min(bar["millions"] for bar in _bars(drawn)) == -80


def test_what_there_is_nothing_of_is_not_drawn() -> None:
    assert set(_pictures(film(1), film(2))) == {"figures"}
    assert set(_pictures(*SCENARIOS["one film"])) == _ALL - {"changes"}
    assert popularity_over_time(localizer("en"), merged([seed(OTHER)])) is None


def test_two_films_of_one_title_and_year_are_told_apart() -> None:
    day = date(2007, 8, 3)
    films = [film(n, title="Untitled", release_date=day, budget=9, revenue=9) for n in (1, 2)]
    texts = _written(_pictures(*films)["figures"])
    assert {"Untitled (2007), TMDB 1", "Untitled (2007), TMDB 2"} <= set(texts)


@pytest.mark.parametrize("title", ["<b>&|", "a" * 300, "日本 🎬", '"', "\\", "</script>"])
def test_any_title_can_be_drawn(title: str) -> None:
    films = [
        film(n, title=title, budget=5_000_000, revenue=n * 9_000_000, popularity=float(n))
        for n in (1, 2)
    ]
    for picture in _pictures(*films).values():
        assert _size(svg_of(picture.specification))
        assert title in picture.alternative


# The history


def test_popularity_over_time_names_each_film_at_the_end_of_its_line() -> None:
    picture = popularity_over_time(localizer("en"), merged([seed(BOURNE)]))
    assert picture is not None
    assert {record["title"] for record in films_of_2017()} <= set(_written(picture))
    assert "September 1, 2017: The Bourne Legacy 90.34, The Bourne Identity" in picture.alternative
    assert "November 19, 2024: The Bourne Identity 65.86, " in picture.alternative


def test_no_line_joins_the_two_sides_of_the_change_of_scale() -> None:
    now = seen(datetime(2026, 11, 23, tzinfo=UTC), *films_of_2017())
    picture = popularity_over_time(localizer("en"), merged([seed(BOURNE), now]))
    assert picture is not None
    of_one = [row for row in _rows(picture) if str(row.get("line", "")).startswith("2501 ")]
    lines = {row["day"]: row["line"] for row in of_one}
    assert lines["2017-09-01"] == lines["2024-11-19"] != lines["2026-11-23"]


@pytest.mark.exhaustive
def test_a_history_of_years_is_drawn_by_some_of_its_days() -> None:
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(200)]
    history = merged(seen(day, film(1, popularity=1.0)) for day in days)
    picture = popularity_over_time(localizer("en"), history)
    assert picture is not None
    drawn = {row["day"] for row in _rows(picture) if "line" in row}
    assert len(drawn) == 60
    assert {"2026-01-01", days[-1].date().isoformat()} <= drawn
    assert picture.alternative.count(" 2026: ") == 6


# Names of points


def test_names_do_not_cover_each_other_nor_leave_the_picture() -> None:
    points = [(20.0, 100.0), (26.0, 104.0), (300.0, 100.0), (360.0, 4.0)]
    texts = ["The Bourne Identity"] * 4
    places = place(points, dict(enumerate(texts)), 380, 230)
    width = len(texts[0]) * FONT_SIZE * 0.55
    boxes = []
    for at in places:
        left = {"left": at.x, "right": at.x - width, "center": at.x - width / 2}[at.align]
        boxes.append((left, at.y - FONT_SIZE / 2, left + width, at.y + FONT_SIZE / 2))
        assert left >= 0
        assert left + width <= 380
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1]
            assert apart or other[3] <= one[1]


def test_names_at_the_ends_of_lines_keep_their_order_and_distance() -> None:
    assert spread([50, 52, 10], 12, 0, 100) == [50, 62, 10]
    assert spread([99, 98, 97], 12, 0, 100) == [100, 88, 76]
    assert spread([0, 0, 0], 60, 0, 100) == [0, 60, 120]
    assert spread([], 12, 0, 100) == []


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    assert shortened("Jason Bourne", 34) == "Jason Bourne"
    assert shortened("a" * 40, 10) == "a" * 9 + "\N{HORIZONTAL ELLIPSIS}"


# How they are drawn


def test_the_same_figures_give_the_same_picture() -> None:
    one, other = (_pictures(*films_of_2017())["figures"] for _ in range(2))
    assert one == other
    assert svg_of(one.specification) is svg_of(other.specification), "drawn once"


def test_a_page_draws_the_compiled_picture_without_a_network() -> None:
    compiled = vega_of(_pictures(*films_of_2017())["figures"].specification)
    assert compiled["$schema"].startswith("https://vega.github.io/schema/vega/")
    assert javascript().rstrip().endswith("};")
    assert "window.vega={View:" in javascript()
    assert len(javascript()) < 700_000


@pytest.mark.exhaustive
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


# Sagas of many films


def _many(count: int) -> list[Figures]:
    return [
        film(
            number,
            title=f"Film {number}",
            release_date=date(1980 + number // 10, 1 + number % 12, 1),
            budget=1_000_000 * number,
            revenue=3_000_000 * number + 1_000_000 * (number % 7),
            popularity=float(number % 50) + number / 1_000,
        )
        for number in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def of_300() -> dict[str, Picture]:
    return _pictures(*_many(300))


@pytest.mark.parametrize("name", ["revenue", "budget", "figures"])
def test_of_many_films_those_with_extreme_figures_have_bars(
    of_300: dict[str, Picture], name: str
) -> None:
    picture = of_300[name]

    assert picture.specification["title"]["subtitle"][1].startswith("30 of 300 films")
    assert "30 of 300 films" in picture.alternative
    headers = {
        row["text"].partition(" (")[0]
        for row in _rows(picture)
        if "text" in row and "millions" not in row
    }
    assert {"Film 1", "Film 300"} <= headers
    assert "Film 150" not in headers


def test_of_many_changes_the_largest_are_drawn_in_order(of_300: dict[str, Picture]) -> None:
    picture = of_300["changes"]

    bars = [row["millions"] for row in _rows(picture) if "millions" in row]
    assert picture.specification["title"]["subtitle"][1] == "The 30 largest of 299 changes"
    assert min(map(abs, bars)) >= 3


@pytest.mark.parametrize("name", ["popularity_and_revenue", "year_and_popularity"])
def test_of_many_films_all_have_points_and_the_outermost_have_names(
    of_300: dict[str, Picture], name: str
) -> None:
    picture = of_300[name]

    rows = _rows(picture)
    assert sum("tip" in row for row in rows) == 300
    assert sum("text" in row for row in rows) == 12
    assert "12 of 300 films have their names" in picture.specification["title"]["subtitle"][1]


def test_of_many_films_the_most_popular_have_lines() -> None:
    days = [datetime(2026, 11, day, 12, tzinfo=UTC) for day in (1, 2)]
    history = merged([seen(day, *_many(20)) for day in days])

    picture = popularity_over_time(localizer("en"), history)

    assert picture is not None
    lines = {row["line"].split()[0] for row in _rows(picture) if "line" in row}
    assert len(lines) == 12
    assert {"20", "19"} <= lines
    assert picture.specification["title"]["subtitle"][0].startswith("12 of 20 films")


def test_a_saga_of_few_films_has_no_note_and_all_names() -> None:
    for picture in _pictures(*films_of_2017()).values():
        assert len(picture.specification["title"]["subtitle"]) == 1
        assert " of 5 films" not in picture.alternative
