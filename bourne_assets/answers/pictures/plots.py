"""The shapes of the pictures: bars, named points, and lines over time, as Vega-Lite.

Written as Vega-Lite's own JSON: to load and use Altair would take longer than to draw.
Not here: what the pictures show (`pictures`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bourne_assets.answers.pictures.labels import FONT_SIZE, Align, length_of, place, shortened
from bourne_assets.answers.words.language import Localizer

#: Colours that stay apart for the colour-blind and have contrast on white (Okabe and Ito).
BLUE, ORANGE, GREEN, DARK, GREY = "#0072B2", "#D55E00", "#009E73", "#1f2933", "#5f6b76"
WIDTH, HEIGHT = 380, 230
_ROW = 18
_LONGEST_NAME, _LONGEST_SUBTITLE = 34, 95
#: Between the end of a bar and its figure, in pixels.
_BESIDE = 4
#: On each side of zero: which figures of bars are there, and how.
_SIDES: tuple[tuple[str, Align, int], ...] = (
    ("datum.at >= 0", "left", _BESIDE),
    ("datum.at < 0", "right", -_BESIDE),
)
_TEXT, _TIP = ({"field": field, "type": "nominal"} for field in ("text", "tip"))
_FIVE_TICKS = {"tickCount": 5}
#: Limits of 0, none: vl-convert measures a limited text again and again, which took a third of the
#: time of a drawing. What may be too long is shortened here.
_LOOK = {
    "font": "Helvetica, Arial, sans-serif",
    "background": "white",
    "aria": False,
    "view": {"stroke": None},
    "title": {
        "fontSize": 14,
        "color": DARK,
        "subtitleFontSize": 11,
        "subtitleColor": GREY,
        "offset": 10,
        "limit": 0,
    },
    "axis": {
        "labelLimit": 0,
        "titleLimit": 0,
        "labelFontSize": FONT_SIZE,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "labelColor": DARK,
        "titleColor": DARK,
        "gridColor": "#e4e7eb",
        "domainColor": GREY,
        "tickColor": GREY,
    },
}

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Head:
    """What is above a picture, and the language of its numbers.

    Attributes:
        localizer: Of the language.
        title: What the picture shows.
        subtitle: Of which figures.
        note: What it does not show.
    """

    localizer: Localizer
    title: str
    subtitle: str = ""
    note: str = ""


def bars(
    head: Head,
    rows: Rows,
    names: Rows,
    *,
    room: tuple[float, float],
    line: tuple[float, str] | None = None,
) -> dict[str, Any]:
    """Horizontal bars below the names of what they belong to, each with its figure at its end.

    Args:
        head: Title and language.
        rows: `row` (its place from the top), `millions` (None: no bar), `text`, `colour`.
        names: `row` and `text`.
        room: Share of the longest bar that is kept free for the figures left and right of all.
        line: A value in millions that all bars are compared with, and its name.
    """
    values = [row["millions"] or 0 for row in rows]
    low, high = min(0, *values), max(0, *values)
    longest = max(high, -low) or 1
    domain = [low - room[0] * longest, high + room[1] * longest]
    pixel = (domain[1] - domain[0]) / WIDTH
    y = _channel("row", "ordinal", axis=None, scale={"paddingInner": 0.22, "paddingOuter": 0.15})

    def x(field: str) -> dict[str, Any]:
        scale = {"domain": domain, "nice": False, "zero": False}
        return _channel(field, "quantitative", axis=None, scale=scale)

    places = [_place_of_figure(row, line, pixel) for row in rows]
    data = {
        "bars": [{**row, "at": at, "zero": 0} for row, at in zip(rows, places, strict=True)],
        "names": [{**name, "at": domain[0]} for name in names],
    }
    colour = _channel("colour", "nominal", scale=None)
    tick = {"type": "tick", "color": GREY, "thickness": 1, "size": _ROW}
    layers = [
        _layer("bars", "bar", x=x("millions"), x2={"datum": 0}, y=y, color=colour, tooltip=_TEXT),
        _layer("bars", tick, x=x("zero"), y=y),
    ]
    if line is not None:
        data["line"] = [{"at": line[0], "row": -1, "text": line[1]}]
        rule = {"type": "rule", "color": DARK, "strokeDash": [4, 3]}
        layers += [
            _layer("line", rule, x=x("at")),
            _layer("line", _writing("left", dx=5), x=x("at"), y=y, text=_TEXT),
        ]
    for side, align, dx in _SIDES:
        figures = _layer("bars", _writing(align, dx=dx), x=x("at"), y=y, text=_TEXT)
        layers.append({**figures, "transform": [{"filter": side}]})
    bold = _writing("left", fontSize=FONT_SIZE + 1, fontWeight="bold")
    layers.append(_layer("names", bold, x=x("at"), y=y, text=_TEXT))
    return _finished(head, layers, data, height={"step": _ROW})


def scatter(
    head: Head,
    points: Sequence[tuple[float, float]],
    names: Mapping[int, str],
    tips: Sequence[str],
    *,
    axes: tuple[str, str],
    years: bool = False,
) -> dict[str, Any]:
    """Points, with the names of some beside them.

    Args:
        head: Title and language.
        points: x and y of each.
        names: What is beside points, by their indices.
        tips: What a pointer on each shows.
        axes: Titles of x and y.
        years: Whether x is a year.
    """
    x_scale, y_scale = (
        _Scale.over([point[axis] for point in points], length)
        for axis, length in ((0, WIDTH), (1, HEIGHT))
    )
    pixels = [(x_scale.pixel(x), HEIGHT - y_scale.pixel(y)) for x, y in points]
    texts = {index: shortened(name, _LONGEST_NAME) for index, name in names.items()}
    dots = [{"x": x, "y": y, "tip": tip} for (x, y), tip in zip(points, tips, strict=True)]
    x_axis = {"tickCount": 6, **({"format": "d", "tickMinStep": 1} if years else {})}
    drawn = _layer(
        "points",
        {"type": "circle", "size": 75, "color": BLUE, "opacity": 1},
        x=_channel("x", "quantitative", title=axes[0], scale=x_scale.drawn(), axis=x_axis),
        y=_channel("y", "quantitative", title=axes[1], scale=y_scale.drawn(), axis=_FIVE_TICKS),
        tooltip=_TIP,
    )
    labels: dict[Align, Rows] = {"left": [], "center": [], "right": []}
    for at, text in zip(place(pixels, texts, WIDTH, HEIGHT), texts.values(), strict=True):
        row = {"x": x_scale.value(at.x), "y": y_scale.value(HEIGHT - at.y), "text": text}
        labels[at.align].append(row)
    x, y = _channel("x", "quantitative"), _channel("y", "quantitative")
    written = [
        _layer(align, _writing(align, baseline="middle"), x=x, y=y, text=_TEXT)
        for align, rows in labels.items()
        if rows
    ]
    return _finished(head, [drawn, *written], {"points": dots, **labels}, height=HEIGHT)


def lines(head: Head, points: Rows, ends: Rows, *, axis: str, highest: float) -> dict[str, Any]:
    """Lines over time, each named at its end.

    Args:
        head: Title and language.
        points: `day` (ISO), `value`, `line` (points of one are joined), `tip`.
        ends: `day`, `value` and `text` of the names.
        axis: Title of the values.
        highest: End of their axis, which begins at 0.
    """
    y = _channel(
        "value",
        "quantitative",
        title=axis,
        scale={"domain": [0, highest], "nice": False},
        axis=_FIVE_TICKS,
    )
    x = _channel(
        "day",
        "temporal",
        title=None,
        scale={"type": "utc", "padding": 16},
        axis={"format": "%Y", "tickCount": "year", "labelOverlap": True},
    )
    line = {"type": "line", "color": GREY, "strokeWidth": 1.5}
    point = {"type": "circle", "size": 60, "color": BLUE, "opacity": 1}
    name = _writing("left", baseline="middle", dx=7)
    at = {"x": _channel("day", "temporal"), "y": _channel("value", "quantitative")}
    layers = [
        _layer("points", line, x=x, y=y, detail=_channel("line", "nominal")),
        _layer("points", point, x=x, y=y, tooltip=_TIP),
        _layer("ends", name, **at, text=_TEXT),
    ]
    data = {"points": points, "ends": ends}
    return _finished(head, layers, data, height=HEIGHT, width=WIDTH - 120)


@dataclass(frozen=True)
class _Scale:
    """From values to pixels and back; the domain leaves some room on both sides."""

    start: float
    end: float
    length: float

    @classmethod
    def over(cls, values: Sequence[float], length: float) -> "_Scale":
        low, high = min(values), max(values)
        room = 0.12 * ((high - low) or abs(high) or 1)
        return cls(low - room, high + room, length)

    def pixel(self, value: float) -> float:
        return (value - self.start) / (self.end - self.start) * self.length

    def value(self, pixel: float) -> float:
        return self.start + pixel / self.length * (self.end - self.start)

    def drawn(self) -> dict[str, Any]:
        return {"domain": [self.start, self.end], "nice": False, "zero": False}


def _place_of_figure(row: dict[str, Any], line: tuple[float, str] | None, pixel: float) -> float:
    """Where a bar's figure begins: at its end, or beyond the line that would cross it."""
    end = float(row["millions"] or 0)
    written = (_BESIDE + length_of(row["text"])) * pixel
    return line[0] if line and end < line[0] < end + written else end


