"""The pictures of the answers: what they show, and what they say to those who cannot see them.

One drawing serves Dagster's metadata, the report on a desk and on a phone: narrow, with letters
that stay readable when it is scaled. Money is in millions of USD; films are named where they
stand, not in a legend. Not here: the shapes (`plots`), drawing (`render`), and figures that are
not in the answers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from bourne_assets.answers.films import Film
from bourne_assets.answers.formulas import Mean, RevenueVariation
from bourne_assets.answers.pictures import plots
from bourne_assets.answers.pictures.labels import FONT_SIZE, outermost, shortened, spread
from bourne_assets.answers.pictures.plots import BLUE, GREEN, HEIGHT, ORANGE, Head, Rows
from bourne_assets.answers.words.language import Localizer
from bourne_assets.answers.words.money import step_text
from bourne_assets.answers.words.sentences import film_name
from bourne_assets.tables import records

_FIGURES = (("budget", ORANGE), ("revenue", BLUE), ("profit", GREEN))
#: TMDB re-scaled its popularity between these days: no line joins the two sides.
_RESCALED = (date(2024, 11, 30), date(2025, 11, 1))
#: A history of years is drawn, and described, by this many of its days.
_DAYS_DRAWN, _DAYS_DESCRIBED = 60, 6
#: This many films have bars, points with names, or lines; of more, the extremes have.
_MOST_BARS, _MOST_NAMES, _MOST_LINES = 30, 12, 12


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


def figures_by_film(
    t: Localizer, films: Sequence[Film], _: object, subtitle: str
) -> Picture | None:
    """Budget, revenue and profit of each film as bars; an unknown figure has none and says so."""
    if not films:
        return None
    drawn_films, note = _extremes(t, films, "revenue")
    names = _names(drawn_films)
    labels = {
        "budget": t.gettext("Budget"),
        "revenue": t.gettext("Revenue"),
        "profit": t.gettext("Profit"),
    }
    rows: Rows = [
        _row(t, 4 * number + at, getattr(film, figure), colour, f"{labels[figure]} ")
        for number, film in enumerate(drawn_films)
        for at, (figure, colour) in enumerate(_FIGURES, start=1)
    ]
    described = [
        t.gettext(
            "{film}: budget {budget}, revenue {revenue}, profit {profit}",
            film=name,
            budget=t.money(film.budget),
            revenue=t.money(film.revenue),
            profit=t.money(film.profit),
        )
        for name, film in zip(names, drawn_films, strict=True)
    ]
    head = Head(t, t.gettext("Budget, revenue and profit in millions of USD"), subtitle, note)
    drawn = plots.bars(head, rows, _headers(names, every=4), room=(0.005, 0.38))
    return _picture(head, described, drawn)


def mean_revenue(
    t: Localizer, films: Sequence[Film], answer: Mean, subtitle: str
) -> Picture | None:
    """Revenue of each film as bars, with a line at their mean."""
    head = Head(t, t.gettext("Revenue and its mean in millions of USD"), subtitle)
    return _one_figure(head, "revenue", films, answer.value)


def mean_budget(t: Localizer, films: Sequence[Film], answer: Mean, subtitle: str) -> Picture | None:
    """Budget of each film as bars, with a line at their mean."""
    head = Head(t, t.gettext("Budget and its mean in millions of USD"), subtitle)
    return _one_figure(head, "budget", films, answer.value)


def revenue_changes(
    t: Localizer, _: object, answer: RevenueVariation, subtitle: str
) -> Picture | None:
    """Change of revenue from each film to the next, to the right of zero or to the left."""
    steps = sorted(answer.steps, key=lambda step: -abs(step.change_usd))[:_MOST_BARS]
    steps = [step for step in answer.steps if step in steps]
    rows: Rows = []
    names = []
    for number, step in enumerate(steps):
        former, latter = (shortened(film.title, 28) for film in (step.former, step.latter))
        names.append(f"{former} \N{RIGHTWARDS ARROW} {latter}")
        change = t.millions(step.change_usd, signed=True)
        rows.append(
            {
                "row": 2 * number + 1,
                "millions": step.change_usd / 1e6,
                "text": f"{change} ({t.percent(step.change_pct)})",
                "colour": BLUE if step.change_usd >= 0 else ORANGE,
            }
        )
    if not rows:
        return None
    note = (
        t.gettext("The {shown} largest of {all} changes", shown=len(steps), all=len(answer.steps))
        if len(steps) < len(answer.steps)
        else ""
    )
    title = t.gettext("Change of revenue from film to film in millions of USD")
    head = Head(t, title, subtitle, note)
    drawn = plots.bars(head, rows, _headers(names, every=2), room=(0.8, 0.8))
    return _picture(head, [step_text(t, step) for step in steps], drawn)


def popularity_and_revenue(
    t: Localizer, films: Sequence[Film], _: object, subtitle: str
) -> Picture | None:
    """Popularity against revenue: a point for each film that has both."""
    title = t.gettext("Popularity and revenue of each film")
    axis = t.gettext("Revenue, millions of USD")
    return _popularity_and(t, "revenue", films, title=title, subtitle=subtitle, axis=axis)


def popularity_and_profit(
    t: Localizer, films: Sequence[Film], _: object, subtitle: str
) -> Picture | None:
    """Popularity against profit: a point for each film that has both."""
    title = t.gettext("Popularity and profit of each film")
    axis = t.gettext("Profit, millions of USD")
    return _popularity_and(t, "profit", films, title=title, subtitle=subtitle, axis=axis)


def popularity_and_return(
    t: Localizer, films: Sequence[Film], _: object, subtitle: str
) -> Picture | None:
    """Popularity against return, profit divided by budget: a point for each film that has both."""
    title = t.gettext("Popularity and return of each film")
    axis = t.gettext("Return (profit / budget)")
    return _popularity_and(t, "return_on_budget", films, title=title, subtitle=subtitle, axis=axis)


def year_and_popularity(
    t: Localizer, films: Sequence[Film], _: object, subtitle: str
) -> Picture | None:
    """Popularity against the year of release: a point for each film that has both."""
    points = [
        _Point(
            film,
            film.year,
            film.popularity,
            t.gettext(
                "{film}: popularity {popularity}",
                film=film_name(film),
                popularity=t.number(film.popularity, 2),
            ),
        )
        for film in films
        if film.year is not None and film.popularity is not None
    ]
    axes = (t.gettext("Year of release"), t.gettext("TMDB's popularity"))
    title = t.gettext("Year of release and popularity of each film")
    return _named_points(Head(t, title, subtitle), points, axes, years=True)


def popularity_over_time(t: Localizer, history: pd.DataFrame) -> Picture | None:
    """Popularity of each film on the days of its snapshots, named at the end of its line."""
    known = history[["observed_on", "tmdb_id", "title", "popularity"]].dropna(subset="popularity")
    if known.empty:
        return None
    shown, note = _most_popular(t, known)
    days = _thinned(sorted(set(shown["observed_on"])), _DAYS_DRAWN)
    rows = records(shown[shown["observed_on"].isin(days)])
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
    described = [
        f"{t.day(day)}: {_ranking(t, rows, day)}" for day in _thinned(days, _DAYS_DESCRIBED)
    ]
    head = Head(t, t.gettext("TMDB's popularity over time"), note=note)
    axis = t.gettext("TMDB's popularity")
    drawn = plots.lines(head, points, _ends(rows, highest), axis=axis, highest=highest)
    return _picture(head, described, drawn)


def _one_figure(
    head: Head, figure: str, films: Sequence[Film], mean: float | None
) -> Picture | None:
    if mean is None:
        return None
    t, colour = head.localizer, dict(_FIGURES)[figure]
    films, note = _extremes(t, films, figure)
    head, names = replace(head, note=note), _names(films)
    amounts = [getattr(film, figure) for film in films]
    rows = [_row(t, 2 * number + 1, amount, colour) for number, amount in enumerate(amounts)]
    described = [
        t.gettext("mean {amount}", amount=t.money(mean)),
        *(f"{name}: {t.money(amount)}" for name, amount in zip(names, amounts, strict=True)),
    ]
    line = (mean / 1e6, t.gettext("mean {amount}", amount=t.millions(mean)))
    drawn = plots.bars(head, rows, _headers(names, every=2), room=(0.005, 0.2), line=line)
    return _picture(head, described, drawn)


@dataclass(frozen=True)
class _Point:
    """A film at its place, and what a pointer on it shows."""

    film: Film
    x: float
    y: float
    text: str


def _popularity_and(
    t: Localizer, figure: str, films: Sequence[Film], *, title: str, subtitle: str, axis: str
) -> Picture | None:
    is_money = figure != "return_on_budget"
    points = [
        _Point(
            film,
            film.popularity,
            amount / 1e6 if is_money else amount,
            t.gettext(
                "{film}: popularity {popularity}, {amount}",
                film=film_name(film),
                popularity=t.number(film.popularity, 2),
                amount=t.money(amount) if is_money else t.number(amount, 2),
            ),
        )
        for film in films
        if film.popularity is not None and (amount := getattr(film, figure)) is not None
    ]
    return _named_points(Head(t, title, subtitle), points, (t.gettext("TMDB's popularity"), axis))


def _named_points(
    head: Head, points: Sequence[_Point], axes: tuple[str, str], *, years: bool = False
) -> Picture | None:
    """The films as points; where there are many, only those at the edges have names."""
    if not points:
        return None
    places = [(point.x, point.y) for point in points]
    named = {index: points[index].film.title for index in outermost(places, _MOST_NAMES)}
    if len(named) < len(points):
        note = head.localizer.gettext(
            "{shown} of {all} films have their names: those farthest from the others",
            shown=len(named),
            all=len(points),
        )
        head = replace(head, note=note)
    tips = [point.text for point in points]
    drawn = plots.scatter(head, places, named, tips, axes=axes, years=years)
    return _picture(head, [tips[index] for index in named], drawn)


def _extremes(t: Localizer, films: Sequence[Film], figure: str) -> tuple[Sequence[Film], str]:
    """The films that have bars: all, or those with the highest and lowest figures, and a note."""
    if len(films) <= _MOST_BARS:
        return films, ""
    known = [film for film in films if getattr(film, figure) is not None]
    ranked = sorted(known, key=lambda film: (-getattr(film, figure), film.tmdb_id))
    half = _MOST_BARS // 2
    chosen = {film.tmdb_id for film in (*ranked[:half], *ranked[-half:])}
    note = t.gettext(
        "{shown} of {all} films: those with the highest and the lowest figures",
        shown=len(chosen),
        all=len(films),
    )
    return [film for film in films if film.tmdb_id in chosen], note


def _most_popular(t: Localizer, history: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The days of the films that have lines: all, or those most popular at the end, and a note."""
    last = records(history.drop_duplicates("tmdb_id", keep="last"))
    if len(last) <= _MOST_LINES:
        return history, ""
    ranked = sorted(last, key=lambda row: (-row["popularity"], row["tmdb_id"]))
    chosen = {row["tmdb_id"] for row in ranked[:_MOST_LINES]}
    note = t.gettext(
        "{shown} of {all} films: those most popular at the end", shown=len(chosen), all=len(last)
    )
    return history[history["tmdb_id"].isin(chosen)], note


def _picture(head: Head, described: Sequence[str], specification: dict[str, Any]) -> Picture:
    note = f"{head.note}. " if head.note else ""
    text = f"{head.title}. {note}{'; '.join(described)}."
    return Picture(head.title, text, specification)


def _row(
    t: Localizer, row: int, amount: float | None, colour: str, label: str = ""
) -> dict[str, Any]:
    """A bar with its amount beside it; without an amount it says that it is unknown."""
    millions = amount / 1e6 if amount is not None else None
    text = f"{label}{t.millions(amount)}"
    return {"row": row, "millions": millions, "text": text, "colour": colour}


def _headers(names: Sequence[str], *, every: int) -> Rows:
    return [{"row": every * number, "text": name} for number, name in enumerate(names)]


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
    """At most this many days, evenly among them, the first and the last in any case."""
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
    """Two films of one title and year are distinguished by their ids."""
    seen = Counter(film_name(film) for film in films)
    return [
        film_name(film) if seen[film_name(film)] == 1 else f"{film_name(film)}, TMDB {film.tmdb_id}"
        for film in films
    ]
