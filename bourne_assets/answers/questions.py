"""The questions, a row each, and the object that they answer: typed, versioned, and read back.

A row names everything that there is about a question. Not here: the formulas, words, pictures and
conclusions that it names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

import pandas as pd
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from bourne_assets.answers import conclusions
from bourne_assets.answers.conclusions import Conclusion
from bourne_assets.answers.errors import AnswersUnreadable
from bourne_assets.answers.films import Film, FilmName, films_of
from bourne_assets.answers.formulas import (
    FilmCorrelation,
    Mean,
    PopularityVsSuccess,
    RevenueVariation,
    TopRevenueVsTopBudget,
    correlation_of,
    mean_of,
    popularity_vs_success,
    revenue_variation,
    top_revenue_vs_top_budget,
)
from bourne_assets.answers.pictures import pictures
from bourne_assets.answers.pictures.pictures import Picture
from bourne_assets.answers.remarks import (
    DoubtfulFigure,
    SameFilm,
    StatedFigure,
    UpcomingFilm,
    remarks_on,
)
from bourne_assets.answers.sources import Input, as_inputs
from bourne_assets.answers.words import correlations, money
from bourne_assets.answers.words import remarks as remarks_words
from bourne_assets.answers.words.language import Localizer, localizer
from bourne_assets.answers.words.sentences import AnswerText
from bourne_assets.saga.history import taken_at
from bourne_assets.tmdb import MIXED
from bourne_assets.translations import Language, gettext

SCHEMA_VERSION = 1

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Question(Generic[Answer]):
    """Everything about one question.

    Attributes:
        name: Its name in the answers object: a field of `AnswerSet`.
        description: What the answer holds, for the catalogue.
        columns: Columns of the saga table that it is computed from.
        formula: Computes the answer from the films, in order of release.
        text: The answer in words, in a language, of a day.
        conclusion: What has to differ for two days to disagree.
        pictures: What is drawn, by name, from films and answer; the last argument is the subtitle.
        main_numbers: Numbers worth a curve over time, by name.
        correlations: How many correlations it tests.
    """

    name: str
    description: str
    columns: tuple[str, ...]
    formula: Callable[[Sequence[Film]], Answer]
    text: Callable[[Localizer, Answer, date], AnswerText]
    conclusion: Callable[[Answer], Conclusion | None]
    pictures: Mapping[str, Callable[[Localizer, Sequence[Film], Answer, str], Picture | None]] = (
        field(default_factory=dict)
    )
    main_numbers: Mapping[str, Callable[[Answer], float | None]] = field(default_factory=dict)
    correlations: int = 0


def _r(answer: FilmCorrelation) -> float | None:
    return answer.pearson.r if answer.pearson else None


QUESTIONS: tuple[Question[Any], ...] = (
    Question[Mean](
        name="mean_revenue",
        description="Mean revenue in USD over films of known revenue",
        columns=("revenue",),
        formula=lambda films: mean_of(films, "revenue"),
        text=money.mean_revenue_text,
        conclusion=conclusions.conclude_mean,
        pictures={"revenue": pictures.mean_revenue},
        main_numbers={"mean_revenue_usd": lambda answer: answer.value},
    ),
    Question[Mean](
        name="mean_budget",
        description="Mean budget in USD over films of known budget",
        columns=("budget",),
        formula=lambda films: mean_of(films, "budget"),
        text=money.mean_budget_text,
        conclusion=conclusions.conclude_mean,
        pictures={"budget": pictures.mean_budget},
        main_numbers={"mean_budget_usd": lambda answer: answer.value},
    ),
    Question[RevenueVariation](
        name="revenue_variation",
        description=(
            "Change of revenue from each film to the next in order of release, in USD and per cent"
        ),
        columns=("revenue", "release_date"),
        formula=revenue_variation,
        text=money.variation_text,
        conclusion=conclusions.conclude_variation,
        pictures={"changes": pictures.revenue_changes},
    ),
    Question[TopRevenueVsTopBudget](
        name="top_revenue_vs_top_budget",
        description=(
            "Budget of the top-revenue film against the top budget, in USD and per cent of the "
            "latter"
        ),
        columns=("revenue", "budget"),
        formula=top_revenue_vs_top_budget,
        text=money.tops_text,
        conclusion=conclusions.conclude_tops,
        pictures={"figures": pictures.figures_by_film},
        main_numbers={"top_budget_difference_pct": lambda answer: answer.difference_pct},
    ),
    Question[PopularityVsSuccess](
        name="popularity_vs_success",
        description=(
            "Correlation of popularity with revenue, profit and return; most and least popular film"
        ),
        columns=("popularity", "revenue", "profit", "budget"),
        formula=lambda films: popularity_vs_success(films, COMPARISONS),
        text=correlations.popularity_text,
        conclusion=conclusions.conclude_popularity,
        pictures={
            "popularity_and_revenue": pictures.popularity_and_revenue,
            "popularity_and_profit": pictures.popularity_and_profit,
            "popularity_and_return": pictures.popularity_and_return,
        },
        main_numbers={
            "r_popularity_revenue": lambda answer: _r(answer.revenue),
            "r_popularity_profit": lambda answer: _r(answer.profit),
            "r_popularity_return": lambda answer: _r(answer.return_on_budget),
        },
        correlations=3,
    ),
    Question[FilmCorrelation](
        name="year_vs_popularity",
        description="Correlation of release year and popularity",
        columns=("release_year", "popularity"),
        formula=lambda films: correlation_of(films, "year", "popularity", COMPARISONS),
        text=correlations.year_text,
        conclusion=conclusions.conclude_correlation,
        pictures={"year_and_popularity": pictures.year_and_popularity},
        main_numbers={"r_year_popularity": _r},
        correlations=1,
    ),
)

#: How many correlations are tested together: each has to be the more convincing (Bonferroni).
COMPARISONS: int = sum(question.correlations for question in QUESTIONS)


@dataclass(frozen=True, kw_only=True)
class AnswerSet:
    """The answers: a field for each row of `QUESTIONS`, in their order."""

    mean_revenue: Mean
    mean_budget: Mean
    revenue_variation: RevenueVariation
    top_revenue_vs_top_budget: TopRevenueVsTopBudget
    popularity_vs_success: PopularityVsSuccess
    year_vs_popularity: FilmCorrelation


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What `insight_metrics` stores.

    Attributes:
        schema_version: Version of this shape.
        saga: Slug of the saga.
        as_of: UTC time of TMDB's newest response that the numbers rest on.
        source: `tmdb`, `bundled-snapshot` or `mixed`.
        films: Number of films that the answers are about: those that are released.
        inputs: Objects of the lake, and snapshots of tables, that the numbers came from.
        not_released: Films of the saga that take no part yet.
        doubtful: Figures that no answer rests on.
        stated: Figures of the sagas file in place of TMDB's.
        same_film: Films that look like one under two ids.
        deleted: Films that the collection lists and TMDB has deleted: nothing is known of them.
        money_of: Day of budgets and revenues, where the day of `as_of` does not state them.
        answers: The answers.
    """

    schema_version: int
    saga: str
    as_of: AwareDatetime
    source: str
    films: int
    inputs: tuple[Input, ...]
    not_released: tuple[UpcomingFilm, ...] = ()
    doubtful: tuple[DoubtfulFigure, ...] = ()
    stated: tuple[StatedFigure, ...] = ()
    same_film: tuple[SameFilm, ...] = ()
    deleted: tuple[FilmName, ...] = ()
    money_of: date | None = None
    answers: AnswerSet

    @property
    def day(self) -> date:
        """UTC day of the figures."""
        return self.as_of.date()


