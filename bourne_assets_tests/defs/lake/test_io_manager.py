"""What assets return lies in the lake as Parquet or JSON, is described, and comes back the same."""

import hashlib
import json
from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.metadata import FORMAT_KEY, LAYER_KEY, PREVIEW_ROWS
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.defs.lake.assets import (
    ANSWERS,
    FILMS,
    Run,
    film_frame,
    receiving,
    returning,
)
from bourne_assets_tests.support.tiers import in_every_run

# What is stored, and where


def test_a_frame_is_stored_as_parquet_and_comes_back_the_same(run: Run, lake: Lake) -> None:
    received: list[pd.DataFrame] = []
    assets = returning(FILMS, pd.DataFrame), receiving(received, pd.DataFrame)
    assert run(*assets).success
    assert lake.list() == ["Trusted/source.parquet"]
    assert_frame_equal(received[0], FILMS)


@pytest.mark.parametrize(
    ("value", "kind"),
    in_every_run(
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
        first=2,
    ),
    ids=str,
)
def test_anything_else_is_stored_as_json_and_comes_back_the_same(
    run: Run, lake: Lake, value: object, kind: Any
) -> None:
    received: list[Any] = []
    assert run(returning(value, kind), receiving(received, kind)).success
    assert lake.list() == ["Trusted/source.json"]
    assert received == [value]


def test_objects_carry_their_media_type(run: Run, lake: Lake, s3_server: EmbeddedLake) -> None:
    import boto3

    page = returning("<p>", str, name="page", metadata={FORMAT_KEY: "html"})
    answers = returning(ANSWERS, dict, name="answers")
    assert run(returning(FILMS, pd.DataFrame), answers, page).success
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
    assert run(returning(page, str, metadata=metadata), receiving(received, str)).success
    assert lake.list() == ["Refined/source.html"]
    assert lake.read("Refined/source.html")[0] == page.encode()
    assert received == [page]
    recorded = run.metadata("source")
    assert recorded["path"] == recorded["dagster/uri"] == lake.uri("Refined/source.html")
    assert recorded["sha256"] == f"{hashlib.sha256(page.encode()).hexdigest()[:16]}..."
    assert "preview" not in recorded


def test_a_page_that_is_not_text_fails_once(run: Run, lake: Lake) -> None:
    assert not run(returning(ANSWERS, Any, metadata={FORMAT_KEY: "html"})).success
    assert any("A page must be text, and this is a dict." in text for text in run.failures())
    assert lake.list() == []


def test_a_page_that_is_damaged_fails_by_its_name(run: Run, lake: Lake) -> None:
    source = returning("<p>", str, metadata={FORMAT_KEY: "html"})
    target = receiving([], str)
    assert run(source, target).success
    lake.write("Trusted/source.html", b"\xff\xfe", "text/html")
    assert not run(source, target, only=[target]).success
    assert any("source.html cannot be read" in text for text in run.failures())


def test_nothing_is_ever_pickled(run: Run, lake: Lake) -> None:
    values: dict[str, Any] = {"frame": FILMS, "empty": FILMS[:0], "answers": ANSWERS, "none": None}
    assert run(*(returning(value, name=name) for name, value in values.items())).success
    for key in lake.list():
        data = lake.read(key)[0]
        assert data.startswith(b"PAR1") if key.endswith(".parquet") else json.loads(data) or True
    assert len(lake.list()) == len(values)


def test_the_layer_of_the_definition_and_the_key_of_the_asset_make_the_key(
    run: Run, lake: Lake
) -> None:
    received: list[Any] = []
    source = returning(
        FILMS, pd.DataFrame, key_prefix=["matrix", "films"], metadata={LAYER_KEY: "Refined"}
    )
    target = receiving(
        received, pd.DataFrame, ins={"source": dg.AssetIn(key=["matrix", "films", "source"])}
    )
    assert run(source, target).success
    assert lake.list() == ["Refined/matrix/films/source.parquet"]
    assert run(source, target, only=[target]).success
    assert [len(frame) for frame in received] == [3, 3]


def test_an_asset_in_a_run_of_its_own_finds_what_an_earlier_run_stored(run: Run) -> None:
    received: list[Any] = []
    source, target = returning(FILMS, pd.DataFrame), receiving(received, pd.DataFrame)
    assert run(source, target, only=[source]).success
    assert run(source, target, only=[target]).success
    assert_frame_equal(received[0], FILMS)


def test_a_value_can_be_loaded_outside_of_runs(lake_resource: LakeResource) -> None:
    manager = LakeIOManager(lake=lake_resource)
    source = returning(FILMS, pd.DataFrame, metadata={LAYER_KEY: "Refined"})
    definitions = dg.Definitions(assets=[source], resources={"io_manager": manager})
    assert Run(manager)(source).success
    loaded = definitions.load_asset_value("source", python_type=pd.DataFrame)
    assert isinstance(loaded, pd.DataFrame)
    assert_frame_equal(loaded, FILMS)


