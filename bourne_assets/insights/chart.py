"""The picture of the answers: budget and revenue of each film, in order of release.

Altair and its renderer are imported where they are used: most of what loads this package draws
nothing. What must not be put here: figures that are not in the table.
"""

import io
from collections import Counter
from typing import Any

import pandas as pd

from bourne_assets.tables import records

#: Two colours that stay apart for the colour-blind and in grey print (Okabe and Ito).
_BUDGET, _REVENUE = "#E69F00", "#0072B2"


def budget_and_revenue_png(table: pd.DataFrame, title: str, origin: str = "") -> bytes:
    """PNG of horizontal bars in millions of USD; an unknown figure has no bar.

    Args:
        table: A `SagaTable`.
        title: Name of the saga.
        origin: Where the figures are from, shown below the title.
    """
    import altair as alt

    films = records(table)
    names = Counter(_name(film) for film in films)
    rows = [row for film in films for row in _bars(film, unique=names[_name(film)] == 1)]
    order = list(dict.fromkeys(row["film"] for row in rows))
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=alt.Y("film:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("figure:N", sort=["Budget", "Revenue"]),
        x=alt.X("millions:Q", title="millions of USD", axis=alt.Axis(format=",.0f")),
    )
    bars = base.mark_bar().encode(
        color=alt.Color(
            "figure:N",
            scale=alt.Scale(domain=["Budget", "Revenue"], range=[_BUDGET, _REVENUE]),
            legend=alt.Legend(orient="top", title=None),
        )
    )
    labels = base.mark_text(align="left", dx=4).encode(text=alt.Text("millions:Q", format=",.0f"))
    chart = (bars + labels).properties(
        width=420,
        height={"step": 18},
        title=alt.TitleParams(
            f"{title}: budget and revenue in order of release",
            subtitle=origin,
            subtitleColor="#555",
        ),
    )
    sink = io.BytesIO()
    chart.save(sink, format="png", scale_factor=1)
    return sink.getvalue()


def warm_up() -> None:
    """Start the renderer, which takes half a second, so that the first picture need not wait.

    It runs outside Python's lock: call it in a thread while something else is loaded.
    """
    import vl_convert

    vl_convert.vegalite_to_svg({"data": {"values": []}, "mark": "bar"})


def _name(film: dict[str, Any]) -> str:
    year = film["release_year"]
    return f"{film['title']} ({year})" if year is not None else str(film["title"])


def _bars(film: dict[str, Any], *, unique: bool) -> list[dict[str, Any]]:
    """Two films of one title and year are told apart by their ids."""
    name = _name(film) if unique else f"{_name(film)}, TMDB {film['tmdb_id']}"
    return [
        {
            "film": name,
            "figure": figure.title(),
            "millions": film[figure] / 1e6 if film[figure] is not None else None,
        }
        for figure in ("budget", "revenue")
    ]