_ADAPTER = TypeAdapter(Answers)

#: Field, type and description of the object, in its order: its dictionary for the catalogue.
ANSWER_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("schema_version", "integer", "Version of this object's shape"),
    ("saga", "text", "Slug of the saga"),
    ("as_of", "timestamp (UTC)", "Time of TMDB's newest response that the numbers rest on"),
    ("source", "text", "Where the figures are from: tmdb, bundled-snapshot or mixed"),
    ("films", "integer", "Number of films that the answers are about: those that are released"),
    (
        "inputs",
        "list",
        "What the numbers came from: uri and sha256 of each lake object, and of a table its name, "
        "snapshot_id and the digest of its rows too",
    ),
    ("not_released", "list", "Films that are not released yet and take no part; absent if none"),
    ("doubtful", "list", "Figures that no answer rests on, with the reason; absent if none"),
    ("stated", "list", "Figures of the sagas file in place of TMDB's; absent if none"),
    ("same_film", "list", "Pairs of films that look like one under two ids; absent if none"),
    ("deleted", "list", "Films that TMDB's collection lists and TMDB deleted; absent if none"),
    ("money_of", "date", "Day of budgets and revenues if not that of as_of; absent otherwise"),
    *((f"answers.{question.name}", "object", question.description) for question in QUESTIONS),
)

#: Which columns of the saga table an answer is computed from, in the catalogue's form.
FIELD_SOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    f"answers.{question.name}": tuple(("saga_table", column) for column in question.columns)
    for question in QUESTIONS
}


