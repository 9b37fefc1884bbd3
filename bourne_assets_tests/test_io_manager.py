"""What assets return lies in the lake as Parquet or JSON, is described, and comes back the same."""

import hashlib
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource
from pandas.testing import assert_frame_equal

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.metadata import FORMAT_KEY, LAYER_KEY, PREVIEW_ROWS
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET

FILMS = pd.DataFrame(
    {
        "film_id": pd.Series([2501, 2502, None], dtype="Int64"),
        "title": pd.Series(["Identity", "Supremacy", None], dtype="str"),
        "popularity": [34.5, np.nan, 12.0],
        "released": pd.Series([date(2002, 6, 14), None, date(2007, 8, 3)], dtype=object),
        "seen_at": pd.Series(
            [datetime(2026, 11, 23, tzinfo=UTC), None, None],
            dtype=pd.DatetimeTZDtype("us", "UTC"),
        ),
        "is_video": pd.Series([True, None, False], dtype="boolean"),
    }
)
ANSWERS = {"schema_version": 1, "films": [{"title": "Ação", "budget": None}]}


class Run:
    """Materialises assets against one lake, and keeps what was told about them."""

    def __init__(self, manager: LakeIOManager) -> None:
        self._resources = {"io_manager": manager}
        self._instance = dg.DagsterInstance.ephemeral()
        self.result: dg.ExecuteInProcessResult | None = None

    def __call__(
        self,
        *assets: dg.AssetsDefinition,
        only: Sequence[dg.AssetsDefinition] = (),
        partition: str | None = None,
    ) -> dg.ExecuteInProcessResult:
        self.result = dg.materialize(
            assets,
            resources=self._resources,
            instance=self._instance,
            raise_on_error=False,
            partition_key=partition,
            selection=list(only) or None,
        )
        return self.result

    def metadata(self, name: str) -> dict[str, Any]:
        """Metadata of the asset's materialisation, as plain values."""
        assert self.result is not None
        (event,) = self.result.asset_materializations_for_node(name)
        return {key: value.value for key, value in event.metadata.items()}

    def failures(self) -> list[str]:
        """What each failed step says, with all that caused it."""
        assert self.result is not None
        said = []
        for event in self.result.filter_events(lambda event: event.is_step_failure):
            data = event.step_failure_data
            parts = [data.user_failure_data.description] if data.user_failure_data else []
            error = data.error
            while error is not None:
                parts.append(error.message)
                error = error.cause
            said.append(" ".join(str(part) for part in parts))
        return said

    def failure_metadata(self, step: str) -> dict[str, Any]:
        """Metadata of the failure of a step, as plain values."""
        assert self.result is not None
        data = self.result.failure_data_for_node(step)
        assert data is not None
        assert data.user_failure_data is not None
        return {key: value.value for key, value in data.user_failure_data.metadata.items()}

    def tries(self, step: str) -> int:
        """How often a step was begun."""
        assert self.result is not None
        kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
        return sum(
            event.step_key == step and event.event_type in kinds for event in self.result.all_events
        )


@pytest.fixture
def run(lake_resource: LakeResource) -> Run:
    return Run(LakeIOManager(lake=lake_resource))


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens, and nobody can while the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _returning(value: Any, kind: Any = Any, **options: Any) -> dg.AssetsDefinition:
    """An asset `source` that returns the value, annotated with its kind."""

    def source() -> Any:
        return value() if callable(value) else value

    source.__annotations__["return"] = kind
    made: dg.AssetsDefinition = dg.asset(**options)(source)
    return made


def _receiving(received: list[Any], kind: Any = Any, **options: Any) -> dg.AssetsDefinition:
    """An asset `target` that notes what it receives from `source`."""

    def target(source: Any) -> None:
        received.append(source)

    target.__annotations__["source"] = kind
    made: dg.AssetsDefinition = dg.asset(**options)(target)
    return made


def _films(number: int) -> pd.DataFrame:
    return pd.DataFrame({"film_id": range(number)})


# What is stored, and where


