"""Bytes in and out of a real S3 server, and one clear sentence for each thing that goes wrong."""

import hashlib
import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.connection import connect_s3
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
)
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets_tests.conftest import BUCKET

TEXT = "text/plain"
SECRET = "not-the-secret-of-any-server"
MULTIPART_BYTES = 30 * 1024 * 1024 + 7
STRANGE_KEYS = [
    "two words.csv",
    "Ação/日本.csv",
    "e\u0301 decomposed",
    "movies~1a2b3c4d.csv",
    "id|title.csv",
    "100%.csv",
    "a%20b.csv",
    "%2E%2E/partition",
    "a+b&c=d;e?f#g.csv",
    'it\'s "quoted" [and] {braced}.csv',
    "<tag>,@!$(*):.csv",
    "...hidden",
    "no\u00a0break, narrow\u202fspace, line\u2028separator",
    "clapper \U0001f3ac, joined \U0001f469\u200d\U0001f3a4",
    "n" * 255,
]

Operation = Callable[[Lake, str], object]
OPERATIONS: dict[str, Operation] = {
    "write": lambda lake, key: lake.write(key, b"data", TEXT),
    "create": lambda lake, key: lake.write(key, b"data", TEXT, create_only=True),
    "write_file": lambda lake, key: lake.write_file(key, Path(__file__), "0" * 64, TEXT),
    "read": lambda lake, key: lake.read(key),
    "copy_to": lambda lake, key: lake.copy_to(key, io.BytesIO()),
    "digest": lambda lake, key: lake.digest(key),
    "find": lambda lake, key: lake.find(key),
    "list": lambda lake, key: lake.list(),  # noqa: ARG005
    "delete": lambda lake, key: lake.delete(key),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens, and nobody can while the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def boto(s3_server: EmbeddedLake) -> Any:
    """Another S3 client on the same server: what it sees is what is really stored."""
    return boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.credentials.access_key,
        aws_secret_access_key=s3_server.credentials.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


class Answers:
    """An HTTP server on loopback that gives every request the answer that the test has set."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.status = HTTPStatus.INTERNAL_SERVER_ERROR
        self.headers: dict[str, str] = {}
        self.body = b"<Error><Code>Failure</Code><Message>It failed.</Message></Error>"
        self.body_sent: int | None = None
        self.requests = 0


@pytest.fixture
def answers() -> Iterator[Answers]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given.requests += 1
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body[: given.body_sent])

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        given = Answers(f"http://127.0.0.1:{http_server.server_port}")
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield given
        http_server.shutdown()
        thread.join()


def _at(endpoint: str) -> Lake:
    return connect_server(endpoint, Credentials("AKIATEST", SECRET), BUCKET, "films")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _stored(boto: Any, lake: Lake, key: str) -> tuple[bytes, Any]:
    answer = boto.get_object(Bucket=lake.bucket, Key=f"{lake.prefix}/{key}")
    return answer["Body"].read(), answer


@contextmanager
def _refused(kind: type[LakeError], *words: str) -> Iterator[None]:
    """Exactly this error, in one sentence or two, that holds the words and no secret."""
    with pytest.raises(LakeError) as caught:
        yield
    assert type(caught.value) is kind
    text = str(caught.value)
    assert all(word in text for word in words)
    assert SECRET not in text
    assert "\n" not in text
    assert caught.value.__suppress_context__
    assert caught.value.exit_code == (2 if kind in {AccessDenied, BucketMissing} else 1)


# Writing and reading


@pytest.mark.parametrize("data", [b"", b"\0\xff", b"data", b"x" * 6_000_000], ids=len)
def test_what_was_written_is_read_with_its_size_and_digest(lake: Lake, data: bytes) -> None:
    written = lake.write("folder/key", data, TEXT)
    back, stored = lake.read("folder/key")
    assert back == data
    assert isinstance(back, bytes)
    assert stored == written
    assert stored == StoredObject(
        f"s3://{BUCKET}/{lake.prefix}/folder/key", len(data), _sha256(data), written.etag
    )


def test_another_client_sees_content_type_digest_and_bytes(lake: Lake, boto: Any) -> None:
    written = lake.write("movies.csv", b"id\n1\n", "text/csv")
    data, answer = _stored(boto, lake, "movies.csv")
    assert data == b"id\n1\n"
    assert answer["ContentType"] == "text/csv"
    assert answer["Metadata"] == {"sha256": _sha256(b"id\n1\n")}
    assert answer["ETag"] == f'"{written.etag}"'


def test_writing_again_replaces_bytes_type_and_digest(lake: Lake, boto: Any) -> None:
    lake.write("key", b"first, and longer", TEXT)
    lake.write("key", b"second", "application/json")
    data, answer = _stored(boto, lake, "key")
    assert (data, answer["ContentType"]) == (b"second", "application/json")
    assert answer["Metadata"]["sha256"] == _sha256(b"second")
    assert lake.list() == ["key"]


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_a_key_is_taken_literally_whatever_it_holds(lake: Lake, boto: Any, key: str) -> None:
    data = key.encode()
    written = lake.write(key, data, TEXT)
    assert written.uri == f"s3://{BUCKET}/{lake.prefix}/{key}"
    assert lake.key(written.uri) == key
    assert lake.read(key)[0] == data
    assert lake.find(key) == written
    assert lake.list() == [key]
    assert _stored(boto, lake, key)[0] == data
    lake.delete(key)
    assert lake.list() == []


@pytest.mark.parametrize(
    "key", ["a//b", "a/../b", "./a", "line\nbreak.csv", "bell\x07", "/a", "a/", ""]
)
def test_a_key_that_no_object_can_have_is_refused_in_one_line(lake: Lake, key: str) -> None:
    with pytest.raises(LakeError) as refused:
        lake.write(key, b"data", TEXT)
    assert "\n" not in str(refused.value)
    assert repr(key) in str(refused.value)


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"list"}))
def test_every_operation_refuses_a_key_that_no_object_can_have(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError):
        OPERATIONS[name](lake, "a//b")


def test_a_reader_never_sees_half_of_an_object_while_it_is_replaced(lake: Lake) -> None:
    versions = [bytes([number]) * 200_000 for number in range(8)]
    lake.write("key", versions[0], TEXT)
    done = threading.Event()

    def read() -> int:
        torn = 0
        while not done.is_set():
            data, stored = lake.read("key")
            torn += data not in versions or stored.sha256 != _sha256(data)
        return torn

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for _ in range(3):
            for version in versions:
                lake.write("key", version, TEXT)
        done.set()
        assert [reader.result() for reader in readers] == [0, 0, 0]


# Creating only


def test_create_only_writes_where_nothing_is(lake: Lake) -> None:
    lake.write("key", b"first", TEXT, create_only=True)
    assert lake.read("key")[0] == b"first"


def test_create_only_does_not_touch_what_is_there(lake: Lake) -> None:
    first = lake.write("key", b"first", TEXT)
    with _refused(ObjectExists, first.uri):
        lake.write("key", b"second", TEXT, create_only=True)
    assert lake.read("key") == (b"first", first)


def test_of_many_who_create_one_key_at_once_exactly_one_succeeds(lake: Lake) -> None:
    def create(number: int) -> int | None:
        try:
            lake.write("key", b"%d" % number, TEXT, create_only=True)
        except ObjectExists:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(create, range(16)) if number is not None]
    assert len(winners) == 1
    assert lake.read("key")[0] == b"%d" % winners[0]


# Files


def test_a_file_of_many_parts_arrives_whole_and_keeps_its_digest(
    lake: Lake, boto: Any, tmp_path: Path
) -> None:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(MULTIPART_BYTES))
    digest = _sha256(path.read_bytes())
    written = lake.write_file("big", path, digest, "text/csv")
    assert written.etag is not None
    assert written.etag.endswith("-4"), "the file is expected to be sent in parts"
    assert (written.size, written.sha256) == (MULTIPART_BYTES, digest)
    assert lake.find("big") == written
    assert lake.digest("big") == written
    with (tmp_path / "back").open("wb") as file:
        assert lake.copy_to("big", file) == written
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
    assert boto.head_object(Bucket=BUCKET, Key=f"{lake.prefix}/big")["ContentType"] == "text/csv"


@pytest.mark.parametrize("data", [b"", b"small"])
def test_a_small_file_arrives_as_well(lake: Lake, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "small"
    path.write_bytes(data)
    written = lake.write_file("small", path, _sha256(data), TEXT)
    assert lake.read("small") == (data, written)


def test_a_file_that_is_not_there_is_the_callers_error(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lake.write_file("key", tmp_path / "missing", "0" * 64, TEXT)
    assert lake.list() == []


def test_copying_into_a_file_that_cannot_take_it_is_the_callers_error(lake: Lake) -> None:
    lake.write("key", b"data", TEXT)
    with Path(os.devnull).open("rb") as unwritable, pytest.raises(OSError, match="write"):
        lake.copy_to("key", unwritable)


# Finding and listing


def test_finding_tells_the_digest_without_reading(lake: Lake) -> None:
    written = lake.write("key", b"data", TEXT)
    assert lake.find("key") == written


def test_an_object_of_another_writer_is_found_without_a_digest(lake: Lake, boto: Any) -> None:
    boto.put_object(Bucket=BUCKET, Key=f"{lake.prefix}/key", Body=b"data")
    found = lake.find("key")
    assert found is not None
    assert (found.size, found.sha256) == (4, None)
    assert lake.read("key")[1].sha256 == _sha256(b"data")


def test_a_folder_is_no_object(lake: Lake) -> None:
    lake.write("folder/key", b"data", TEXT)
    assert lake.find("folder") is None
    with _refused(ObjectMissing, f"{lake.prefix}/folder"):
        lake.read("folder")


def test_lists_are_sorted_bytewise_and_relative_to_the_prefix(lake: Lake) -> None:
    names = ["b", "a/b", "a-b", "A", "a/é", "a/z", "ä", "a"]
    for name in names:
        lake.write(name, b"", TEXT)
    assert lake.list() == sorted(names) == sorted(names, key=str.encode)


def test_a_list_below_a_prefix_holds_whole_folders_only(lake: Lake) -> None:
    for name in ["Raw/a", "Raw/b/c", "Raw2/a", "Rawness", "Refined/a"]:
        lake.write(name, b"", TEXT)
    assert lake.list("Raw") == lake.list("Raw/") == ["Raw/a", "Raw/b/c"]
    assert lake.list("Raw/b") == ["Raw/b/c"]
    assert lake.list("Raw/a") == []
    assert lake.list("nothing here") == []


def test_a_list_of_more_than_one_page_is_whole(lake: Lake) -> None:
    names = [f"{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: lake.write(name, b"", TEXT), names))
    assert lake.list() == names


def test_lakes_of_other_prefixes_are_not_seen(s3_server: EmbeddedLake, lake: Lake) -> None:
    lake.write("key", b"data", TEXT)
    for prefix in (f"{lake.prefix}x", lake.prefix[:-1], f"{lake.prefix}/other"):
        other = connect_server(s3_server.endpoint, s3_server.credentials, BUCKET, prefix)
        assert other.list() == []
        assert other.find("key") is None
        other.delete("key")
    assert lake.read("key")[0] == b"data"


def test_a_lake_without_a_prefix_is_the_whole_bucket(s3_server: EmbeddedLake, lake: Lake) -> None:
    lake.write("key", b"data", TEXT)
    whole = connect_server(s3_server.endpoint, s3_server.credentials, BUCKET)
    assert whole.uri(f"{lake.prefix}/key") == lake.uri("key")
    assert whole.read(f"{lake.prefix}/key")[0] == b"data"
    assert f"{lake.prefix}/key" in whole.list()


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(lake: Lake) -> None:
    lake.write("folder/key", b"data", TEXT)
    lake.delete("folder/key")
    assert lake.find("folder/key") is None
    lake.delete("folder/key")
    lake.delete("never there")
    assert lake.list() == []


# Addresses


@pytest.mark.parametrize("prefix", ["", "teams/films"])
def test_a_key_and_its_address_lead_to_each_other(prefix: str) -> None:
    lake = connect_s3(S3Access(None, "us-east-1", None), "a-lake", prefix)
    uri = lake.uri("Raw/a b.csv")
    assert uri == "/".join(["s3://a-lake", *([prefix] if prefix else []), "Raw/a b.csv"])
    assert lake.key(uri) == "Raw/a b.csv"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://a-lake/teams/series/key",
        "s3://a-lake/teams/filmsx/key",
        "s3://other-lake/teams/films/key",
        "https://a-lake/teams/films/key",
        "teams/films/key",
        "",
    ],
)
def test_an_address_outside_the_lake_has_no_key_here(uri: str) -> None:
    lake = connect_s3(S3Access(None, "us-east-1", None), "a-lake", "teams/films")
    with pytest.raises(LakeError, match=r"s3://a-lake/teams/films/"):
        lake.key(uri)


@pytest.mark.parametrize(("bucket", "by_host"), [("a-lake", "true"), ("a.lake", "false")])
def test_a_bucket_of_aws_is_part_of_the_host_unless_its_dots_would_miss_the_certificate(
    bucket: str, by_host: str
) -> None:
    lake = connect_s3(S3Access(None, "us-east-1", None), bucket)
    assert str(lake._store.config.get("virtual_hosted_style_request")) == by_host


# What goes wrong


@pytest.mark.parametrize("name", ["read", "copy_to", "digest"])
def test_an_object_that_is_missing_is_named(lake: Lake, name: str) -> None:
    with _refused(ObjectMissing, f"s3://{BUCKET}/{lake.prefix}/key"):
        OPERATIONS[name](lake, "key")
    assert lake.find("key") is None


@every_operation
def test_a_bucket_that_is_missing_is_named(s3_server: EmbeddedLake, operation: Operation) -> None:
    nowhere = connect_server(s3_server.endpoint, s3_server.credentials, "no-such-bucket", "films")
    if operation is OPERATIONS["find"]:
        # S3's answer to HEAD has no body that could say so; the write that follows says it.
        assert operation(nowhere, "key") is None
        return
    with _refused(BucketMissing, "'no-such-bucket'", "BOURNE_S3_BUCKET"):
        operation(nowhere, "key")


@pytest.mark.parametrize("wrong", ["secret", "both", "unsigned"])
@every_operation
def test_credentials_that_are_refused_are_said_to_be(
    s3_server: EmbeddedLake, operation: Operation, wrong: str
) -> None:
    if wrong == "unsigned":
        lake = connect_s3(S3Access(s3_server.endpoint, s3_server.region, None), BUCKET, "films")
    else:
        key = s3_server.credentials.access_key if wrong == "secret" else "AKIANOBODY"
        lake = connect_server(s3_server.endpoint, Credentials(key, SECRET), BUCKET, "films")
    with _refused(AccessDenied, f"s3://{BUCKET}/films", "credentials"):
        operation(lake, "key")


@every_operation
def test_an_endpoint_where_nobody_listens_is_named(operation: Operation, free_port: int) -> None:
    endpoint = f"http://127.0.0.1:{free_port}"
    with _refused(LakeUnreachable, endpoint, "AWS_ENDPOINT_URL_S3"):
        operation(_at(endpoint), "key")


def test_a_host_that_nobody_knows_is_named() -> None:
    with _refused(LakeUnreachable, "http://no-such-host.invalid"):
        _at("http://no-such-host.invalid").read("key")


@every_operation
def test_a_failure_of_the_server_is_tried_again_and_then_named(
    answers: Answers, operation: Operation
) -> None:
    with _refused(LakeFailed, f"s3://{BUCKET}/films/", "HTTP 500"):
        operation(_at(answers.endpoint), "key")
    assert answers.requests > 1


@pytest.mark.parametrize(
    "status", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE]
)
def test_a_server_without_room_makes_the_disk_the_suspect(
    answers: Answers, status: HTTPStatus
) -> None:
    answers.status = status
    with _refused(LakeFailed, f"HTTP {status.value}", "disk space"):
        _at(answers.endpoint).write("key", b"data", TEXT)


@pytest.mark.parametrize("name", ["write", "read", "list", "find", "delete"])
def test_a_request_that_the_server_does_not_understand_is_not_tried_again(
    answers: Answers, name: str
) -> None:
    answers.status = HTTPStatus.BAD_REQUEST
    with _refused(LakeFailed, "HTTP 400"):
        OPERATIONS[name](_at(answers.endpoint), "key")
    assert answers.requests == 1


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
@every_operation
def test_a_refusal_of_any_server_is_said_to_be_one(
    answers: Answers, operation: Operation, status: HTTPStatus
) -> None:
    answers.status = status
    with _refused(AccessDenied, "credentials"):
        operation(_at(answers.endpoint), "key")


@pytest.mark.parametrize("name", ["write", "read", "list"])
def test_a_bucket_of_another_region_makes_the_region_the_suspect(
    answers: Answers, name: str
) -> None:
    answers.status = HTTPStatus.MOVED_PERMANENTLY
    with pytest.raises(LakeError, match=r"another region.*AWS_(DEFAULT_)?REGION") as refused:
        OPERATIONS[name](_at(answers.endpoint), "key")
    assert "disk space" not in str(refused.value)


@pytest.mark.parametrize("name", ["read", "copy_to", "digest"])
def test_an_object_that_breaks_off_is_never_taken_for_a_whole_one(
    answers: Answers, name: str
) -> None:
    answers.status = HTTPStatus.OK
    answers.body, answers.body_sent = b"x" * 1000, 100
    answers.headers = {"ETag": '"e"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with _refused(LakeFailed, f"s3://{BUCKET}/films/key"):
        OPERATIONS[name](_at(answers.endpoint), "key")


@pytest.mark.parametrize("sent", [30, 200], ids=["cut", "damaged"])
def test_a_list_that_breaks_off_is_never_taken_for_a_whole_one(answers: Answers, sent: int) -> None:
    answers.status, answers.body_sent = HTTPStatus.OK, sent
    answers.body = b"<ListBucketResult><Contents><Key>films/a</Key>"
    with _refused(LakeFailed, f"s3://{BUCKET}/films/"):
        _at(answers.endpoint).list()


def test_a_server_that_conflicts_with_a_plain_write_is_not_said_to_hold_the_object(
    answers: Answers,
) -> None:
    answers.status = HTTPStatus.CONFLICT
    with _refused(LakeFailed, "HTTP 409"):
        _at(answers.endpoint).write("key", b"data", TEXT)


def test_credentials_that_can_no_longer_be_had_are_said_to_be_refused(answers: Answers) -> None:
    def expired() -> Any:
        message = f"The session of {SECRET} has expired."
        raise RuntimeError(message)

    lake = connect_s3(S3Access(answers.endpoint, "us-east-1", expired), BUCKET)
    with _refused(AccessDenied, "credentials"):
        lake.read("key")
    assert answers.requests == 0


@pytest.mark.parametrize("bucket", ["bücket", "a b", "UPPER"])
def test_a_bucket_name_that_no_bucket_can_have_is_a_missing_bucket(
    s3_server: EmbeddedLake, bucket: str
) -> None:
    with _refused(BucketMissing, repr(bucket)):
        connect_server(s3_server.endpoint, s3_server.credentials, bucket).list()


def test_an_address_that_cannot_be_made_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_COPY_IF_NOT_EXISTS", "nonsense")
    with _refused(LakeFailed, repr(BUCKET), "http://127.0.0.1:1"):
        _at("http://127.0.0.1:1")


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
