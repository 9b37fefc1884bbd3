"""A saga's figures over time: one row per film and UTC day, whatever TMDB says later.

A snapshot is what one run saw of a saga. Not here: where snapshots are kept
(`snapshots`), and answers.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import NoSnapshot
from bourne_assets.saga.schemas import HistoryTable, SagaTable
from bourne_assets.saga.table import derived_figures, release_order
from bourne_assets.settings import DATA_DIR
from bourne_assets.tables import conform, records
from bourne_assets.tmdb import SNAPSHOT
from bourne_assets.translations import gettext

_SEED_FILE = DATA_DIR / "history" / "observations.csv"
#: What the bundled observations say of a film itself.
SEED_STATES = ("imdb_id", "title", "release_date")
#: What a deletion says of a film: the rest is as it was known before.
DELETION_STATES = ("title", "status")
_FIGURES = ("budget", "revenue")
#: What a partial observation does not speak of.
_NOT_IN_PARTIAL = (
    *_FIGURES,
    "budget_source",
    "revenue_source",
    "status",
    "wikidata_id",
    "runtime_minutes",
    "genres",
    "imdb_rating",
    "imdb_votes",
)


def snapshot_of(films: pd.DataFrame) -> pd.DataFrame:
    """What a `SagaTable` says of its films, as `HistoryTable` rows of one day.

    All rows have the day of the newest response, so that a run over midnight is one snapshot.
    """
    day = taken_at(films).date()
    rows = [{**row, "observed_on": day, "partial": False} for row in records(films)]
    return conform(rows, HistoryTable)


def deletions_of(deleted: pd.DataFrame, day: date) -> pd.DataFrame:
    """That TMDB has deleted films of a saga, as `HistoryTable` rows of one day without figures.

    Args:
        deleted: `DetailsTable` of these films.
        day: The day of the snapshot that lacks them.
    """
    named = ("tmdb_id", "title", "status", "fetched_at", "source")
    rows = [
        {**{name: row[name] for name in named}, "observed_on": day, "partial": False}
        for row in records(deleted)
    ]
    return conform(rows, HistoryTable)


def taken_at(rows: pd.DataFrame) -> datetime:
    """UTC time of the newest response among rows that have `fetched_at`."""
    newest: datetime = rows["fetched_at"].max().to_pydatetime()
    return newest


def seed(saga: Saga) -> pd.DataFrame:
    """The observations of the saga's collection that ship with the package; it may be empty."""
    with _SEED_FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            _seeded(row)
            for row in csv.DictReader(file)
            if int(row["collection_id"]) == saga.collection_id
        ]
    return conform(rows, HistoryTable)


