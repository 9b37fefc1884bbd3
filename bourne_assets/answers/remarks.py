"""What a reader must know besides the answers: films and figures that are left out, or replaced.

Not here: the sentences (`words.remarks`), and the judgement itself (`saga.figures`).
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from bourne_assets.answers.films import FilmName, Usd, day_of
from bourne_assets.saga.duplicates import Equal, same_films
from bourne_assets.saga.figures import Kind, doubt_of, is_released
from bourne_assets.saga.table import release_order
from bourne_assets.tables import records


@dataclass(frozen=True, kw_only=True)
class UpcomingFilm(FilmName):
    """A film of the saga that is not released yet, or never will be.

    Attributes:
        status: TMDB's.
        release_date: As announced.
    """

    status: str | None
    release_date: date | None


@dataclass(frozen=True, kw_only=True)
class DoubtfulFigure(FilmName):
    """A figure that no answer rests on.

    Attributes:
        figure: `budget` or `revenue`.
        value: As stated, USD.
        kind: As that of a `Doubt`.
        reason: The reason in English.
    """

    figure: str
    value: Usd
    kind: Kind
    reason: str


@dataclass(frozen=True, kw_only=True)
class StatedFigure(FilmName):
    """A figure of the sagas file in place of TMDB's.

    Attributes:
        figure: `budget` or `revenue`.
        value: USD.
        source: Where it is from.
    """

    figure: str
    value: Usd
    source: str


@dataclass(frozen=True, kw_only=True)
class SameFilm:
    """Two films of the table that look like one.

    Attributes:
        first: The one with the smaller id.
        second: The other.
        equal: `imdb_id`, `wikidata_id` or `title_and_date`.
    """

    first: FilmName
    second: FilmName
    equal: Equal


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """All remarks about a saga table, the films in order of release.

    A film that is not released is named once: its figures are left out whatever they are.
    """

    not_released: tuple[UpcomingFilm, ...]
    doubtful: tuple[DoubtfulFigure, ...]
    stated: tuple[StatedFigure, ...]
    same_film: tuple[SameFilm, ...]


def remarks_on(table: pd.DataFrame) -> Remarks:
    """The remarks on a `SagaTable`."""
    as_of = day_of(table)
    films = sorted(records(table), key=release_order)
    figures = [(film, figure) for film in films for figure in ("budget", "revenue")]
    return Remarks(
        not_released=tuple(
            UpcomingFilm(
                tmdb_id=film["tmdb_id"],
                title=film["title"],
                status=film.get("status"),
                release_date=film["release_date"],
            )
            for film in films
            if not is_released(film, as_of)
        ),
        doubtful=tuple(
            DoubtfulFigure(
                tmdb_id=film["tmdb_id"],
                title=film["title"],
                figure=figure,
                value=doubt.value,
                kind=doubt.kind,
                reason=doubt.reason,
            )
            for film, figure in figures
            if is_released(film, as_of) and (doubt := doubt_of(film, figure)) is not None
        ),
        stated=tuple(
            StatedFigure(
                tmdb_id=film["tmdb_id"],
                title=film["title"],
                figure=figure,
                value=film[figure],
                source=source,
            )
            for film, figure in figures
            if (source := film.get(f"{figure}_source"))
        ),
        same_film=tuple(
            SameFilm(
                first=FilmName(tmdb_id=pair.first["tmdb_id"], title=pair.first["title"]),
                second=FilmName(tmdb_id=pair.second["tmdb_id"], title=pair.second["title"]),
                equal=pair.equal,
            )
            for pair in same_films(films)
        ),
    )