def test_a_frame_is_stored_as_parquet_and_comes_back_the_same(run: Run, lake: Lake) -> None:
    received: list[pd.DataFrame] = []
    assets = _returning(FILMS, pd.DataFrame), _receiving(received, pd.DataFrame)
    assert run(*assets).success
    assert lake.list() == ["Trusted/source.parquet"]
    assert_frame_equal(received[0], FILMS)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (ANSWERS, dict),
        (ANSWERS, dict[str, Any]),
        ([1, 2.5, None, "ü"], list),
        ([], list[int]),
        ("text", str),
        (7, int),
        (False, bool),
        (ANSWERS, Any),
        (None, Any),
    ],
    ids=str,
)
def test_anything_else_is_stored_as_json_and_comes_back_the_same(
    run: Run, lake: Lake, value: object, kind: Any
) -> None:
    received: list[Any] = []
    assert run(_returning(value, kind), _receiving(received, kind)).success
    assert lake.list() == ["Trusted/source.json"]
    assert received == [value]


def test_objects_carry_their_media_type(run: Run, lake: Lake, s3_server: EmbeddedLake) -> None:
    import boto3

    page = _returning("<p>", str, name="page", metadata={FORMAT_KEY: "html"})
    answers = _returning(ANSWERS, dict, name="answers")
    assert run(_returning(FILMS, pd.DataFrame), answers, page).success
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.credentials.access_key,
        aws_secret_access_key=s3_server.credentials.secret_key,
    )
    types = {
        key: client.head_object(Bucket=BUCKET, Key=f"{lake.prefix}/{key}")["ContentType"]
        for key in lake.list()
    }
    assert types == {
        "Trusted/answers.json": "application/json",
        "Trusted/page.html": "text/html; charset=utf-8",
        "Trusted/source.parquet": "application/vnd.apache.parquet",
    }


def test_a_page_is_stored_as_its_text_and_comes_back_the_same(run: Run, lake: Lake) -> None:
    page, received = "<!doctype html>\n<p>Ação</p>\n", list[Any]()
    metadata = {FORMAT_KEY: "html", LAYER_KEY: "Refined"}
    assert run(_returning(page, str, metadata=metadata), _receiving(received, str)).success
    assert lake.list() == ["Refined/source.html"]
    assert lake.read("Refined/source.html")[0] == page.encode()
    assert received == [page]
    told = run.metadata("source")
    assert told["path"] == told["dagster/uri"] == lake.uri("Refined/source.html")
    assert told["sha256"] == hashlib.sha256(page.encode()).hexdigest()
    assert "preview" not in told


def test_a_page_that_is_no_text_fails_once(run: Run, lake: Lake) -> None:
    assert not run(_returning(ANSWERS, Any, metadata={FORMAT_KEY: "html"})).success
    assert any("A page is a text, and this is a dict." in text for text in run.failures())
    assert lake.list() == []


def test_a_page_that_is_damaged_fails_by_its_name(run: Run, lake: Lake) -> None:
    source = _returning("<p>", str, metadata={FORMAT_KEY: "html"})
    target = _receiving([], str)
    assert run(source, target).success
    lake.write("Trusted/source.html", b"\xff\xfe", "text/html")
    assert not run(source, target, only=[target]).success
    assert any("source.html cannot be read" in text for text in run.failures())


def test_nothing_is_ever_pickled(run: Run, lake: Lake) -> None:
    values: dict[str, Any] = {"frame": FILMS, "empty": FILMS[:0], "answers": ANSWERS, "none": None}
    assert run(*(_returning(value, name=name) for name, value in values.items())).success
    for key in lake.list():
        data = lake.read(key)[0]
        assert data.startswith(b"PAR1") if key.endswith(".parquet") else json.loads(data) or True
    assert len(lake.list()) == len(values)


def test_the_layer_of_the_definition_and_the_key_of_the_asset_make_the_key(
    run: Run, lake: Lake
) -> None:
    received: list[Any] = []
    source = _returning(
        FILMS, pd.DataFrame, key_prefix=["matrix", "films"], metadata={LAYER_KEY: "Refined"}
    )
    target = _receiving(
        received, pd.DataFrame, ins={"source": dg.AssetIn(key=["matrix", "films", "source"])}
    )
    assert run(source, target).success
    assert lake.list() == ["Refined/matrix/films/source.parquet"]
    assert run(source, target, only=[target]).success
    assert [len(frame) for frame in received] == [3, 3]


def test_an_asset_in_a_run_of_its_own_finds_what_an_earlier_run_stored(run: Run) -> None:
    received: list[Any] = []
    source, target = _returning(FILMS, pd.DataFrame), _receiving(received, pd.DataFrame)
    assert run(source, target, only=[source]).success
    assert run(source, target, only=[target]).success
    assert_frame_equal(received[0], FILMS)


