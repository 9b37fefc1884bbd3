"""The check of raw responses that are kept too long."""

from datetime import timedelta

import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import JSON, Lake
from bourne_assets_tests.defs.tables import offending_rows, right_tables, run_checks, store_tables


def test_raw_responses_of_tmdb_that_are_kept_too_long_are_a_warning(
    lake: Lake, lake_resource: LakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.defs.tmdb.checks.LONGEST", timedelta(seconds=-60))
    store_tables(lake, right_tables())
    lake.write("Raw/TMDB/JSON/2026/01/02/collection/1.json", b"[]", JSON)
    outcome = run_checks(lake_resource, "tmdb_search")
    assert outcome.success
    check = outcome.checks["raw_responses_are_recent"]
    assert (check.passed, check.severity.value) == (False, "WARN")
    (offending,) = offending_rows(check)
    assert offending["key"] == "Raw/TMDB/JSON/2026/01/02/collection/1.json"
