"""HTTP sessions for TMDB: credential, pace and retries.

A pacer alone loses answers and retries alone draw 429s; a session has both. What must not be
put here: endpoints and the meaning of answers (`client`).
"""

import functools
import logging
import re
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase
from requests_ratelimiter import LimiterAdapter
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from bourne_assets import __version__

#: Seconds; urllib3 would wait six hours, and again for every retry.
_LONGEST_WAIT = 60
_RETRIED_STATUSES = (429, 500, 502, 503, 504)
_KEY_IN_URL = re.compile(r"(api_key=)[^&\s'\")]+")


class BearerAuth(AuthBase):
    """Sends the read access token in the header, and keeps requests from looking into ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class PatientRetry(Retry):
    """Waits as long as `Retry-After` asks, within reason, and never fails for its wording."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Seconds; 0, hence the usual backoff, where the header means nothing."""
        try:
            return super().parse_retry_after(retry_after)
        except InvalidHeader:
            return 0


class KeyAuth(AuthBase):
    """Sends a v3 key, for which TMDB knows no other place than the query of the URL."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the parameter."""
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{urlencode({'api_key': self._key})}"
        return request


def live_session(
    *, token: str | None, key: str | None, requests_per_second: float
) -> requests.Session:
    """A session that asks the network, at the pace that all sessions of this process share.

    Args:
        token: API read access token; preferred.
        key: v3 key, used where there is no token.
        requests_per_second: Upper bound over all threads and sessions of the process.
    """
    session = requests.Session()
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = f"bourne-assets/{__version__}"
    session.auth = BearerAuth(token) if token else KeyAuth(key or "")
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = paced_adapter(requests_per_second)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    for name in ("urllib3", "requests_ratelimiter"):
        _hide_keys_in_logs(logging.getLogger(name))
    return session


@functools.cache
def paced_adapter(requests_per_second: float) -> LimiterAdapter:
    """The one adapter of this process for this pace; it lives as long as the process."""
    retry = PatientRetry(
        total=8,
        connect=3,
        read=4,
        status=6,
        backoff_factor=0.2,
        backoff_jitter=0.2,
        backoff_max=10,
        status_forcelist=_RETRIED_STATUSES,
        allowed_methods=frozenset({"GET"}),
        respect_retry_after_header=True,
        retry_after_max=_LONGEST_WAIT,
        raise_on_status=False,
    )
    return LimiterAdapter(
        per_second=requests_per_second,
        per_host=False,
        max_retries=retry,
        pool_maxsize=32,
    )


def without_key(text: str) -> str:
    """A text in which the value of every `api_key=` parameter is replaced by stars."""
    return _KEY_IN_URL.sub(r"\1***", text)


class _KeyFilter(logging.Filter):
    """Rewrites log records of libraries that print whole URLs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, redacted."""
        record.msg, record.args = without_key(record.getMessage()), None
        return True


def _hide_keys_in_logs(root: logging.Logger) -> None:
    """A filter counts only on the very logger that is called, so put it on the children too."""
    names = [
        root.name,
        *(n for n in logging.root.manager.loggerDict if n.startswith(f"{root.name}.")),
    ]
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(known, _KeyFilter) for known in logger.filters):
            logger.addFilter(_KeyFilter())
