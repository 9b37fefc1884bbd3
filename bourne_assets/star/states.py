"""The films of a saga as of a day, from the tables, and the snapshots and rows that say so.

Answers name these, and can be computed from exactly them at any time.
Not here: how rows become tables (`storage`), and answers.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bourne_assets.answers.films import FilmName, names_of
from bourne_assets.answers.sources import Input
from bourne_assets.errors import BourneError
from bourne_assets.iceberg.tables import find_table, open_table
from bourne_assets.iceberg.translation import translated_for_table
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import FilmsAsOf, films_as_of
from bourne_assets.star.dimensions import ATTRIBUTES, date_key, saga_filter
from bourne_assets.star.observations import StarOfSaga, history_of
from bourne_assets.star.schemas import DIM_FILM, FACT_FILM_DAY, DimFilm, FactFilmDay
from bourne_assets.tables import conform, records
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

#: What a state of a film says of it; the end of its period becomes known later.
_OF_STATE = ("film_key", "tmdb_id", "saga_key", *ATTRIBUTES)


class StateGone(BourneError):
    """What answers were computed from is not in the tables any more."""


@dataclass(frozen=True)
class KnownState:
    """What the tables know of a saga as of a day.

    Attributes:
        known: The films, and of which days their figures are.
        deleted: Films that the collection listed and TMDB had deleted.
        inputs: The snapshots of the tables, and the digests of the rows that say this.
    """

    known: FilmsAsOf
    deleted: tuple[FilmName, ...]
    inputs: tuple[Input, ...]

    def is_of(self, films: pd.DataFrame, deleted: Sequence[FilmName]) -> bool:
        """Whether it says exactly what a `SagaTable` says, and of the same deleted films."""
        return records(self.known.films) == records(films) and self.deleted == tuple(deleted)


def newest_state(catalogue: "Catalog", saga: Saga, day: date) -> KnownState | None:
    """The state of a saga as of a day, of the tables' newest snapshots.

    Args:
        catalogue: The catalogue.
        saga: The saga.
        day: The day.

    Returns:
        The state; None where the tables have no row of the saga up to that day.

    Raises:
        LakeError: The catalogue or its storage failed.
    """
    # Facts first: a writer commits the films of its facts before them.
    facts = find_table(catalogue, FACT_FILM_DAY)
    snapshot = facts.current_snapshot() if facts else None
    films = find_table(catalogue, DIM_FILM)
    of_films = films.current_snapshot() if films else None
    if facts is None or films is None or snapshot is None or of_films is None:
        return None
    return _state(
        _Pinned(FACT_FILM_DAY, facts, snapshot), _Pinned(DIM_FILM, films, of_films), saga, day
    )


def named_state(catalogue: "Catalog", saga: Saga, day: date, inputs: Sequence[Input]) -> KnownState:
    """The state of a saga as of a day, from the snapshots that answers name.

    Where upkeep has removed one, the newest state is as good if it rests on the very same rows.

    Args:
        catalogue: The catalogue.
        saga: The saga.
        day: The day of the answers.
        inputs: What the answers name.

    Raises:
        StateGone: The snapshots are gone, and the rows with them, or they never had any.
        LakeError: The catalogue or its storage failed, or has no such table.
    """
    named = {each.table: each for each in inputs if each.table}
    if set(named) != {FACT_FILM_DAY, DIM_FILM}:
        raise StateGone(
            gettext(
                "Answers rest on {fact_film_day} and {dim_film}, and on no other table.",
                fact_film_day=FACT_FILM_DAY,
                dim_film=DIM_FILM,
            )
        )
    facts, films = (_pinned(catalogue, named[name]) for name in (FACT_FILM_DAY, DIM_FILM))
    if facts and films:
        found = _state(facts, films, saga, day)
        if found is None:
            raise StateGone(
                gettext(
                    "Snapshot {snapshot_id} of {fact_film_day} has no row of {title} on or before "
                    "{day}.",
                    snapshot_id=facts.snapshot.snapshot_id,
                    fact_film_day=FACT_FILM_DAY,
                    title=saga.title,
                    day=day,
                )
            )
        return found
    newest = newest_state(catalogue, saga, day)
    digests = {each.table: each.digest for each in newest.inputs} if newest else {}
    for name, each in named.items():
        if newest is None or digests[name] != each.digest:
            raise StateGone(
                gettext(
                    "Snapshot {snapshot_id} of {name} expired, and its rows of {day} have changed "
                    "since.",
                    snapshot_id=each.snapshot_id,
                    name=name,
                    day=day,
                )
            )
    assert newest is not None  # noqa: S101 - or it was raised
    return replace(newest, inputs=tuple(named.values()))


@dataclass(frozen=True)
class _Pinned:
    """A table in one of its snapshots."""

    name: str
    table: "Table"
    snapshot: "Snapshot"

    def rows(self, where: str) -> pa.Table:
        with translated_for_table(self.name):
            scan = self.table.scan(where, snapshot_id=self.snapshot.snapshot_id)
            return scan.to_arrow()

    def as_input(self, rows: Iterable[Mapping[str, Any]]) -> Input:
        uri = self.snapshot.manifest_list
        with (
            translated_for_table(self.name),
            self.table.io.new_input(uri).open() as file,
        ):
            data = file.read()
        return Input(
            uri=uri,
            sha256=hashlib.sha256(data).hexdigest(),
            table=self.name,
            snapshot_id=str(self.snapshot.snapshot_id),
            digest=digest_of(rows),
        )


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of rows in any order: each as JSON with sorted names and without what is unknown."""
    lines = sorted(
        json.dumps(
            {name: value for name, value in row.items() if value is not None},
            ensure_ascii=False,
            sort_keys=True,
            default=str,
        )
        for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _pinned(catalogue: "Catalog", named: Input) -> _Pinned | None:
    """A table in the snapshot that an input names; None where that is gone."""
    name, wanted = named.table or "", named.snapshot_id or ""
    table = open_table(catalogue, name)
    snapshot = table.snapshot_by_id(int(wanted)) if wanted.isdecimal() else None
    return _Pinned(name, table, snapshot) if snapshot else None


def _state(facts: _Pinned, films: _Pinned, saga: Saga, day: date) -> KnownState | None:
    own = saga_filter(saga)
    found = facts.rows(f"{own} and date_key <= {date_key(day)}")
    if not found.num_rows:
        return None
    observed = pc.max(found["date_key"])
    whole = pc.max(found.filter(pc.invert(found["is_partial"]))["date_key"])
    days = pa.array([observed.as_py(), whole.as_py()], pa.int64())
    of_days = conform(found.filter(pc.is_in(found["date_key"], days)).to_pylist(), FactFilmDay)
    keys = set(of_days["film_key"])
    of_films = conform(
        [row for row in films.rows(own).to_pylist() if row["film_key"] in keys], DimFilm
    )
    star = StarOfSaga(of_films, of_days)
    now = set(of_days[of_days["date_key"] == observed.as_py()]["film_key"])
    deleted = star.deleted[star.deleted["film_key"].isin(now)].sort_values("tmdb_id")
    states = [{name: row[name] for name in _OF_STATE} for row in records(of_films)]
    return KnownState(
        films_as_of(history_of(star), day, saga),
        names_of(deleted),
        (facts.as_input(records(of_days)), films.as_input(states)),
    )
