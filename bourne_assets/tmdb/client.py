"""Questions to TMDB, and its answers as bytes.

`TmdbClient` gets an answer or raises one of `errors`; `parse` reads an answer by its model.
The two are apart so that an answer can be stored as received before anything reads it.
What must not be put here: threads (`fetch`), storage (`landing`), pace and retries (`session`).
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import requests
from pydantic import BaseModel, ValidationError

from bourne_assets.tmdb.errors import (
    TmdbAuthError,
    TmdbError,
    TmdbNotFound,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.session import live_session
from bourne_assets.tmdb.snapshot import snapshot_session, snapshot_time

LIVE = "tmdb"
SNAPSHOT = "bundled-snapshot"
_TIMEOUT_SECONDS = (5.0, 20.0)
#: TMDB's longest answers are some hundred kilobytes; more is no answer of TMDB's.
_MAXIMUM_BYTES = 8 * 1024 * 1024

_BODY_TRIES = 4
_BODY_ERRORS = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class _BrokenOff(TmdbUnavailable):
    """An answer began and did not end."""


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Answer:
    """One answer as received.

    Attributes:
        endpoint: Name of the endpoint: `search_movie`, `movie_details`, ...
        path: Path below the base URL.
        parameters: Query of the request, without any credential.
        status: HTTP status.
        fetched_at: UTC time of the answer; of its figures where the snapshot answered.
        body: The bytes of the answer.
    """

    endpoint: str
    path: str
    parameters: Mapping[str, str]
    status: int
    fetched_at: datetime
    body: bytes


class TmdbClient:
    """Asks TMDB, or the bundled snapshot in its place; may be shared by threads.

    Attributes:
        source: `tmdb` or `bundled-snapshot`.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        *,
        source: str,
        now: Callable[[], datetime],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._now = now
        self._secrets = secrets
        self.source = source

    def search_movie(self, query: str, page: int) -> Answer:
        """One page of GET /search/movie."""
        parameters = {"query": query, "page": str(page), "include_adult": "false"}
        return self._get("search_movie", "/search/movie", parameters)

    def movie_details(self, tmdb_id: int) -> Answer:
        """GET /movie/{id}; an unknown film is an answer with status 404."""
        return self._get("movie_details", f"/movie/{tmdb_id}", may_be_missing=True)

    def movie_external_ids(self, tmdb_id: int) -> Answer:
        """GET /movie/{id}/external_ids; an unknown film is an answer with status 404."""
        return self._get(
            "movie_external_ids", f"/movie/{tmdb_id}/external_ids", may_be_missing=True
        )

    def collection(self, collection_id: int) -> Answer:
        """GET /collection/{id}."""
        return self._get("collection", f"/collection/{collection_id}")

    def authentication(self) -> Answer:
        """GET /authentication, TMDB's test of a credential."""
        return self._get("authentication", "/authentication")

    def _get(
        self,
        endpoint: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        may_be_missing: bool = False,
    ) -> Answer:
        parameters = dict(parameters or {})
        status, body = self._whole(path, parameters)
        answer = Answer(endpoint, path, parameters, status, self._now(), self._redacted(body))
        if status == requests.codes.ok or (
            status == requests.codes.not_found and may_be_missing and _code(answer) is not None
        ):
            return answer
        raise _refusal(answer)

    def _whole(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        """An exchange, tried again where the body broke off: urllib3 retries only up to there."""
        for _ in range(_BODY_TRIES - 1):
            with contextlib.suppress(_BrokenOff):
                return self._exchange(path, parameters)
        return self._exchange(path, parameters)

    def _exchange(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body; `from None`, for the errors of requests quote the whole URL."""
        try:
            with self._session.get(
                f"{self._base_url}{path}",
                params=parameters,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = bytearray()
                for block in response.iter_content(64 * 1024):
                    body += block
                    if len(body) > _MAXIMUM_BYTES:
                        raise TmdbProtocolError(
                            f"TMDB's answer to {path} is longer than {_MAXIMUM_BYTES} bytes: "
                            "check TMDB_BASE_URL.",
                            path=path,
                            status=response.status_code,
                        )
                return response.status_code, bytes(body)
        except (requests.RequestException, ValueError) as error:
            kind = _BrokenOff if isinstance(error, _BODY_ERRORS) else TmdbUnavailable
            raise kind(
                f"TMDB did not answer {path} ({_kind(error)}): check the network and "
                "TMDB_BASE_URL, and try again.",
                path=path,
            ) from None

    def _redacted(self, body: bytes) -> bytes:
        """The body, without the credential should a server send it back."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), b"***")
        return body


def live_client(
    base_url: str, *, token: str | None, key: str | None, requests_per_second: float
) -> TmdbClient:
    """A client of TMDB itself."""
    session = live_session(token=token, key=key, requests_per_second=requests_per_second)
    secrets = tuple(secret for secret in (token, key) if secret)
    return TmdbClient(
        session, base_url, source=LIVE, now=lambda: datetime.now(UTC), secrets=secrets
    )


def snapshot_client(base_url: str) -> TmdbClient:
    """A client of the bundled snapshot; its answers bear the time of their figures."""
    time = snapshot_time()
    return TmdbClient(snapshot_session(base_url), base_url, source=SNAPSHOT, now=lambda: time)


def parse(answer: Answer, model: type[Model]) -> Model:
    """Read an answer by its model.

    Raises:
        TmdbProtocolError: It is no JSON, or lacks what the model requires.
    """
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole answer"
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is not as documented, at {place}: {first['msg']}.",
            path=answer.path,
            status=answer.status,
        ) from None


def _refusal(answer: Answer) -> TmdbError:
    code, words = _code(answer), _words(answer)
    said = (
        f"HTTP {answer.status}"
        + (f", code {code}" if code else "")
        + (f": {words}" if words else "")
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
    )


def _envelope(answer: Answer) -> dict[str, object]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _code(answer: Answer) -> int | None:
    code = _envelope(answer).get("status_code")
    return code if isinstance(code, int) else None


def _words(answer: Answer) -> str:
    body = _envelope(answer)
    errors = body.get("errors")
    words = body.get("status_message") or (
        "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    )
    plain = "".join(sign if sign.isprintable() else " " for sign in str(words))
    return " ".join(plain.split())[:200].rstrip(".")


def _kind(error: Exception) -> str:
    kinds = (
        (requests.exceptions.SSLError, "the TLS certificate was not accepted"),
        (requests.exceptions.ProxyError, "the proxy failed"),
        (requests.exceptions.Timeout, "it took too long"),
        (requests.exceptions.ConnectionError, "no connection"),
        (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
        (requests.exceptions.ContentDecodingError, "the answer could not be decompressed"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)
