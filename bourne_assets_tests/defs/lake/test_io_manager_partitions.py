"""Partitions, and outputs of plain ops, in the lake."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.defs.lake.assets import FILMS, Run, receiving, returning
from bourne_assets_tests.support.tiers import in_every_run

STATIC = ["br", "pt", "us"]


def _by_country() -> dg.AssetsDefinition:
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(STATIC))
    def source(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return pd.DataFrame({"country": [context.partition_key] * 2})

    return source


def _countries(frames: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    return {key: list(frame["country"]) for key, frame in frames.items()}


def test_each_partition_is_an_object_of_its_own_and_counts_its_own_rows(
    run: Run, lake: Lake
) -> None:
    source = _by_country()
    for country in STATIC:
        assert run(source, partition=country).success
        recorded = run.metadata("source")
        assert recorded["dagster/partition_row_count"] == 2
        assert "dagster/row_count" not in recorded
        assert recorded["path"] == recorded["dagster/uri"]
        assert recorded["path"].endswith(f"/Trusted/source/{country}.parquet")
    assert lake.list() == [f"Trusted/source/{country}.parquet" for country in STATIC]


def test_a_partitioned_asset_receives_its_own_partition(run: Run) -> None:
    received: list[Any] = []
    source = _by_country()
    target = receiving(received, pd.DataFrame, partitions_def=dg.StaticPartitionsDefinition(STATIC))
    assert run(source, target, partition="pt").success
    assert list(received[0]["country"]) == ["pt", "pt"]


@pytest.mark.parametrize(
    "kind", in_every_run([dict[str, pd.DataFrame], dict[str, Any], dict, Any]), ids=str
)
def test_an_asset_without_partitions_receives_all_of_them(run: Run, kind: Any) -> None:
    received: list[Any] = []
    source, target = _by_country(), receiving(received, kind)
    for country in STATIC:
        assert run(source, partition=country).success
    assert run(source, target, only=[target]).success, run.failures()
    assert _countries(received[0]) == {country: [country] * 2 for country in STATIC}


def test_partitions_of_json_are_received_all_as_well(run: Run) -> None:
    received: list[Any] = []

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(STATIC))
    def source(context: dg.AssetExecutionContext) -> dict[str, str]:
        return {"country": context.partition_key}

    target = receiving(received, dict[str, dict[str, str]])
    for country in STATIC:
        assert run(source, partition=country).success
    assert run(source, target, only=[target]).success, run.failures()
    assert received == [{country: {"country": country} for country in STATIC}]


def test_a_partition_that_is_missing_fails_by_its_name(run: Run, lake: Lake) -> None:
    source, target = _by_country(), receiving([], dict[str, pd.DataFrame])
    assert run(source, partition="br").success
    assert not run(source, target, only=[target]).success
    (message,) = run.failures()
    assert f"s3://{BUCKET}/{lake.prefix}/Trusted/source/pt.parquet" in message


def test_partitions_that_may_be_missing_are_skipped(run: Run) -> None:
    received: list[Any] = []
    source = _by_country()
    target = receiving(
        received,
        dict[str, pd.DataFrame],
        ins={"source": dg.AssetIn(metadata={"allow_missing_partitions": True})},
    )
    for country in ("br", "us"):
        assert run(source, partition=country).success
    assert run(source, target, only=[target]).success, run.failures()
    assert _countries(received[0]) == {"br": ["br", "br"], "us": ["us", "us"]}


def test_a_partition_of_two_dimensions_lies_in_a_folder_for_each(run: Run, lake: Lake) -> None:
    received: list[Any] = []
    grid = dg.MultiPartitionsDefinition(
        {
            "day": dg.StaticPartitionsDefinition(["2026-11-23", "2026-11-24"]),
            "country": dg.StaticPartitionsDefinition(["br", "pt"]),
        }
    )
    source = returning(FILMS, pd.DataFrame, partitions_def=grid)
    target = receiving(received, pd.DataFrame, partitions_def=grid)
    key = dg.MultiPartitionKey({"day": "2026-11-24", "country": "pt"})
    assert run(source, target, partition=key).success
    assert lake.list() == ["Trusted/source/pt/2026-11-24.parquet"]
    assert len(received[0]) == 3
    missing = dg.MultiPartitionKey({"day": "2026-11-23", "country": "pt"})
    assert not run(source, target, only=[target], partition=missing).success
    assert "Trusted/source/pt/2026-11-23.parquet" in run.failures()[0]


@pytest.mark.slow
def test_no_name_of_a_partition_leads_out_of_the_assets_folder_or_onto_another_partition(
    run: Run, lake: Lake
) -> None:
    names = ["../x", "..", ".", "a/../b", "a/./b", "a/b", "/a", "a/", "a//b", "v1.0", "v1.5", "5%"]
    received: list[Any] = []
    partitions = dg.StaticPartitionsDefinition(names)

    @dg.asset(partitions_def=partitions)
    def source(context: dg.AssetExecutionContext) -> dict[str, str]:
        return {"name": context.partition_key}

    target = receiving(received, dict[str, dict[str, str]])
    for name in names:
        assert run(source, partition=name).success, run.failures()
    assert all(key.startswith("Trusted/source/") for key in lake.list())
    assert len(lake.list()) == len(names)
    assert run(source, target, only=[target]).success, run.failures()
    assert received == [{name: {"name": name} for name in names}]


def test_an_asset_may_become_partitioned_and_back_again(run: Run, lake: Lake) -> None:
    received: list[Any] = []
    whole, target = returning(FILMS, pd.DataFrame), receiving(received, pd.DataFrame)
    assert run(whole).success
    assert run(_by_country(), partition="br").success
    assert run(whole, target).success
    assert len(received[0]) == 3
    assert lake.list() == ["Trusted/source.parquet", "Trusted/source/br.parquet"]


# Plain ops


def test_outputs_of_plain_ops_lie_by_run_and_step(lake_resource: LakeResource, lake: Lake) -> None:
    received: list[Any] = []

    @dg.op
    def make() -> pd.DataFrame:
        return FILMS

    @dg.op
    def count(films: pd.DataFrame) -> int:
        return len(films)

    @dg.op
    def take(number: int) -> None:
        received.append(number)

    @dg.job
    def counting() -> None:
        take(count(make()))

    result = counting.execute_in_process(
        resources={"io_manager": LakeIOManager(lake=lake_resource)}
    )
    assert result.success
    assert received == [3]
    folder = f"Trusted/_ops/{result.run_id}"
    assert lake.list() == [f"{folder}/count/result.json", f"{folder}/make/result.parquet"]


def test_a_missing_output_of_a_plain_op_is_named_without_an_asset(
    lake_resource: LakeResource, lake: Lake
) -> None:
    @dg.op
    def make() -> pd.DataFrame:
        return FILMS

    @dg.op(ins={"films": dg.In(dg.Nothing)})
    def lose() -> None:
        for key in lake.list():
            lake.delete(key)

    @dg.op(ins={"lost": dg.In(dg.Nothing)})
    def take(films: pd.DataFrame) -> None:
        pass

    @dg.job
    def losing() -> None:
        films = make()
        take(films, lost=lose(films))

    result = losing.execute_in_process(
        resources={"io_manager": LakeIOManager(lake=lake_resource)}, raise_on_error=False
    )
    assert not result.success
    data = result.failure_data_for_node("take")
    assert data is not None
    assert data.user_failure_data is not None
    assert "make/result.parquet" in str(data.user_failure_data.description)
    assert "the step upstream" in str(data.user_failure_data.description)
