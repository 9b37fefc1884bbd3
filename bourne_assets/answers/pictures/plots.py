"""The shapes of the pictures: bars, named points, and lines over time, as Vega-Lite by Altair.

Altair is imported where it is used: most of what loads this package draws nothing.
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
_LONGEST_NAME = 34
#: Between the end of a bar and its figure, in pixels.
_BESIDE = 4
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
        "limit": 520,
    },
    "axis": {
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
    """What stands above a picture, and the language of its numbers.

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
    import altair as alt

    values = [row["millions"] or 0 for row in rows]
    low, high = min(0, *values), max(0, *values)
    longest = max(high, -low) or 1
    domain = [low - room[0] * longest, high + room[1] * longest]
    pixel = (domain[1] - domain[0]) / WIDTH
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.22, paddingOuter=0.15))

    def x(field: str) -> Any:
        scale = alt.Scale(domain=domain, nice=False, zero=False)
        return alt.X(f"{field}:Q", scale=scale, axis=None)

    places = [_place_of_figure(row, line, pixel) for row in rows]
    drawn = alt.Chart(
        _data([{**row, "at": at, "zero": 0} for row, at in zip(rows, places, strict=True)])
    )
    drawn = drawn.encode(y=y)
    layers = [
        drawn.mark_bar().encode(
            x=x("millions"),
            x2=alt.X2Datum(0),
            color=alt.Color("colour:N", scale=None),
            tooltip=alt.Tooltip("text:N"),
        ),
        drawn.mark_tick(color=GREY, thickness=1, size=_ROW).encode(x=x("zero")),
    ]
    if line is not None:
        mark = alt.Chart(_data([{"at": line[0], "row": -1, "text": line[1]}]))
        label: dict[str, Any] = {"align": "left", "dx": 5, "fontSize": FONT_SIZE, "color": DARK}
        layers += [
            mark.mark_rule(color=DARK, strokeDash=[4, 3]).encode(x=x("at")),
            mark.mark_text(**label).encode(x=x("at"), y=y, text=alt.Text("text:N")),
        ]
    layers += _figures(drawn, x("at"))
    layers.append(
        alt.Chart(_data([{**name, "at": domain[0]} for name in names]))
        .mark_text(align="left", fontSize=FONT_SIZE + 1, fontWeight="bold", color=DARK)
        .encode(x=x("at"), y=y, text=alt.Text("text:N"))
    )
    return _finished(head, alt.layer(*layers), height={"step": _ROW})


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
        names: What stands beside points, by their indices.
        tips: What a pointer on each shows.
        axes: Titles of x and y.
        years: Whether x is a year.
    """
    import altair as alt

    x_scale, y_scale = (
        _Scale.over([point[axis] for point in points], length)
        for axis, length in ((0, WIDTH), (1, HEIGHT))
    )
    pixels = [(x_scale.pixel(x), HEIGHT - y_scale.pixel(y)) for x, y in points]
    texts = {index: shortened(name, _LONGEST_NAME) for index, name in names.items()}
    dots = [{"x": x, "y": y, "tip": tip} for (x, y), tip in zip(points, tips, strict=True)]
    x_axis = alt.Axis(format="d", tickCount=6, tickMinStep=1) if years else alt.Axis(tickCount=6)
    marks = (
        alt.Chart(_data(dots))
        .mark_circle(size=75, color=BLUE, opacity=1)
        .encode(
            x=alt.X("x:Q", title=axes[0], scale=x_scale.drawn(), axis=x_axis),
            y=alt.Y("y:Q", title=axes[1], scale=y_scale.drawn(), axis=alt.Axis(tickCount=5)),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    labels: dict[Align, Rows] = {"left": [], "center": [], "right": []}
    for at, text in zip(place(pixels, texts, WIDTH, HEIGHT), texts.values(), strict=True):
        row = {"x": x_scale.value(at.x), "y": y_scale.value(HEIGHT - at.y), "text": text}
        labels[at.align].append(row)
    written = [
        alt.Chart(_data(rows))
        .mark_text(align=align, baseline="middle", fontSize=FONT_SIZE, color=DARK)
        .encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text=alt.Text("text:N"))
        for align, rows in labels.items()
        if rows
    ]
    return _finished(head, alt.layer(marks, *written), height=HEIGHT)


def lines(head: Head, points: Rows, ends: Rows, *, axis: str, highest: float) -> dict[str, Any]:
    """Lines over time, each named at its end.

    Args:
        head: Title and language.
        points: `day` (ISO), `value`, `line` (points of one are joined), `tip`.
        ends: `day`, `value` and `text` of the names.
        axis: Title of the values.
        highest: End of their axis, which begins at 0.
    """
    import altair as alt

    y = alt.Y(
        "value:Q",
        title=axis,
        scale=alt.Scale(domain=[0, highest], nice=False),
        axis=alt.Axis(tickCount=5),
    )
    x = alt.X(
        "day:T",
        title=None,
        scale=alt.Scale(type="utc", padding=16),
        axis=alt.Axis(format="%Y", tickCount="year", labelOverlap=True),
    )
    base = alt.Chart(_data(points)).encode(x=x, y=y)
    chart = alt.layer(
        base.mark_line(color=GREY, strokeWidth=1.5).encode(detail=alt.Detail("line:N")),
        base.mark_circle(size=60, color=BLUE, opacity=1).encode(tooltip=alt.Tooltip("tip:N")),
        alt.Chart(_data(ends))
        .mark_text(align="left", baseline="middle", dx=7, fontSize=FONT_SIZE, color=DARK)
        .encode(x=alt.X("day:T"), y=alt.Y("value:Q"), text=alt.Text("text:N")),
    )
    return _finished(head, chart, height=HEIGHT, width=WIDTH - 120)


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

    def drawn(self) -> Any:
        import altair as alt

        return alt.Scale(domain=[self.start, self.end], nice=False, zero=False)


def _place_of_figure(row: dict[str, Any], line: tuple[float, str] | None, pixel: float) -> float:
    """Where a bar's figure begins: at its end, or beyond the line that would cross it."""
    end = float(row["millions"] or 0)
    written = (_BESIDE + length_of(row["text"])) * pixel
    return line[0] if line and end < line[0] < end + written else end


def _figures(drawn: Any, x: Any) -> list[Any]:
    """The figures at the ends of bars: right of the bar, or left of one below zero."""
    import altair as alt

    sides: tuple[tuple[str, Align, int], ...] = (
        ("datum.at >= 0", "left", _BESIDE),
        ("datum.at < 0", "right", -_BESIDE),
    )
    return [
        drawn.transform_filter(side)
        .mark_text(align=align, dx=dx, fontSize=FONT_SIZE, color=DARK)
        .encode(x=x, text=alt.Text("text:N"))
        for side, align, dx in sides
    ]


def _data(rows: Rows) -> Any:
    import altair as alt

    return alt.InlineData(values=rows)


def _finished(
    head: Head, chart: Any, *, height: float | dict[str, int], width: int = WIDTH
) -> dict[str, Any]:
    """The specification, with size, title, and the style that all pictures share.

    Added to the finished specification: Altair copies the whole chart at every step.
    """
    specification: dict[str, Any] = chart.to_dict(validate=False)
    subtitle = [head.subtitle, head.note] if head.note else head.subtitle
    title = {"text": head.title, "subtitle": subtitle, "anchor": "start", "frame": "group"}
    look = {**_LOOK, "locale": {"number": head.localizer.chart_locale()}}
    return {**specification, "width": width, "height": height, "title": title, "config": look}
