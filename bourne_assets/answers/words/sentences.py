"""What the sentences of all answers share: their form, and how films are named in them.

Not here: the sentences of one question (`words`, `correlations`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bourne_assets.answers.films import Film, FilmName
from bourne_assets.answers.words.language import Localizer


@dataclass(frozen=True)
class Figure:
    """A number worth reading at a glance.

    Attributes:
        label: What it is.
        text: The number as the language writes it.
        value: The number as the answers object has it; None where it is unknown.
        path: Where it stands in the object: `answers.mean_revenue.value`.
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


def missing(t: Localizer, films: Sequence[FilmName]) -> list[str]:
    """Names the films that an answer leaves out; nothing where it leaves out none."""
    if not films:
        return []
    titles = t.series([film.title for film in films])
    return [t.gettext("Left out because the figure is unknown: {titles}.", titles=titles)]


def tied(t: Localizer, film: Film) -> list[str]:
    """Names the films that share a film's place; nothing where none does."""
    if not film.tied_with:
        return []
    titles = t.series([other.title for other in film.tied_with])
    return [t.gettext("{title} shares this place with {titles}.", title=film.title, titles=titles)]
