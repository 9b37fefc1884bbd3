"""What the tests of the lake share: its operations, odd keys, and a server of fixed responses."""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.errors import (
    AccessDenied,
    BucketMissing,
    LakeError,
)
from bourne_assets.lake.store import Lake
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
    "download": lambda lake, key: lake.download(key, io.BytesIO()),
    "read_back": lambda lake, key: lake.read_back(key),
    "head": lambda lake, key: lake.head(key),
    "list": lambda lake, key: lake.list(),  # noqa: ARG005
    "delete": lambda lake, key: lake.delete(key),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


class FixedResponse:
    """An HTTP server on loopback that gives every request the response that the test has set."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.status = HTTPStatus.INTERNAL_SERVER_ERROR
        self.headers: dict[str, str] = {}
        self.body = b"<Error><Code>Failure</Code><Message>It failed.</Message></Error>"
        self.body_sent: int | None = None
        self.requests = 0


def lake_at(endpoint: str) -> Lake:
    return connect_server(endpoint, Credentials("AKIATEST", SECRET), BUCKET, "films")


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stored_by_another(boto: Any, lake: Lake, key: str) -> tuple[bytes, Any]:
    response = boto.get_object(Bucket=lake.bucket, Key=f"{lake.prefix}/{key}")
    return response["Body"].read(), response


@contextmanager
def refused(kind: type[LakeError], *words: str) -> Iterator[None]:
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