def test_running_again_replaces_and_never_appends(run: Run, lake: Lake) -> None:
    sizes = iter([3, 2])
    received: list[Any] = []
    assets = (
        returning(lambda: film_frame(next(sizes)), pd.DataFrame),
        receiving(received, pd.DataFrame),
    )
    assert run(*assets).success
    assert run(*assets).success
    assert [len(frame) for frame in received] == [3, 2]
    assert lake.list() == ["Trusted/source.parquet"]


def test_an_empty_frame_keeps_its_columns_and_types(run: Run) -> None:
    received: list[Any] = []
    assert run(returning(FILMS.iloc[:0], pd.DataFrame), receiving(received, pd.DataFrame)).success
    assert_frame_equal(received[0], FILMS.iloc[:0].reset_index(drop=True))
    assert run.metadata("source")["dagster/row_count"] == 0


def test_a_frame_that_is_loaded_tells_the_object_that_it_came_from(run: Run, lake: Lake) -> None:
    received: list[Any] = []
    first = FILMS.copy()
    first.attrs = {"uri": "s3://of/another/object", "cannot be stored": object()}
    assert run(returning(first, pd.DataFrame), receiving(received, pd.DataFrame)).success
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
    source = returning(FILMS, pd.DataFrame, metadata={LAYER_KEY: "Refined"})

    @dg.asset_check(asset=source)
    def has_rows(source: pd.DataFrame) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=len(source) == len(FILMS))

    result = run(source, has_rows)
    assert result.success
    assert [evaluation.passed for evaluation in result.get_asset_check_evaluations()] == [True]


# What Dagster records


def test_a_materialisation_tells_address_size_digest_and_path(run: Run, lake: Lake) -> None:
    assert run(returning(FILMS, pd.DataFrame), returning(ANSWERS, dict, name="answers")).success
    for name, key in (("source", "Trusted/source.parquet"), ("answers", "Trusted/answers.json")):
        data, _ = lake.read(key)
        recorded = run.metadata(name)
        assert recorded["dagster/uri"] == recorded["path"] == f"s3://{BUCKET}/{lake.prefix}/{key}"
        assert recorded["size_bytes"] == len(data)
        assert recorded["sha256"] == f"{hashlib.sha256(data).hexdigest()[:16]}..."


def test_the_rows_are_counted_and_ten_of_them_are_shown(run: Run) -> None:
    assert run(returning(film_frame(25), pd.DataFrame)).success
    recorded = run.metadata("source")
    assert recorded["dagster/row_count"] == 25
    assert [record.data["film_id"] for record in recorded["preview"].records] == list(
        range(PREVIEW_ROWS)
    )


def test_a_preview_shows_unknown_values_and_shortens_long_ones(run: Run) -> None:
    frame = pd.DataFrame({"unknown": [None], "long": ["x" * 100_000], "day": [date(2002, 6, 14)]})
    assert run(returning(frame, pd.DataFrame)).success
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
    source = returning(FILMS, pd.DataFrame, metadata={"dagster/column_schema": declared})
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
    assert run(returning({"text": "x" * 100_000}, dict)).success
    recorded = run.metadata("source")
    assert recorded["preview"].startswith("```json\n{")
    assert len(recorded["preview"]) < 3_000
    assert "dagster/row_count" not in recorded


@pytest.mark.parametrize(
    "frame",
    in_every_run(
        [
            pytest.param(pd.DataFrame(), id="no columns"),
            pytest.param(pd.DataFrame({0: [1], 1: [2]}), id="numbered columns"),
            pytest.param(FILMS.set_index("title"), id="an index"),
            pytest.param(pd.DataFrame({"genres": [["Action", "Thriller"], []]}), id="lists"),
            pytest.param(pd.DataFrame({"big": [2**62], "small": [b"\xff"]}), id="bytes"),
            pytest.param(pd.DataFrame({"end": [np.inf], "gap": [pd.NaT]}), id="infinite"),
        ],
        first=2,
    ),
)
def test_frames_of_any_shape_can_be_passed_on_and_on(run: Run, frame: pd.DataFrame) -> None:
    received: list[Any] = []

    @dg.asset
    def middle(source: pd.DataFrame) -> pd.DataFrame:
        return source

    @dg.asset
    def last(middle: pd.DataFrame) -> None:
        received.append(middle)

    assert run(returning(frame, pd.DataFrame), middle, last).success, run.failures()
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
    assert run(returning(value, kind), receiving(received, kind)).success, run.failures()
    assert type(received[0]) is type(value)


def test_a_frame_of_yesterday_is_not_taken_for_todays_none(run: Run) -> None:
    values = iter([FILMS, None])
    received: list[Any] = []
    kind = pd.DataFrame | None
    assets = returning(lambda: next(values), kind), receiving(received, kind)
    assert run(*assets).success, run.failures()
    assert run(*assets).success, run.failures()
    assert received[1] is None


def test_an_output_that_changes_its_format_is_read_in_the_new_one(run: Run) -> None:
    values = iter([FILMS, ANSWERS, FILMS])
    received: list[Any] = []
    assets = returning(lambda: next(values)), receiving(received)
    for _ in range(3):
        assert run(*assets).success
    assert [type(value) for value in received] == [pd.DataFrame, dict, pd.DataFrame]
