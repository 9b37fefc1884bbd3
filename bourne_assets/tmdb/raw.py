"""TMDB's responses as received: files below `Raw/TMDB/JSON/`, written, read again, and their age.

A file is a JSON array of at most 100 responses and 10 MB, all of one endpoint. Each element holds
the request, the time, the root of the API and the HTTP status beside TMDB's bytes, which are put in
unchanged under `answer`, or as `base64` with the headers where they are not JSON.
Not here: what the bodies mean (`responses`, `models`).
"""

import base64
import contextlib
import functools
import hashlib
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

from pydantic_core import from_json

from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectExists, ObjectMissing
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import JSON, Lake, StoredObject
from bourne_assets.tmdb.responses import Response, is_object, status_of

MAXIMUM_RESPONSES = 100
MAXIMUM_BYTES = 10_000_000
#: A larger file is not one of the platform's: others write to the bucket as well.
_LARGEST_READ = 2 * MAXIMUM_BYTES
#: TMDB's terms allow no caching beyond six months (API Terms of Use, section 1.C); counted in days
#: as S3's own lifecycle rules do.
LONGEST = timedelta(days=180)
#: Files hold the responses in the order of the requests, so that a few at a time are enough.
_FILES_IN_MEMORY = 4
#: Of a server's, for one client alone.
_PRIVATE_HEADERS = frozenset({"set-cookie"})

#: Root of the API, path, query.
_RequestKey = tuple[str, str, frozenset[tuple[str, str]]]

_log = logging.getLogger(__name__)


