"""Checks on the saga table. Not here: checks on the answers (`answers`)."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd

from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.figure_rules import figure_is_valid, revenue_covers_budget
from bourne_assets.defs.shared.naming import saga_key
from bourne_assets.defs.shared.rules import (
    Finding,
    Rule,
    check_of,
    follows_schema,
    has_pattern,
    is_unique,
    result_of,
)
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.duplicates import same_films
from bourne_assets.saga.figures import OLDEST_FIGURES
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.saga.table import deleted_films
from bourne_assets.tables import records
from bourne_assets.tmdb import LIVE
from bourne_assets.tmdb.models import IMDB_ID
from bourne_assets.translations import gettext, plain


def saga_checks(saga: Saga) -> list[dg.AssetChecksDefinition]:
    """The checks of a saga's table."""
    rules = [
        follows_schema(SagaTable),
        is_unique("tmdb_id"),
        is_unique("imdb_id"),
        is_unique("wikidata_id"),
        has_pattern("imdb_id", IMDB_ID, "tt0258463"),
        _title_and_date_are_unique(),
        _figures_are_recent(),
        figure_is_valid("budget"),
        figure_is_valid("revenue"),
        revenue_covers_budget(),
    ]
    return [check_of(saga_key(saga, saga.table_name), rules), _collection_is_complete(saga)]


def _title_and_date_are_unique() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        pairs = [pair for pair in same_films(records(table)) if pair.equal == "title_and_date"]
        found = [
            {
                "tmdb_id": film["tmdb_id"],
                "title": film["title"],
                "release_date": str(film["release_date"]),
            }
            for pair in pairs
            for film in (pair.first, pair.second)
        ]
        seen = gettext("films: {films}", films=len(table))
        return Finding(found, seen, {"films": len(table), "pairs": len(pairs)})

    return Rule(
        "title_and_date_are_unique",
        "No two films have the same title and release date: TMDB's editors enter some films twice, "
        "and the answers count both.",
        find,
    )


def _figures_are_recent() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        times = table[table["source"] == LIVE]["fetched_at"]
        oldest = times.min()
        is_old = bool(times.size) and datetime.now(UTC) - oldest > OLDEST_FIGURES
        facts = {
            "figures_of": table["fetched_at"].max().isoformat(),
            "source": ", ".join(sorted(set(table["source"]))),
            "threshold": gettext(
                "at most {oldest_figures:.0f} hours, if TMDB's",
                oldest_figures=OLDEST_FIGURES / timedelta(hours=1),
            ),
        }
        seen = gettext(
            "figures of {day}, from: {source}",
            day=facts["figures_of"][:10],
            source=facts["source"],
        )
        return Finding([{"fetched_at": oldest.isoformat()}] if is_old else [], seen, facts)

    return Rule(
        "figures_are_recent",
        f"TMDB's figures are at most {OLDEST_FIGURES / timedelta(hours=1):.0f} hours old, however "
        "new the run is that used them. Those of the bundled snapshot have their own day and are "
        "not compared.",
        find,
    )


def _collection_is_complete(saga: Saga) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=saga_key(saga, saga.table_name),
        name="collection_is_complete",
        blocking=True,
        description=plain(
            "The table has exactly the films that TMDB's collection lists, except those that TMDB "
            "has deleted; one that the details place elsewhere is a contradiction."
        ),
        additional_ins={
            "candidates": dg.AssetIn(saga_key(saga, "tmdb_search")),
            "details": dg.AssetIn(saga_key(saga, "tmdb_details")),
        },
    )
    @fails_in_one_sentence
    def collection_is_complete(
        films: pd.DataFrame, candidates: pd.DataFrame, details: pd.DataFrame
    ) -> dg.AssetCheckResult:
        deleted = deleted_films(candidates, details)["tmdb_id"]
        listed = candidates[candidates["kept"] & ~candidates["tmdb_id"].isin(deleted)]
        absent = listed[~listed["tmdb_id"].isin(films["tmdb_id"])]
        surplus = films[~films["tmdb_id"].isin(listed["tmdb_id"])]
        found = [
            {"tmdb_id": row["tmdb_id"], "title": row["title"], "contradiction": kind}
            for kind, rows in (
                ("listed, not in the table", absent),
                ("in the table, not listed", surplus),
            )
            for row in records(rows)
        ]
        facts = {
            "collection_id": saga.collection_id,
            "listed": len(listed),
            "in_table": len(films),
            "threshold": gettext("the same films in both"),
        }
        key = saga_key(saga, saga.table_name)
        seen = gettext(
            "films listed: {listed}, in the table: {films}", listed=len(listed), films=len(films)
        )
        return result_of(key, "collection_is_complete", Finding(found, seen, facts), is_error=True)

    return collection_is_complete
