"""One clear sentence for each thing that goes wrong between the platform and its lake."""

from http import HTTPStatus
from typing import Any

import pytest

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.errors import (
    AccessDenied,
    BucketMissing,
    LakeError,
    LakeFailed,
    LakeUnreachable,
    ObjectExists,
    ObjectMissing,
    OperationFailed,
)
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.lake.operations import (
    OPERATIONS,
    SECRET,
    TEXT,
    FixedResponse,
    Operation,
    every_operation,
    lake_at,
    refused,
)


@pytest.mark.parametrize("name", ["read", "download", "read_back"])
def test_an_object_that_is_missing_is_named(lake: Lake, name: str) -> None:
    with refused(ObjectMissing, f"s3://{BUCKET}/{lake.prefix}/key"):
        OPERATIONS[name](lake, "key")
    assert lake.head("key") is None


@every_operation
def test_a_bucket_that_is_missing_is_named(s3_server: EmbeddedLake, operation: Operation) -> None:
    nowhere = connect_server(s3_server.endpoint, s3_server.credentials, "no-such-bucket", "films")
    if operation is OPERATIONS["head"]:
        # S3's response to HEAD has no body that could say so; the write that follows says it.
        assert operation(nowhere, "key") is None
        return
    with refused(BucketMissing, "'no-such-bucket'", "BOURNE_S3_BUCKET"):
        operation(nowhere, "key")


@pytest.mark.parametrize("wrong", ["secret", "both", "unsigned"])
@every_operation
def test_refused_credentials_are_reported(
    s3_server: EmbeddedLake, operation: Operation, wrong: str
) -> None:
    if wrong == "unsigned":
        lake = connect_s3(S3Access(s3_server.endpoint, s3_server.region, None), BUCKET, "films")
    else:
        key = s3_server.credentials.access_key if wrong == "secret" else "AKIANOBODY"
        lake = connect_server(s3_server.endpoint, Credentials(key, SECRET), BUCKET, "films")
    with refused(AccessDenied, f"s3://{BUCKET}/films", "credentials"):
        operation(lake, "key")


@every_operation
def test_an_endpoint_where_nobody_listens_is_named(operation: Operation, free_port: int) -> None:
    endpoint = f"http://127.0.0.1:{free_port}"
    with refused(LakeUnreachable, endpoint, "its server on this machine ended"):
        operation(lake_at(endpoint), "key")


def test_an_endpoint_of_the_users_own_where_nobody_listens_names_the_setting(
    free_port: int,
) -> None:
    endpoint = f"http://127.0.0.1:{free_port}"
    lake = connect_s3(S3Access(endpoint, "us-east-1", None), BUCKET)
    with refused(LakeUnreachable, endpoint, "AWS_ENDPOINT_URL_S3"):
        lake.read("key")


def test_a_host_that_nobody_knows_is_named() -> None:
    with refused(LakeUnreachable, "http://no-such-host.invalid"):
        lake_at("http://no-such-host.invalid").read("key")


@every_operation
def test_a_failure_of_the_server_is_tried_again_and_then_named(
    faulty: FixedResponse, operation: Operation
) -> None:
    with refused(OperationFailed, f"s3://{BUCKET}/films/", "HTTP 500"):
        operation(lake_at(faulty.endpoint), "key")
    assert faulty.requests > 1


@pytest.mark.parametrize(
    "status", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE]
)
def test_a_server_without_room_makes_the_disk_the_suspect(
    faulty: FixedResponse, status: HTTPStatus
) -> None:
    faulty.status = status
    with refused(OperationFailed, f"HTTP {status.value}", "disk space"):
        lake_at(faulty.endpoint).write("key", b"data", TEXT)


@pytest.mark.parametrize("name", ["write", "read", "list", "head", "delete"])
def test_a_request_that_the_server_does_not_understand_is_not_tried_again(
    faulty: FixedResponse, name: str
) -> None:
    faulty.status = HTTPStatus.BAD_REQUEST
    with refused(OperationFailed, "HTTP 400"):
        OPERATIONS[name](lake_at(faulty.endpoint), "key")
    assert faulty.requests == 1


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
@every_operation
def test_a_refusal_of_any_server_is_reported_as_one(
    faulty: FixedResponse, operation: Operation, status: HTTPStatus
) -> None:
    faulty.status = status
    with refused(AccessDenied, "credentials"):
        operation(lake_at(faulty.endpoint), "key")


