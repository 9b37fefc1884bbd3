"""TMDB's answers, stored as received under `Raw/TMDB/JSON/`, before anything reads them.

A file is a JSON array of at most 100 answers and 10 MB, all of one endpoint. Each element holds
the request, the time and the HTTP status beside TMDB's bytes, which are put in unchanged.
What must not be put here: reading the answers (`client.parse`, `tables`).
"""

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectExists
from bourne_assets.lake.store import JSON, Lake, StoredObject
from bourne_assets.tmdb.answers import Answer

MAXIMUM_ANSWERS = 100
MAXIMUM_BYTES = 10_000_000
#: Of what is no JSON: a page of somebody else's, which grows to six times its size as JSON text.
_MAXIMUM_TEXT = 1_000_000


class RawLanding:
    """Collects answers and stores them in files.

    Use `with`, so that the last ones are stored also when a later request fails.

    Attributes:
        stored: The objects written so far, in that order.
        read: Addresses of raw objects that answers came from without being asked for, in order.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._waiting: dict[str, list[tuple[Answer, bytes]]] = defaultdict(list)
        self._lock = threading.Lock()
        self.stored: list[StoredObject] = []
        self.read: dict[str, None] = {}

    def add(self, answer: Answer) -> Answer:
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
            if len(self._waiting[folder]) == MAXIMUM_ANSWERS:
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
            key = keys.tmdb_answers(folder, time, number)
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


def _element(answer: Answer) -> bytes:
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