def test_a_value_can_be_loaded_outside_of_runs(lake_resource: LakeResource) -> None:
    manager = LakeIOManager(lake=lake_resource)
    source = _returning(FILMS, pd.DataFrame, metadata={LAYER_KEY: "Refined"})
    definitions = dg.Definitions(assets=[source], resources={"io_manager": manager})
    assert Run(manager)(source).success
    loaded = definitions.load_asset_value("source", python_type=pd.DataFrame)
    assert isinstance(loaded, pd.DataFrame)
    assert_frame_equal(loaded, FILMS)


def test_running_again_replaces_and_never_appends(run: Run, lake: Lake) -> None:
    sizes = iter([3, 2])
    received: list[Any] = []
    assets = (
        _returning(lambda: _films(next(sizes)), pd.DataFrame),
        _receiving(received, pd.DataFrame),
    )
    assert run(*assets).success
    assert run(*assets).success
    assert [len(frame) for frame in received] == [3, 2]
    assert lake.list() == ["Trusted/source.parquet"]


def test_an_empty_frame_keeps_its_columns_and_types(run: Run) -> None:
    received: list[Any] = []
    assert run(_returning(FILMS.iloc[:0], pd.DataFrame), _receiving(received, pd.DataFrame)).success
    assert_frame_equal(received[0], FILMS.iloc[:0].reset_index(drop=True))
    assert run.metadata("source")["dagster/row_count"] == 0


def test_a_frame_that_is_loaded_tells_the_object_that_it_came_from(run: Run, lake: Lake) -> None:
    received: list[Any] = []
    first = FILMS.copy()
    first.attrs = {"uri": "s3://of/another/object", "cannot be stored": object()}
    assert run(_returning(first, pd.DataFrame), _receiving(received, pd.DataFrame)).success
    data, stored = lake.read("Trusted/source.parquet")
    assert received[0].attrs == {"uri": stored.uri, "sha256": hashlib.sha256(data).hexdigest()}


def test_an_asset_that_says_it_returns_nothing_stores_nothing(run: Run, lake: Lake) -> None:
    @dg.asset
    def source() -> None:
        pass

    assert run(source).success
    assert lake.list() == []


def test_a_result_with_a_value_is_stored_as_the_value_itself(run: Run, lake: Lake) -> None:
    @dg.asset
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return dg.MaterializeResult(value=FILMS, metadata={"own": 1})

    assert run(source).success
    assert lake.list() == ["Trusted/source.parquet"]
    assert run.metadata("source")["own"] == 1


def test_a_check_receives_the_table_as_well(run: Run) -> None:
    source = _returning(FILMS, pd.DataFrame, metadata={LAYER_KEY: "Refined"})

    @dg.asset_check(asset=source)
    def has_rows(source: pd.DataFrame) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=len(source) == len(FILMS))

    result = run(source, has_rows)
    assert result.success
    assert [evaluation.passed for evaluation in result.get_asset_check_evaluations()] == [True]


# What Dagster is told


def test_a_materialisation_tells_address_size_digest_and_path(run: Run, lake: Lake) -> None:
    assert run(_returning(FILMS, pd.DataFrame), _returning(ANSWERS, dict, name="answers")).success
    for name, key in (("source", "Trusted/source.parquet"), ("answers", "Trusted/answers.json")):
        data, stored = lake.read(key)
        told = run.metadata(name)
        assert told["dagster/uri"] == told["path"] == f"s3://{BUCKET}/{lake.prefix}/{key}"
        assert told["size_bytes"] == len(data)
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        assert told["etag"] == stored.etag


def test_the_rows_are_counted_and_ten_of_them_are_shown(run: Run) -> None:
    assert run(_returning(_films(25), pd.DataFrame)).success
    told = run.metadata("source")
    assert told["dagster/row_count"] == 25
    assert [record.data["film_id"] for record in told["preview"].records] == list(
        range(PREVIEW_ROWS)
    )


def test_a_preview_shows_unknown_values_and_shortens_long_ones(run: Run) -> None:
    frame = pd.DataFrame({"unknown": [None], "long": ["x" * 100_000], "day": [date(2002, 6, 14)]})
    assert run(_returning(frame, pd.DataFrame)).success
    (record,) = run.metadata("source")["preview"].records
    assert record.data["unknown"] is None
    assert record.data["day"] == "2002-06-14"
    assert len(record.data["long"]) < 3_000


