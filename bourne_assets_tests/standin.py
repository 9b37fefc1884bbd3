"""A stand-in of TMDB's API v3: a real HTTP server on loopback, for tests.

It answers as TMDB does, from the files of the bundled snapshot, and a test can script what a
server may do wrong: error statuses, broken connections, cut answers, pages of another host.
What must not be put here: expectations, which are the tests' own.
"""

import json
import re
import secrets
import socket
import socketserver
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from bourne_assets.settings import DATA_DIR
from bourne_assets.tmdb.client import TmdbClient, live_client

_SNAPSHOT = DATA_DIR / "snapshot"
_FILE = re.compile(r"/movie/\d+(/external_ids)?|/collection/\d+")
_ROOT = "/3"
#: Requests a second: so many that no test waits for the pacer.
PACE = 1000.0
_Pattern = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Reply:
    """What the stand-in sends for one request.

    Attributes:
        status: HTTP status.
        body: Bytes of the body.
        headers: Headers beside, or instead of, Content-Type and Content-Length.
        sent: How many bytes of the body are sent before the connection is closed; None is all.
        raw: Bytes sent in place of a whole HTTP answer; none at all is a closed connection.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    raw: bytes | None = None


def as_json(value: object, status: int = 200) -> Reply:
    """A reply whose body is a value as JSON."""
    return Reply(status, json.dumps(value).encode())


def refusal(status: int, code: int, words: str) -> Reply:
    """An error in TMDB's own envelope."""
    return as_json({"success": False, "status_code": code, "status_message": words}, status)


def as_html(words: str, status: int = 200) -> Reply:
    """A reply of something that is not TMDB: a gateway, a proxy, a login page."""
    return Reply(status, f"<!doctype html><p>{words}</p>".encode(), {"Content-Type": "text/html"})


HANG_UP = Reply(raw=b"")
UNAUTHORISED = refusal(401, 7, "Invalid API key: You must be granted a valid key.")
NOT_FOUND = refusal(404, 34, "The resource you requested could not be found.")
TOO_MANY = refusal(429, 25, "Your request count (41) is over the allowed limit of 40.")
OFFLINE = refusal(503, 9, "Service offline: This service is temporarily offline.")


def snapshot(path: str) -> dict[str, Any]:
    """What the bundled snapshot holds for a path, to be changed and given to `override`."""
    return dict(json.loads((_SNAPSHOT / f"{path.strip('/')}.json").read_bytes()))


@dataclass(frozen=True)
class Request:
    """A request: path below the root, headers by lower-case names, the bare target, the time."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    target: str
    time: float


class TmdbStandIn:
    """TMDB on 127.0.0.1 while the `with` block lasts.

    Attributes:
        token: The read access token that it accepts; `key` is the v3 key.
        base_url: What TMDB_BASE_URL has to be.
        requests: Every request so far, in the order of arrival.
    """

    def __init__(self) -> None:
        self.token = f"token.{secrets.token_urlsafe(24)}"
        self.key = secrets.token_hex(16)
        self.requests: list[Request] = []
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

    def client(self) -> TmdbClient:
        """The platform's client with the token, at a pace that does not slow a test down."""
        return live_client(self.base_url, token=self.token, key=None, requests_per_second=PACE)

    def script(self, path: str, replies: Iterable[Reply]) -> None:
        """Give these replies to the next requests of a path, one each, then answer as usual.

        `/search/movie?page=2` means only requests with that parameter.
        """
        with self._lock:
            self._scripts[_pattern(path)].extend(replies)

    def override(self, path: str, body: object) -> None:
        """Answer a path with this for good: a `Reply`, or a JSON value; `path` as in `script`."""
        with self._lock:
            self._overrides[_pattern(path)] = body if isinstance(body, Reply) else as_json(body)

    @property
    def paths(self) -> list[str]:
        """The paths asked so far."""
        return [request.path for request in self.requests]

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
        return _from_snapshot(request)


def _pattern(text: str) -> _Pattern:
    path, _, query = text.partition("?")
    return path, frozenset(parse_qsl(query))


def _matches(pattern: _Pattern, request: Request) -> bool:
    return pattern[0] == request.path and pattern[1] <= request.query.items()


def _from_snapshot(request: Request) -> Reply:
    if request.path == "/authentication":
        return as_json({"success": True, "status_code": 1, "status_message": "Success."})
    if request.path == "/search/movie":
        return _search(request.query.get("query", ""), request.query.get("page", "1"))
    file = _SNAPSHOT / f"{request.path[1:]}.json"
    inside = _FILE.fullmatch(request.path)
    return Reply(body=file.read_bytes()) if inside and file.is_file() else NOT_FOUND


def _search(query: str, page: str) -> Reply:
    if not query:
        return as_json({"errors": ["query must be provided"]}, 422)
    if not page.isdecimal() or not 1 <= int(page) <= 500:
        return refusal(400, 22, "Invalid page: Pages start at 1 and max at 500.")
    # Compared as a name, never put together to a path: the query may hold anything.
    files = {file.name: file for file in (_SNAPSHOT / "search" / "movie").iterdir()}
    file = files.get(f"{query.lower()}-{page}.json")
    empty = {"page": int(page), "results": [], "total_pages": 0, "total_results": 0}
    return Reply(body=file.read_bytes()) if file else as_json(empty)


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
        # A client that hangs up is no error of the server's.
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
        address = urlsplit(self.path)
        path = address.path[len(_ROOT) :] if address.path.startswith(f"{_ROOT}/") else ""
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(address.query))
        request = Request(path, query, headers, self.path, time.monotonic())
        self._send(self.server.standin.reply(request))

    def log_message(self, *_: Any) -> None:
        pass  # a test's output is the test's

    def _send(self, reply: Reply) -> None:
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        self.send_response(reply.status)
        usual = {"Content-Type": "application/json", "Content-Length": str(len(reply.body))}
        for name, value in {**usual, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: reply.sent])
        self.close_connection |= reply.sent is not None
