"""The client of TMDB: one method for each endpoint that the platform uses.

A method returns a response or raises one of `errors`. Not here: threads (`fetch`), storage (`raw`),
pace and retries (`transport`), the models of responses (`models`).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from bourne_assets.settings import DEFAULT_REQUESTS_PER_SECOND, Settings
from bourne_assets.tmdb import LIVE, SNAPSHOT
from bourne_assets.tmdb.rate_limit import RateLimiter, process_rate_limiter
from bourne_assets.tmdb.raw import StoredResponses
from bourne_assets.tmdb.redis_rate_limit import redis_rate_limiter
from bourne_assets.tmdb.refusals import refusal
from bourne_assets.tmdb.responses import Response, tmdb_code
from bourne_assets.tmdb.session import live_session
from bourne_assets.tmdb.snapshot import snapshot_session, snapshot_time
from bourne_assets.tmdb.transport import TIMEOUT, Transport

#: Details that include the external ids: one request where there would be two.
APPENDED = {"append_to_response": "external_ids"}
_KILOBYTE = 1024
#: TMDB's v3 key has 32 digits, its read access token some 200 characters.
_CREDENTIAL_LENGTH = 32
#: Bytes that a response may have, by endpoint: some ten times the longest that are known.
_LONGEST = {
    "search_movie": 512 * _KILOBYTE,
    "movie_details": 512 * _KILOBYTE,
    "movie_external_ids": 64 * _KILOBYTE,
    "movie_changes": 4096 * _KILOBYTE,
    "collection": 4096 * _KILOBYTE,
    "authentication": 64 * _KILOBYTE,
}


class TmdbClient:
    """TMDB, or the bundled snapshot in its place; may be shared by threads.

    Attributes:
        source: `tmdb` or `bundled-snapshot`.
        transport: Sends the requests.
        stored: Responses that need not be requested again; None to request all.
        now: UTC time; of the data where the snapshot is the source.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        source: str,
        now: Callable[[], datetime],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.transport = transport
        self.source = source
        self.stored: StoredResponses | None = None
        self.now = now
        self._secrets = secrets

    @property
    def today(self) -> date:
        """UTC day under which responses of now are stored."""
        return self.now().date()

    def search_movie(self, query: str, page: int) -> Response:
        """One page of GET /search/movie."""
        parameters = {"query": query, "page": str(page), "include_adult": "false"}
        return self._get("search_movie", "/search/movie", parameters)

    def movie_details(self, tmdb_id: int) -> Response:
        """GET /movie/{id}; an unknown film is a response with status 404."""
        return self._get("movie_details", f"/movie/{tmdb_id}", may_be_missing=True)

    def movie_details_with_ids(self, tmdb_id: int) -> Response:
        """GET /movie/{id} with the external ids appended; an unknown film as `movie_details`."""
        return self._get("movie_details", f"/movie/{tmdb_id}", APPENDED, may_be_missing=True)

    def movie_external_ids(self, tmdb_id: int) -> Response:
        """GET /movie/{id}/external_ids; an unknown film is a response with status 404."""
        return self._get(
            "movie_external_ids", f"/movie/{tmdb_id}/external_ids", may_be_missing=True
        )

    def movie_changes(self, tmdb_id: int, start: date, end: date) -> Response:
        """GET /movie/{id}/changes, of at most 14 days; an unknown film as `movie_details`."""
        parameters = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return self._get(
            "movie_changes", f"/movie/{tmdb_id}/changes", parameters, may_be_missing=True
        )

    def collection(self, collection_id: int) -> Response:
        """GET /collection/{id}."""
        return self._get("collection", f"/collection/{collection_id}")

    def authentication(self) -> Response:
        """GET /authentication, TMDB's test of a credential."""
        return self._get("authentication", "/authentication")

    def _get(
        self,
        endpoint: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        may_be_missing: bool = False,
    ) -> Response:
        parameters = dict(parameters or {})
        base_url = self.transport.base_url if self.source == LIVE else SNAPSHOT
        if self.stored and (known := self.stored.find(endpoint, path, parameters, base_url)):
            return known
        reply = self.transport.get(path, parameters, _LONGEST[endpoint])
        if reply.outcome == HTTPStatus.NOT_FOUND and not (may_be_missing and tmdb_code(reply.body)):
            # A gateway's, or of what is there: TMDB has sent both, and they passed.
            reply = self.transport.get(path, parameters, _LONGEST[endpoint])
        body = self._without_credential(reply.body)
        response = Response(
            endpoint, path, parameters, reply.status, self.now(), body, reply.headers, base_url
        )
        if reply.outcome == HTTPStatus.OK and not reply.is_transient:
            return response
        if may_be_missing and response.is_missing:
            return response
        raise refusal(response, reply.outcome, self._secrets)

    def _without_credential(self, body: bytes) -> bytes:
        """The body, without the credential should a server send it back.

        Only what is as long as TMDB's credentials are: a short word for a proxy that adds its own
        credential may appear in any title.
        """
        for secret in self._secrets:
            if len(secret) >= _CREDENTIAL_LENGTH:
                body = body.replace(secret.encode(), b"***")
        return body


def tmdb_client(settings: Settings) -> TmdbClient:
    """A client of what the settings say; as `connect_tmdb`."""
    return connect_tmdb(
        settings.tmdb_base_url,
        token=settings.tmdb_read_access_token,
        key=settings.tmdb_api_key,
        requests_per_second=settings.tmdb_requests_per_second,
        redis_url=settings.redis_url,
    )


def connect_tmdb(
    base_url: str,
    *,
    token: str | None,
    key: str | None,
    requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND,
    redis_url: str | None = None,
    rate_limiter: RateLimiter | None = None,
    timeout: tuple[float, float] = TIMEOUT,
) -> TmdbClient:
    """A client of TMDB, or of the bundled snapshot where there is no credential.

    Args:
        base_url: Root of TMDB's API, without a trailing slash.
        token: API read access token; preferred.
        key: v3 key, used where there is no token.
        requests_per_second: Upper bound over all threads and clients of the process.
        redis_url: Redis through which all processes that name it share that bound.
        rate_limiter: In place of the one of the process or of Redis.
        timeout: Seconds to connect, and between two pieces of a response.

    Raises:
        ConfigurationError: `redis_url` is given and the Redis client is not installed.
    """
    # A secret that is mounted as a file often ends in a line break.
    token, key = (token or "").strip() or None, (key or "").strip() or None
    if token is None and key is None:
        time = snapshot_time()
        transport = Transport(snapshot_session(base_url), base_url, rate_limiter=None)
        return TmdbClient(transport, source=SNAPSHOT, now=lambda: time)
    session = live_session(base_url, token=token, key=key)
    if rate_limiter is None:
        rate_limiter = _rate_limiter(base_url, requests_per_second, redis_url)
    transport = Transport(session, base_url, rate_limiter=rate_limiter, timeout=timeout)
    secrets = tuple(secret for secret in (token, key) if secret)
    return TmdbClient(transport, source=LIVE, now=lambda: datetime.now(UTC), secrets=secrets)


def _rate_limiter(base_url: str, pace: float, redis_url: str | None) -> RateLimiter:
    host = urlsplit(base_url).netloc.rpartition("@")[2]
    return (
        redis_rate_limiter(redis_url, host, pace) if redis_url else process_rate_limiter(host, pace)
    )
