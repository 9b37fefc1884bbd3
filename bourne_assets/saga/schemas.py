"""The columns of the saga table. Not here: how it is made (`table`)."""

from pandera.pandas import Field

from bourne_assets.tables import Day, Integer, Table, UtcTime
from bourne_assets.tmdb import SOURCES


class SagaTable(Table):
    """Films of a saga: one row per film, in order of release."""

    tmdb_id: Integer = Field(unique=True, description="TMDB's id of the film")
    imdb_id: str = Field(nullable=True, description="IMDb's id: tt and seven digits or more")
    wikidata_id: str = Field(nullable=True, description="Wikidata's id: Q and digits")
    title: str = Field(description="Title in English")
    original_title: str = Field(nullable=True, description="Title in the original language")
    release_date: Day = Field(nullable=True, description="First release; null when unknown")
    status: str = Field(
        nullable=True, description="TMDB's status: Released, Post Production, Canceled ..."
    )
    release_year: Integer = Field(nullable=True, description="Year of the first release")
    runtime_minutes: Integer = Field(nullable=True, description="Minutes; null when unknown")
    budget: Integer = Field(nullable=True, description="USD; null when unknown, never 0")
    revenue: Integer = Field(
        nullable=True, description="USD at box offices worldwide; null when unknown, never 0"
    )
    profit: Integer = Field(
        nullable=True,
        description="USD: revenue minus budget; null when either is unknown or doubtful",
    )
    return_on_budget: float = Field(
        nullable=True, description="profit / budget; null when either is unknown or doubtful"
    )
    budget_source: str = Field(
        nullable=True,
        description="Source of the sagas file for the budget; null where it is TMDB's",
    )
    revenue_source: str = Field(
        nullable=True,
        description="Source of the sagas file for the revenue; null where it is TMDB's",
    )
    popularity: float = Field(
        nullable=True, description="TMDB's popularity at fetched_at; the scale changes over time"
    )
    vote_average: float = Field(nullable=True, description="Mean of TMDB's votes, 0 to 10")
    vote_count: Integer = Field(nullable=True, description="Number of TMDB's votes")
    imdb_rating: float = Field(
        nullable=True, description="Rating of the landed CSV, 0 to 10; null when it has none"
    )
    imdb_votes: Integer = Field(
        nullable=True, description="Number of votes of the landed CSV; null when it has none"
    )
    genres: str = Field(nullable=True, description="Names of the genres, joined by comma and space")
    collection_id: Integer = Field(description="TMDB's id of the saga's collection")
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    source: str = Field(
        isin=SOURCES,
        description="Where the figures are from: tmdb or bundled-snapshot",
    )


class HistoryTable(Table):
    """Figures of a saga's films over time: one row per film and UTC day, by day and release.

    Null is unknown and never filled in from another day.
    """

    observed_on: Day = Field(
        description="UTC day of the snapshot: that of its newest TMDB response"
    )
    tmdb_id: Integer = Field(description="TMDB's id of the film")
    imdb_id: str = Field(nullable=True, description="IMDb's id: tt and seven digits or more")
    title: str = Field(description="Title in English on that day")
    release_date: Day = Field(nullable=True, description="First release as known on that day")
    status: str = Field(nullable=True, description="TMDB's status on that day")
    budget: Integer = Field(nullable=True, description="USD as stated on that day; null if unknown")
    revenue: Integer = Field(
        nullable=True, description="USD at box offices worldwide as stated on that day"
    )
    budget_source: str = Field(
        nullable=True,
        description="Source of the sagas file for the budget; null where it is TMDB's",
    )
    revenue_source: str = Field(
        nullable=True,
        description="Source of the sagas file for the revenue; null where it is TMDB's",
    )
    popularity: float = Field(
        nullable=True, description="TMDB's popularity on that day; the scale changes over time"
    )
    vote_average: float = Field(nullable=True, description="Mean of TMDB's votes, 0 to 10")
    vote_count: Integer = Field(nullable=True, description="Number of TMDB's votes")
    wikidata_id: str = Field(nullable=True, description="Wikidata's id on that day: Q and digits")
    original_title: str = Field(nullable=True, description="Title in the original language")
    runtime_minutes: Integer = Field(nullable=True, description="Minutes; null when unknown")
    genres: str = Field(nullable=True, description="Names of the genres, joined by comma and space")
    imdb_rating: float = Field(nullable=True, description="Rating of the landed CSV on that day")
    imdb_votes: Integer = Field(nullable=True, description="Votes of the landed CSV on that day")
    partial: bool = Field(
        description="Whether the snapshot's source states no budget and no revenue at all"
    )
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    source: str = Field(
        isin=SOURCES,
        description="Where the figures are from: tmdb or bundled-snapshot",
    )
