"""The pictures of the answers: what they show, and what they say to those who cannot see them.

One drawing serves Dagster's metadata, the report on a desk and on a phone: narrow, with letters
that stay readable when it is scaled. Money is in millions of USD; films are named where they
stand, not in a legend. What must not be put here: drawing (`render`), figures not in the answers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from bourne_assets.answers.formulas import Film
from bourne_assets.answers.pictures import plots
from bourne_assets.answers.pictures.labels import FONT_SIZE, shortened, spread
from bourne_assets.answers.pictures.plots import BLUE, GREEN, HEIGHT, ORANGE, Head, Rows
from bourne_assets.answers.words.language import Localizer
from bourne_assets.answers.words.sentences import film_name
from bourne_assets.answers.words.words import origin
from bourne_assets.tables import records

_FIGURES = (("budget", ORANGE), ("revenue", BLUE), ("profit", GREEN))
#: TMDB re-scaled its popularity between these days: no line joins the two sides.
_RESCALED = (date(2024, 11, 30), date(2025, 11, 1))
#: A history of years is drawn, and told, by so many of its days.
_DAYS_DRAWN, _DAYS_TOLD = 60, 6


@dataclass(frozen=True)
class Picture:
    """A picture in one language.

    Attributes:
        title: What it shows.
        alternative: The same in words, with the figures, for those who cannot see it.
        specification: Vega-Lite.
    """

    title: str
    alternative: str
    specification: dict[str, Any]


def pictures_of(t: Localizer, result: dict[str, Any], films: Sequence[Film]) -> dict[str, Picture]:
    """The pictures of the answers by name, as far as there is something to show.

    Args:
        t: Of the language.
        result: The answers object.
        films: The films that it is about, in order of release.
    """
    said, answers = origin(result, t.language), result["answers"]
    drawn = {
        "revenue": one_figure(t, "revenue", films, answers["mean_revenue"]["value"], said),
        "budget": one_figure(t, "budget", films, answers["mean_budget"]["value"], said),
        "figures": figures_by_film(t, films, said),
        "changes": revenue_changes(t, answers["revenue_variation"], said),
        "popularity_and_revenue": popularity_and(t, "revenue", films, said),
        "popularity_and_profit": popularity_and(t, "profit", films, said),
        "year_and_popularity": year_and_popularity(t, films, said),
    }
    return {name: picture for name, picture in drawn.items() if picture is not None}


def figures_by_film(t: Localizer, films: Sequence[Film], subtitle: str) -> Picture:
    """Budget, revenue and profit of each film as bars; an unknown figure has none and says so."""
    names = _names(films)
    labels = {
        "budget": t.gettext("Budget"),
        "revenue": t.gettext("Revenue"),
        "profit": t.gettext("Profit"),
    }
    rows: Rows = [
        _row(t, 4 * number + at, film[figure], colour, f"{labels[figure]} ")
        for number, film in enumerate(films)
        for at, (figure, colour) in enumerate(_FIGURES, start=1)
    ]
    told = [
        t.gettext(
            "{film}: budget {budget}, revenue {revenue}, profit {profit}",
            film=name,
            **{figure: t.money(film[figure]) for figure, _ in _FIGURES},
        )
        for name, film in zip(names, films, strict=True)
    ]
    head = Head(t, t.gettext("Budget, revenue and profit in millions of USD"), subtitle)
    drawn = plots.bars(head, rows, _headers(names, every=4), room=(0.005, 0.38))
    return _picture(head, told, drawn)


def one_figure(
    t: Localizer, figure: str, films: Sequence[Film], mean: float | None, subtitle: str
) -> Picture | None:
    """`revenue` or `budget` of each film as bars, with a line at their mean."""
    if mean is None:
        return None
    names, colour = _names(films), dict(_FIGURES)[figure]
    title = {
        "revenue": t.gettext("Revenue and its mean in millions of USD"),
        "budget": t.gettext("Budget and its mean in millions of USD"),
    }[figure]
    rows = [_row(t, 2 * number + 1, film[figure], colour) for number, film in enumerate(films)]
    told = [
        t.gettext("mean {amount}", amount=t.money(mean)),
        *(f"{name}: {t.money(film[figure])}" for film, name in zip(films, names, strict=True)),
    ]
    line = (mean / 1e6, t.gettext("mean {amount}", amount=t.number(mean / 1e6, 1)))
    head = Head(t, title, subtitle)
    drawn = plots.bars(head, rows, _headers(names, every=2), room=(0.005, 0.2), line=line)
    return _picture(head, told, drawn)


def revenue_changes(t: Localizer, answer: dict[str, Any], subtitle: str) -> Picture | None:
    """Change of revenue from each film to the next, to the right of zero or to the left."""
    rows: Rows = []
    names, told = [], []
    for number, step in enumerate(answer["steps"]):
        former, latter = (shortened(str(step[end]["title"]), 28) for end in ("from", "to"))
        names.append(f"{former} \N{RIGHTWARDS ARROW} {latter}")
        change, percent = step["change_usd"], t.percent(step["change_pct"])
        text = f"{t.number(change / 1e6, 1, signed=True)} ({percent})"
        colour = BLUE if change >= 0 else ORANGE
        rows.append(
            {"row": 2 * number + 1, "millions": change / 1e6, "text": text, "colour": colour}
        )
        told.append(
            t.gettext(
                "{former} to {latter}: {change} ({percent})",
                former=film_name(step["from"]),
                latter=film_name(step["to"]),
                change=t.signed_money(change),
                percent=percent,
            )
        )
    if not rows:
        return None
    title = t.gettext("Change of revenue from film to film in millions of USD")
    head = Head(t, title, subtitle)
    drawn = plots.bars(head, rows, _headers(names, every=2), room=(0.8, 0.8))
    return _picture(head, told, drawn)


def popularity_and(
    t: Localizer, figure: str, films: Sequence[Film], subtitle: str
) -> Picture | None:
    """Popularity against `revenue` or `profit`: a named point for each film that has both."""
    axis = {
        "revenue": t.gettext("Revenue, millions of USD"),
        "profit": t.gettext("Profit, millions of USD"),
    }[figure]
    title = {
        "revenue": t.gettext("Popularity and revenue of each film"),
        "profit": t.gettext("Popularity and profit of each film"),
    }[figure]
    known = [film for film in films if film["popularity"] is not None and film[figure] is not None]
    told = [
        t.gettext(
            "{film}: popularity {popularity}, {amount}",
            film=film_name(film),
            popularity=t.number(film["popularity"], 2),
            amount=t.money(film[figure]),
        )
        for film in known
    ]
    if not known:
        return None
    points = [(film["popularity"], film[figure] / 1e6) for film in known]
    axes = (t.gettext("TMDB's popularity"), axis)
    head = Head(t, title, subtitle)
    return _picture(head, told, plots.scatter(head, points, _titles(known), told, axes=axes))


def year_and_popularity(t: Localizer, films: Sequence[Film], subtitle: str) -> Picture | None:
    """Popularity against the year of release: a named point for each film that has both."""
    known = [film for film in films if film["year"] is not None and film["popularity"] is not None]
    told = [
        t.gettext(
            "{film}: popularity {popularity}",
            film=film_name(film),
            popularity=t.number(film["popularity"], 2),
        )
        for film in known
    ]
    if not known:
        return None
    points = [(film["year"], film["popularity"]) for film in known]
    axes = (t.gettext("Year of release"), t.gettext("TMDB's popularity"))
    head = Head(t, t.gettext("Year of release and popularity of each film"), subtitle)
    drawn = plots.scatter(head, points, _titles(known), told, axes=axes, years=True)
    return _picture(head, told, drawn)


def popularity_over_time(t: Localizer, history: pd.DataFrame) -> Picture | None:
    """Popularity of each film on the days of its snapshots, named at the end of its line."""
    rows = [row for row in records(history) if row["popularity"] is not None]
    if not rows:
        return None
    days = _thinned(sorted({row["observed_on"] for row in rows}), _DAYS_DRAWN)
    rows = [row for row in rows if row["observed_on"] in set(days)]
    points = [
        {
            "day": row["observed_on"].isoformat(),
            "value": row["popularity"],
            "line": f"{row['tmdb_id']} {_era(row['observed_on'])}",
            "tip": f"{row['title']}, {t.day(row['observed_on'])}: {t.number(row['popularity'], 2)}",
        }
        for row in rows
    ]
    highest = max(row["popularity"] for row in rows) * 1.08 or 1.0
    told = [f"{t.day(day)}: {_ranking(t, rows, day)}" for day in _thinned(days, _DAYS_TOLD)]
    head = Head(t, t.gettext("TMDB's popularity over time"))
    axis = t.gettext("TMDB's popularity")
    drawn = plots.lines(head, points, _ends(rows, highest), axis=axis, highest=highest)
    return _picture(head, told, drawn)


def _picture(head: Head, told: Sequence[str], specification: dict[str, Any]) -> Picture:
    return Picture(head.title, f"{head.title}. {'; '.join(told)}.", specification)


def _row(
    t: Localizer, row: int, amount: float | None, colour: str, label: str = ""
) -> dict[str, Any]:
    """A bar with its amount beside it; without an amount it says that it is unknown."""
    millions = amount / 1e6 if amount is not None else None
    shown = t.number(millions, 1) if millions is not None else t.gettext("unknown")
    return {"row": row, "millions": millions, "text": f"{label}{shown}", "colour": colour}


def _headers(names: Sequence[str], *, every: int) -> Rows:
    return [{"row": every * number, "text": name} for number, name in enumerate(names)]


def _titles(films: Sequence[Film]) -> list[str]:
    return [str(film["title"]) for film in films]


def _ends(rows: Rows, highest: float) -> Rows:
    """The films' names at the ends of their lines, none on another."""
    last = {row["tmdb_id"]: row for row in rows}
    wanted = [HEIGHT * (1 - row["popularity"] / highest) for row in last.values()]
    placed = spread(wanted, FONT_SIZE + 2, 0, HEIGHT)
    return [
        {
            "day": row["observed_on"].isoformat(),
            "value": highest * (1 - at / HEIGHT),
            "text": shortened(str(row["title"]), 24),
        }
        for row, at in zip(last.values(), placed, strict=True)
    ]


def _thinned(days: Sequence[date], most: int) -> list[date]:
    """At most so many days, evenly among them, the first and the last in any case."""
    if len(days) <= most:
        return list(days)
    return [days[round(number * (len(days) - 1) / (most - 1))] for number in range(most)]


def _ranking(t: Localizer, rows: Rows, day: date) -> str:
    of_day = [row for row in rows if row["observed_on"] == day]
    of_day.sort(key=lambda row: (-row["popularity"], row["tmdb_id"]))
    return ", ".join(f"{row['title']} {t.number(row['popularity'], 2)}" for row in of_day)


def _era(day: date) -> int:
    """Before TMDB re-scaled its popularity, after, or in the time in which it happened."""
    return sum(day > bound for bound in _RESCALED)


def _names(films: Sequence[Film]) -> list[str]:
    """Two films of one title and year are told apart by their ids."""
    seen = Counter(film_name(film) for film in films)
    return [
        film_name(film)
        if seen[film_name(film)] == 1
        else f"{film_name(film)}, TMDB {film['tmdb_id']}"
        for film in films
    ]
