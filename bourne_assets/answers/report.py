"""The six answers on one page for people: in both languages, with pictures and sources.

The page loads nothing from the network and needs no scripts; without them the pictures are those of
its first language. Its style is in `data/report`. What comes back from the lake may be somebody
else's page: `guarded` makes it safe to open.
Not here: sentences of the answers (`words`) and pictures (`pictures`).
"""

import base64
import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache as cached
from pathlib import Path
from typing import Any

import pandas as pd

from bourne_assets.answers.films import Film, films_of
from bourne_assets.answers.pictures import render
from bourne_assets.answers.pictures.pictures import Picture, popularity_over_time
from bourne_assets.answers.questions import (
    QUESTIONS,
    Answers,
    answer_questions,
    origin,
    pictures_of,
    remarks,
    to_text,
)
from bourne_assets.answers.words.language import Localizer, localizer
from bourne_assets.answers.words.sentences import film_name
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.figures import DOUBTFUL
from bourne_assets.saga.history import days_of, films_as_of
from bourne_assets.settings import DATA_DIR
from bourne_assets.text import drawable
from bourne_assets.tmdb import LIVE, NOTICE
from bourne_assets.translations import LANGUAGES, Language

_log = logging.getLogger(__name__)
_FOLDER = DATA_DIR / "report"
#: This many days of the history are listed: the first, and the last ones.
_DAYS = 8
_NAMES: dict[Language, str] = {"en": "English", "pt": "Português"}
#: Of `<meta http-equiv=refresh>`, which no policy stops. No name of an attribute can be escaped.
_PRAGMA = re.compile(rb"http-equiv", re.IGNORECASE)
_NO_PRAGMA = "http\N{NON-BREAKING HYPHEN}equiv".encode()


@dataclass(frozen=True)
class _Shown:
    """A picture: its SVG in the page's first language, and the Vega of this edition's language."""

    svg: Any
    specification: Any
    alternative: str


def build_report(
    saga: Saga,
    result: Answers,
    table: pd.DataFrame,
    history: pd.DataFrame,
    held: Sequence[str] = (),
    *,
    run_id: str = "",
    first: Language = "en",
    folder: Path | None = None,
) -> str:
    """The page as one HTML document; the same inputs give the same bytes.

    Args:
        saga: The saga.
        result: The answers object.
        table: The `SagaTable` that it came from.
        history: The saga's `HistoryTable`.
        held: Rules that held, or there would be no page: English, as in the catalogue.
        run_id: The run of Dagster that makes the page, which its foot names.
        first: The language that is shown until the reader takes the other.
        folder: A private folder that keeps what was drawn.
    """
    films = films_of(table)
    drawn: dict[str, str] = {}
    editions = [
        _edition(
            localizer(language),
            saga,
            result,
            films=films,
            history=history,
            held=held,
            drawn=drawn,
            folder=folder,
        )
        for language in sorted(LANGUAGES, key=lambda each: each != first)
    ]
    return str(
        _template().render(
            editions=editions,
            placed=[tuple(question.pictures) for question in QUESTIONS],
            inputs=result.inputs,
            bundled=result.source != LIVE,
            notice=NOTICE,
            run_id=run_id,
            style=_file("report.css"),
            script=_file("report.js"),
            vega=_vega(folder),
        )
    )


