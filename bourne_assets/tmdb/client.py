"""Questions to TMDB: one method for each endpoint that the platform uses.

`TmdbClient` gets an answer or raises one of `errors`. What must not be put here: threads
(`fetch`), storage (`landing`), pace and retries (`exchange`), the models of answers (`models`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import requests

from bourne_assets.tmdb.answers import Answer, tmdb_code, tmdb_message
from bourne_assets.tmdb.errors import (
    TmdbAuthError,
    TmdbError,
    TmdbNotFound,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.exchange import TIMEOUT, Exchange
from bourne_assets.tmdb.pacing import Pacer, process_pacer
from bourne_assets.tmdb.resume import LandedAnswers
from bourne_assets.tmdb.session import live_session
from bourne_assets.tmdb.snapshot import snapshot_session, snapshot_time

LIVE = "tmdb"
SNAPSHOT = "bundled-snapshot"
#: Details that hold the external ids as well: one request where there would be two.
APPENDED = {"append_to_response": "external_ids"}
_KILOBYTE = 1024
#: Bytes that an answer may have, by endpoint: some ten times the longest that are known.
_LONGEST = {
    "search_movie": 512 * _KILOBYTE,
    "movie_details": 512 * _KILOBYTE,
    "movie_external_ids": 64 * _KILOBYTE,
    "movie_changes": 4096 * _KILOBYTE,
    "collection": 4096 * _KILOBYTE,
    "authentication": 64 * _KILOBYTE,
    "configuration": 512 * _KILOBYTE,
}


class TmdbClient:
    """Asks TMDB, or the bundled snapshot in its place; may be shared by threads.

    Attributes:
        source: `tmdb` or `bundled-snapshot`.
        exchange: How it asks.
        landed: Answers that need not be asked for again; None to ask for all.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        source: str,
        now: Callable[[], datetime],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.exchange = exchange
        self.source = source
        self.landed: LandedAnswers | None = None
        self._now = now
        self._secrets = secrets

    @property
    def today(self) -> date:
        """UTC day under which answers of now are stored."""
        return self._now().date()

    def search_movie(self, query: str, page: int) -> Answer:
        """One page of GET /search/movie."""
        parameters = {"query": query, "page": str(page), "include_adult": "false"}
        return self._get("search_movie", "/search/movie", parameters)

    def movie_details(self, tmdb_id: int) -> Answer:
        """GET /movie/{id}; an unknown film is an answer with status 404."""
        return self._get("movie_details", f"/movie/{tmdb_id}", may_be_missing=True)

    def movie_details_with_ids(self, tmdb_id: int) -> Answer:
        """GET /movie/{id} with the external ids appended; an unknown film as `movie_details`."""
        return self._get("movie_details", f"/movie/{tmdb_id}", APPENDED, may_be_missing=True)

    def movie_external_ids(self, tmdb_id: int) -> Answer:
        """GET /movie/{id}/external_ids; an unknown film is an answer with status 404."""
        return self._get(
            "movie_external_ids", f"/movie/{tmdb_id}/external_ids", may_be_missing=True
        )

    def movie_changes(self, tmdb_id: int, start: date, end: date) -> Answer:
        """GET /movie/{id}/changes, of at most 14 days; an unknown film as `movie_details`."""
        parameters = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return self._get(
            "movie_changes", f"/movie/{tmdb_id}/changes", parameters, may_be_missing=True
        )

    def collection(self, collection_id: int) -> Answer:
        """GET /collection/{id}."""
        return self._get("collection", f"/collection/{collection_id}")

    def authentication(self) -> Answer:
        """GET /authentication, TMDB's test of a credential."""
        return self._get("authentication", "/authentication")

    def configuration(self) -> Answer:
        """GET /configuration."""
        return self._get("configuration", "/configuration")

    def _get(
        self,
        endpoint: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        may_be_missing: bool = False,
    ) -> Answer:
        parameters = dict(parameters or {})
        if self.landed and (known := self.landed.find(endpoint, path, parameters)):
            return known
        found = self.exchange.get(path, parameters, _LONGEST[endpoint])
        body = self._redacted(found.body)
        answer = Answer(endpoint, path, parameters, found.status, self._now(), body)
        if found.status == requests.codes.ok or (
            found.status == requests.codes.not_found
            and may_be_missing
            and tmdb_code(answer) is not None
        ):
            return answer
        raise _refusal(answer)

    def _redacted(self, body: bytes) -> bytes:
        """The body, without the credential should a server send it back."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), b"***")
        return body


def live_client(
    base_url: str,
    *,
    token: str | None,
    key: str | None,
    requests_per_second: float,
    timeout: tuple[float, float] = TIMEOUT,
    pacer: Pacer | None = None,
) -> TmdbClient:
    """A client of TMDB itself.

    Args:
        base_url: Root of TMDB's API, without a trailing slash.
        token: API read access token; preferred.
        key: v3 key, used where there is no token.
        requests_per_second: Upper bound over all threads and clients of the process.
        timeout: Seconds to connect, and between two pieces of an answer.
        pacer: In place of the process's own.
    """
    session = live_session(base_url, token=token, key=key)
    pacer = pacer or process_pacer(requests_per_second)
    exchange = Exchange(session, base_url, pacer=pacer, timeout=timeout)
    secrets = tuple(secret for secret in (token, key) if secret)
    return TmdbClient(exchange, source=LIVE, now=lambda: datetime.now(UTC), secrets=secrets)


def snapshot_client(base_url: str) -> TmdbClient:
    """A client of the bundled snapshot; its answers bear the time of their figures."""
    time = snapshot_time()
    exchange = Exchange(snapshot_session(base_url), base_url, pacer=None)
    return TmdbClient(exchange, source=SNAPSHOT, now=lambda: time)


def _refusal(answer: Answer) -> TmdbError:
    code, message = tmdb_code(answer), tmdb_message(answer)
    said = (
        f"HTTP {answer.status}"
        + (f", code {code}" if code else "")
        + (f": {message}" if message else "")
    )
    kinds: dict[int, tuple[type[TmdbError], str]] = {
        401: (TmdbAuthError, "check TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY"),
        403: (TmdbAuthError, "check TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY"),
        404: (TmdbNotFound, "check the id and TMDB_BASE_URL"),
        429: (TmdbRateLimited, "lower TMDB_REQUESTS_PER_SECOND, or wait"),
    }
    kind, mend = kinds.get(answer.status, (TmdbProtocolError, "check TMDB_BASE_URL"))
    if answer.status == requests.codes.not_found and code is None:
        kind, mend = TmdbProtocolError, "check TMDB_BASE_URL"
    if answer.status >= requests.codes.server_error:
        kind, mend = TmdbUnavailable, "try again later"
    return kind(
        f"TMDB refused {answer.path} ({said}) - {mend}.",
        path=answer.path,
        status=answer.status,
        code=code,
        message=message,
    )
