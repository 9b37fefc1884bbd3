"""The check that the saga table is the collection."""

from datetime import timedelta

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import Lake
from bourne_assets.tables import conform
from bourne_assets.tmdb.schemas import DELETED, DetailsTable
from bourne_assets_tests.defs.tables import (
    NOW,
    Frames,
    fact_of,
    offending_rows,
    right_tables,
    run_checks,
    store_tables,
)


def _collection(lake: Lake, resource: LakeResource, tables: Frames) -> dg.AssetCheckEvaluation:
    store_tables(lake, tables)
    return run_checks(resource, "bourne_saga_table").checks["collection_is_complete"]


def test_a_film_that_the_collection_lists_and_the_table_lacks_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].iloc[1:]
    check = _collection(lake, lake_resource, tables)
    assert (check.passed, check.severity.value) == (False, "ERROR")
    assert offending_rows(check) == [
        {"tmdb_id": 1, "title": "Film 1", "contradiction": "listed, not in the table"}
    ]
    assert (fact_of(check, "listed"), fact_of(check, "in_table")) == (3, 2)
    assert fact_of(check, "collection_id") == 31562


def test_a_film_that_the_table_has_and_the_collection_lacks_fails(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    tables["tmdb_search"].loc[2, "kept"] = False
    check = _collection(lake, lake_resource, tables)
    assert not check.passed
    assert offending_rows(check) == [
        {"tmdb_id": 3, "title": "Film 3", "contradiction": "in the table, not listed"}
    ]


@pytest.mark.parametrize(("source", "passed"), [("tmdb", False), ("bundled-snapshot", True)])
def test_figures_of_tmdb_that_are_two_days_old_are_told_however_new_the_run(
    lake: Lake, lake_resource: LakeResource, source: str, passed: bool
) -> None:
    tables = right_tables()
    table = tables["bourne_saga_table"]
    table["source"] = source
    table.loc[1, "fetched_at"] = NOW - timedelta(days=2)
    store_tables(lake, tables)
    check = run_checks(lake_resource, "bourne_saga_table").checks["figures_are_recent"]
    assert (check.passed, check.severity.value) == (passed, "WARN")
    assert fact_of(check, "figures_of") == NOW.isoformat()


def test_a_deleted_film_that_the_collection_still_lists_takes_no_part_and_stops_nothing(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    tables["bourne_saga_table"] = tables["bourne_saga_table"].iloc[1:]
    gone = {"tmdb_id": 1, "status": DELETED, "fetched_at": NOW, "source": "tmdb"}
    details = tables["tmdb_details"].iloc[1:]
    tables["tmdb_details"] = pd.concat([conform([gone], DetailsTable), details], ignore_index=True)
    store_tables(lake, tables)
    named = run_checks(lake_resource, "tmdb_details").checks["no_film_is_deleted"]
    assert (named.passed, named.severity.value) == (False, "WARN")
    assert offending_rows(named) == [{"tmdb_id": 1}]
    outcome = run_checks(lake_resource, "bourne_saga_table")
    assert outcome.success
