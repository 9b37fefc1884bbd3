"""HTTP sessions for TMDB: the credential, and what keeps it out of sight.

Not here: pace (`rate_limit`), retries (`transport`), endpoints (`client`).
"""

import logging
import re
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase

from bourne_assets import __version__
from bourne_assets.tmdb.deadlines import DirectSession, LimitedAdapter

#: Connections that are kept open, one for each thread that sends requests.
MAXIMUM_CONNECTIONS = 32
_KEY_IN_URL = re.compile(r"(api_key=)[^&\s'\")]+")


class BearerAuth(AuthBase):
    """Sends the read access token in the header, and keeps requests from looking into ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class KeyAuth(AuthBase):
    """Sends a v3 key, for which TMDB knows no other place than the query of the URL."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the parameter."""
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{urlencode({'api_key': self._key})}"
        return request


def live_session(base_url: str, *, token: str | None, key: str | None) -> requests.Session:
    """A session that sends requests to the network.

    Proxies and certificates that the environment names are looked up once: for each request,
    as requests does it, that is half of what a request costs.

    Args:
        base_url: Where it sends them.
        token: API read access token; preferred.
        key: v3 key, used where there is no token.
    """
    session = DirectSession()
    session.headers["Accept"] = "application/json"
    # What `responses` reads by its first bytes; requests would offer what else is installed.
    session.headers["Accept-Encoding"] = "gzip"
    session.headers["User-Agent"] = f"bourne-assets/{__version__}"
    session.auth = BearerAuth(token) if token else KeyAuth(key or "")
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    found = session.merge_environment_settings(base_url, {}, None, None, None)
    session.trust_env, session.verify = False, found["verify"]
    session.proxies.update(found["proxies"])
    adapter = LimitedAdapter(pool_maxsize=MAXIMUM_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    filter_http_logs(_KeyFilter())
    return session


def without_key(text: str) -> str:
    """A text in which the value of every `api_key=` parameter is replaced by stars."""
    return _KEY_IN_URL.sub(r"\1***", text)


def filter_http_logs(new: logging.Filter) -> None:
    """Have a filter see what urllib3 logs, once for each class of filters.

    A filter counts only on the very logger that is called, so it is put on the children too.
    """
    names = [name for name in logging.root.manager.loggerDict if name.startswith("urllib3.")]
    for name in ("urllib3", *names):
        logger = logging.getLogger(name)
        if not any(isinstance(known, type(new)) for known in logger.filters):
            logger.addFilter(new)


class _KeyFilter(logging.Filter):
    """Rewrites log records of libraries that print whole URLs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, redacted."""
        record.msg, record.args = without_key(record.getMessage()), None
        return True
