"""What `bourne doctor` says of a lake whose credentials do not allow everything."""

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from bourne_assets.cli.examination import _clock, examine
from bourne_assets.lake.embedded import seaweedfs
from bourne_assets.lake.embedded.seaweedfs import Credentials, LakeFolder, connect_server
from bourne_assets.runs.outcomes import Diagnosis, tried
from bourne_assets.settings import Settings

_OWNER = Credentials("OWNER", "owner-secret")
_READER = Credentials("READER", "reader-secret")
_WRITER = Credentials("WRITER", "writer-secret")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 server with three identities, each with rights of its own."""
    folder = LakeFolder(tmp_path_factory.mktemp("doctor"))
    folder.data.mkdir()
    rights = {
        _OWNER: ["Admin", "Read", "Write", "List"],
        _READER: ["Read", "List"],
        _WRITER: ["Write"],
    }
    identities = [
        {
            "name": keys.access_key,
            "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
            "actions": actions,
        }
        for keys, actions in rights.items()
    ]
    folder.identities.write_text(json.dumps({"identities": identities}))
    # Another process may take a free port before the server does; then it tries others.
    for _ in range(5):
        port = seaweedfs.free_base_port()
        address = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            seaweedfs.command(folder, port, "a-lake"),
            env=seaweedfs.environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if _starts(process, address):
                yield address
                return
        finally:
            process.terminate()
            process.wait(120)
    pytest.fail("the S3 server did not start")


def _starts(process: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until the server responds or has ended: whether it responds."""
    while process.poll() is None:
        if seaweedfs.is_healthy(address) and seaweedfs.has_bucket(address, _OWNER, "a-lake"):
            return True
        time.sleep(0.1)
    return False


def _lake(endpoint: str, keys: Credentials) -> dict[str, tuple[bool, str]]:
    lake = connect_server(endpoint, keys, "a-lake")
    return {
        found.name.removeprefix("lake: "): (found.healthy, found.detail)
        for found in examine(Settings(s3_bucket="a-lake"), lambda: lake)
        if found.name.startswith("lake: ")
    }


def test_an_owner_lacks_nothing_and_nothing_is_left_behind(endpoint: str) -> None:
    assert set(_lake(endpoint, _OWNER).values()) == {(True, "allowed")}
    assert connect_server(endpoint, _OWNER, "a-lake").list("_doctor") == []


def test_a_reader_is_told_what_it_lacks(endpoint: str) -> None:
    found = _lake(endpoint, _READER)
    assert found["s3:ListBucket"][0]
    assert found["s3:PutObject"] == (
        False,
        "the credentials lack s3:PutObject on s3://a-lake/, or are wrong: deploy/aws has the "
        "policy.",
    )
    assert found["s3:GetObject"] == (False, "not tried, as nothing could be written")
    assert not found["s3:DeleteObject"][0]


def test_a_writer_is_told_what_it_lacks(endpoint: str) -> None:
    found = _lake(endpoint, _WRITER)
    lacking = {name for name, (healthy, _) in found.items() if not healthy}
    lists = {"s3:ListBucket", "s3:ListBucketMultipartUploads"}
    assert {"s3:GetObject"} <= lacking <= {"s3:GetObject", *lists}
    assert found["s3:PutObject"][0]


@pytest.mark.parametrize(
    ("date", "detail"),
    [
        ("Mon, 99 Foo 2024", "no Date header that can be read"),
        (f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT", "no Date header that can be read"),
        ("Thu, 01 Jan 2099 00:00:00 -0000", "clock is"),
    ],
)
def test_no_date_of_a_server_ends_the_examination(date: str, detail: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n"
    assert detail in _clock_of(answer.encode()).detail


def test_a_server_whose_headers_do_not_end_is_a_finding() -> None:
    found = _clock_of(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
    assert not found.healthy
    assert "does not respond" in found.detail


def _clock_of(start: bytes, more: bytes = b"") -> Diagnosis:
    """What is said of the clock of a server that sends so, and goes on for as long as it may."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):  # the client has what it wants
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(start)
                while more:
                    connection.sendall(more)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        lake = connect_server(f"http://127.0.0.1:{listener.getsockname()[1]}", _OWNER, "a-lake")
        return tried("clock", partial(_clock, lake))
    finally:
        listener.close()
        thread.join(10)
