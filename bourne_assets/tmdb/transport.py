"""One request over HTTP, at the common pace, sent again where its failure may pass (`retry`).

Not here: endpoints and the meaning of responses (`client`).
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import tenacity
from urllib3.exceptions import HTTPError

from bourne_assets.tmdb import retry
from bourne_assets.tmdb.deadlines import Limits, limited
from bourne_assets.tmdb.errors import (
    TmdbInterrupted,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
    TmdbUnreachable,
)
from bourne_assets.tmdb.rate_limit import RateLimiter
from bourne_assets.tmdb.responses import decompressed, status_of
from bourne_assets.translations import gettext

#: Seconds to connect, and between two pieces of a response.
TIMEOUT = (5.0, 10.0)
#: Seconds for a whole response, headers included: a server that sends a byte at a time, or
#: `100 Continue` without end, must not hold a thread.
_WHOLE_RESPONSE_SECONDS = 30.0
#: Bytes that a response may have besides its body: status lines and headers.
_HEADER_BYTES = 256 * 1024
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class HttpReply:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: By lower-case names.
        body: The whole body, decompressed.
        outcome: The status that it should have had: TMDB has sent its errors with status 200.
        is_transient: Whether the same request may have a better response in a while.
        retry_after: Seconds that the server asks to wait, where it does.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    outcome: int
    is_transient: bool
    retry_after: float | None


class Transport:
    """Sends requests over one session; may be shared by threads.

    Attributes:
        base_url: Root of the API, without user and password.
        rate_limiter: Says when a request may be sent; None where there is no limit.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        *,
        rate_limiter: RateLimiter | None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self._session = session
        self._root = base_url
        address = urlsplit(base_url)
        self.base_url = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        self.rate_limiter = rate_limiter
        self._timeout = timeout
        self._stopped = threading.Event()
        self._reached = threading.Event()

    def stop(self) -> None:
        """Send nothing more, and wait for nothing more: any thread that waits stops at once."""
        self._stopped.set()

    def get(self, path: str, parameters: Mapping[str, str], maximum: int) -> HttpReply:
        """The first reply that is not a transient failure, or the last one.

        Args:
            path: Path below the base URL.
            parameters: Query.
            maximum: Bytes that the body may have.

        Raises:
            TmdbUnavailable: No reply came at the last try, or the transport was stopped, or the
                server asks to wait longer than a run does.
            TmdbUnreachable: The very first request found no server, or one that is not trusted.
            TmdbProtocolError: The reply is longer than any of TMDB's.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda reply: reply.is_transient)
            | tenacity.retry_if_exception(_is_transient),
            stop=tenacity.stop_after_attempt(retry.TRIES)
            | tenacity.stop_after_delay(retry.LONGEST_TRYING),
            wait=self._wait,
            sleep=self._pause,
            retry_error_callback=_last_reply,
        )
        request = requests.Request("GET", f"{self._root}{path}", params=dict(parameters))
        # Prepared before its turn comes: what is done between turn and sending blurs the pace.
        return retrying(self._send_once, path, self._session.prepare_request(request), maximum)

    def _send_once(self, path: str, prepared: requests.PreparedRequest, maximum: int) -> HttpReply:
        limiter = self.rate_limiter
        if self._stopped.is_set() or (limiter and not limiter.acquire(self._sleep)):
            raise TmdbInterrupted(
                gettext("The request for {path} was abandoned.", path=path), is_final=True
            )
        start = time.monotonic()
        reply = self._send(path, prepared, maximum)
        if limiter:
            limiter.observe_latency(time.monotonic() - start)
        self._reached.set()
        if reply.retry_after is not None and reply.retry_after > retry.LONGEST_WAIT:
            raise _too_long(path, reply.status, reply.retry_after)
        return reply

    def _sleep(self, seconds: float) -> bool:
        """Sleep; whether the transport was stopped meanwhile."""
        return self._stopped.wait(seconds)

    def _pause(self, seconds: float) -> None:
        """As tenacity wants it: where the transport was stopped, the next try says so."""
        self._sleep(seconds)

    def _send(self, path: str, prepared: requests.PreparedRequest, maximum: int) -> HttpReply:
        """The reply; `from None`, as the errors of requests quote the whole URL."""
        limits = Limits(_WHOLE_RESPONSE_SECONDS, maximum + _HEADER_BYTES, self._stopped)
        try:
            with (
                limited(limits),
                self._session.send(
                    prepared, timeout=self._timeout, allow_redirects=False, stream=True
                ) as response,
            ):
                return _reply(response, _body(response, path, maximum))
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise self._failure(path, error) from None

    def _failure(self, path: str, error: Exception) -> TmdbUnavailable:
        why = None if self._reached.is_set() else retry.first_words(error)
        if why is not None:
            host = urlsplit(self.base_url).netloc
            return TmdbUnreachable(
                gettext(
                    "TMDB cannot be reached at {host}: {why}. Check the network and TMDB_BASE_URL.",
                    host=host,
                    why=why,
                ),
                is_final=True,
            )
        return TmdbUnavailable(
            gettext(
                "TMDB did not respond to {path} ({why}): check the network and "
                "TMDB_BASE_URL, and try again.",
                path=path,
                why=retry.words_for(error),
            )
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next try. What the server demands holds for all threads."""
        backoff = float(retry.BACKOFF(state))
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return backoff
        reply: HttpReply = outcome.result()
        must_wait = reply.retry_after is not None or reply.outcome == HTTPStatus.TOO_MANY_REQUESTS
        if must_wait and self.rate_limiter:
            self.rate_limiter.pause(max(backoff, reply.retry_after or 0))
            return 0.0
        return backoff


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, TmdbUnavailable) and not error.is_final


def _last_reply(state: tenacity.RetryCallState) -> HttpReply:
    """The last try's reply, or its error."""
    if state.outcome is None:  # tenacity calls this after a try alone
        raise AssertionError
    reply: HttpReply = state.outcome.result()
    return reply


def _reply(response: requests.Response, body: bytes) -> HttpReply:
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    outcome = status_of(status, body)
    return HttpReply(
        status,
        headers,
        body,
        outcome,
        is_transient=retry.is_transient(status, body),
        retry_after=retry.retry_after(outcome, headers.get("retry-after")),
    )


def _body(response: requests.Response, path: str, maximum: int) -> bytes:
    """The body; its bytes show whether it is compressed, so that urllib3 must not decompress it."""
    raw = bytearray()
    while len(raw) <= maximum and (block := response.raw.read1(_BLOCK, decode_content=False)):
        raw += block
    body = decompressed(bytes(raw), maximum, response.headers.get("Content-Encoding", ""))
    if len(raw) > maximum or len(body) > maximum:
        raise TmdbProtocolError(
            gettext(
                "TMDB's response to {path} is longer than {maximum} bytes: check TMDB_BASE_URL.",
                path=path,
                maximum=maximum,
            )
        )
    return body


def _too_long(path: str, status: int, seconds: float) -> TmdbUnavailable:
    words = gettext(
        "TMDB asks to wait {seconds:,.0f} seconds before {path} is requested again, and a run "
        "waits {longest_wait:.0f} at most: run it again later.",
        seconds=seconds,
        path=path,
        longest_wait=retry.LONGEST_WAIT,
    )
    kind = TmdbRateLimited if status == HTTPStatus.TOO_MANY_REQUESTS else TmdbUnavailable
    return kind(words, is_final=True)
