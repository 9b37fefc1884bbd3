"""TMDB's responses as received: files below `Raw/TMDB/JSON/`, written, read again, and their age.

A file is a JSON array of at most 100 responses and 10 MB, all of one endpoint. Each element holds
the request, the time and the HTTP status beside TMDB's bytes, which are put in unchanged under
`answer`, or as `text` where they are not JSON.
Not here: what the bodies mean (`responses`, `models`).
"""

import contextlib
import functools
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectExists
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import JSON, Lake, StoredObject
from bourne_assets.tmdb.responses import Response

MAXIMUM_RESPONSES = 100
MAXIMUM_BYTES = 10_000_000
#: Of a body that is not JSON: somebody else's page, which grows to six times its size as JSON text.
_MAXIMUM_TEXT = 1_000_000
#: TMDB's terms allow no caching beyond six months (API Terms of Use, section 1.C); counted in days
#: as S3's own lifecycle rules do.
LONGEST = timedelta(days=180)
#: Files hold the responses in the order of the requests, so that a few at a time are enough.
_FILES_IN_MEMORY = 4

_RequestKey = tuple[str, frozenset[tuple[str, str]]]


class RawWriter:
    """Collects answers and stores them in files.

    Use `with`, so that the last ones are stored also when a later request fails.

    Attributes:
        stored: The objects written so far, in that order.
        read: Addresses of raw objects that answers came from without being asked for, in order.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._waiting: dict[str, list[tuple[Response, bytes]]] = defaultdict(list)
        self._lock = threading.Lock()
        self.stored: list[StoredObject] = []
        self.read: dict[str, None] = {}

    def add(self, answer: Response) -> Response:
        """Take an answer, unless it came from Raw itself; may be called by several threads.

        Raises:
            LakeError: A full file could not be stored.
        """
        if answer.stored_in is not None:
            self.read[answer.stored_in] = None
            return answer
        element = _element(answer)
        with self._lock:
            folder = answer.endpoint if answer.status == HTTPStatus.OK else keys.TMDB_ERRORS
            size = sum(len(known) + 2 for _, known in self._waiting[folder])
            if size + len(element) + 5 > MAXIMUM_BYTES:
                self._store(folder)
            self._waiting[folder].append((answer, element))
            if len(self._waiting[folder]) == MAXIMUM_RESPONSES:
                self._store(folder)
        return answer

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def _store(self, folder: str) -> None:
        waiting = self._waiting.pop(folder, [])
        if not waiting:
            return
        newest = max(answer.fetched_at for answer, _ in waiting)
        data = b"[\n" + b",\n".join(element for _, element in waiting) + b"\n]\n"
        self.stored.append(self._written(folder, newest, data))

    def _written(self, folder: str, time: datetime, data: bytes) -> StoredObject:
        """The object under the first free number; the same bytes are not sent twice."""
        digest = hashlib.sha256(data).hexdigest()
        number = 1
        while True:
            key = keys.tmdb_responses(folder, time, number)
            known = self._lake.find(key)
            if known is None:
                # Where another process is faster, its object is looked at in the next turn.
                with contextlib.suppress(ObjectExists):
                    return self._lake.write(key, data, JSON, create_only=True)
            elif known.sha256 == digest:
                return known
            else:
                number += 1


def _no_json(word: str) -> None:
    """Python reads NaN and Infinity; other programs do not."""
    raise ValueError(word)


def _element(answer: Response) -> bytes:
    """One array element; the body is put in as it came, not parsed and written anew."""
    about = {
        "path": answer.path,
        "parameters": dict(answer.parameters),
        "fetched_at": answer.fetched_at.isoformat(),
        "status": answer.status,
    }
    opening = json.dumps(about, ensure_ascii=False)[:-1].encode()
    body = answer.body.strip()
    try:
        json.loads(body.decode("utf-8"), parse_constant=_no_json)
    except (ValueError, RecursionError):
        # No JSON: kept as text, so that the file stays readable as a whole.
        text = body[:_MAXIMUM_TEXT].decode("utf-8", "replace")
        return opening + b', "text": ' + json.dumps(text).encode() + b"}"
    return opening + b', "answer": ' + body + b"}"


class StoredResponses:
    """The answers that were stored on some UTC days; may be shared by threads.

    Only whole answers count: status 200, and TMDB's own 404 about a film that it deleted.
    """

    def __init__(
        self, lake: Lake, day: date, *, since: datetime | None = None, until: date | None = None
    ) -> None:
        """Prepare; the lake is read when first asked.

        Args:
            lake: Where the answers lie.
            day: The first day.
            since: Older answers do not count; None for all of the days.
            until: The last day; None for the first.
        """
        self._lake = lake
        self._since = since or datetime.min.replace(tzinfo=UTC)
        last = max(day, until or day)
        self._days = [day + timedelta(days=n) for n in range((last - day).days + 1)]
        self._places: dict[str, dict[_RequestKey, tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self._file = functools.lru_cache(_FILES_IN_MEMORY)(self._read)

    def find(self, endpoint: str, path: str, parameters: Mapping[str, str]) -> Response | None:
        """The stored answer to a question, the newest of several; None: it must be asked.

        Raises:
            LakeError: The lake failed.
        """
        question = (path, frozenset(parameters.items()))
        with self._lock:
            for folder in (endpoint, keys.TMDB_ERRORS):
                if folder not in self._places:
                    self._places[folder] = self._indexed(folder)
                if place := self._places[folder].get(question):
                    key, position = place
                    return _response(endpoint, self._file(key)[position], self._lake.uri(key))
        return None

    def _indexed(self, folder: str) -> dict[_RequestKey, tuple[str, int]]:
        wanted = HTTPStatus.NOT_FOUND if folder == keys.TMDB_ERRORS else HTTPStatus.OK
        return {
            (str(element["path"]), frozenset(element["parameters"].items())): (key, position)
            for day in self._days
            for key in self._lake.list(keys.tmdb_responses_of(day, folder))
            for position, element in enumerate(self._read(key))
            if element["status"] == wanted
            and isinstance(element.get("answer"), dict)
            and datetime.fromisoformat(element["fetched_at"]) >= self._since
        }

    def _read(self, key: str) -> list[dict[str, Any]]:
        data, _ = self._lake.read(key)
        return list(json.loads(data))


def _response(endpoint: str, element: dict[str, Any], uri: str) -> Response:
    return Response(
        endpoint,
        element["path"],
        element["parameters"],
        element["status"],
        datetime.fromisoformat(element["fetched_at"]),
        json.dumps(element["answer"], ensure_ascii=False).encode(),
        stored_in=uri,
    )


def responses_older_than(lake: Lake, age: timedelta, now: datetime) -> list[ListedObject]:
    """Raw TMDB objects that were stored longer ago, the oldest first.

    Args:
        lake: The lake.
        age: How old an object may be.
        now: The UTC time that ages are counted from.

    Raises:
        LakeError: The lake refused or failed.
    """
    found = lake.list_objects(keys.all_tmdb_responses()).objects
    old = [item for item in found if now - item.stored_at > age]
    return sorted(old, key=lambda item: (item.stored_at, item.key))
