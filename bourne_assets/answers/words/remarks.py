"""Where the figures are from, and the remarks, in words: what is left out or replaced, and why.

Not here: which remarks there are (`answers.remarks`).
"""

from collections.abc import Sequence
from datetime import date

from bourne_assets.answers.films import FilmName
from bourne_assets.answers.remarks import DoubtfulFigure, SameFilm, StatedFigure, UpcomingFilm
from bourne_assets.answers.words.language import Localizer
from bourne_assets.saga.figures import THRESHOLDS
from bourne_assets.tmdb import LIVE, MIXED


def origin_text(t: Localizer, films: int, source: str, day: date) -> str:
    """Where the figures are from, and of which day, in one sentence."""
    counted = t.ngettext("{n} film", "{n} films", films)
    if source == LIVE:
        return t.gettext("{films}; figures of TMDB on {day} (UTC).", films=counted, day=t.day(day))
    if source == MIXED:
        return t.gettext(
            "{films}; figures of TMDB on {day} (UTC), and some of the bundled snapshot.",
            films=counted,
            day=t.day(day),
        )
    return t.gettext(
        "{films}; figures of the bundled TMDB snapshot of {month}, not of today.",
        films=counted,
        month=t.month(day),
    )


def not_released_text(t: Localizer, films: Sequence[UpcomingFilm], as_of: date) -> list[str]:
    """One sentence about all films that are not released yet; none where all are.

    A film is named with its date, or by its status where that is why it does not count.
    """
    if not films:
        return []
    named = [f"{film.title} ({_when(t, film, as_of)})" for film in films]
    return [
        t.ngettext(
            "{n} film not released yet, which takes no part in the answers: {films}.",
            "{n} films not released yet, which take no part in the answers: {films}.",
            len(films),
            films=t.series(named),
        )
    ]


def deleted_text(t: Localizer, films: Sequence[FilmName]) -> list[str]:
    """One sentence about all films that TMDB has deleted; none where there is none."""
    if not films:
        return []
    named = [f"{film.title} (TMDB {film.tmdb_id})" for film in films]
    return [
        t.ngettext(
            "{n} film that the collection lists, but TMDB no longer has, takes no part in the "
            "answers: {films}.",
            "{n} films that the collection lists, but TMDB no longer has, take no part in the "
            "answers: {films}.",
            len(films),
            films=t.series(named),
        )
    ]


def money_of_text(t: Localizer, day: date | None) -> list[str]:
    """Of which day budgets and revenues are, where it is another than that of the figures."""
    if day is None:
        return []
    return [
        t.gettext(
            "Budgets and revenues are of {day}, the newest that were stated up to then.",
            day=t.day(day),
        )
    ]


def doubtful_text(t: Localizer, doubtful: DoubtfulFigure) -> str:
    """Which figure is doubtful, and why."""
    values = {
        "film": doubtful.title,
        "amount": t.money(doubtful.value),
        "bound": t.money(THRESHOLDS[doubtful.figure].value),
        "multiple": t.number(THRESHOLDS["multiple"].value, 0),
    }
    if doubtful.figure == "budget":
        return {
            "placeholder": t.gettext(
                "Doubtful, and left out: the budget of {film} is stated as {amount}, too little "
                "for this film.",
                **values,
            ),
            "multiple": t.gettext(
                "Doubtful, and left out: the budget of {film} is stated as {amount}, and no film "
                "is known to have earned more than {multiple} times its budget.",
                **values,
            ),
            "record": t.gettext(
                "Doubtful, and left out: the budget of {film} is stated as {amount}, and no film "
                "ever cost more than {bound}.",
                **values,
            ),
            "currency": t.gettext(
                "Doubtful, and left out: the budget of {film} is stated as {amount}, which looks "
                "like another currency, as does its revenue.",
                **values,
            ),
        }[doubtful.kind]
    return {
        "placeholder": t.gettext(
            "Doubtful, and left out: the revenue of {film} is stated as {amount}, too little for "
            "this film.",
            **values,
        ),
        "record": t.gettext(
            "Doubtful, and left out: the revenue of {film} is stated as {amount}, and no film "
            "ever earned more than {bound}.",
            **values,
        ),
    }.get(
        doubtful.kind,
        t.gettext(
            "Doubtful, and left out: the revenue of {film} is stated as {amount}, which looks "
            "like another currency, as does its budget.",
            **values,
        ),
    )


def stated_text(t: Localizer, stated: StatedFigure) -> str:
    """Which figure is not TMDB's, and whose it is."""
    values = {"film": stated.title, "amount": t.money(stated.value), "source": stated.source}
    if stated.figure == "budget":
        return t.gettext("The budget of {film} is not TMDB's: {amount}, from {source}.", **values)
    return t.gettext("The revenue of {film} is not TMDB's: {amount}, from {source}.", **values)


def same_film_text(t: Localizer, pair: SameFilm) -> str:
    """Which two films look like one."""
    first, second = (f"{film.title} (TMDB {film.tmdb_id})" for film in (pair.first, pair.second))
    if pair.equal == "title_and_date":
        return t.gettext(
            "{first} and {second} look like one film, with one title and date; both are counted.",
            first=first,
            second=second,
        )
    return t.gettext(
        "{first} and {second} are one film, with one id at {site}; both are counted.",
        first=first,
        second=second,
        site={"imdb_id": "IMDb", "wikidata_id": "Wikidata"}[pair.equal],
    )


def _when(t: Localizer, film: UpcomingFilm, as_of: date) -> str:
    status = {
        "Rumored": t.gettext("rumored"),
        "Planned": t.gettext("planned"),
        "In Production": t.gettext("in production"),
        "Post Production": t.gettext("in post-production"),
        "Canceled": t.gettext("canceled"),
    }.get(film.status or "")
    is_dated = film.release_date is not None and film.release_date > as_of
    if status and (film.status == "Canceled" or not is_dated):
        return status
    if film.release_date is not None:
        return t.day(film.release_date)
    return t.gettext("no release date")