class RawWriter:
    """Collects responses and stores them in files.

    Use `with`, so that the last ones are stored also when a later request fails.

    Attributes:
        stored: The objects written so far, in that order.
        read: Addresses of raw objects that responses came from without a request, in order.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._waiting: dict[str, list[tuple[Response, bytes]]] = defaultdict(list)
        self._lock = threading.Lock()
        self.stored: list[StoredObject] = []
        self.read: dict[str, None] = {}

    def add(self, response: Response) -> None:
        """Take a response, unless it came from Raw itself; may be called by several threads.

        Raises:
            LakeError: A full file could not be stored.
        """
        if response.stored_in is not None:
            self.read[response.stored_in] = None
            return
        element, is_json = _element(response)
        is_good = is_json and status_of(response.status, response.body) == HTTPStatus.OK
        with self._lock:
            folder = response.endpoint if is_good else keys.TMDB_ERRORS
            size = sum(len(waiting) + 2 for _, waiting in self._waiting[folder])
            if size + len(element) + 5 > MAXIMUM_BYTES:
                self._store(folder)
            self._waiting[folder].append((response, element))
            if len(self._waiting[folder]) == MAXIMUM_RESPONSES:
                self._store(folder)

    def flush(self) -> None:
        """Store what waits.

        Raises:
            LakeError: A file could not be stored.
        """
        with self._lock:
            for folder in sorted(self._waiting):
                self._store(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def _store(self, folder: str) -> None:
        waiting = self._waiting.pop(folder, [])
        if not waiting:
            return
        newest = max(response.fetched_at for response, _ in waiting)
        data = b"[\n" + b",\n".join(element for _, element in waiting) + b"\n]\n"
        self.stored.append(self._write(folder, newest, data))

    def _write(self, folder: str, time: datetime, data: bytes) -> StoredObject:
        """The object under the first free number; the same bytes are not sent twice."""
        digest = hashlib.sha256(data).hexdigest()
        number = 1
        while True:
            key = keys.tmdb_responses(folder, time, number)
            known = self._lake.head(key)
            if known is None:
                # Where another process is faster, its object is looked at in the next turn.
                with contextlib.suppress(ObjectExists):
                    return self._lake.write(key, data, JSON, create_only=True)
            elif known.sha256 == digest:
                return known
            else:
                number += 1


class StoredResponses:
    """The responses that were stored on some UTC days; may be shared by threads.

    Only whole responses count: JSON objects with status 200, and TMDB's own 404 about a film that
    it deleted. What cannot be read is passed over, and logged: it is requested again.

    Attributes:
        unreadable: Addresses of raw objects that cannot be read, in order.
    """

    def __init__(
        self, lake: Lake, day: date, *, since: datetime | None = None, until: date | None = None
    ) -> None:
        """Prepare; the lake is read when a response is first looked for.

        Args:
            lake: Where the responses are.
            day: The first day.
            since: Older responses do not count; None for all of the days.
            until: The last day; None for the first.
        """
        self._lake = lake
        self._since = since or datetime.min.replace(tzinfo=UTC)
        last = max(day, until or day)
        self._days = [day + timedelta(days=n) for n in range((last - day).days + 1)]
        self._places: dict[str, dict[_RequestKey, tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self._file = functools.lru_cache(_FILES_IN_MEMORY)(self._read)
        self.unreadable: list[str] = []

    def find(
        self, endpoint: str, path: str, parameters: Mapping[str, str], base_url: str
    ) -> Response | None:
        """The stored response to a request, the newest of several; None: it must be sent.

        One with an object comes before a "not found", even before a newer one.

        Args:
            endpoint: Name of the endpoint.
            path: Path below the base URL.
            parameters: Query.
            base_url: Root of the API: responses of another one are somebody else's.

        Raises:
            LakeError: The lake failed.
        """
        request = (base_url, path, frozenset(parameters.items()))
        with self._lock:
            for folder in (endpoint, keys.TMDB_ERRORS):
                if folder not in self._places:
                    self._places[folder] = self._index(folder)
                if place := self._places[folder].get(request):
                    key, position = place
                    found = self._file(key)[position]
                    return found and replace(found, endpoint=endpoint)
        return None

    def _index(self, folder: str) -> dict[_RequestKey, tuple[str, int]]:
        is_error = folder == keys.TMDB_ERRORS
        return {
            (found.base_url, found.path, frozenset(found.parameters.items())): (key, position)
            for day in self._days
            for key in self._keys(day, folder)
            for position, found in enumerate(self._file(key))
            if found is not None
            and found.fetched_at >= self._since
            and (found.is_missing if is_error else found.is_object)
        }

    def _keys(self, day: date, folder: str) -> Iterator[str]:
        for item in self._lake.list_objects(keys.tmdb_responses_of(day, folder)).objects:
            if item.size > _LARGEST_READ:
                self._note_unreadable(self._lake.uri(item.key))
            else:
                yield item.key

    def _note_unreadable(self, uri: str) -> None:
        if uri not in self.unreadable:
            self.unreadable.append(uri)
            _log.warning("%s cannot be read: what it holds is requested again.", uri)

    def _read(self, key: str) -> list[Response | None]:
        """The elements of a file; None for one that cannot be read."""
        uri = self._lake.uri(key)
        try:
            data, _ = self._lake.read(key)
        except ObjectMissing:
            return []
        try:
            elements = json.loads(data)
        except (ValueError, RecursionError):
            elements = None
        if not isinstance(elements, list):
            elements = [None]
        responses = [_response(element, uri) for element in elements]
        if None in responses:
            self._note_unreadable(uri)
        return responses


def responses_older_than(lake: Lake, age: timedelta, now: datetime) -> list[ListedObject]:
    """Raw TMDB objects that were stored longer ago, the oldest first.

    Args:
        lake: The lake.
        age: How old an object may be.
        now: The UTC time that ages are counted from.

    Raises:
        LakeError: The lake refused or failed.
    """
    found = lake.list_own(keys.all_tmdb_responses())
    old = [item for item in found if now - item.stored_at > age]
    return sorted(old, key=lambda item: (item.stored_at, item.key))


def _element(response: Response) -> tuple[bytes, bool]:
    """One array element, and whether the body is JSON: then it is put in as it came.

    What other programs could not read as JSON is kept as base64, with its headers, so that it can
    be read later.
    """
    about: dict[str, Any] = {
        "path": response.path,
        "parameters": dict(response.parameters),
        "base_url": response.base_url,
        "fetched_at": response.fetched_at.isoformat(),
        "status": response.status,
    }
    body = response.body.strip()
    if _is_strict_json(body):
        opening = json.dumps(about, ensure_ascii=False)[:-1].encode()
        return opening + b', "answer": ' + body + b"}", True
    about["headers"] = {
        name: value for name, value in response.headers.items() if name not in _PRIVATE_HEADERS
    }
    about["base64"] = base64.b64encode(response.body).decode()
    return json.dumps(about, ensure_ascii=False).encode(), is_object(response.body)


def _is_strict_json(body: bytes) -> bool:
    """Whether any reader of UTF-8 JSON reads it: NaN and Infinity are Python's own."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError:
        try:
            json.loads(body.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            return False
    return True


def _refuse(word: str) -> None:
    raise ValueError(word)


def _response(element: Any, uri: str) -> Response | None:
    """What an element holds, of an endpoint that it does not name; None where it cannot be read."""
    try:
        return Response(
            "",
            str(element["path"]),
            {str(name): str(value) for name, value in element["parameters"].items()},
            int(element["status"]),
            datetime.fromisoformat(element["fetched_at"]).astimezone(UTC),
            _body(element),
            dict(element.get("headers", {})),
            str(element.get("base_url", "")),
            stored_in=uri,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _body(element: Mapping[str, Any]) -> bytes:
    if "answer" in element:
        return json.dumps(element["answer"], ensure_ascii=True).encode()
    if "text" in element:  # as it was kept before base64
        return str(element["text"]).encode("utf-8", "replace")
    return base64.b64decode(element["base64"], validate=True)
