"""The history as the asset writes it, from the saga table that is in the lake."""

import dagster as dg

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import Lake
from bourne_assets.star.storage import read_star
from bourne_assets_tests.defs.tables import right_tables, run_selection, store_tables
from bourne_assets_tests.saga.test_history import BOURNE


def test_a_column_that_a_table_of_an_earlier_version_lacks_keeps_its_values(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tables = right_tables()
    tables["bourne_saga_table"]["wikidata_id"] = "Q190525"
    history = dg.AssetSelection.assets("saga_history")
    store_tables(lake, tables)
    assert run_selection(lake_resource, history).success
    known = read_star(lake_resource.catalogue(), BOURNE).films
    lacking = tables["bourne_saga_table"].drop(columns=["wikidata_id"])
    store_tables(lake, {"bourne_saga_table": lacking})
    assert run_selection(lake_resource, history).success
    films = read_star(lake_resource.catalogue(), BOURNE).films
    assert films["wikidata_id"].notna().any()
    assert films["wikidata_id"].tolist() == known["wikidata_id"].tolist()
