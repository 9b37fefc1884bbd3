"""Assets that are Iceberg tables: what the IO manager commits, tells and loads."""

from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.iceberg.tables import open_table
from bourne_assets.lake.store import PARQUET
from bourne_assets.tables import to_parquet
from bourne_assets_tests.defs.lake.assets import FILMS, Run, receiving, returning

NAME = "refined.films"
TABLE = {"lake/format": "table", "lake/table": NAME}


def _source(value: Any, **metadata: Any) -> dg.AssetsDefinition:
    return returning(value, type(value), metadata={**TABLE, **metadata})


def _rows(lake_resource: LakeResource) -> list[dict[str, Any]]:
    return list(open_table(lake_resource.catalogue(), NAME).scan().to_arrow().to_pylist())


def test_a_frame_becomes_a_table_and_the_table_a_frame_again(run: Run) -> None:
    received: list[Any] = []
    assert run(_source(FILMS), receiving(received, pd.DataFrame)).success
    (frame,) = received
    recorded = run.metadata("source")
    assert frame.attrs == {"table": NAME, "snapshot_id": recorded["snapshot_id"]}
    assert frame["film_id"].dtype == FILMS["film_id"].dtype
    assert frame["title"].tolist()[:2] == ["Identity", "Supremacy"]
    assert frame["is_video"].isna().tolist() == [False, True, False]


def test_what_is_told_of_a_table_names_it_its_snapshot_its_rows_and_sql(
    run: Run, lake_resource: LakeResource
) -> None:
    run(_source(FILMS))
    recorded = run.metadata("source")
    newest = open_table(lake_resource.catalogue(), NAME).current_snapshot()
    assert newest is not None
    assert recorded["table"] == recorded["dagster/table_name"] == NAME
    assert recorded["snapshot_id"] == str(newest.snapshot_id)
    assert recorded["dagster/row_count"] == 3
    assert 'bourne query "SELECT * FROM refined.films LIMIT 10"' in recorded["sql"]
    assert "preview" in recorded


def test_a_snapshot_names_the_run_and_the_digests_of_what_the_step_loaded(
    run: Run, lake_resource: LakeResource
) -> None:
    @dg.asset(metadata=TABLE)
    def target(source: pd.DataFrame) -> pd.DataFrame:
        return source

    result = run(returning(FILMS, pd.DataFrame), target)
    assert result.success
    table = open_table(lake_resource.catalogue(), NAME)
    snapshot = table.snapshot_by_name(result.run_id)
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary.additional_properties["bourne.run"] == result.run_id
    digest = snapshot.summary.additional_properties["bourne.inputs"]
    assert run.metadata("source")["sha256"] == f"{digest[:16]}..."


def test_each_of_two_tables_of_one_step_names_what_the_step_loaded(
    run: Run, lake_resource: LakeResource
) -> None:
    names = {name: f"refined.{name}" for name in ("first", "second")}

    @dg.multi_asset(
        outs={
            name: dg.AssetOut(dagster_type=pd.DataFrame, metadata={**TABLE, "lake/table": table})
            for name, table in names.items()
        }
    )
    def both(source: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return source, source

    assert run(returning(FILMS, pd.DataFrame), both).success
    for table in names.values():
        snapshot = open_table(lake_resource.catalogue(), table).current_snapshot()
        assert snapshot is not None
        assert snapshot.summary is not None
        digest = snapshot.summary.additional_properties["bourne.inputs"]
        assert run.metadata("source")["sha256"] == f"{digest[:16]}..."


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"lake/write": "append"}, [1, 1, 2, 2, 3, 3]),
        ({"lake/write": "replace"}, [1, 2, 3]),
        ({}, [1, 2, 3]),
        ({"lake/write": "merge", "lake/merge_key": ["a"]}, [1, 2, 3]),
        ({"lake/write": "merge", "lake/merge_key": "a"}, [1, 2, 3]),
    ],
)
def test_a_second_run_adds_replaces_or_merges_as_the_asset_says(
    run: Run, lake_resource: LakeResource, metadata: dict[str, Any], expected: list[int]
) -> None:
    for _ in range(2):
        assert run(_source(pa.table({"a": [1, 2, 3]}), **metadata)).success
    assert sorted(row["a"] for row in _rows(lake_resource)) == expected


@pytest.mark.parametrize(
    "metadata",
    [{"lake/write": "append"}, {"lake/write": "merge", "lake/merge_key": ["film_id"]}],
)
def test_the_address_of_a_parquet_object_stands_for_its_rows(
    run: Run, lake_resource: LakeResource, metadata: dict[str, Any]
) -> None:
    stored = lake_resource.connect().write("made.parquet", to_parquet(FILMS), PARQUET)
    assert run(_source(stored.uri, **metadata)).success
    assert [row["film_id"] for row in _rows(lake_resource)].count(2501) == 1


def test_an_input_may_request_the_snapshot_of_its_materialisation(
    run: Run, lake_resource: LakeResource
) -> None:
    from bourne_assets.iceberg.commits import Provenance
    from bourne_assets.iceberg.files import append_arrow

    received: list[Any] = []

    @dg.asset(ins={"source": dg.AssetIn(metadata={"lake/snapshot": "materialised"})})
    def target(source: pa.Table) -> None:
        received.append(source)

    source = _source(pa.table({"a": [1]}))
    assert run(source, target, only=[source]).success
    append_arrow(open_table(lake_resource.catalogue(), NAME), pa.table({"a": [2]}), Provenance())
    assert run(source, target, only=[target]).success
    assert received == [pa.table({"a": [1]})]


def test_a_table_that_is_not_there_is_named(run: Run) -> None:
    target = receiving([], pd.DataFrame)
    assert not run(_source(FILMS), target, only=[target]).success
    assert f"{NAME} is not in the lake: materialise source first" in run.failures()[0]


@pytest.mark.parametrize(
    ("value", "metadata", "message"),
    [
        ({"no": "table"}, {}, "this is a dict"),
        (FILMS, {"lake/table": "no_namespace"}, "namespace.name"),
        (FILMS, {"lake/write": "overwrite"}, "one of append, replace, merge"),
        (FILMS, {"lake/write": "merge"}, "the key of a merge"),
        (pd.DataFrame({"a": [1, "x"]}), {}, "cannot be kept as a table"),
    ],
)
def test_what_cannot_be_a_table_is_said_and_not_tried_again(
    run: Run, value: Any, metadata: dict[str, Any], message: str
) -> None:
    assert not run(_source(value, **metadata)).success
    assert message in run.failures()[0]
    assert run.tries("source") == 1


def test_nothing_is_no_table_either(run: Run, lake_resource: LakeResource) -> None:
    assert not run(returning(None, metadata=TABLE)).success
    assert "this is a NoneType" in run.failures()[0]
    assert lake_resource.connect().list() == []


def test_a_partition_is_not_a_table(run: Run) -> None:
    made = returning(
        FILMS, pd.DataFrame, metadata=TABLE, partitions_def=dg.StaticPartitionsDefinition(["a"])
    )
    assert not run(made, partition="a").success
    assert "give refined.films a column of partitions" in run.failures()[0]
