"""What the stand-in sends, and the requests it has had."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """What the stand-in sends for one request.

    Attributes:
        status: HTTP status.
        body: Bytes of the body.
        headers: Headers beside, or instead of, Content-Type and Content-Length.
        sent: How many bytes of the body are sent before the connection is closed; None is all.
        raw: Bytes sent in place of a whole HTTP response; none at all is a closed connection.
        seconds: Wait before anything is sent.
        after: Paths, as in `TmdbStandIn.script`, that must have been requested before anything is
            sent.
        drip: Seconds between any two bytes of `raw`.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    raw: bytes | None = None
    seconds: float = 0.0
    after: Sequence[str] = ()
    drip: float = 0.0


@dataclass(frozen=True)
class Request:
    """A request: path below the root, headers by lower-case names, the bare target, the time."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    target: str
    time: float


def as_json(value: object, status: int = 200) -> Reply:
    """A reply whose body is a value as JSON."""
    return Reply(status, json.dumps(value).encode())


def refusal(status: int, code: int, words: str) -> Reply:
    """An error in TMDB's own envelope."""
    return as_json({"success": False, "status_code": code, "status_message": words}, status)


def as_html(words: str, status: int = 200) -> Reply:
    """A reply of something that is not TMDB: a gateway, a proxy, a login page."""
    return Reply(status, f"<!doctype html><p>{words}</p>".encode(), {"Content-Type": "text/html"})


HANG_UP = Reply(raw=b"")
UNAUTHORISED = refusal(401, 7, "Invalid API key: You must be granted a valid key.")
NOT_FOUND = refusal(404, 34, "The resource you requested could not be found.")
TOO_MANY = refusal(429, 25, "Your request count (41) is over the allowed limit of 40.")
OFFLINE = refusal(503, 9, "Service offline: This service is temporarily offline.")
