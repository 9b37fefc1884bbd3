"""One question over HTTP, at the common pace, asked again where the failure may pass.

Asked again: 429 and 500, 502, 503, 504; what is no JSON (a gateway's page, a cut answer); a
connection that is refused, reset, or stalls. Anything else in 400-499 is the final word.
What must not be put here: endpoints and the meaning of answers (`client`).
"""

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

import requests
import tenacity
from pydantic_core import from_json
from urllib3.exceptions import DecodeError, HTTPError, InvalidHeader
from urllib3.util.retry import Retry

from bourne_assets.tmdb.deadlines import Limits, limited
from bourne_assets.tmdb.errors import TmdbInterrupted, TmdbProtocolError, TmdbUnavailable
from bourne_assets.tmdb.rate_limit import RateLimiter

#: Seconds to connect, and between two pieces of an answer.
TIMEOUT = (5.0, 10.0)
#: Seconds for a whole answer, headers included: a server that sends a byte at a time, or
#: `100 Continue` without end, must not hold a thread.
_WHOLE_ANSWER_SECONDS = 30.0
#: Bytes that an answer may have beside its body: status lines and headers.
_HEADER_BYTES = 256 * 1024
_BLOCK = 64 * 1024

TRIES = 8
#: Seconds for all tries at one question.
_LONGEST_TRYING = 180.0
#: Seconds that a server may ask us to wait at a time.
_LONGEST_WAIT = 60.0
_BACKOFF = tenacity.wait_random_exponential(multiplier=0.25, max=10)
_PASSING = frozenset({429, 500, 502, 503, 504})
_KINDS = (
    (requests.exceptions.SSLError, "the TLS certificate was not accepted"),
    (requests.exceptions.ProxyError, "the proxy failed"),
    (requests.exceptions.Timeout, "it took too long"),
    (requests.exceptions.ConnectionError, "no connection"),
    (DecodeError, "the answer could not be decompressed"),
    (HTTPError, "the answer broke off"),
)


class HttpReply(NamedTuple):
    """What came back.

    Attributes:
        status: HTTP status.
        body: The whole body.
        wait: Seconds that the server asks to wait, where it does.
    """

    status: int
    body: bytes
    wait: float | None

    @property
    def is_transient(self) -> bool:
        """Whether the same question may have a better answer in a while."""
        if self.status == requests.codes.ok:
            return not _is_json(self.body)
        return self.status in _PASSING


class Transport:
    """Asks over one session; may be shared by threads.

    Attributes:
        rate_limiter: Gives out the turns; None for an exchange that needs no pace.
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
        self._base_url = base_url
        self.rate_limiter = rate_limiter
        self._timeout = timeout
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ask nothing more, and wait for nothing more: what waits ends at once."""
        self._stopped.set()

    def get(self, path: str, parameters: Mapping[str, str], maximum: int) -> HttpReply:
        """The first answer that is no passing failure, or the last one.

        Args:
            path: Path below the base URL.
            parameters: Query.
            maximum: Bytes that the body may have.

        Raises:
            TmdbUnavailable: No answer came at the last try, or the exchange was stopped.
            TmdbProtocolError: The answer is longer than any of TMDB's.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda found: found.is_transient)
            | tenacity.retry_if_exception(_is_transient),
            stop=tenacity.stop_after_attempt(TRIES) | tenacity.stop_after_delay(_LONGEST_TRYING),
            wait=self._wait,
            sleep=self._sleep,
            retry_error_callback=_last_reply,
        )
        question = requests.Request("GET", f"{self._base_url}{path}", params=dict(parameters))
        # Made ready before its turn comes: what is done between turn and sending blurs the pace.
        return retrying(self._once, path, self._session.prepare_request(question), maximum)

    def _once(self, path: str, prepared: requests.PreparedRequest, maximum: int) -> HttpReply:
        if self._stopped.is_set() or (
            self.rate_limiter and not self.rate_limiter.acquire(self._nap)
        ):
            raise TmdbInterrupted(f"The request for {path} was given up.", path=path)
        start = time.monotonic()
        exchanged = self._exchanged(path, prepared, maximum)
        if self.rate_limiter:
            self.rate_limiter.observe_latency(time.monotonic() - start)
        return exchanged

    def _nap(self, seconds: float) -> bool:
        """Wait; whether the exchange was stopped meanwhile."""
        return self._stopped.wait(seconds)

    def _sleep(self, seconds: float) -> None:
        """As tenacity wants it: where the exchange was stopped, the next try says so."""
        self._nap(seconds)

    def _exchanged(self, path: str, prepared: requests.PreparedRequest, maximum: int) -> HttpReply:
        """Status and body; `from None`, for the errors of requests quote the whole URL."""
        limits = Limits(_WHOLE_ANSWER_SECONDS, maximum + _HEADER_BYTES, self._stopped)
        try:
            with (
                limited(limits),
                self._session.send(
                    prepared, timeout=self._timeout, allow_redirects=False, stream=True
                ) as response,
            ):
                wait = retry_after(response.headers.get("Retry-After"))
                return HttpReply(response.status_code, _body(response, path, maximum), wait)
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise TmdbUnavailable(
                f"TMDB did not answer {path} ({_kind(error)}): check the network and "
                "TMDB_BASE_URL, and try again.",
                path=path,
            ) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next try. What the server asks for holds for all threads."""
        backoff = float(_BACKOFF(state))
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return backoff
        found: HttpReply = outcome.result()
        asked = found.wait is not None or found.status == requests.codes.too_many_requests
        if asked and self.rate_limiter:
            self.rate_limiter.pause(backoff if found.wait is None else found.wait)
            return 0.0
        return backoff


def retry_after(header: str | None) -> float | None:
    """Seconds that a `Retry-After` of seconds or of a date asks for, a minute at most.

    A header that means nothing is as good as none.
    """
    if header is None:
        return None
    try:
        return min(_LONGEST_WAIT, Retry().parse_retry_after(header))
    except (InvalidHeader, OverflowError):
        return None


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, TmdbUnavailable) and not isinstance(error, TmdbInterrupted)


def _last_reply(state: tenacity.RetryCallState) -> HttpReply:
    """The last try's answer, or its error."""
    if state.outcome is None:  # tenacity asks after a try alone
        raise AssertionError
    found: HttpReply = state.outcome.result()
    return found


def _body(response: requests.Response, path: str, maximum: int) -> bytes:
    body = bytearray()
    while block := response.raw.read1(_BLOCK, decode_content=True):
        body += block
        if len(body) > maximum:
            raise TmdbProtocolError(
                f"TMDB's answer to {path} is longer than {maximum} bytes: check TMDB_BASE_URL.",
                path=path,
                status=response.status_code,
            )
    return bytes(body)


def _is_json(body: bytes) -> bool:
    try:
        from_json(body)
    except ValueError:
        return False
    return True


def _kind(error: Exception) -> str:
    return next((words for kind, words in _KINDS if isinstance(error, kind)), type(error).__name__)
