"""Bytes in and out of a real S3 server."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.errors import (
    LakeError,
    ObjectExists,
    ObjectMissing,
)
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.lake.operations import (
    MULTIPART_BYTES,
    OPERATIONS,
    STRANGE_KEYS,
    TEXT,
    refused,
    sha256_of,
    stored_by_another,
)

# Writing and reading


@pytest.mark.parametrize("data", [b"", b"\0\xff", b"data", b"x" * 6_000_000], ids=len)
def test_what_was_written_is_read_with_its_size_and_digest(lake: Lake, data: bytes) -> None:
    written = lake.write("folder/key", data, TEXT)
    back, stored = lake.read("folder/key")
    assert back == data
    assert isinstance(back, bytes)
    assert stored == written
    assert stored == StoredObject(
        f"s3://{BUCKET}/{lake.prefix}/folder/key", len(data), sha256_of(data), written.etag
    )


def test_another_client_sees_content_type_digest_and_bytes(lake: Lake, boto: Any) -> None:
    written = lake.write("movies.csv", b"id\n1\n", "text/csv")
    data, response = stored_by_another(boto, lake, "movies.csv")
    assert data == b"id\n1\n"
    assert response["ContentType"] == "text/csv"
    assert response["Metadata"] == {"sha256": sha256_of(b"id\n1\n")}
    assert response["ETag"] == f'"{written.etag}"'


def test_writing_again_replaces_bytes_type_and_digest(lake: Lake, boto: Any) -> None:
    lake.write("key", b"first, and longer", TEXT)
    lake.write("key", b"second", "application/json")
    data, response = stored_by_another(boto, lake, "key")
    assert (data, response["ContentType"]) == (b"second", "application/json")
    assert response["Metadata"]["sha256"] == sha256_of(b"second")
    assert lake.list() == ["key"]


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_a_key_is_taken_literally_whatever_it_holds(lake: Lake, boto: Any, key: str) -> None:
    data = key.encode()
    written = lake.write(key, data, TEXT)
    assert written.uri == f"s3://{BUCKET}/{lake.prefix}/{key}"
    assert lake.key(written.uri) == key
    assert lake.read(key)[0] == data
    assert lake.head(key) == written
    assert lake.list() == [key]
    assert stored_by_another(boto, lake, key)[0] == data
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
            torn += data not in versions or stored.sha256 != sha256_of(data)
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
    with refused(ObjectExists, first.uri):
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
    digest = sha256_of(path.read_bytes())
    written = lake.write_file("big", path, digest, "text/csv")
    assert written.etag is not None
    assert written.etag.endswith("-4"), "the file is expected to be sent in parts"
    assert (written.size, written.sha256) == (MULTIPART_BYTES, digest)
    assert lake.head("big") == written
    assert lake.read_back("big") == written
    with (tmp_path / "back").open("wb") as file:
        assert lake.download("big", file) == written
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
    assert boto.head_object(Bucket=BUCKET, Key=f"{lake.prefix}/big")["ContentType"] == "text/csv"


@pytest.mark.parametrize("data", [b"", b"small"])
def test_a_small_file_arrives_as_well(lake: Lake, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "small"
    path.write_bytes(data)
    written = lake.write_file("small", path, sha256_of(data), TEXT)
    assert lake.read("small") == (data, written)


def test_a_file_that_is_not_there_is_the_callers_error(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lake.write_file("key", tmp_path / "missing", "0" * 64, TEXT)
    assert lake.list() == []


def test_copying_into_a_file_that_cannot_take_it_is_the_callers_error(lake: Lake) -> None:
    lake.write("key", b"data", TEXT)
    with Path(os.devnull).open("rb") as unwritable, pytest.raises(OSError, match="write"):
        lake.download("key", unwritable)


# Finding and listing


def test_finding_tells_the_digest_without_reading(lake: Lake) -> None:
    written = lake.write("key", b"data", TEXT)
    assert lake.head("key") == written


def test_an_object_of_another_writer_is_found_without_a_digest(lake: Lake, boto: Any) -> None:
    boto.put_object(Bucket=BUCKET, Key=f"{lake.prefix}/key", Body=b"data")
    found = lake.head("key")
    assert found is not None
    assert (found.size, found.sha256) == (4, None)
    assert lake.read("key")[1].sha256 == sha256_of(b"data")


def test_a_folder_is_not_an_object(lake: Lake) -> None:
    lake.write("folder/key", b"data", TEXT)
    assert lake.head("folder") is None
    with refused(ObjectMissing, f"{lake.prefix}/folder"):
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
        assert other.head("key") is None
        other.delete("key")
    assert lake.read("key")[0] == b"data"


def test_a_lake_without_a_prefix_is_the_whole_bucket(s3_server: EmbeddedLake, lake: Lake) -> None:
    lake.write("key", b"data", TEXT)
    whole = connect_server(s3_server.endpoint, s3_server.credentials, BUCKET)
    assert whole.uri(f"{lake.prefix}/key") == lake.uri("key")
    assert whole.read(f"{lake.prefix}/key")[0] == b"data"
    assert f"{lake.prefix}/key" in whole.list()


def test_a_deleted_object_is_gone_and_deleting_it_again_is_not_an_error(lake: Lake) -> None:
    lake.write("folder/key", b"data", TEXT)
    lake.delete("folder/key")
    assert lake.head("folder/key") is None
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