def guarded(page: bytes, folder: Path | None = None) -> bytes:
    """A stored page as it can be opened from a file, whoever wrote it.

    Of scripts, it runs those of this version's pages and no others; it loads nothing, sends nothing
    and leads nowhere by itself.

    Args:
        page: The page, as it was read from the lake.
        folder: A private folder that keeps what was drawn.
    """
    scripts = (str(_vega(folder)), f"\n{_file('report.js')}\n")
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in scripts)
    known = " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
    policy = (
        f"default-src 'none'; script-src {known} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = (
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    return head.encode() + _PRAGMA.sub(_NO_PRAGMA, page)


def _edition(
    t: Localizer,
    saga: Saga,
    result: Answers,
    *,
    films: Sequence[Film],
    history: pd.DataFrame,
    held: Sequence[str],
    drawn: dict[str, str],
    folder: Path | None,
) -> dict[str, Any]:
    """What the template needs in one language.

    `drawn` has the pictures by name. They are drawn in the first language alone, which takes most
    of a report's time: a browser draws them again in the language that is read.
    """
    pictures = pictures_of(t, result, films)
    over_time = popularity_over_time(t, history)
    if over_time is not None:
        pictures["history"] = over_time
    return {
        "language": t.language,
        "tag": t.tag,
        "name": _NAMES[t.language],
        "gettext": t.gettext,
        "title": t.gettext("{saga}: six questions, six answers", saga=saga.title),
        "origin": origin(result, t.language),
        "remarks": remarks(result, t.language),
        "texts": to_text(result, t.language),
        "pictures": {
            name: shown
            for name, picture in pictures.items()
            if (shown := _shown(name, picture, drawn, folder)) is not None
        },
        "days": [_day(t, saga, history, day) for day in _listed_days(history)],
        "films": [_row(t, film) for film in films],
        "has_stated": bool(result.stated),
        "held": [t.gettext(rule) for rule in held],
    }


def _shown(
    name: str, picture: Picture, drawn: dict[str, str], folder: Path | None
) -> _Shown | None:
    """None where it cannot be drawn: its figures are in the page's tables too."""
    try:
        if name not in drawn:
            drawn[name] = render.svg_of(picture.specification, folder)
        specification = json.dumps(
            render.vega_of(picture.specification, folder), separators=(",", ":")
        )
    except render.PictureNotDrawn as error:
        _log.warning("The report lacks the picture %r. %s", picture.title, error)
        return None
    return _Shown(
        svg=_markup(drawn[name]),
        specification=_markup(specification.replace("<", "\\u003c")),
        alternative=picture.alternative,
    )


def _listed_days(history: pd.DataFrame) -> list[date]:
    days = days_of(history)
    return days if len(days) <= _DAYS else [days[0], *days[1 - _DAYS :]]


def _day(t: Localizer, saga: Saga, history: pd.DataFrame, day: date) -> dict[str, str]:
    """How questions 5 and 6 were answered on one day."""
    films = films_as_of(history, day, saga).films
    answers = answer_questions(films, saga=saga.slug, inputs=[]).answers
    popularity, pearson = answers.popularity_vs_success, answers.year_vs_popularity.pearson
    return {
        "day": t.short_day(day),
        "most": _with_popularity(t, popularity.most_popular),
        "least": _with_popularity(t, popularity.least_popular),
        "r": t.number(pearson.r if pearson else None, 2),
    }


def _with_popularity(t: Localizer, film: Film | None) -> str:
    if film is None or film.popularity is None:
        return t.gettext("unknown")
    return f"{film_name(film)}: {t.number(film.popularity, 2)}"


def _row(t: Localizer, film: Film) -> dict[str, Any]:
    budget, revenue = (_stated(t, film, figure) for figure in ("budget", "revenue"))
    release = t.short_day(film.release_date) if film.release_date else t.gettext("unknown")
    return {
        "title": film.title,
        "release": release if film.is_released else t.gettext("not released yet"),
        "figures": [
            budget,
            revenue,
            t.millions(film.profit),
            t.number(film.return_on_budget, 2),
            t.number(film.popularity, 2),
        ],
    }


def _stated(t: Localizer, film: Film, figure: str) -> str:
    """A figure as the table states it, with a mark where no answer rests on it."""
    amount = film.background.stated.get(figure)
    if amount is None:
        return t.gettext("unknown")
    text = t.millions(amount)
    if film.background.unusable.get(figure, "").startswith(DOUBTFUL):
        return t.gettext("{amount} (doubtful)", amount=t.money(amount))
    return f"{text} *" if figure in film.background.sourced else text


def _unbroken(text: str) -> str:
    """A sentence in which `r = 0.04` stays on one line."""
    blank = "\N{NO-BREAK SPACE}"
    return text.replace(" = ", f"{blank}={blank}").replace(" < ", f"{blank}<{blank}")


def _finalized(value: Any) -> Any:
    """What the template inserts: text from outside without control characters."""
    return drawable(value) if type(value) is str else value


def _markup(text: str) -> Any:
    """Text that the template takes as it is: it was made here, not by an editor of TMDB."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - made here, as noted above


def _vega(folder: Path | None) -> Any:
    """The code that draws pictures in the browser; without it the page keeps the drawn ones."""
    try:
        return _markup(render.javascript(folder).replace("</script", "<\\/script"))
    except render.PictureNotDrawn as error:
        _log.warning("The report's pictures do not answer the pointer. %s", error)
        return ""


def _file(name: str) -> Any:
    return _markup((_FOLDER / name).read_text(encoding="utf-8").strip())


@cached
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
    )
    environment.filters["unbroken"] = _unbroken
    return environment.get_template("report.html.jinja")
