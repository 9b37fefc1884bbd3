"""Connections on which a whole response, headers included, has a deadline and can be aborted.

The time-outs of requests and urllib3 hold for each read of a socket: a server that sends a byte at
a time, or `100 Continue` without end, never meets them. Here every read checks what is left.
Not here: what a response may be (`transport`).
"""

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Seconds after which a thread that waits for a server looks whether it is still wanted.
_GLANCE_SECONDS = 0.2


@dataclass
class Limits:
    """How long a response may take, how many bytes it may have, and whether it is still wanted.

    Attributes:
        seconds: For the whole response.
        size: Bytes as they come from the network, headers included.
        stopped: Set where nobody wants the response any more.
    """

    seconds: float
    size: int
    stopped: threading.Event
    _end: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def wait(self, silence: float) -> float:
        """Seconds that the next read may take.

        Args:
            silence: Seconds since when nothing came, subtracted from what it may last.

        Raises:
            TimeoutError: None is left, or the response is not wanted any more.
        """
        left = min(silence, self._end - time.monotonic())
        if left <= 0 or self.stopped.is_set():
            raise TimeoutError("the read operation timed out")
        return min(left, _GLANCE_SECONDS)

    def count(self, received: int) -> None:
        """Take note of bytes that came.

        Raises:
            TimeoutError: They are more than the response may have.
        """
        self.size -= received
        if self.size < 0:
            raise TimeoutError("the response does not end")


_LIMITS: ContextVar[Limits | None] = ContextVar("_LIMITS", default=None)


@contextlib.contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Within the block, the responses that this thread reads keep the limits."""
    token = _LIMITS.set(limits)
    try:
        yield
    finally:
        _LIMITS.reset(token)


class _LimitedSocket(io.RawIOBase):
    """The bytes of a socket as long as the limits of their response allow."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase, limits: Limits) -> None:
        self._sock = sock
        self._stream = stream  # holds the socket open until the response is read
        self._limits = limits
        self._silence = sock.gettimeout() or limits.seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        since = time.monotonic()
        try:
            while True:
                self._sock.settimeout(self._limits.wait(self._silence - time.monotonic() + since))
                try:
                    received = self._sock.recv_into(buffer)
                except TimeoutError:
                    continue
                self._limits.count(received)
                return received
        finally:
            # After the response of a proxy, the TLS handshake on this socket needs its own time.
            self._sock.settimeout(self._silence)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        limits = _LIMITS.get()
        if limits is not None:
            self.fp: Any = io.BufferedReader(_LimitedSocket(sock, self.fp.detach(), limits))

    def begin(self) -> None:
        """Read up to the final status: Python itself passes over `100 Continue` alone."""
        super().begin()
        while self.status < HTTPStatus.OK:
            self.headers: Any = None
            super().begin()


def limited_reader(sock: socket.socket, limits: Limits) -> io.BufferedReader:
    """What a socket sends, as long as the limits allow: for protocols other than HTTP."""
    return io.BufferedReader(_LimitedSocket(sock, sock.makefile("rb", buffering=0), limits))


class _Connection(HTTPConnection):
    response_class = _LimitedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _LimitedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class LimitedAdapter(HTTPAdapter):
    """The adapter of requests, on connections that keep the limits of their thread."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As requests does, with these connections."""
        super().init_poolmanager(*arguments, **named)
        _use(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """As requests does, with these connections."""
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            _use(manager)
        return manager


class DirectSession(requests.Session):
    """Ignores redirects: requests would read their whole body and address, followed or not."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None."""


def _use(manager: Any) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
