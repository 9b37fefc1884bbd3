"""The handler of the AWS Lambda function in this process, without its zip and Lambda's limits."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from dagster_pipes import encode_param

from bourne_assets.aws_lambda import BatchUnfinished, handler
from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.standin import TmdbStandIn


@dataclass
class Context:
    """What Lambda tells a function."""

    seconds: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out."""
        return int(self.seconds * 1000)


@pytest.fixture(autouse=True)
def _environment(
    s3_server: EmbeddedLake, lake: Lake, tmdb_server: TmdbStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": s3_server.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.credentials.secret_key,
        "AWS_REGION": s3_server.region,
        "AWS_DEFAULT_REGION": s3_server.region,
        "AWS_ENDPOINT_URL_S3": s3_server.endpoint,
        "BOURNE_S3_BUCKET": BUCKET,
        "BOURNE_S3_PREFIX": lake.prefix,
        "TMDB_BASE_URL": tmdb_server.base_url,
        "TMDB_READ_ACCESS_TOKEN": tmdb_server.token,
        "TMDB_REQUESTS_PER_SECOND": "900",
    }.items():
        monkeypatch.setenv(name, value)
    # What another call, or another test, of this process left behind.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session("another", "secret"))


def _event(**more: Any) -> dict[str, Any]:
    return {"saga": "bourne", "since": datetime.now(UTC).isoformat(), **more}


def _number(key: str) -> int:
    """The number of an object of messages: as text, 10 comes before 2."""
    return int(key.rpartition("/")[2].removesuffix(".json"))


def test_an_event_stores_the_tables_and_tells_where(lake: Lake) -> None:
    summary = handler(_event(), Context())
    assert summary["films"] == 9
    assert {lake.key(uri) for uri in summary["tables"].values()} == set(lake.list("Trusted"))
    assert summary["raw_objects"] == len(lake.list("Raw"))


def test_a_repeated_event_with_the_time_of_the_far_east_requests_nothing_again(
    tmdb_server: TmdbStandIn,
) -> None:
    tomorrow = timezone(timedelta(hours=23, minutes=59))  # Raw is filed by the day in UTC
    event = _event(since=datetime.now(tomorrow).isoformat())
    assert handler(event, Context())["raw_objects"]
    requested = list(tmdb_server.paths)
    assert handler(event, Context())["raw_objects"] == 0
    assert tmdb_server.paths == requested


def test_a_call_of_dagster_is_reported_through_the_lake(lake: Lake) -> None:
    names = ("tmdb_search", "tmdb_external_ids", "tmdb_details")
    about = dict.fromkeys(
        (
            "code_version_by_asset_key",
            "provenance_by_asset_key",
            "partition_key",
            "partition_key_range",
            "partition_time_window",
        )
    )
    data = {**about, "asset_keys": names, "run_id": "a", "job_name": "b", "retry_number": 0}
    event = _event(
        DAGSTER_PIPES_CONTEXT=encode_param({"data": {**data, "extras": {}}}),
        DAGSTER_PIPES_MESSAGES=encode_param(
            {"bucket": BUCKET, "key_prefix": f"{lake.prefix}/_pipes/x"}
        ),
    )
    assert handler(event, Context())["films"] == 9
    sent = [
        json.loads(line)
        for key in sorted(lake.list("_pipes/x"), key=_number)
        for line in lake.read(key)[0].decode().splitlines()
    ]
    reported = [each["params"] for each in sent if each["method"] == "report_asset_materialization"]
    assert {each["asset_key"] for each in reported} == set(names)
    (check,) = [each["params"] for each in sent if each["method"] == "report_asset_check"]
    assert check["passed"]
    assert sent[-1]["method"] == "closed"


def test_a_call_without_time_ends_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_REQUESTS_PER_SECOND", "2")
    with pytest.raises(BatchUnfinished, match="The same event continues from there"):
        handler(_event(), Context(seconds=1.5))


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("BOURNE_S3_BUCKET", "needs BOURNE_S3_BUCKET"),
        ("TMDB_READ_ACCESS_TOKEN", "needs TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY"),
    ],
)
def test_what_the_function_needs_is_named(
    missing: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(ConfigurationError, match=words):
        handler(_event(), Context())
