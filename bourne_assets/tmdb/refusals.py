"""What a response that is not what was requested means to the user: one sentence, one error.

Not here: whether it is requested again (`retry`).
"""

from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from bourne_assets.text import printable
from bourne_assets.tmdb.errors import (
    TmdbAuthError,
    TmdbError,
    TmdbNotFound,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.responses import Response, tmdb_code, tmdb_message

_CHECK_CREDENTIAL = "check TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY"
_CHECK_ADDRESS = "check TMDB_BASE_URL"
_KINDS: dict[int, tuple[type[TmdbError], str]] = {
    401: (TmdbAuthError, _CHECK_CREDENTIAL),
    403: (TmdbAuthError, _CHECK_CREDENTIAL),
    404: (TmdbNotFound, "check the id and TMDB_BASE_URL"),
    429: (TmdbRateLimited, "lower TMDB_REQUESTS_PER_SECOND, or wait"),
}


def refusal(response: Response, outcome: int, secrets: tuple[str, ...] = ()) -> TmdbError:
    """The error that a response means.

    Args:
        response: What came.
        outcome: The HTTP status that it should have had.
        secrets: What must not appear in the message.
    """
    code, message = tmdb_code(response.body), tmdb_message(response.body)
    for secret in secrets:
        message = message and message.replace(secret, "***")
    kind, sentence = _described(response, outcome, code, message)
    return kind(
        sentence,
        path=response.path,
        status=response.status,
        code=code,
        message=message,
        response=None if issubclass(kind, TmdbAuthError) else response,  # nothing to look at
    )


def _described(
    response: Response, outcome: int, code: int | None, message: str | None
) -> tuple[type[TmdbError], str]:
    path, status = response.path, response.status
    if HTTPStatus.OK <= outcome < HTTPStatus.MULTIPLE_CHOICES:
        return TmdbProtocolError, (
            f"TMDB's response to {path} is not as documented (HTTP {status} with "
            f"{_body_in_words(response)}) - {_CHECK_ADDRESS}, and any proxy between."
        )
    if HTTPStatus.MULTIPLE_CHOICES <= outcome < HTTPStatus.BAD_REQUEST:
        return TmdbProtocolError, (
            f"TMDB redirects {path}{_target(response)} (HTTP {status}), where the credential is "
            "not sent - set TMDB_BASE_URL to the address that responds itself."
        )
    if outcome == HTTPStatus.FORBIDDEN and code is None:
        return TmdbUnavailable, (
            f"A gateway before TMDB refused {path} with {_body_in_words(response)} of its own "
            f"(HTTP {status}); the credential was not the reason - try again later."
        )
    reason = (
        f"HTTP {status}" + (f", code {code}" if code else "") + (f": {message}" if message else "")
    )
    kind, remedy = _KINDS.get(outcome, (TmdbProtocolError, _CHECK_ADDRESS))
    if outcome == HTTPStatus.NOT_FOUND and code is None:
        kind, remedy = TmdbProtocolError, _CHECK_ADDRESS
    if outcome >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind, remedy = TmdbUnavailable, "try again later"
    return kind, f"TMDB refused {path} ({reason}) - {remedy}."


def _body_in_words(response: Response) -> str:
    start = response.body[:2_000].lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "a web page"
    return "something other than a JSON object"


def _target(response: Response) -> str:
    """Scheme and host of where a redirect leads: its path or query may hold the key."""
    location = response.headers.get("location", "")
    try:
        address = urlsplit(urljoin(response.base_url, location))
    except ValueError:
        return ""
    host = address.netloc.rpartition("@")[2]
    return f" to {printable(f'{address.scheme}://{host}')[:200]}" if location and host else ""
