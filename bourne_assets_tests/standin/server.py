"""The HTTP server of the stand-in. Not here: what it knows (`films`)."""

import secrets
import socket
import socketserver
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.rate_limit import RateLimiter
from bourne_assets_tests.standin.faults import Faults, Limiter
from bourne_assets_tests.standin.films import FilmSource, SnapshotFilms, respond
from bourne_assets_tests.standin.replies import UNAUTHORISED, Reply, Request, as_json

_ROOT = "/3"
#: Requests per second: so many that no test waits for the rate_limiter.
PACE = 1000.0
_Pattern = tuple[str, frozenset[tuple[str, str]]]


class TmdbStandIn:
    """TMDB on 127.0.0.1 while the `with` block lasts.

    Attributes:
        token: The read access token that it accepts; `key` is the v3 key.
        base_url: What TMDB_BASE_URL has to be.
        requests: Every request so far, in the order of arrival.
        source: What it knows; may be replaced at any time.
    """

    def __init__(
        self,
        source: FilmSource | None = None,
        *,
        latency: float = 0.0,
        limiter: Limiter | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.token = f"token.{secrets.token_urlsafe(24)}"
        self.key = secrets.token_hex(16)
        self.requests: list[Request] = []
        self.source: FilmSource = source or SnapshotFilms()
        self._latency = latency
        self._limiter = limiter
        self._faults = faults
        self._scripts: dict[_Pattern, deque[Reply]] = defaultdict(deque)
        self._overrides: dict[_Pattern, Reply] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self)
        self.base_url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}{_ROOT}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def client(
        self, rate_limiter: RateLimiter | None = None, *, by_key: bool = False
    ) -> TmdbClient:
        """The platform's client with the token, or the key, at a pace that slows no test down.

        Its rate_limiter is its own: a 429 holds all who share one.
        """
        return connect_tmdb(
            self.base_url,
            token=None if by_key else self.token,
            key=self.key if by_key else None,
            requests_per_second=PACE,
            rate_limiter=rate_limiter or RateLimiter(PACE),
        )

    def script(self, path: str, replies: Iterable[Reply]) -> None:
        """Give these replies to the next requests of a path, one each, then respond as usual.

        `/search/movie?page=2` means only requests with that parameter.
        """
        with self._lock:
            self._scripts[_pattern(path)].extend(replies)

    def restore(self, path: str) -> None:
        """Respond to a path from the films again."""
        with self._lock:
            del self._overrides[_pattern(path)]

    def override(self, path: str, body: object) -> None:
        """Respond to a path with this for good: a `Reply` or JSON; `path` as in `script`."""
        with self._lock:
            self._overrides[_pattern(path)] = body if isinstance(body, Reply) else as_json(body)

    @property
    def paths(self) -> list[str]:
        """The paths requested so far."""
        return [request.path for request in self.requests]

    def was_asked(self, path: str) -> bool:
        """Whether a path was requested; `path` as in `script`."""
        return any(_matches(_pattern(path), request) for request in list(self.requests))

    def reply(self, request: Request) -> Reply:
        """Note a request and choose its reply."""
        with self._lock:
            self.requests.append(request)
            for pattern, queue in self._scripts.items():
                if queue and _matches(pattern, request):
                    return queue.popleft()
            bearer, key = request.headers.get("authorization"), request.query.get("api_key")
            if bearer != f"Bearer {self.token}" and key != self.key:
                return UNAUTHORISED
            for pattern, reply in reversed(self._overrides.items()):
                if _matches(pattern, request):
                    return reply
        refused = self._limiter.refuses() if self._limiter else None
        wrong = self._faults.strikes() if self._faults else None
        if self._latency and refused is None:
            time.sleep(self._latency)
        return refused or wrong or respond(self.source, request)


def _pattern(text: str) -> _Pattern:
    path, _, query = text.partition("?")
    return path, frozenset(parse_qsl(query))


def _matches(pattern: _Pattern, request: Request) -> bool:
    return pattern[0] == request.path and pattern[1] <= request.query.items()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], standin: TmdbStandIn) -> None:
        self.standin = standin
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look up the name of the address.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is not an error of the server.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        # Clients keep connections for later; a stopped server does not.
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: _Server

    def do_GET(self) -> None:
        now = time.monotonic()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))  # some clients send one
        address = urlsplit(self.path)
        path = address.path[len(_ROOT) :] if address.path.startswith(f"{_ROOT}/") else ""
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(address.query))
        self._send(self.server.standin.reply(Request(path, query, headers, self.path, now)))

    def log_message(self, *_: Any) -> None:
        pass  # a test's output is the test's

    def _send_raw(self, raw: bytes, drip: float) -> None:
        self.close_connection = True
        if not drip:
            self.wfile.write(raw)
            return
        for byte in raw:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(drip)

    def _send(self, reply: Reply) -> None:
        if reply.seconds:
            time.sleep(reply.seconds)
        while not all(map(self.server.standin.was_asked, reply.after)):
            time.sleep(0.005)
        if reply.raw is not None:
            self._send_raw(reply.raw, reply.drip)
            return
        self.send_response(reply.status)
        usual = {"Content-Type": "application/json", "Content-Length": str(len(reply.body))}
        for name, value in {**usual, **reply.headers}.items():
            self.send_header(name, value)
        if self.close_connection:  # the client asked for it
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body[: reply.sent])
        self.close_connection |= reply.sent is not None
