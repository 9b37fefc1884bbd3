"""Which failures may pass, which are final, and how long to wait before the next try.

One table decides; the transport uses it. Not here: the waiting itself
(`transport`), and what people read (`refusals`).
"""

import email.utils
import math
from datetime import UTC, datetime
from http import HTTPStatus

import requests
import tenacity
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)

from bourne_assets.tmdb.responses import is_object, status_of, tmdb_code
from bourne_assets.translations import gettext, in_english, plain

TRIES = 8
#: Seconds for all tries at one request.
LONGEST_TRYING = 180.0
#: Seconds that a server may ask to wait at a time; a run that had to wait longer stops and says so.
LONGEST_WAIT = 60.0
#: Grows from a quarter of a second, and is at least that, to ten.
BACKOFF = tenacity.wait_exponential_jitter(multiplier=0.25, max=10, jitter=0.25)

#: Transient besides all of 500-599: RFC 9110 lets a client repeat after 408, RFC 8470 after 425.
_TRANSIENT = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
#: The statuses with which `Retry-After` means something (RFC 9110, section 10.2.3, RFC 6585).
_TELL_WHEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MOST_DIGITS = 9
_KINDS = (
    (requests.exceptions.SSLError, in_english("the TLS certificate was not accepted")),
    (requests.exceptions.ProxyError, in_english("the proxy failed")),
    (requests.exceptions.Timeout, in_english("it took too long")),
    (requests.exceptions.ConnectionError, in_english("no connection")),
    (DecodeError, in_english("the response could not be decompressed")),
    (HTTPError, in_english("the response broke off")),
)


def is_transient(status: int, body: bytes) -> bool:
    """Whether the same request may have a better response in a while.

    | response | |
    | --- | --- |
    | 200 with a JSON object | final: it is the response |
    | 200 with an error of TMDB's | as the status that the error should have |
    | 200 with anything else, other 2xx | transient: a gateway's page, an empty or cut body |
    | 3xx | final |
    | 401 | final |
    | 403 with TMDB's code | final |
    | 403 without | transient: a CDN's |
    | 408, 425, 429 | transient |
    | other 4xx | final (the client tries again once after a 404 that it does not expect) |
    | 5xx | transient |
    """
    status = status_of(status, body)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return status != HTTPStatus.OK or not is_object(body)
    if status == HTTPStatus.FORBIDDEN:
        return tmdb_code(body) is None
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after(status: int, header: str | None) -> float | None:
    """Seconds that a server asks to wait; None where it does not, or says nothing useful.

    A time in the past, 0, a negative number and nonsense are of no use.

    Args:
        status: HTTP status: the header counts on 429 and 503 only.
        header: The value of `Retry-After`: seconds or a date.
    """
    if header is None or status not in _TELL_WHEN:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text) if len(text.lstrip("0")) <= _MOST_DIGITS else math.nan
    else:
        seconds = _seconds_until(text)
    return seconds if seconds > 0 else None


def first_words(error: Exception) -> str | None:
    """Why no request ever reached the server, where trying again would not help.

    So with a name that does not resolve, a port that nobody listens on, and a certificate
    that is not accepted: a setting is wrong, or there is no network.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return gettext("its TLS certificate was not accepted")
    if isinstance(error, requests.exceptions.ProxyError):
        return None
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(reason, NameResolutionError):
        return gettext("its name does not resolve")
    cause = reason.__cause__ if isinstance(reason, NewConnectionError) else None
    return (
        gettext("it refused the connection") if isinstance(cause, ConnectionRefusedError) else None
    )


def words_for(error: Exception) -> str:
    """What kind of failure of the network an error is."""
    found = (plain(words) for kind, words in _KINDS if isinstance(error, kind))
    return next(found, type(error).__name__)


def _seconds_until(text: str) -> float:
    """NaN where the text is not a date."""
    try:
        when = email.utils.parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return (when - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError, IndexError, TypeError):
        return math.nan
