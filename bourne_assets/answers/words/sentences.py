"""What the sentences of all answers share: their form, and how films are named in them.

Not here: the sentences of one question (`money`, `correlations`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bourne_assets.answers.films import Film, MissingFilm, RecentFilm
from bourne_assets.answers.words.language import Localizer
from bourne_assets.saga.figures import DOUBTFUL, UNKNOWN


@dataclass(frozen=True)
class Figure:
    """A number worth reading at a glance.

    Attributes:
        label: What it is.
        text: The number as the language writes it.
        value: The number as the answers object has it; None where it is unknown.
        path: Where it is in the object: `answers.mean_revenue.value`.
    """

    label: str
    text: str
    value: float | None
    path: str


@dataclass(frozen=True)
class AnswerText:
    """One question with its answer.

    Attributes:
        question: The question in full.
        sentences: The answer: one sentence that answers, then the particulars.
        caveat: What the answer does not say.
        figures: Its main numbers.
    """

    question: str
    sentences: tuple[str, ...]
    caveat: str
    figures: tuple[Figure, ...]


def film_name(film: Film) -> str:
    """Title and year; the title alone where the year is unknown."""
    return f"{film.title} ({film.year})" if film.year is not None else film.title


def missing(t: Localizer, films: Sequence[MissingFilm]) -> list[str]:
    """Names the films that an answer leaves out; nothing where it leaves out none.

    Those that are not released yet are named once for all answers, in the remarks.
    """
    doubtful = [film.title for film in films if (film.reason or "").startswith(DOUBTFUL)]
    unknown = [film.title for film in films if film.reason in {None, UNKNOWN}]
    sentences = []
    if unknown:
        titles = t.series(unknown)
        sentences.append(
            t.gettext("Left out because the figure is unknown: {titles}.", titles=titles)
        )
    if doubtful:
        titles = t.series(doubtful)
        sentences.append(
            t.gettext("Left out because the figure is doubtful: {titles}.", titles=titles)
        )
    return sentences


def not_final(t: Localizer, films: Sequence[RecentFilm]) -> list[str]:
    """Names the films whose revenue will still grow."""
    return [
        t.ngettext(
            "The revenue of {title} is not final: it was released {n} day before these figures.",
            "The revenue of {title} is not final: it was released {n} days before these figures.",
            film.days_since_release,
            title=film.title,
        )
        for film in films
    ]


def tied(t: Localizer, film: Film) -> list[str]:
    """Names the films that share a film's place; nothing where none does."""
    if not film.tied_with:
        return []
    titles = t.series([other.title for other in film.tied_with])
    return [t.gettext("{title} shares this place with {titles}.", title=film.title, titles=titles)]