def test_the_columns_are_told_as_they_are_with_the_declared_descriptions(run: Run) -> None:
    declared = dg.TableSchema(
        columns=[
            dg.TableColumn(
                "film_id",
                "integer",
                description="TMDB's id.",
                constraints=dg.TableColumnConstraints(nullable=False),
            ),
            dg.TableColumn("never there", "text", description="Absent."),
        ]
    )
    source = _returning(FILMS, pd.DataFrame, metadata={"dagster/column_schema": declared})
    assert run(source).success
    columns = {
        column.name: column for column in run.metadata("source")["dagster/column_schema"].columns
    }
    assert list(columns) == list(FILMS.columns)
    assert columns["film_id"].description == "TMDB's id."
    assert not columns["film_id"].constraints.nullable
    assert columns["title"].description is None
    assert {name: column.type for name, column in columns.items()} == {
        "film_id": "integer",
        "title": "text",
        "popularity": "number",
        "released": "object",
        "seen_at": "timestamp (UTC)",
        "is_video": "boolean",
    }


def test_a_json_value_is_shown_shortened(run: Run) -> None:
    assert run(_returning({"text": "x" * 100_000}, dict)).success
    told = run.metadata("source")
    assert told["preview"].startswith("```json\n{")
    assert len(told["preview"]) < 3_000
    assert "dagster/row_count" not in told


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(pd.DataFrame(), id="no columns"),
        pytest.param(pd.DataFrame({0: [1], 1: [2]}), id="numbered columns"),
        pytest.param(FILMS.set_index("title"), id="an index"),
        pytest.param(pd.DataFrame({"genres": [["Action", "Thriller"], []]}), id="lists"),
        pytest.param(pd.DataFrame({"big": [2**62], "small": [b"\xff"]}), id="bytes"),
        pytest.param(pd.DataFrame({"end": [np.inf], "gap": [pd.NaT]}), id="infinite"),
    ],
)
def test_frames_of_any_shape_can_be_passed_on_and_on(run: Run, frame: pd.DataFrame) -> None:
    received: list[Any] = []

    @dg.asset
    def middle(source: pd.DataFrame) -> pd.DataFrame:
        return source

    @dg.asset
    def last(middle: pd.DataFrame) -> None:
        received.append(middle)

    assert run(_returning(frame, pd.DataFrame), middle, last).success, run.failures()
    assert received[0].shape == frame.shape


# Annotations


@pytest.mark.parametrize("value", [FILMS, ANSWERS], ids=["frame", "JSON"])
def test_without_annotations_the_stored_format_decides(run: Run, value: Any) -> None:
    received: list[Any] = []

    @dg.asset
    def source():  # type: ignore[no-untyped-def]  # noqa: ANN202
        return value

    @dg.asset
    def target(source) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        received.append(source)

    assert run(source, target).success
    assert type(received[0]) is type(value)
    assert len(received[0]) == len(value)


@pytest.mark.parametrize("value", [FILMS, None], ids=["a frame", "none"])
def test_an_optional_frame_may_be_there_or_not(run: Run, value: pd.DataFrame | None) -> None:
    received: list[Any] = []
    kind = pd.DataFrame | None
    assert run(_returning(value, kind), _receiving(received, kind)).success, run.failures()
    assert type(received[0]) is type(value)


def test_a_frame_of_yesterday_is_not_taken_for_todays_none(run: Run) -> None:
    values = iter([FILMS, None])
    received: list[Any] = []
    kind = pd.DataFrame | None
    assets = _returning(lambda: next(values), kind), _receiving(received, kind)
    assert run(*assets).success, run.failures()
    assert run(*assets).success, run.failures()
    assert received[1] is None


def test_an_output_that_changes_its_format_is_read_in_the_new_one(run: Run) -> None:
    values = iter([FILMS, ANSWERS, FILMS])
    received: list[Any] = []
    assets = _returning(lambda: next(values)), _receiving(received)
    for _ in range(3):
        assert run(*assets).success
    assert [type(value) for value in received] == [pd.DataFrame, dict, pd.DataFrame]


