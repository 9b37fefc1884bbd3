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
from bourne_assets.tmdb.responses import Response, is_object, tmdb_code, tmdb_message
from bourne_assets.translations import gettext, in_english, plain

_CHECK_CREDENTIAL = in_english("check TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY")
_CHECK_ADDRESS = in_english("check TMDB_BASE_URL")
_KINDS: dict[int, tuple[type[TmdbError], str]] = {
    401: (TmdbAuthError, _CHECK_CREDENTIAL),
    403: (TmdbAuthError, _CHECK_CREDENTIAL),
    404: (TmdbNotFound, in_english("check the id and TMDB_BASE_URL")),
    429: (TmdbRateLimited, in_english("lower TMDB_REQUESTS_PER_SECOND, or wait")),
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
    # There is nothing to look at in what refuses a credential.
    return kind(sentence, response=None if issubclass(kind, TmdbAuthError) else response)


def _described(
    response: Response, outcome: int, code: int | None, message: str | None
) -> tuple[type[TmdbError], str]:
    path, status = response.path, response.status
    if HTTPStatus.OK <= outcome < HTTPStatus.MULTIPLE_CHOICES:
        return TmdbProtocolError, (
            gettext(
                "TMDB's response to {path} is not as documented (HTTP {status} with {what}) - "
                "{remedy}, and any proxy in between.",
                path=path,
                status=status,
                what=_body_in_words(response),
                remedy=plain(_CHECK_ADDRESS),
            )
        )
    if HTTPStatus.MULTIPLE_CHOICES <= outcome < HTTPStatus.BAD_REQUEST:
        return TmdbProtocolError, (
            gettext(
                "TMDB redirects {path}{target} (HTTP {status}), where the credential is not sent "
                "- set TMDB_BASE_URL to the address that responds itself.",
                path=path,
                target=_target(response),
                status=status,
            )
        )
    if outcome == HTTPStatus.FORBIDDEN and code is None:
        return TmdbUnavailable, (
            gettext(
                "A gateway in front of TMDB refused {path} with {what} of its own (HTTP {status}); "
                "the credential was not the reason - try again later.",
                path=path,
                what=_body_in_words(response),
                status=status,
            )
        )
    reason = (
        f"HTTP {status}"
        + (gettext(", code {code}", code=code) if code else "")
        + (f": {message}" if message else "")
    )
    kind, remedy = _KINDS.get(outcome, (TmdbProtocolError, _CHECK_ADDRESS))
    if outcome == HTTPStatus.NOT_FOUND and code is None:
        kind, remedy = TmdbProtocolError, _CHECK_ADDRESS
    if outcome >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind, remedy = TmdbUnavailable, in_english("try again later")
    return kind, gettext(
        "TMDB refused {path} ({reason}) - {remedy}.", path=path, reason=reason, remedy=plain(remedy)
    )


def _body_in_words(response: Response) -> str:
    start = response.body[:2_000].lstrip().lower()
    if not start:
        return gettext("an empty body")
    if is_object(response.body):
        return gettext("a JSON object")
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        return gettext("a body compressed as {encoding}", encoding=printable(encoding)[:40])
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return gettext("a web page")
    return gettext("something other than a JSON object")


def _target(response: Response) -> str:
    """Scheme and host of where a redirect leads: its path or query may hold the key."""
    location = response.headers.get("location", "")
    try:
        address = urlsplit(urljoin(response.base_url, location))
    except ValueError:
        return ""
    host = address.netloc.rpartition("@")[2]
    to = printable(f"{address.scheme}://{host}")[:200]
    return gettext(" to {address}", address=to) if location and host else ""
