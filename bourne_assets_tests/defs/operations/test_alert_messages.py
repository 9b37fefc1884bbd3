"""A webhook whose server sends what it likes: its status is read, and nothing else."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bourne_assets.defs.operations import alert_messages
from bourne_assets.defs.operations.alert_messages import NotDelivered, post


@contextmanager
def _server(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[str]]]:
    """A server that takes a request and then behaves so: its address, and the requests' paths."""
    paths: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                paths.append(connection.recv(65_536).decode().split(" ", 2)[1])
                with contextlib.suppress(OSError):  # the client has what it wants
                    behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook", paths
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def test_a_response_without_end_is_not_read() -> None:
    sent = 0

    def endless(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while True:
            connection.sendall(chunk)
            sent += len(chunk)

    with _server(endless) as (url, _):
        post(url, "text")
    assert sent < 64 * 1024 * 1024  # what the sockets' buffers take


def test_a_redirect_is_not_followed_and_is_no_delivery() -> None:
    def redirecting(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 307 Temporary\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )

    with _server(redirecting) as (url, paths), pytest.raises(NotDelivered, match="307"):
        post(url, "text")
    assert paths == ["/hook"]


@pytest.mark.parametrize("piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X: y\r\n"])
def test_headers_without_end_are_broken_off(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(alert_messages, "_WHOLE_SECONDS", 0.5)

    def dripping(connection: socket.socket) -> None:
        if piece.startswith(b"X"):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
        gap = threading.Event()
        while not gap.wait(0.05):
            connection.sendall(piece)

    with _server(dripping) as (url, _), pytest.raises(NotDelivered):
        post(url, "text")