def _channel(field: str, kind: str, **options: Any) -> dict[str, Any]:
    """How values of a field are shown."""
    return {"field": field, "type": kind, **options}


def _writing(align: Align, **options: Any) -> dict[str, Any]:
    """The mark of texts."""
    return {"type": "text", "align": align, "fontSize": FONT_SIZE, "color": DARK, **options}


def _layer(data: str, mark: str | dict[str, Any], **encoding: Any) -> dict[str, Any]:
    """Marks for the rows of a data set."""
    return {"data": {"name": data}, "mark": mark, "encoding": encoding}


def _finished(
    head: Head,
    layers: list[dict[str, Any]],
    data: Mapping[Any, Rows],
    *,
    height: float | dict[str, int],
    width: int = WIDTH,
) -> dict[str, Any]:
    """The specification, with size, title, and the style that all pictures share."""
    subtitle = [shortened(line, _LONGEST_SUBTITLE) for line in (head.subtitle, head.note) if line]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "datasets": dict(data),
        "layer": layers,
        "width": width,
        "height": height,
        "title": {
            "text": head.title,
            "subtitle": subtitle or "",  # of an empty list an empty line is drawn
            "anchor": "start",
            "frame": "group",
        },
        "config": {**_LOOK, "locale": {"number": head.localizer.chart_locale()}},
    }
