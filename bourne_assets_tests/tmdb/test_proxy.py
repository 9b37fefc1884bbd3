"""TMDB over TLS through a company's proxy: it sees no credential, and may not hang a run."""

import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bourne_assets.lake.embedded.security import self_signed_certificate
from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import TmdbUnavailable
from bourne_assets.tmdb.transport import TIMEOUT
from bourne_assets_tests.standin import PACE

pytestmark = pytest.mark.usefixtures("no_naps")

_TOKEN = "a-very-secret-token"
_FILM = b'{"id": 7}'
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_FILM), _FILM)
#: A byte at a time: more than the time-out of a test.
_ENDLESS = b" " * 40_000
_OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class _Proxy(socketserver.ThreadingTCPServer):
    """A proxy that opens a tunnel to a TMDB of its own, and notes what it sees.

    Attributes:
        response: What it sends to a CONNECT, a byte at a time where it is not `_OPENED`.
        reply: Bytes of TMDB's reply, a byte at a time where it is not `_REPLY`.
        seen: Heads of the requests that the proxy itself got.
        arrived: Heads of the requests that came through the tunnel.
    """

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.response, self.reply = _OPENED, _REPLY
        self.seen: list[bytes] = []
        self.arrived: list[bytes] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client may leave at any time."""


class _Tunnel(socketserver.BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        self.server.seen.append(_head(self.request))
        _send(self.request, self.server.response, whole=_OPENED)
        with (
            suppress(OSError),
            self.server.tls.wrap_socket(self.request, server_side=True) as inside,
        ):
            self.server.arrived.append(_head(inside))
            _send(inside, self.server.reply, whole=_REPLY)


def _head(connection: Any) -> bytes:
    received = b""
    while not received.endswith(b"\r\n\r\n") and (block := connection.recv(65_536)):
        received += block
    return received


def _send(connection: Any, data: bytes, *, whole: bytes) -> None:
    if data == whole:
        connection.sendall(data)
        return
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.01)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Proxy]:
    files = tmp_path / "tmdb.crt", tmp_path / "tmdb.key"
    for path, text in zip(files, self_signed_certificate(), strict=True):
        path.write_text(text)
    with _Proxy(*files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setenv("https_proxy", server.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files[0]))
        yield server
        server.shutdown()


def _client(*, key: str | None = None, timeout: tuple[float, float] = TIMEOUT) -> TmdbClient:
    """A client of a TMDB whose address only the proxy reaches: nothing listens on port 9."""
    return connect_tmdb(
        "https://127.0.0.1:9/3",
        token=None if key else _TOKEN,
        key=key,
        requests_per_second=PACE,
        timeout=timeout,
    )


def test_the_token_goes_through_the_tunnel_and_never_to_the_proxy(proxy: _Proxy) -> None:
    assert json.loads(_client().movie_details(7).body) == {"id": 7}
    assert f"Authorization: Bearer {_TOKEN}".encode() in proxy.arrived[0]
    (seen,) = proxy.seen
    assert seen.startswith(b"CONNECT 127.0.0.1:9 HTTP/1.")
    assert b"authorization" not in seen.lower()
    assert _TOKEN.encode() not in seen


def test_a_key_and_the_path_are_not_the_proxys_to_see(proxy: _Proxy) -> None:
    _client(key="a-key").movie_details(7)
    assert b"GET /3/movie/7?" in proxy.arrived[0]
    assert b"api_key=a-key" in proxy.arrived[0]
    assert b"a-key" not in proxy.seen[0]
    assert b"movie" not in proxy.seen[0]


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 " + _ENDLESS,
        _OPENED.rstrip() + b"\r\nX-Padding: " + _ENDLESS,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000,
    ],
    ids=["status", "headers", "continue"],
)
def test_a_proxy_whose_response_trickles_in_is_abandoned(
    proxy: _Proxy, monkeypatch: pytest.MonkeyPatch, response: bytes
) -> None:
    monkeypatch.setattr("bourne_assets.tmdb.transport._WHOLE_RESPONSE_SECONDS", 0.2)
    monkeypatch.setattr("bourne_assets.tmdb.retry.TRIES", 2)
    proxy.response = response
    with pytest.raises(TmdbUnavailable) as failed:
        _client().movie_details(7)
    assert _TOKEN not in str(failed.value)
    assert proxy.arrived == []


def test_a_reply_that_trickles_through_the_tunnel_is_abandoned(
    proxy: _Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute passes when a request arrives: longer than a whole response may take, and shorter
    # than this client waits for a piece of it.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + 60 * len(proxy.arrived))
    monkeypatch.setattr("bourne_assets.tmdb.deadlines.time", clock)
    monkeypatch.setattr("bourne_assets.tmdb.retry.TRIES", 2)
    proxy.reply = b"HTTP/1.1 200 OK\r\nX-Padding: " + _ENDLESS
    with pytest.raises(TmdbUnavailable, match="it took too long"):
        _client(timeout=(5.0, 200.0)).movie_details(7)
    assert len(proxy.arrived) == 2


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_a_proxy_that_refuses_is_told_in_a_sentence_without_the_token(
    proxy: _Proxy, monkeypatch: pytest.MonkeyPatch, status: bytes
) -> None:
    monkeypatch.setattr("bourne_assets.tmdb.retry.TRIES", 2)
    proxy.response = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(TmdbUnavailable) as failed:
        _client().movie_details(7)
    assert _TOKEN not in str(failed.value)
    assert proxy.arrived == []