def merged(snapshots: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One history of many snapshots, which may overlap.

    Of several rows of a film and day the last fetched stays; of equals, that of the later snapshot.
    """
    frames = list(snapshots)
    rows = pd.concat([conform([], HistoryTable), *frames], ignore_index=True)
    last = rows.sort_values("fetched_at", kind="stable").drop_duplicates(
        ["observed_on", "tmdb_id"], keep="last"
    )
    ordered = last.sort_values(["observed_on", "release_date", "tmdb_id"], na_position="last")
    return pd.DataFrame(HistoryTable.to_schema().coerce_dtype(ordered.reset_index(drop=True)))


def days_of(history: pd.DataFrame) -> list[date]:
    """The days of a history, in order."""
    return sorted(set(history["observed_on"]))


@dataclass(frozen=True)
class FilmsAsOf:
    """The films of a saga as they were known on a day.

    Attributes:
        films: `SagaTable`, of the newest observation on or before that day.
        money_of: Day of budgets and revenues, where that observation does not speak of them.
    """

    films: pd.DataFrame
    money_of: date | None


def films_as_of(history: pd.DataFrame, day: date, saga: Saga) -> FilmsAsOf:
    """The films of the newest observation on or before a day, each figure as known on that day.

    What a partial observation does not speak of is of the newest one that does.

    Args:
        history: `HistoryTable`.
        day: The day.
        saga: The saga.

    Raises:
        NoSnapshot: There is no such observation.
    """
    past = history[history["observed_on"] <= day]
    if past.empty:
        first = min(days_of(history), default=None)
        hint = (
            gettext("the first is of {first}", first=first)
            if first
            else gettext("there is none yet")
        )
        raise NoSnapshot(
            gettext(
                "There is no snapshot of {title} on or before {day}: {hint}.",
                title=saga.title,
                day=day,
                hint=hint,
            )
        )
    newest = max(past["observed_on"])
    whole = max(past["observed_on"][~past["partial"].astype(bool)], default=None)
    stated = {row["tmdb_id"]: row for row in _of_day(past, whole)}
    films = [
        _film_as_of(row, stated.get(row["tmdb_id"], {}), saga) for row in _of_day(past, newest)
    ]
    table = conform(sorted(films, key=release_order), SagaTable)
    return FilmsAsOf(table, whole if whole != newest else None)


def _of_day(history: pd.DataFrame, day: date | None) -> list[dict[str, Any]]:
    return records(history[history["observed_on"] == day]) if day else []


def _film_as_of(row: dict[str, Any], stated: dict[str, Any], saga: Saga) -> dict[str, Any]:
    if row["partial"]:
        row = {**row, **{name: stated.get(name) for name in _NOT_IN_PARTIAL}}
    return {
        **row,
        **derived_figures(row),
        "original_title": row.get("original_title") or stated.get("original_title") or row["title"],
        "collection_id": saga.collection_id,
    }


@dataclass(frozen=True)
class Drift:
    """A figure of a film that one snapshot states differently from the one before it.

    Attributes:
        tmdb_id: TMDB's id of the film.
        title: Its title by the newer snapshot.
        figure: `budget` or `revenue`.
        old: USD by the older snapshot; None: unknown.
        new: USD by the newer snapshot; None: unknown.
        change_pct: The change in percent of the old figure; None: it cannot be computed.
        old_day: Day of the older snapshot, in ISO format.
        new_day: Day of the newer snapshot, in ISO format.
    """

    tmdb_id: int
    title: str | None
    figure: str
    old: int | None
    new: int | None
    change_pct: float | None
    old_day: str
    new_day: str


def drifted_figures(history: pd.DataFrame) -> list[Drift]:
    """Budgets and revenues that the newest snapshot states differently from the one before it.

    Partial rows say nothing about them and are passed over. A figure that became known, or is no
    longer known, has drifted as well.
    """
    by_film: dict[int, list[dict[str, Any]]] = {}
    whole = history[~history["partial"].astype(bool)]
    for row in records(whole.groupby("tmdb_id").tail(2)):
        by_film.setdefault(row["tmdb_id"], []).append(row)
    newest = max((rows[-1]["observed_on"] for rows in by_film.values()), default=None)
    return [
        change
        for rows in by_film.values()
        if len(rows) > 1 and rows[-1]["observed_on"] == newest
        for change in _changes(rows[-2], rows[-1])
    ]


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[Drift]:
    return [
        Drift(
            tmdb_id=after["tmdb_id"],
            title=after["title"],
            figure=figure,
            old=before[figure],
            new=after[figure],
            change_pct=100 * (after[figure] - before[figure]) / before[figure]
            if before[figure] and after[figure] is not None
            else None,
            old_day=before["observed_on"].isoformat(),
            new_day=after["observed_on"].isoformat(),
        )
        for figure in _FIGURES
        if before[figure] != after[figure]
    ]


def _seeded(row: dict[str, str]) -> dict[str, Any]:
    """A line of the seed file; an empty field is unknown."""
    day = date.fromisoformat(row["observed_on"])
    return {
        **{name: value or None for name, value in row.items()},
        "observed_on": day,
        "partial": row["partial"] == "true",
        "release_date": date.fromisoformat(row["release_date"]) if row["release_date"] else None,
        "fetched_at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "source": SNAPSHOT,
    }
