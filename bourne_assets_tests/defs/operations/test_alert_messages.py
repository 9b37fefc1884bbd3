"""A webhook, or a server of e-mail, that sends what it likes: it holds and breaks nothing."""

import contextlib
import gzip
import logging
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from bourne_assets.defs.operations import alert_messages, email
from bourne_assets.defs.operations.alert_messages import NotDelivered, Problem, post
from bourne_assets.defs.operations.delivery import Message
from bourne_assets.defs.operations.routes import MailServer


@contextmanager
def _server(
    behave: Callable[[socket.socket], None], *, greets_first: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """A server that takes a request and then behaves so: its address, and the requests' paths."""
    paths: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # the client has what it wants
                if not greets_first:
                    paths.append(connection.recv(65_536).decode().split(" ", 2)[1])
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


def test_a_redirect_is_not_followed_and_is_not_a_delivery() -> None:
    def redirecting(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 307 Temporary\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )

    with _server(redirecting) as (url, paths), pytest.raises(NotDelivered, match="307"):
        post(url, "text")
    assert paths == ["/hook"]


def test_the_body_of_a_redirect_is_not_read() -> None:
    """Unpacked, a body of a few bytes may be larger than memory."""
    packed = gzip.compress(bytes(100 * 1024 * 1024))

    def bomb(connection: socket.socket) -> None:
        headers = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Encoding: gzip\r\n"
        connection.sendall(f"{headers}Content-Length: {len(packed)}\r\n\r\n".encode() + packed)

    with _server(bomb) as (url, _), _most_memory() as most:
        with pytest.raises(NotDelivered, match="302"):
            post(url, "text")
        assert most() < 10 * 1024 * 1024


def test_no_log_shows_the_address(caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 warns of headers that it cannot parse, and quotes the address as it does."""
    caplog.set_level(logging.DEBUG)

    def malformed(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 0\r\n\r\n")

    with _server(malformed) as (url, paths):
        post(f"{url}/SECRET", "text")
        assert "SECRET" not in caplog.text
        requests.get(f"{url}/public", timeout=10)
    assert paths == ["/hook/SECRET", "/hook/public"]
    assert "/hook/public" in caplog.text  # what others send is logged as ever


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


@pytest.mark.parametrize("piece", [b"2", b"220-more\r\n", b"x" * 9000])
def test_a_server_of_e_mail_that_never_ends_a_reply_is_broken_off(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(email, "_WHOLE_SECONDS", 0.5)

    def dripping(connection: socket.socket) -> None:
        gap = threading.Event()
        while not gap.wait(0.05):
            connection.sendall(piece)

    with _server(dripping, greets_first=True) as (url, _), pytest.raises(NotDelivered):
        email.send(_mail_server(url), None, ["ann@example.com"], "subject", "text")


def test_a_challenge_that_is_not_base64_is_a_sentence() -> None:
    replies = _replying(b"220 here", b"250-here\r\n250 AUTH CRAM-MD5", b"334 a", b"221 bye")
    with _server(replies, greets_first=True) as (url, _):
        server = _mail_server(url).model_copy(update={"user": "alerts"})
        with pytest.raises(NotDelivered, match="did not take an e-mail"):
            email.send(server, "password", ["ann@example.com"], "subject", "text")


@pytest.mark.parametrize("farewell", [b"451 not yet", b""])
def test_what_was_taken_is_not_sent_again_for_an_odd_farewell(farewell: bytes) -> None:
    well = [b"250 well"] * 3
    replies = _replying(b"220 here", *well, b"354 go on", b"250 taken", farewell)
    with _server(replies, greets_first=True) as (url, _):
        email.send(_mail_server(url), None, ["ann@example.com"], "subject", "text")


def test_names_that_are_not_text_or_have_no_end_are_sent_as_far_as_they_go() -> None:
    """A server of e-mail gets UTF-8, and no line that begins another message."""
    odd = Problem("caf\udce9.csv", "failed", "x\r\n.\r\nMAIL FROM:<a@b>", ("n" * 1_000_000,), 1)
    message = Message.of("a saga", [odd], "http://127.0.0.1:3000/runs/1", secrets=())
    assert odd.fingerprint
    assert "caf\N{REPLACEMENT CHARACTER}.csv" in message.subject
    message.marked.encode()
    well = [b"250 well"] * 3
    replies = _replying(b"220 here", *well, b"354 go on", b"250 taken", b"221 bye")
    with _server(replies, greets_first=True) as (url, _):
        server = _mail_server(url)
        email.send(server, None, ["ann@example.com"], message.subject, message.plain)
    assert len(message.plain) < 100_000


def test_no_address_from_a_file_can_be_followed_from_an_e_mail() -> None:
    """Whoever sends a file says what its rejected lines hold; the link to the run is ours."""
    evil = "http://evil.example/dagster"
    problem = Problem(f"films of {evil}", f"{evil} failed", f"see {evil}", (f"Sign in: {evil}",), 1)
    message = Message.of(f"Saga\n{evil}", [problem], "http://127.0.0.1:3000/runs/1", secrets=())
    assert "evil.example/dagster" in message.plain
    assert "http://evil" not in message.subject + message.plain
    assert "http://127.0.0.1:3000/runs/1" in message.plain
    assert "Saga http" in message.plain


_SECRET = "sk-" + "0123456789" * 4


@pytest.mark.parametrize("where", ["about", "asset", "detail", "rows"])
@pytest.mark.parametrize("longest", [300, 3_500, 20_000])
def test_a_secret_where_a_text_is_shortened_is_masked_first(where: str, longest: int) -> None:
    """Wherever in it the text ends: none of its beginning is sent."""
    for before in range(longest - 80, longest, 15):
        said = {where: f"{'x' * before} {_SECRET} and more {'y' * 100}"}
        row = said.get("rows", "a row")
        odd = Problem(said.get("asset", "films"), "failed", said.get("detail", "why"), (row,), 1)
        message = Message.of(said.get("about", "Saga"), [odd], None, [_SECRET])
        assert "sk-0" not in message.subject + message.plain + message.marked


def test_of_two_secrets_that_begin_alike_nothing_is_left() -> None:
    problem = Problem("films", "failed", f"{_SECRET}-longer is refused")
    message = Message.of("Saga", [problem], None, [_SECRET, f"{_SECRET}-longer"])
    assert "films`: failed - *** is refused" in message.marked


@contextmanager
def _most_memory() -> Iterator[Callable[[], int]]:
    """Gives the most bytes that Python's objects have taken since the block began."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _replying(*replies: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        for reply in replies:
            connection.sendall(reply + b"\r\n")
            connection.recv(65_536)

    return behave


def _mail_server(url: str) -> MailServer:
    port = urlsplit(url).port
    content = {"server": "127.0.0.1", "port": port, "from": "a@b.c", "tls": "none"}
    return MailServer.model_validate(content)
