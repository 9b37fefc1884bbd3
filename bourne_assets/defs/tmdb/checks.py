"""Checks on the TMDB tables. Not here: checks on the saga table (`saga`)."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.figure_rules import figure_is_plausible, figure_is_valid
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
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.table import with_stated_figures
from bourne_assets.tables import records
from bourne_assets.tmdb.models import IMDB_ID
from bourne_assets.tmdb.raw import LONGEST, responses_older_than
from bourne_assets.tmdb.schemas import (
    DELETED,
    UNREADABLE,
    DetailsTable,
    ExternalIdsTable,
    SearchTable,
)
from bourne_assets.translations import gettext, grouped, plain


def tmdb_checks(saga: Saga) -> list[dg.AssetChecksDefinition]:
    """The checks of a saga's TMDB tables."""
    search = [
        follows_schema(SearchTable),
        is_unique("tmdb_id"),
        Rule(
            "search_found_every_film",
            "The queries alone find every film of the collection; the others come from the "
            "collection, and a query that misses them is worth correcting.",
            _found_by_collection_alone,
        ),
        _every_response_is_readable(),
    ]
    external_ids = [
        follows_schema(ExternalIdsTable),
        is_unique("tmdb_id"),
        has_pattern("imdb_id", IMDB_ID, "tt0258463"),
        _no_film_is_deleted(),
        _every_response_is_readable(),
    ]
    details = [
        follows_schema(DetailsTable),
        is_unique("tmdb_id"),
        _no_film_is_deleted(),
        _every_response_is_readable(),
        *(
            rule
            for figure in ("budget", "revenue")
            for rule in (
                figure_is_valid(figure),
                figure_is_plausible(
                    figure,
                    lambda table: table[table["collection_id"] == saga.collection_id],
                    lambda film: with_stated_figures(saga, film),
                ),
            )
        ),
    ]
    tables = {
        "tmdb_search": search,
        "tmdb_external_ids": external_ids,
        "tmdb_details": details,
    }
    return [
        *(check_of(saga_key(saga, name), rules) for name, rules in tables.items()),
        _raw_responses_are_recent(saga),
    ]


def _raw_responses_are_recent(saga: Saga) -> dg.AssetChecksDefinition:
    key = saga_key(saga, "tmdb_search")

    @dg.asset_check(
        asset=key,
        name="raw_responses_are_recent",
        description=plain(
            f"No TMDB response has been kept under {keys.all_tmdb_responses()} for more than "
            f"{LONGEST.days} days, as TMDB's terms require; `bourne lake purge` removes older ones."
        ),
    )
    @fails_in_one_sentence
    def raw_responses_are_recent(lake: LakeResource) -> dg.AssetCheckResult:
        old = responses_older_than(lake.connect(), LONGEST, datetime.now(UTC))
        found = [{"key": item.key, "stored_at": item.stored_at.isoformat()} for item in old]
        facts = {"threshold": gettext("at most {days} days", days=LONGEST.days)}
        seen = gettext("none is older than {days} days", days=LONGEST.days)
        return result_of(
            key, "raw_responses_are_recent", Finding(found, seen, facts), is_error=False
        )

    return raw_responses_are_recent


def _found_by_collection_alone(table: pd.DataFrame) -> Finding:
    missed = table[table["kept"] & (table["found_by"] == "collection")]
    films = int(table["kept"].sum())
    seen = gettext("films: {films}", films=films)
    return Finding(records(missed[["tmdb_id", "title"]]), seen, {"films": films})


def _candidates(table: pd.DataFrame) -> str:
    return gettext("candidates: {count}", count=grouped(len(table)))


def _no_film_is_deleted() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        deleted = table[table["status"] == DELETED]
        return Finding(
            records(deleted[["tmdb_id"]]), _candidates(table), {"candidates": len(table)}
        )

    return Rule(
        "no_film_is_deleted",
        "TMDB still knows every candidate; a deleted one takes no part in the saga.",
        find,
    )


def _every_response_is_readable() -> Rule:
    def find(table: pd.DataFrame) -> Finding:
        odd = table[(table["status"] == UNREADABLE) | table["problems"].notna()]
        return Finding(
            records(odd[["tmdb_id", "problems"]]), _candidates(table), {"candidates": len(table)}
        )

    return Rule(
        "every_response_is_readable",
        "What TMDB sent about every candidate is as documented; what could not be read is null, "
        "and a candidate of which nothing could be read takes no part in the saga.",
        find,
    )