# Partitions


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
        told = run.metadata("source")
        assert told["dagster/partition_row_count"] == 2
        assert "dagster/row_count" not in told
        assert told["path"] == told["dagster/uri"]
        assert told["path"].endswith(f"/Trusted/source/{country}.parquet")
    assert lake.list() == [f"Trusted/source/{country}.parquet" for country in STATIC]


def test_a_partitioned_asset_receives_its_own_partition(run: Run) -> None:
    received: list[Any] = []
    source = _by_country()
    target = _receiving(
        received, pd.DataFrame, partitions_def=dg.StaticPartitionsDefinition(STATIC)
    )
    assert run(source, target, partition="pt").success
    assert list(received[0]["country"]) == ["pt", "pt"]


@pytest.mark.parametrize("kind", [dict[str, pd.DataFrame], dict[str, Any], dict, Any], ids=str)
def test_an_asset_without_partitions_receives_all_of_them(run: Run, kind: Any) -> None:
    received: list[Any] = []
    source, target = _by_country(), _receiving(received, kind)
    for country in STATIC:
        assert run(source, partition=country).success
    assert run(source, target, only=[target]).success, run.failures()
    assert _countries(received[0]) == {country: [country] * 2 for country in STATIC}


def test_partitions_of_json_are_received_all_as_well(run: Run) -> None:
    received: list[Any] = []

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(STATIC))
    def source(context: dg.AssetExecutionContext) -> dict[str, str]:
        return {"country": context.partition_key}

    target = _receiving(received, dict[str, dict[str, str]])
    for country in STATIC:
        assert run(source, partition=country).success
    assert run(source, target, only=[target]).success, run.failures()
    assert received == [{country: {"country": country} for country in STATIC}]


def test_a_partition_that_is_missing_fails_by_its_name(run: Run, lake: Lake) -> None:
    source, target = _by_country(), _receiving([], dict[str, pd.DataFrame])
    assert run(source, partition="br").success
    assert not run(source, target, only=[target]).success
    (said,) = run.failures()
    assert f"s3://{BUCKET}/{lake.prefix}/Trusted/source/pt.parquet" in said


def test_partitions_that_may_be_missing_are_skipped(run: Run) -> None:
    received: list[Any] = []
    source = _by_country()
    target = _receiving(
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
    source = _returning(FILMS, pd.DataFrame, partitions_def=grid)
    target = _receiving(received, pd.DataFrame, partitions_def=grid)
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

    target = _receiving(received, dict[str, dict[str, str]])
    for name in names:
        assert run(source, partition=name).success, run.failures()
    assert all(key.startswith("Trusted/source/") for key in lake.list())
    assert len(lake.list()) == len(names)
    assert run(source, target, only=[target]).success, run.failures()
    assert received == [{name: {"name": name} for name in names}]


def test_an_asset_may_become_partitioned_and_back_again(run: Run, lake: Lake) -> None:
    received: list[Any] = []
    whole, target = _returning(FILMS, pd.DataFrame), _receiving(received, pd.DataFrame)
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


# What goes wrong


RETRIES = dg.RetryPolicy(max_retries=2)


def test_a_missing_object_fails_once_and_names_object_and_asset(run: Run, lake: Lake) -> None:
    source = _returning(FILMS, pd.DataFrame)
    target = _receiving([], pd.DataFrame, retry_policy=RETRIES)
    assert not run(source, target, only=[target]).success
    (said,) = run.failures()
    assert f"s3://{BUCKET}/{lake.prefix}/Trusted/source.parquet" in said
    assert "materialise source first" in said
    assert run.tries("target") == 1
    assert run.failure_metadata("target") == {
        "uri": f"s3://{BUCKET}/{lake.prefix}/Trusted/source.parquet",
        "materialise": "source",
    }


@pytest.mark.parametrize("kind", [dict, Any])
def test_a_missing_object_of_any_format_fails_once(run: Run, kind: Any) -> None:
    source = _returning(ANSWERS, kind)
    target = _receiving([], kind, retry_policy=RETRIES)
    assert not run(source, target, only=[target]).success
    assert "Trusted/source." in run.failures()[0]
    assert run.tries("target") == 1


@pytest.mark.parametrize(
    "value",
    [{1, 2}, b"bytes", pd.Series([1]), {"a": float("nan")}, {"a": object()}, "\ud800"],
    ids=["set", "bytes", "series", "NaN", "object", "half a character"],
)
def test_a_value_that_is_neither_frame_nor_json_fails_once(
    run: Run, lake: Lake, value: object
) -> None:
    assert not run(_returning(value, retry_policy=RETRIES)).success
    (said,) = run.failures()
    assert "pandas DataFrames and JSON-like values" in said
    assert run.tries("source") == 1
    assert lake.list() == []


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"mixed": [1, "one", object()]}),
        pd.DataFrame([[1, 2]], columns=["twice", "twice"]),
    ],
    ids=["mixed", "twice"],
)
def test_a_frame_that_parquet_cannot_hold_fails_once(
    run: Run, lake: Lake, frame: pd.DataFrame
) -> None:
    assert not run(_returning(frame, pd.DataFrame, retry_policy=RETRIES)).success
    (said,) = run.failures()
    assert "Parquet" in said
    assert run.tries("source") == 1
    assert lake.list() == []


