"""The star schema in its Iceberg tables: read for a saga, and brought up to what is known.

A table is committed to only where rows differ, so that a run that learns nothing new leaves no
snapshot. Rows of other sagas are never touched.
Not here: which rows there are (`observations`, `dimensions`).
"""

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from bourne_assets.iceberg.commits import Provenance, name_of, replace_where
from bourne_assets.iceberg.tables import REFINED, ensure_table, evolve, find_table
from bourne_assets.iceberg.translation import translated_for_table
from bourne_assets.saga.definition import Saga
from bourne_assets.star.dimensions import date_key, date_rows, saga_filter, saga_row
from bourne_assets.star.observations import StarOfSaga
from bourne_assets.star.schemas import STAR, DimDate, DimFilm, DimSaga, FactAnswer, FactFilmDay
from bourne_assets.tables import (
    Table,
    arrow_schema,
    conform,
    descriptions,
    from_arrow,
    records,
    to_arrow,
)
from bourne_assets.threads import thread_pool

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
_DATE_KEY = "date_key"


def read_star(catalogue: "Catalog", saga: Saga, *, up_to: date | None = None) -> StarOfSaga:
    """What is known of a saga; empty where there are no tables yet.

    Args:
        catalogue: The catalogue.
        saga: The saga.
        up_to: The last day of facts that are wanted; all where it is None.

    Raises:
        LakeError: The catalogue or its storage failed.
    """
    own = saga_filter(saga)
    wanted = f"{own} and {_DATE_KEY} <= {date_key(up_to)}" if up_to else own
    with thread_pool(2, "star") as pool:
        films = pool.submit(_read, catalogue, "dim_film", own)
        facts = pool.submit(_read, catalogue, "fact_film_day", wanted)
        return StarOfSaga(films.result(), facts.result())


def keep_star(
    catalogue: "Catalog",
    saga: Saga,
    before: StarOfSaga,
    after: StarOfSaga,
    provenance: Provenance,
) -> int | None:
    """Bring the tables from one state of a saga to the next.

    Args:
        catalogue: The catalogue.
        saga: The saga.
        before: What `read_star` gave.
        after: What is known now.
        provenance: Where the rows come from.

    Returns:
        The snapshot of `fact_film_day` that has the facts; None where it has no rows at all.

    Raises:
        LakeError: A commit failed. What was committed before it is right on its own, and the next
            run commits the rest.
    """
    own = saga_filter(saga)
    days = _changed_days(before.facts, after.facts)
    facts = after.facts[after.facts[_DATE_KEY].isin(days)]
    has_new_films = not before.films.equals(after.films)
    with thread_pool(3, "star") as pool:
        # What a killed run did not commit, the next one does. But facts whose films are not there
        # would be of nothing: they come when their films are.
        films = pool.submit(
            _replace, catalogue, "dim_film", own if has_new_films else None, after.films, provenance
        )
        others: list[Future[Any]] = [
            pool.submit(_keep_saga, catalogue, saga, after.films_of_newest_day, provenance),
            pool.submit(_keep_days, catalogue, after.days, provenance),
        ]
        films.result()
        where = f"{own} and {_among(days)}" if days else None
        stored = _replace(catalogue, "fact_film_day", where, facts, provenance)
        for each in others:
            each.result()
        return stored


def keep_answers(
    catalogue: "Catalog", rows: Iterable[dict[str, Any]], provenance: Provenance
) -> int | None:
    """Keep the numbers of one saga and day in `fact_answer`, in place of earlier ones of that day.

    Args:
        catalogue: The catalogue.
        rows: Rows of `FactAnswer`, of one saga and day.
        provenance: Where they come from.

    Returns:
        The table's snapshot.

    Raises:
        LakeError: The commit failed.
    """
    frame = conform(sorted(rows, key=lambda row: (row["question"], row["name"])), FactAnswer)
    first = records(frame.head(1))[0]
    own = f"saga_key = '{first['saga_key']}' and {_DATE_KEY} = {first[_DATE_KEY]}"
    is_known = _read(catalogue, "fact_answer", own).equals(frame)
    return _replace(catalogue, "fact_answer", None if is_known else own, frame, provenance)


def newest_snapshot(catalogue: "Catalog", name: str) -> int | None:
    """The newest snapshot of a table; None where there is no table, or no rows yet.

    Raises:
        LakeError: The catalogue failed.
    """
    table = find_table(catalogue, name)
    current = table.current_snapshot() if table else None
    return current.snapshot_id if current else None


def _keep_saga(catalogue: "Catalog", saga: Saga, films: int, provenance: Provenance) -> None:
    row, own = saga_row(saga, films), saga_filter(saga)
    if not _read(catalogue, "dim_saga", own).equals(row):
        _replace(catalogue, "dim_saga", own, row, provenance)


def _keep_days(catalogue: "Catalog", days: list[date], provenance: Provenance) -> None:
    known = _known_days(catalogue)
    missing = [day for day in days if date_key(day) not in known]
    if missing:
        same = _among([date_key(day) for day in missing])  # another saga's run may be faster
        _replace(catalogue, "dim_date", same, date_rows(missing), provenance)


def _replace(
    catalogue: "Catalog",
    name: str,
    where: str | None,
    rows: pd.DataFrame,
    provenance: Provenance,
) -> int | None:
    """Put rows in the place of those that a condition names; with None the table stays.

    Returns:
        The table's newest snapshot; None where it has none.
    """
    model = STAR[name]
    full = f"{REFINED}.{name}"
    if where is None:
        return newest_snapshot(catalogue, full)
    schema, docs = arrow_schema(model), descriptions(model)
    table = evolve(ensure_table(catalogue, full, schema, docs), schema, docs)
    return replace_where(table, where, to_arrow(rows, model), provenance).snapshot_id


def _read(catalogue: "Catalog", name: str, where: str) -> pd.DataFrame:
    """Rows of a table in the order of their keys, as its model; none where there is no table."""
    model: type[Table] = STAR[name]
    table = find_table(catalogue, f"{REFINED}.{name}")
    if table is None:
        return conform([], model)
    with translated_for_table(name_of(table)):
        found = table.scan(row_filter=where).to_arrow()
    ordered = found.sort_by([(key, "ascending") for key in _ORDER[model]])
    return from_arrow(ordered, model)


def _known_days(catalogue: "Catalog") -> set[int]:
    """The keys of `dim_date`."""
    table = find_table(catalogue, f"{REFINED}.dim_date")
    if table is None:
        return set()
    with translated_for_table(name_of(table)):
        found = table.scan(selected_fields=(_DATE_KEY,)).to_arrow()
    return set(found[_DATE_KEY].to_pylist())


_ORDER: dict[type[Table], tuple[str, ...]] = {
    DimFilm: ("tmdb_id", "valid_from"),
    DimSaga: ("saga_key",),
    DimDate: (_DATE_KEY,),
    FactFilmDay: (_DATE_KEY, "tmdb_id"),
    FactAnswer: ("saga_key", _DATE_KEY, "question", "name"),
}


def _among(days: list[int]) -> str:
    return f"{_DATE_KEY} in ({', '.join(map(str, days))})"


def _changed_days(before: pd.DataFrame, after: pd.DataFrame) -> list[int]:
    """Days whose facts differ."""
    both = pd.concat([before, after])
    return sorted(int(day) for day in set(both[~both.duplicated(keep=False)][_DATE_KEY]))
