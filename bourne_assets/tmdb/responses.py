"""A response as received, and how its bytes are read: by what they are, not by their labels.

The two are apart so that a response can be stored before anything reads it.
Not here: requests (`client`), and the models themselves (`models`).
"""

import codecs
import contextlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.translations import gettext

Model = TypeVar("Model", bound=BaseModel)

_GZIP_MAGIC = b"\x1f\x8b"
#: zlib's names for "a gzip header is expected", "a zlib header", and "no header at all".
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_LONGEST_MESSAGE = 200
#: Each member that follows another costs a copy of the rest.
_MOST_GZIP_MEMBERS = 16
#: TMDB's codes that say that all went well.
_SUCCESSES = frozenset({1, 12, 13})
#: HTTP statuses of TMDB's codes (https://developer.themoviedb.org/docs/errors): it has sent
#: errors with status 200.
_STATUS_OF_CODE = {
    **dict.fromkeys((3, 7, 10, 14, 16, 17, 30, 31, 32, 33, 35, 36, 38, 39), 401),
    **dict.fromkeys((8, 45), 403),
    **dict.fromkeys((6, 21, 34, 37), 404),
    **dict.fromkeys((11, 15, 44), 500),
    **dict.fromkeys((9, 46), 503),
    2: 501,
    24: 504,
    25: 429,
    43: 502,
}


@dataclass(frozen=True)
class Response:
    """A response as received.

    Attributes:
        endpoint: Name of the endpoint: `search_movie`, `movie_details`, ...
        path: Path below the base URL.
        parameters: Query of the request, without any credential.
        status: HTTP status.
        fetched_at: UTC time of the response; of the data where the snapshot is the source.
        body: The bytes of the body, decompressed.
        headers: The headers, by lower-case names.
        base_url: Root of the API that sent it, without any credential; empty where unknown.
        stored_in: The raw object that it was read from, where it was not requested again.
    """

    endpoint: str
    path: str
    parameters: Mapping[str, str]
    status: int
    fetched_at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    stored_in: str | None = None

    @property
    def is_missing(self) -> bool:
        """Whether TMDB says that what was requested does not exist."""
        code = tmdb_code(self.body)
        return code is not None and status_of(self.status, self.body) == HTTPStatus.NOT_FOUND

    @property
    def is_object(self) -> bool:
        """Whether it is what was requested: a JSON object that is not an error of TMDB's."""
        return status_of(self.status, self.body) == HTTPStatus.OK and is_object(self.body)


def parse(response: Response, model: type[Model], problems: list[str] | None = None) -> Model:
    """Read a response by its model.

    Args:
        response: The response.
        model: What it should be.
        problems: Takes what could not be read of fields that may be missing.

    Raises:
        TmdbProtocolError: It is not JSON, or lacks what the model requires.
    """
    whole = gettext("the whole response")
    try:
        document = load_json(response.body)
    except ValueError:  # `from None` here and below: the causes quote the body
        raise not_as_documented(response, whole, gettext("it is not JSON")) from None
    try:
        return model.model_validate(document, context=problems)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or whole
        raise not_as_documented(response, place, first["msg"]) from None


def not_as_documented(response: Response, place: str, what: str) -> TmdbProtocolError:
    """The error that says what of a response is not as TMDB documents it, and where."""
    return TmdbProtocolError(
        gettext(
            "TMDB's response to {path} is not as documented, at {place}: {what}.",
            path=response.path,
            place=place,
            what=what,
        ),
        response=response,
    )


def load_json(body: bytes) -> Any:
    """The value of a JSON text, in whatever encoding it is.

    Byte order marks are passed over; bytes that are not characters of the encoding, and halves of
    surrogate pairs, become U+FFFD.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return from_json(body)
    except ValueError:
        pass
    try:
        text = body.decode(_encoding(body), "replace").removeprefix("\ufeff")
        return _without_surrogates(json.loads(text))
    except RecursionError as error:
        raise ValueError(str(error)) from error


def is_object(body: bytes) -> bool:
    """Whether a body is a JSON object that holds something."""
    try:
        found = load_json(body)
        return isinstance(found, dict) and bool(found)
    except ValueError:
        return False


def decompressed(data: bytes, maximum: int, encoding: str = "") -> bytes:
    """What a body is once gzip is taken off, as its first bytes say, whatever the headers say.

    Args:
        data: The body as it came.
        maximum: Bytes after which reading stops: the result is longer by one then.
        encoding: `Content-Encoding`, for deflate has no first bytes of its own.
    """
    if "deflate" in encoding.lower():
        data = _inflated(data, maximum)
    for _ in range(2):  # compressed by TMDB, and once more by a proxy
        if not data.startswith(_GZIP_MAGIC):
            break
        try:
            data = _gunzipped(data, maximum)
        except zlib.error:  # it only began like gzip, or was cut: kept as it came
            break
    return data


def status_of(status: int, body: bytes) -> int:
    """The HTTP status that a response should have: TMDB has sent its errors with status 200."""
    if status != HTTPStatus.OK or b"status_code" not in body:
        return status
    code = tmdb_code(body)
    return status if code in {None, *_SUCCESSES} else _STATUS_OF_CODE.get(code or 0, 400)


def tmdb_code(body: bytes) -> int | None:
    """TMDB's own status code in a body, where it has one."""
    code = _envelope(body).get("status_code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def tmdb_message(body: bytes) -> str | None:
    """TMDB's words in the body of an error, on one line and short."""
    envelope = _envelope(body)
    errors = envelope.get("errors")
    words = envelope.get("status_message") or (
        "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    )
    start = str(words)[: 10 * _LONGEST_MESSAGE]
    plain = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return plain[:_LONGEST_MESSAGE].rstrip(".") or None


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        document = load_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _encoding(body: bytes) -> str:
    """UTF-8, -16 or -32, by a byte order mark or by where the zeros are (RFC 4627, section 3)."""
    marks = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return json.detect_encoding(body) if body.startswith(marks) or b"\0" in body[:4] else "utf-8"


def _inflated(data: bytes, maximum: int) -> bytes:
    """The body without deflate, which servers send with and without zlib's header."""
    for window in (_ZLIB_WINDOW, _RAW_WINDOW):
        stream = zlib.decompressobj(window)
        with contextlib.suppress(zlib.error):
            found = stream.decompress(data, maximum + 1)
            if stream.eof or len(found) > maximum:
                return found
    return data


def _gunzipped(data: bytes, maximum: int) -> bytes:
    """All members of a gzip file, up to one byte more than the maximum."""
    result = bytearray()
    for _ in range(_MOST_GZIP_MEMBERS):
        if not data.startswith(_GZIP_MAGIC) or len(result) > maximum:
            break
        member = zlib.decompressobj(_GZIP_WINDOW)
        result += member.decompress(data, maximum + 1 - len(result))
        if not member.eof and len(result) <= maximum:
            raise zlib.error("incomplete")
        data = member.unused_data
    else:
        if data.startswith(_GZIP_MAGIC) and len(result) <= maximum:
            raise zlib.error("too many members")
    return bytes(result)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(v) for name, v in value.items()}
    return value
