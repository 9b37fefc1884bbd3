"""Answers that lie in Raw already, so that a run after a crash asks only for the rest.

What must not be put here: storing (`landing`).
"""

import functools
import json
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake
from bourne_assets.tmdb.answers import Answer

_Question = tuple[str, frozenset[tuple[str, str]]]
#: Files hold the answers in the order of the questions, so that a few at a time are enough.
_FILES_IN_MEMORY = 4


class LandedAnswers:
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
        self._places: dict[str, dict[_Question, tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self._file = functools.lru_cache(_FILES_IN_MEMORY)(self._read)

    def find(self, endpoint: str, path: str, parameters: Mapping[str, str]) -> Answer | None:
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
                    return _answer(endpoint, self._file(key)[position], self._lake.uri(key))
        return None

    def _indexed(self, folder: str) -> dict[_Question, tuple[str, int]]:
        wanted = HTTPStatus.NOT_FOUND if folder == keys.TMDB_ERRORS else HTTPStatus.OK
        return {
            (str(element["path"]), frozenset(element["parameters"].items())): (key, position)
            for day in self._days
            for key in self._lake.list(keys.tmdb_answers_of(day, folder))
            for position, element in enumerate(self._read(key))
            if element["status"] == wanted
            and isinstance(element.get("answer"), dict)
            and datetime.fromisoformat(element["fetched_at"]) >= self._since
        }

    def _read(self, key: str) -> list[dict[str, Any]]:
        data, _ = self._lake.read(key)
        return list(json.loads(data))


def _answer(endpoint: str, element: dict[str, Any], uri: str) -> Answer:
    return Answer(
        endpoint,
        element["path"],
        element["parameters"],
        element["status"],
        datetime.fromisoformat(element["fetched_at"]),
        json.dumps(element["answer"], ensure_ascii=False).encode(),
        stored_in=uri,
    )
