"""The tables of the star schema: keys, grain, and what each column means.

A dimension and a fact are joined by `film_key`, `saga_key` and `date_key`.
"""

from pandera.pandas import Field

from bourne_assets.tables import Day, Integer, Table, UtcTime
from bourne_assets.tmdb import SOURCES

_SAGA_KEY = "Key of the saga in dim_saga: its slug"
_DATE_KEY = "Key of the day in dim_date: the date as a number, 20170901"


class DimFilm(Table):
    """Grain: one row per film, saga and period in which nothing changed (SCD type 2)."""

    film_key: str = Field(unique=True, description="Key: saga, TMDB's id and first day")
    tmdb_id: Integer = Field(description="TMDB's id of the film")
    imdb_id: str = Field(nullable=True, description="IMDb's id: tt and seven digits or more")
    wikidata_id: str = Field(nullable=True, description="Wikidata's id: Q and digits")
    title: str = Field(description="Title in English")
    original_title: str = Field(nullable=True, description="Title in the original language")
    release_date: Day = Field(nullable=True, description="First release; null when unknown")
    status: str = Field(
        nullable=True,
        description="TMDB's status: Released, Post Production ...; deleted where TMDB has no more",
    )
    runtime_minutes: Integer = Field(nullable=True, description="Minutes; null when unknown")
    genres: str = Field(nullable=True, description="Names of the genres, joined by comma and space")
    saga_key: str = Field(description=_SAGA_KEY)
    valid_from: Day = Field(description="First UTC day on which this was observed")
    valid_to: Day = Field(
        nullable=True, description="First UTC day on which something else was; null for the newest"
    )
    is_current: bool = Field(description="Whether it is the newest row of the film")


class DimSaga(Table):
    """Grain: one row per saga."""

    saga_key: str = Field(unique=True, description="Key: the slug of the saga")
    collection_id: Integer = Field(description="TMDB's id of the saga's collection")
    slug: str = Field(description="Name in asset keys and commands")
    name: str = Field(description="Name for people")
    films: Integer = Field(description="Number of films in the newest state of the saga")


class DimDate(Table):
    """Grain: one row per day on which something was observed or answered."""

    date_key: Integer = Field(unique=True, description=_DATE_KEY)
    date: Day = Field(unique=True, description="The day, in UTC")
    year: Integer = Field(description="Year")
    quarter: Integer = Field(description="Quarter, 1 to 4")
    month: Integer = Field(description="Month, 1 to 12")
    day: Integer = Field(description="Day of the month, 1 to 31")
    weekday: Integer = Field(description="Day of the week of ISO 8601: 1 is Monday, 7 is Sunday")


class FactFilmDay(Table):
    """Grain: one row per film, saga and UTC day: what was stated on that day, never filled in.

    Of a film that TMDB has deleted, and its collection still lists, nothing is stated.
    """

    date_key: Integer = Field(description=_DATE_KEY)
    film_key: str = Field(description="Key of the film in dim_film, in its state of that day")
    saga_key: str = Field(description=_SAGA_KEY)
    tmdb_id: Integer = Field(description="TMDB's id of the film")
    budget: Integer = Field(nullable=True, description="USD as stated; null when unknown")
    revenue: Integer = Field(
        nullable=True, description="USD at box offices worldwide as stated; null when unknown"
    )
    profit: Integer = Field(
        nullable=True, description="USD: revenue minus budget; null if either cannot be used"
    )
    return_on_budget: float = Field(
        nullable=True, description="profit / budget; null if either cannot be used"
    )
    popularity: float = Field(
        nullable=True, description="TMDB's popularity; its scale changes over time"
    )
    vote_average: float = Field(nullable=True, description="Mean of TMDB's votes, 0 to 10")
    vote_count: Integer = Field(nullable=True, description="Number of TMDB's votes")
    imdb_rating: float = Field(nullable=True, description="Rating of the landed CSV, 0 to 10")
    imdb_votes: Integer = Field(nullable=True, description="Number of votes of the landed CSV")
    source: str = Field(isin=SOURCES, description="Where the figures are from")
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    budget_source: str = Field(
        nullable=True, description="Source of the sagas file for the budget; null if it is TMDB's"
    )
    revenue_source: str = Field(
        nullable=True, description="Source of the sagas file for the revenue; null if it is TMDB's"
    )
    is_partial: bool = Field(description="Whether the source states no budget and revenue at all")


class FactAnswer(Table):
    """Grain: one row per saga, UTC day of the figures, question and number."""

    saga_key: str = Field(description=_SAGA_KEY)
    date_key: Integer = Field(description=_DATE_KEY)
    question: str = Field(description="Name of the question, as in insight_metrics")
    name: str = Field(description="Name of the number")
    value: float = Field(nullable=True, description="The number; null when it cannot be computed")
    unit: str = Field(nullable=True, description="USD, percent, or null for a number without unit")
    n: Integer = Field(nullable=True, description="Number of films that it rests on")
    snapshot_id: Integer = Field(
        nullable=True, description="Snapshot of fact_film_day that has the figures; null if none"
    )


#: The tables by name, in the order in which they are joined.
STAR: dict[str, type[Table]] = {
    "dim_film": DimFilm,
    "dim_saga": DimSaga,
    "dim_date": DimDate,
    "fact_film_day": FactFilmDay,
    "fact_answer": FactAnswer,
}

DIM_FILM = "refined.dim_film"
FACT_FILM_DAY, FACT_ANSWER = "refined.fact_film_day", "refined.fact_answer"