@pytest.mark.parametrize("data", [b"", b"PAR1 and then nothing", b"{}"])
def test_an_object_that_is_damaged_fails_by_its_name(run: Run, lake: Lake, data: bytes) -> None:
    lake.write("Trusted/source.parquet", data, "application/octet-stream")
    source, target = _returning(FILMS, pd.DataFrame), _receiving([], pd.DataFrame)
    assert not run(source, target, only=[target]).success
    assert lake.uri("Trusted/source.parquet") in run.failures()[0]


class Broken:
    """A lake that answers every operation with one kind of trouble."""

    def __init__(self, words: Iterable[str], **s3: Any) -> None:
        self.words = list(words)
        bucket = s3.pop("bucket", BUCKET)
        lake = LakeResource(s3=S3Resource(region_name="us-east-1", **s3), bucket=bucket)
        self.run = Run(LakeIOManager(lake=lake))


@pytest.fixture(params=["denied", "no bucket", "unreachable"])
def broken(request: pytest.FixtureRequest, s3_server: EmbeddedLake, free_port: int) -> Broken:
    real = {
        "endpoint_url": s3_server.endpoint,
        "aws_access_key_id": s3_server.credentials.access_key,
        "aws_secret_access_key": s3_server.credentials.secret_key,
    }
    dead = f"http://127.0.0.1:{free_port}"
    match request.param:
        case "denied":
            return Broken(
                ["denied", "credentials"], **{**real, "aws_secret_access_key": "of-nobody"}
            )
        case "no bucket":
            return Broken(["'no-such-bucket'", "BOURNE_S3_BUCKET"], bucket="no-such-bucket", **real)
        case _:
            return Broken(["does not answer", dead], **{**real, "endpoint_url": dead})


def test_a_lake_that_cannot_be_written_says_why_in_the_failed_step(broken: Broken) -> None:
    assert not broken.run(_returning(FILMS, pd.DataFrame)).success
    (said,) = broken.run.failures()
    assert all(word in said for word in broken.words)
    assert "of-nobody" not in said


def test_a_lake_that_cannot_be_read_says_why_in_the_failed_step(broken: Broken) -> None:
    source, target = _returning(FILMS, pd.DataFrame), _receiving([], pd.DataFrame)
    assert not broken.run(source, target, only=[target]).success
    (said,) = broken.run.failures()
    assert all(word in said for word in broken.words)
    assert "materialise" not in said


def test_a_lake_that_does_not_answer_is_tried_again_as_the_policy_says(free_port: int) -> None:
    broken = Broken(
        ["does not answer"],
        endpoint_url=f"http://127.0.0.1:{free_port}",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="of-nobody",
    )
    policy = dg.RetryPolicy(max_retries=1)
    assert not broken.run(_returning(FILMS, pd.DataFrame, retry_policy=policy)).success
    assert broken.run.tries("source") == 2


# What Dagster may ask of an IO manager beside


def test_an_output_is_known_to_exist_once_it_is_stored_and_no_more_once_removed(
    lake_resource: LakeResource, lake: Lake
) -> None:
    manager = LakeIOManager(lake=lake_resource)
    context = dg.build_output_context(asset_key="source")
    assert not manager.has_output(context)
    for key in ("Trusted/source.parquet", "Trusted/source.json", "Trusted/source.html"):
        lake.write(key, b"{}", "application/json")
        assert manager.has_output(context)
        manager.unlink(manager.get_asset_relative_path(context))
        assert not manager.has_output(context)
