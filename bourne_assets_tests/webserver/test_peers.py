"""The UI of `bourne dev` is its user's: another user of the machine gets nothing of it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from bourne_assets import webserver
from bourne_assets.settings import Settings
from bourne_assets.webserver import dev
from bourne_assets.webserver.guard import Allowed, Guard

IS_ROOT = os.getuid() == 0
NOBODY = 65534

#: Sends one request as a user, and prints what comes back; it may leave before that. What it needs
#: is imported before: Python may be in a folder that the user cannot read.
CLIENT = """
import encodings.idna, json, os, socket, struct, sys
uid, port, head, leaves = json.load(sys.stdin)
if uid is not None:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
    if leaves:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    body = b'{"query": "mutation"}'
    connection.sendall(head.encode() + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    while not leaves and (block := connection.recv(65536)):
        sys.stdout.write(block.decode())
"""
HEAD = (
    "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:3000\r\nContent-Type: application/json\r\n"
    "Connection: close\r\n"
)


class _App:
    def __init__(self) -> None:
        self.reached: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        self.reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


def _serve(allowed: Allowed) -> Iterator[tuple[int, _App]]:
    app = _App()
    config = uvicorn.Config(Guard(app, allowed), port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], app
    server.should_exit = True
    thread.join()


@pytest.fixture
def own() -> Iterator[tuple[int, _App]]:
    """A server that serves this machine's names alone."""
    yield from _serve(Allowed())


@pytest.fixture
def named() -> Iterator[tuple[int, _App]]:
    """A server that names where else it is reached."""
    yield from _serve(Allowed.of("https://dagster.example.com", ()))


def _request(port: int, head: str = HEAD, *, uid: int | None = None, leaves: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        input=json.dumps([uid, port, head, leaves]),
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    return done.stdout


needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")


def test_a_program_of_the_same_user_is_served(own: tuple[int, _App]) -> None:
    port, app = own
    assert "200 OK" in _request(port)
    assert app.reached == ["/graphql"]


@needs_root
def test_a_program_of_another_user_is_not(own: tuple[int, _App]) -> None:
    port, app = own
    reply = _request(port, uid=NOBODY)
    assert "403 Forbidden" in reply
    assert "not from a process of the user who started this server" in reply
    assert app.reached == []


@needs_root
@pytest.mark.parametrize("header", ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 127.0.0.1"])
def test_nobody_else_may_say_who_is_calling(header: str, own: tuple[int, _App]) -> None:
    port, app = own
    assert "403 Forbidden" in _request(port, f"{HEAD}{header}\r\n", uid=NOBODY)
    assert app.reached == []


@needs_root
def test_a_request_whose_sender_has_left_is_nobodys(own: tuple[int, _App]) -> None:
    port, app = own
    for _ in range(12):
        _request(port, uid=NOBODY, leaves=True)
    assert "200 OK" in _request(port)
    assert app.reached == ["/graphql"]


@needs_root
def test_where_other_names_are_served_a_proxy_of_another_user_may_stand_before_it(
    named: tuple[int, _App],
) -> None:
    port, _ = named
    assert "200 OK" in _request(port, f"{HEAD}X-Forwarded-For: 192.0.2.1\r\n", uid=NOBODY)


def test_the_sockets_of_dagsters_servers_are_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execve(*_: object) -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
        raise InterruptedError  # as the process would be another one

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(tmp_path)
    before = os.umask(0)
    try:
        with pytest.raises(InterruptedError):
            dev.serve(Settings(home=tmp_path), ["--help"])
    finally:
        os.umask(before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    assert stat.S_IMODE((tmp_path / "dagster" / "socket").stat().st_mode) == 0o700


def test_started_in_the_background_the_ui_still_hears_what_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execve(*_: object) -> None:
        raise InterruptedError  # as the process would be another one

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(tmp_path)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # `bourne dev &`: Dagster takes SIGTERM as SIGINT
    try:
        with pytest.raises(InterruptedError):
            dev.serve(Settings(home=tmp_path), ["--help"])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


@pytest.mark.parametrize("begin", [webserver.main, webserver.develop])
def test_while_dagster_loads_an_interrupt_ends_the_process_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, begin: Callable[[], None]
) -> None:
    seen = []

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "bourne_assets.webserver.servers":
                seen.append(signal.getsignal(signal.SIGINT))
                raise InterruptedError

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "bourne_assets.webserver.servers", raising=False)
    monkeypatch.delattr(webserver, "servers", raising=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # as `bourne dev` leaves it
    with pytest.raises(InterruptedError):
        begin()
    assert seen == [signal.SIG_DFL]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