def answer_questions(
    table: pd.DataFrame,
    *,
    saga: str,
    inputs: Sequence[Mapping[str, str]],
    deleted: Sequence[FilmName] = (),
    money_of: date | None = None,
) -> Answers:
    """All questions about a saga, answered.

    Args:
        table: A `SagaTable` with at least one film.
        saga: Slug of the saga.
        inputs: What the table came from: objects by uri and sha256, snapshots as `Input` says.
        deleted: Films of the saga that TMDB has deleted, and the table thus lacks.
        money_of: Day of its budgets and revenues, where it is not that of its newest figures.
    """
    films, remarked = films_of(table), remarks_on(table)
    sources = sorted(set(table["source"]))
    return Answers(
        schema_version=SCHEMA_VERSION,
        saga=saga,
        as_of=taken_at(table).replace(microsecond=0),
        source=sources[0] if len(sources) == 1 else MIXED,
        films=len(films) - len(remarked.not_released),
        inputs=as_inputs(inputs),
        **vars(remarked),
        deleted=tuple(deleted),
        money_of=money_of,
        answers=AnswerSet(**{question.name: question.formula(films) for question in QUESTIONS}),
    )


def as_json(result: Answers) -> dict[str, Any]:
    """The object as it is stored: JSON-like values only."""
    stored: dict[str, Any] = _ADAPTER.dump_python(
        result, mode="json", by_alias=True, exclude_defaults=True
    )
    return stored


def parse_answers(stored: object, uri: str, saga: str) -> Answers:
    """The object that `as_json` made.

    Args:
        stored: JSON-like.
        uri: Where it is, to be named.
        saga: Slug of the saga, to be named.

    Raises:
        AnswersUnreadable: It has another shape, or a version that is not known here.
    """
    version = stored.get("schema_version") if isinstance(stored, Mapping) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        raise AnswersUnreadable(
            gettext(
                "The object {uri} has schema_version {version}, and this version of bourne_assets "
                "reads {schema_version}: run `bourne run --saga {saga}` to compute them again.",
                uri=uri,
                version=version,
                schema_version=SCHEMA_VERSION,
                saga=saga,
            )
        )
    try:
        return _ADAPTER.validate_python(stored)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field_name = ".".join(map(str, first["loc"])) or "the whole"
        raise AnswersUnreadable(
            gettext(
                "The object {uri} does not have the shape of answers ({field_name}: {first}): run "
                "`bourne run --saga {saga}` to compute them again.",
                uri=uri,
                field_name=field_name,
                first=first["msg"],
                saga=saga,
            )
        ) from error


def to_text(result: Answers, language: Language = "en") -> list[AnswerText]:
    """The questions in order, each with its answer in words."""
    t = localizer(language)
    return [
        question.text(t, getattr(result.answers, question.name), result.day)
        for question in QUESTIONS
    ]


def origin(result: Answers, language: Language = "en") -> str:
    """Where the figures are from, and of which day, in one sentence."""
    return remarks_words.origin_text(localizer(language), result.films, result.source, result.day)


def remarks(result: Answers, language: Language = "en") -> list[str]:
    """What a reader must know besides the answers; nothing where there is nothing."""
    t = localizer(language)
    return [
        *remarks_words.not_released_text(t, result.not_released, result.day),
        *(remarks_words.doubtful_text(t, doubtful) for doubtful in result.doubtful),
        *(remarks_words.stated_text(t, stated) for stated in result.stated),
        *(remarks_words.same_film_text(t, pair) for pair in result.same_film),
        *remarks_words.deleted_text(t, result.deleted),
        *remarks_words.money_of_text(t, result.money_of),
    ]


def pictures_of(t: Localizer, result: Answers, films: Sequence[Film]) -> dict[str, Picture]:
    """The pictures of the answers by name, as far as there is something to show.

    Args:
        t: Of the language.
        result: The answers.
        films: The films of the saga, in order of release; those not released are not drawn.
    """
    subtitle = origin(result, t.language)
    upcoming = {film.tmdb_id for film in result.not_released}
    films = [film for film in films if film.tmdb_id not in upcoming]
    drawn = {
        name: draw(t, films, getattr(result.answers, question.name), subtitle)
        for question in QUESTIONS
        for name, draw in question.pictures.items()
    }
    return {name: picture for name, picture in drawn.items() if picture is not None}


def main_numbers(result: Answers) -> dict[str, float | None]:
    """The numbers worth a curve over time; None where an answer has none."""
    return {
        "films": result.films,
        **{
            name: number(getattr(result.answers, question.name))
            for question in QUESTIONS
            for name, number in question.main_numbers.items()
        },
    }
