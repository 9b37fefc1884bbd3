"""What the IO manager says when the lake, or a value, fails."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.defs.lake.assets import ANSWERS, FILMS, Run, receiving, returning

RETRIES = dg.RetryPolicy(max_retries=2)


def test_a_missing_object_fails_once_and_names_object_and_asset(run: Run, lake: Lake) -> None:
    source = returning(FILMS, pd.DataFrame)
    target = receiving([], pd.DataFrame, retry_policy=RETRIES)
    assert not run(source, target, only=[target]).success
    (message,) = run.failures()
    assert f"s3://{BUCKET}/{lake.prefix}/Trusted/source.parquet" in message
    assert "materialise source first" in message
    assert run.tries("target") == 1
    assert run.failure_metadata("target") == {
        "uri": f"s3://{BUCKET}/{lake.prefix}/Trusted/source.parquet",
        "materialise": "source",
    }


@pytest.mark.parametrize("kind", [dict, Any])
def test_a_missing_object_of_any_format_fails_once(run: Run, kind: Any) -> None:
    source = returning(ANSWERS, kind)
    target = receiving([], kind, retry_policy=RETRIES)
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
    assert not run(returning(value, retry_policy=RETRIES)).success
    (message,) = run.failures()
    assert "pandas DataFrames and JSON-like values" in message
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
    assert not run(returning(frame, pd.DataFrame, retry_policy=RETRIES)).success
    (message,) = run.failures()
    assert "Parquet" in message
    assert run.tries("source") == 1
    assert lake.list() == []


@pytest.mark.parametrize("data", [b"", b"PAR1 and then nothing", b"{}"])
def test_an_object_that_is_damaged_fails_by_its_name(run: Run, lake: Lake, data: bytes) -> None:
    lake.write("Trusted/source.parquet", data, "application/octet-stream")
    source, target = returning(FILMS, pd.DataFrame), receiving([], pd.DataFrame)
    assert not run(source, target, only=[target]).success
    assert lake.uri("Trusted/source.parquet") in run.failures()[0]


class Broken:
    """A lake that fails every operation with one kind of trouble."""

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
            return Broken(["does not respond", dead], **{**real, "endpoint_url": dead})


def test_a_lake_that_cannot_be_written_says_why_in_the_failed_step(broken: Broken) -> None:
    assert not broken.run(returning(FILMS, pd.DataFrame)).success
    (message,) = broken.run.failures()
    assert all(word in message for word in broken.words)
    assert "of-nobody" not in message


def test_a_lake_that_cannot_be_read_says_why_in_the_failed_step(broken: Broken) -> None:
    source, target = returning(FILMS, pd.DataFrame), receiving([], pd.DataFrame)
    assert not broken.run(source, target, only=[target]).success
    (message,) = broken.run.failures()
    assert all(word in message for word in broken.words)
    assert "materialise" not in message


def test_a_lake_that_does_not_respond_is_tried_again_as_the_policy_says(free_port: int) -> None:
    broken = Broken(
        ["does not respond"],
        endpoint_url=f"http://127.0.0.1:{free_port}",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="of-nobody",
    )
    policy = dg.RetryPolicy(max_retries=1)
    assert not broken.run(returning(FILMS, pd.DataFrame, retry_policy=policy)).success
    assert broken.run.tries("source") == 2


# What else Dagster may require of an IO manager


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
