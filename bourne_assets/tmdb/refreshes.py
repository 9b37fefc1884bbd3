"""Refreshes of a saga that changes at TMDB call for: requested until one of them succeeded.

Not here: which changes there are (`changes`), and Dagster's runs (the sensor).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from bourne_assets.times import pause_after, pause_is_over

#: Names of the changed fields, by film.
ChangedFields = dict[int, list[str]]


class Refreshes(BaseModel):
    """The changes that are not in the lake yet, as the sensor keeps them in its cursor.

    Attributes:
        waiting: Changes that no run is on its way for.
        requested: Those of runs whose end is not known, by the key of the run, the oldest first.
        failures: How many times in a row runs failed.
        not_before: When what failed is requested again; None: at once.
    """

    waiting: ChangedFields = Field(default_factory=dict)
    requested: dict[str, ChangedFields] = Field(default_factory=dict)
    failures: int = 0
    not_before: datetime | None = None

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """Those of a cursor; none where it is of an earlier version, or somebody else's."""
        try:
            return cls.model_validate(json.loads(cursor or "{}").get("refreshes") or {})
        except (AttributeError, ValueError):
            return cls()

    def settle(self, succeeded: Callable[[str], bool | None], now: datetime) -> None:
        """Take note of the runs that are over.

        Args:
            succeeded: Whether the run with a key did; None where it is not over.
            now: UTC.
        """
        outcomes = {key: succeeded(key) for key in self.requested}
        done = [place for place, outcome in enumerate(outcomes.values()) if outcome]
        if done:
            # A run fetches the whole saga, and so what earlier runs were requested for.
            self.requested = dict(list(self.requested.items())[done[-1] + 1 :])
            self.failures, self.not_before = 0, None
        failed = [key for key in self.requested if outcomes[key] is False]
        for key in failed:
            self._wait(self.requested.pop(key))
        if failed:
            self.not_before = now + pause_after(self.failures)
            self.failures += 1

    def add(self, found: Mapping[int, list[str]]) -> None:
        """Changes that were found just now; what failed before is requested together with them."""
        if found:
            self._wait(found)
            self.not_before = None

    def is_due(self, now: datetime) -> bool:
        """Whether a run is to be requested."""
        return bool(self.waiting) and pause_is_over(self.not_before, now)

    def request(self, key: str) -> ChangedFields:
        """Note that a run with this key is requested for all that waits, and return that."""
        films, self.waiting = self.waiting, {}
        self.requested[key] = films
        return films

    def _wait(self, films: Mapping[int, list[str]]) -> None:
        for tmdb_id, fields in films.items():
            self.waiting[tmdb_id] = sorted({*self.waiting.get(tmdb_id, ()), *fields})