@pytest.mark.parametrize("name", ["write", "read", "list"])
def test_a_bucket_of_another_region_makes_the_region_the_suspect(
    faulty: FixedResponse, name: str
) -> None:
    faulty.status = HTTPStatus.MOVED_PERMANENTLY
    with pytest.raises(LakeError, match=r"another region.*AWS_(DEFAULT_)?REGION") as refused:
        OPERATIONS[name](lake_at(faulty.endpoint), "key")
    assert "disk space" not in str(refused.value)


@pytest.mark.parametrize("name", ["read", "download", "read_back"])
def test_an_object_that_breaks_off_is_never_taken_for_a_whole_one(
    faulty: FixedResponse, name: str
) -> None:
    faulty.status = HTTPStatus.OK
    faulty.body, faulty.body_sent = b"x" * 1000, 100
    faulty.headers = {"ETag": '"e"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with refused(OperationFailed, f"s3://{BUCKET}/films/key"):
        OPERATIONS[name](lake_at(faulty.endpoint), "key")


@pytest.mark.parametrize("sent", [30, 200], ids=["cut", "damaged"])
def test_a_list_that_breaks_off_is_never_taken_for_a_whole_one(
    faulty: FixedResponse, sent: int
) -> None:
    faulty.status, faulty.body_sent = HTTPStatus.OK, sent
    faulty.body = b"<ListBucketResult><Contents><Key>films/a</Key>"
    with refused(OperationFailed, f"s3://{BUCKET}/films/"):
        lake_at(faulty.endpoint).list()


def test_a_server_that_conflicts_with_a_plain_write_is_not_said_to_hold_the_object(
    faulty: FixedResponse,
) -> None:
    faulty.status = HTTPStatus.CONFLICT
    with refused(OperationFailed, "HTTP 409"):
        lake_at(faulty.endpoint).write("key", b"data", TEXT)


def test_credentials_that_can_no_longer_be_had_are_reported_as_refused(
    faulty: FixedResponse,
) -> None:
    def expired() -> Any:
        message = f"The session of {SECRET} has expired."
        raise RuntimeError(message)

    lake = connect_s3(S3Access(faulty.endpoint, "us-east-1", expired), BUCKET)
    with refused(AccessDenied, "credentials"):
        lake.read("key")
    assert faulty.requests == 0


@pytest.mark.parametrize("bucket", ["bücket", "a b", "UPPER"])
def test_a_bucket_name_that_no_bucket_can_have_is_a_missing_bucket(
    s3_server: EmbeddedLake, bucket: str
) -> None:
    with refused(BucketMissing, repr(bucket)):
        connect_server(s3_server.endpoint, s3_server.credentials, bucket).list()


def test_an_address_that_cannot_be_made_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_COPY_IF_NOT_EXISTS", "nonsense")
    with refused(LakeFailed, repr(BUCKET), "http://127.0.0.1:1"):
        lake_at("http://127.0.0.1:1")


# The shell


def _uses(lake: Lake) -> None:
    lake.write("key", b"data", TEXT, create_only=True)
    with pytest.raises(ObjectExists):
        lake.write("key", b"other", TEXT, create_only=True)
    assert lake.read("key")[0] == b"data"
    assert lake.list() == ["key"]
    lake.delete("key")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_proxies_of_the_shell_do_not_stand_before_a_server_on_this_machine(
    s3_server: EmbeddedLake,
    lake: Lake,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{free_port}")
    endpoint = s3_server.endpoint.replace("127.0.0.1", host)
    _uses(connect_server(endpoint, s3_server.credentials, BUCKET, lake.prefix))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIASHELL"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", SECRET),
        ("AWS_PROFILE", "nobody"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_CONDITIONAL_PUT", "disabled"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
        ("AWS_ALLOW_HTTP", "false"),
        ("AWS_BUCKET", "another-bucket"),
        ("AWS_S3_EXPRESS", "true"),
    ],
)
def test_no_aws_variable_of_the_shell_leaks_into_a_lake_that_was_given_its_access(
    s3_server: EmbeddedLake,
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    _uses(connect_server(s3_server.endpoint, s3_server.credentials, BUCKET, lake.prefix))


def test_no_secret_is_shown_by_repr(s3_server: EmbeddedLake) -> None:
    secret = s3_server.credentials.secret_key
    lake = s3_server.lake
    access = S3Access(s3_server.endpoint, "us-east-1", lambda: secret)
    for thing in (s3_server, s3_server.credentials, lake, lake._store, access, vars(lake)):
        assert secret not in repr(thing)
        assert secret not in str(thing)
