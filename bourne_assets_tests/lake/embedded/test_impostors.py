"""A program of another user that has the server's ports is sent nothing that is signed.

It runs as `nobody` where the tests run as root. Elsewhere it is taken for such a program.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, seaweedfs, supervisor
from bourne_assets.lake.embedded import share as shares
from bourne_assets.sockets import is_own_server
from bourne_assets_tests.lake.embedded.homes import (
    BUCKET,
    folder_of,
    kept_lake,
    read_again,
    state_of,
)

IS_ROOT = os.geteuid() == 0
NOBODY = 65534
#: Responds as an S3 server does that knows the credentials, and prints which requests had some.
#: What it needs is imported before: Python may be in a folder that the user cannot read.
IMPOSTOR = """
import encodings.idna, html, json, mimetypes, os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ports, uid = json.loads(sys.argv[1])
if uid is not None:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
class Handler(BaseHTTPRequestHandler):
    def respond(self):
        is_signed = "Authorization" in self.headers or self.command == "POST"
        print("signed" if is_signed else "unsigned", flush=True)
        self.send_response(404 if is_signed else 403)
        self.end_headers()
        self.wfile.write(b"<Error><Code>NoSuchKey</Code></Error>")
    do_GET = do_HEAD = do_PUT = do_POST = respond
    def log_message(self, *_):
        pass
servers = [ThreadingHTTPServer(("127.0.0.1", port), Handler) for port in ports]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
"""
Impostors = Callable[[int], subprocess.Popen[str]]


@pytest.fixture
def impostors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Impostors]:
    """Starts impostors on the ports of S3 and the catalogue of a base port."""
    with ExitStack() as started:

        def start(base_port: int) -> subprocess.Popen[str]:
            ports = [base_port, base_port + 5]
            if not IS_ROOT:
                monkeypatch.setattr(
                    seaweedfs,
                    "is_own_server",
                    lambda address, owner: (
                        address[1] not in ports and is_own_server(address, owner)
                    ),
                )
            given = [ports, NOBODY if IS_ROOT else None]
            impostor = started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", IMPOSTOR, json.dumps(given)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            started.callback(impostor.kill)
            assert impostor.stdout is not None
            assert impostor.stdout.readline() == "ready\n"
            return impostor

        yield start


def _requests_to(impostor: subprocess.Popen[str]) -> list[str]:
    impostor.kill()
    assert impostor.stdout is not None
    return impostor.stdout.read().split()


def test_where_another_program_took_a_port_first_the_server_starts_on_others(
    home: Path, impostors: Impostors, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = seaweedfs.free_base_port(), seaweedfs.free_base_port()
    chosen = iter([taken, free])
    monkeypatch.setattr(seaweedfs, "free_base_port", lambda: next(chosen))
    impostor = impostors(taken)
    folder_of(home).root.mkdir(parents=True)
    server, state = supervisor._start(folder_of(home), BUCKET)
    supervisor._end(server)
    assert (state.base_port, state.endpoint) == (free, f"http://127.0.0.1:{free}")
    assert set(_requests_to(impostor)) == {"unsigned"}


def test_a_server_whose_ports_another_program_has_is_not_joined_but_replaced(
    home: Path, impostors: Impostors, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_lake(home)
    taken = seaweedfs.free_base_port()
    impostor = impostors(taken)
    lost = {
        "endpoint": seaweedfs.endpoint_of(taken),
        "base_port": taken,
        "catalogue": seaweedfs.catalogue_of(taken),
    }
    folder_of(home).state.write_text(json.dumps({**state_of(home), **lost}))
    monkeypatch.setattr(shares, "_PATIENCE_SECONDS", 0.0)
    assert not embedded.status(home).running
    assert read_again(home).endpoint != lost["endpoint"]
    assert set(_requests_to(impostor)) == {"unsigned"}


def test_the_ports_of_a_server_are_its_users(s3_server: EmbeddedLake) -> None:
    base_port = s3_server._state.base_port
    assert seaweedfs.is_own(base_port)
    if sys.platform == "linux":
        assert not seaweedfs.is_own(base_port + 1), "nobody listens where its catalogue would be"
