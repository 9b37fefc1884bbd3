"""Uploads in parts say what is wrong in the lake's own words, and show no secret."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.reading.pool import SessionPool
from bourne_assets.lake.access import S3Access
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.errors import (
    AccessDenied,
    BucketMissing,
    LakeError,
    LakeFailed,
    LakeUnreachable,
    ObjectMissing,
)
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import CSV, Lake
from bourne_assets_tests.conftest import BUCKET


def _begin(lake: Lake) -> None:
    lake.begin_upload("a.csv", CSV, "0" * 64)


def test_wrong_credentials_are_denied_and_not_shown(s3_server: EmbeddedLake) -> None:
    wrong = Credentials(s3_server.credentials.access_key, "not-the-secret")
    with pytest.raises(AccessDenied) as raised:
        _begin(connect_server(s3_server.endpoint, wrong, BUCKET))
    assert "not-the-secret" not in str(raised.value)


def test_unsigned_requests_are_denied(s3_server: EmbeddedLake) -> None:
    with pytest.raises(AccessDenied):
        _begin(connect_s3(S3Access(s3_server.endpoint, "us-east-1", None), BUCKET))


def test_a_missing_bucket_is_named(s3_server: EmbeddedLake) -> None:
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        _begin(connect_server(s3_server.endpoint, s3_server.credentials, "no-such-bucket"))


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    lake = connect_server("http://127.0.0.1:9", Credentials("key", "secret"), BUCKET)
    with pytest.raises(LakeUnreachable, match=r"127\.0\.0\.1:9"):
        _begin(lake)


def test_an_upload_that_is_gone_cannot_be_completed(lake: Lake) -> None:
    upload = lake.begin_upload("a.csv", CSV, "0" * 64)
    part = upload.send(1, b"abc")
    upload.abort()
    with pytest.raises(LakeError):
        upload.complete([part])


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(404, "NoSuchUpload", ObjectMissing), (507, "InsufficientStorage", LakeFailed)],
)
def test_an_error_of_the_server_ends_in_one_sentence(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, status: int, code: str, kind: type[LakeError]
) -> None:
    from botocore.exceptions import ClientError

    upload = lake.begin_upload("a.csv", CSV, "0" * 64)

    def fail(**_: Any) -> None:
        response: Any = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(response, "UploadPart")

    monkeypatch.setattr(upload._client._client, "upload_part", fail)
    with pytest.raises(kind, match=r"a\.csv"):
        upload.send(1, b"abc")


def test_large_files_are_read_one_at_a_time_with_more_memory(tmp_path: Path) -> None:
    readers = SessionPool(lambda: None, tmp_path)
    limit: Callable[[Any], Any] = lambda engine: engine.rows(  # noqa: E731
        "SELECT current_setting('memory_limit'), current_setting('threads')"
    )[0]
    with readers.session(1_000) as engine:
        small = limit(engine)
    with readers.session(100_000_000) as large:
        assert large is not engine
        assert limit(large) != small
        assert readers._large.locked()
    assert not readers._large.locked()
    with readers.session(1_000) as same:
        assert same is engine
        assert limit(same) == small
    readers.interrupt()
    readers.close()
