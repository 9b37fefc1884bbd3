"""The columns of the TMDB tables: names, types, nullability, descriptions.

Not here: how the tables are made (`films`), and the saga table's columns.
"""

from pandera.pandas import Field

from bourne_assets.tables import Day, Integer, Table, UtcTime
from bourne_assets.tmdb import SOURCES

KNOWN, DELETED, UNREADABLE = "known", "deleted", "unreadable"
_PROBLEMS = "What could not be read of TMDB's response; null where all could"


class SearchTable(Table):
    """Candidates of a saga: one row per film that a query or the collection named."""

    tmdb_id: Integer = Field(unique=True, description="TMDB's id of the film")
    title: str = Field(nullable=True, description="Title in English; null when unknown")
    original_title: str = Field(nullable=True, description="Title in the original language")
    original_language: str = Field(nullable=True, description="ISO 639-1 code")
    release_date: Day = Field(nullable=True, description="First release; null when unknown")
    popularity: float = Field(
        nullable=True, description="TMDB's popularity at fetched_at; the scale changes over time"
    )
    vote_average: float = Field(nullable=True, description="Mean of TMDB's votes, 0 to 10")
    vote_count: Integer = Field(nullable=True, description="Number of TMDB's votes")
    found_by: str = Field(
        isin=["search", "collection"], description="What named the film: a query or the collection"
    )
    query: str = Field(nullable=True, description="First query that found it")
    page: Integer = Field(nullable=True, description="Page of that query's results, from 1")
    position: Integer = Field(nullable=True, description="Place on that page, from 1")
    kept: bool = Field(description="Whether the collection lists the film")
    reason: str = Field(description="Why it was kept or rejected")
    status: str = Field(
        isin=[KNOWN, UNREADABLE], description="unreadable where a field is not as documented"
    )
    problems: str = Field(nullable=True, description=_PROBLEMS)
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    source: str = Field(isin=SOURCES, description="Where it is from: tmdb or bundled-snapshot")


class ExternalIdsTable(Table):
    """Ids of the candidates at other sites: one row per candidate."""

    tmdb_id: Integer = Field(unique=True, description="TMDB's id of the film")
    imdb_id: str = Field(nullable=True, description="IMDb's id: tt and seven digits or more")
    wikidata_id: str = Field(nullable=True, description="Wikidata's id: Q and digits")
    facebook_id: str = Field(nullable=True, description="Name of the Facebook page")
    instagram_id: str = Field(nullable=True, description="Name of the Instagram account")
    twitter_id: str = Field(nullable=True, description="Name of the X (Twitter) account")
    status: str = Field(
        isin=[KNOWN, DELETED, UNREADABLE],
        description="deleted where TMDB no longer knows the film, unreadable where it sent none",
    )
    problems: str = Field(nullable=True, description=_PROBLEMS)
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    source: str = Field(isin=SOURCES, description="Where it is from: tmdb or bundled-snapshot")


class DetailsTable(Table):
    """Details of the candidates: one row per candidate."""

    tmdb_id: Integer = Field(unique=True, description="TMDB's id of the film")
    imdb_id: str = Field(nullable=True, description="IMDb's id, as the details name it")
    title: str = Field(
        nullable=True, description="Title in English, or the original title where there is none"
    )
    original_title: str = Field(nullable=True, description="Title in the original language")
    original_language: str = Field(nullable=True, description="ISO 639-1 code")
    status: str = Field(
        nullable=True,
        description="Released, Post Production, ...; deleted where TMDB no longer knows the film, "
        "unreadable where its details are not as documented",
    )
    release_date: Day = Field(nullable=True, description="First release; null when unknown")
    runtime_minutes: Integer = Field(nullable=True, description="Minutes; null when unknown")
    budget: Integer = Field(nullable=True, description="USD; null when TMDB does not know it")
    revenue: Integer = Field(
        nullable=True, description="USD at box offices worldwide; null when TMDB does not know it"
    )
    popularity: float = Field(
        nullable=True, description="TMDB's popularity at fetched_at; the scale changes over time"
    )
    vote_average: float = Field(nullable=True, description="Mean of TMDB's votes, 0 to 10")
    vote_count: Integer = Field(nullable=True, description="Number of TMDB's votes")
    genres: str = Field(nullable=True, description="Names of the genres, joined by comma and space")
    collection_id: Integer = Field(
        nullable=True, description="TMDB's id of the collection that the film is part of"
    )
    collection_name: str = Field(nullable=True, description="Name of that collection")
    problems: str = Field(nullable=True, description=_PROBLEMS)
    fetched_at: UtcTime = Field(description="UTC time of TMDB's response")
    source: str = Field(isin=SOURCES, description="Where it is from: tmdb or bundled-snapshot")
