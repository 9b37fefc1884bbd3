"""The guard behind the HTTP server that the UI has: no request gets past it inside of another."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from bourne_assets.webserver.guard import Allowed, Guard

_POST = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_FOREIGN = b"GET /graphql?query=mutation HTTP/1.1\r\nHost: evil.example\r\n\r\n"


class _App:
    """What stands behind the guard; it notes what reaches it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.reached.append((scope["method"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture(params=["h11", "httptools"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[int, _App]]:
    app = _App()
    config = uvicorn.Config(
        Guard(app, Allowed()),
        port=0,
        http=request.param,
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=0,  # it closes a connection as soon as there is nothing more to respond
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], app
    server.should_exit = True
    thread.join()


def _exchange(port: int, sent: bytes) -> bytes:
    """All that the server sends back until it closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(sent)
        while block := connection.recv(65_536):
            received += block
    return received


def test_a_second_request_of_a_connection_is_judged_on_its_own(served: tuple[int, _App]) -> None:
    port, app = served
    received = _exchange(port, _POST + b"Content-Length: 2\r\n\r\n{}" + _FOREIGN)
    assert b"200 OK" in received
    assert b"403 Forbidden" in received
    assert app.reached == [("POST", b"{}")]


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: %d\r\n\r\n",
    ],
)
def test_a_request_within_another_is_a_body_or_refused(
    served: tuple[int, _App], lengths: bytes
) -> None:
    port, app = served
    _exchange(port, _POST + lengths % len(_FOREIGN) + _FOREIGN)
    assert [method for method, _ in app.reached] in ([], ["POST"])


@pytest.mark.parametrize(
    "head",
    [
        b"POST /graphql HTTP/1.0\r\nContent-Type: application/json\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n"
        b"Content-Type: application/json\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1@evil.example\r\n"
        b"Content-Type: application/json\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
        b"Content-Type: application/json\r\n",
        b"GET //graphql?query=mutation HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET /%67raphql?query=mutation HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET http://127.0.0.1/graphql?query=mutation HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    ],
)
def test_an_odd_head_reaches_nothing(served: tuple[int, _App], head: bytes) -> None:
    port, app = served
    assert b"200 OK" not in _exchange(port, head + b"Content-Length: 0\r\n\r\n")
    assert app.reached == []
