"""Deliveries that were found and are not landed yet: requested until a run with them succeeded.

A delivery is a file of the watched folder or an object of the lake. Not here: finding deliveries
(`changes`, `lake.changes`), and Dagster's runs.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bourne_assets.times import pause_after, pause_is_over

#: Deliveries of one run at most; after a run that did not get through its landing, half as many.
MOST_TOGETHER = 100


@dataclass(frozen=True)
class RunOutcome:
    """The outcome of a run that was requested.

    Attributes:
        is_over: Whether it goes no further.
        succeeded: Whether it succeeded.
        landed: Whether at least its landing did.
        left: Names of deliveries that even a landing that succeeded could not get at.
    """

    is_over: bool
    succeeded: bool = False
    landed: bool = False
    left: frozenset[str] = frozenset()


class Delivery(BaseModel):
    """What is known of a delivery that is not landed yet.

    Attributes:
        version: Tells its content: a digest, or an ETag.
        failures: How many runs with it failed.
        together: With how many others it may be requested.
        not_before: When it is requested again; None: at once.
        request: Key of the run that it was requested in and whose end is not known yet.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    failures: int = 0
    together: int = MOST_TOGETHER
    not_before: datetime | None = None
    request: str | None = None

    def failed(self, now: datetime, together: int) -> "Delivery":
        """The same after a run with it failed: due again after a pause that doubles each time."""
        changes = {
            "failures": self.failures + 1,
            "together": together,
            "not_before": now + pause_after(self.failures),
            "request": None,
        }
        return self.model_copy(update=changes)

    def is_due(self, now: datetime) -> bool:
        """Whether its pause is over."""
        return pause_is_over(self.not_before, now)


class Backlog(BaseModel):
    """The deliveries that are not landed yet, by name, as a sensor keeps them in its cursor.

    Attributes:
        waiting: Those deliveries.
        requests: How many runs were requested so far, so that no two have one key.
    """

    waiting: dict[str, Delivery] = Field(default_factory=dict)
    requests: int = 0

    @property
    def in_flight(self) -> int:
        """How many deliveries are in runs that are not over."""
        return sum(each.request is not None for each in self.waiting.values())

    def settle(self, outcome_of: Callable[[str], RunOutcome], now: datetime) -> dict[str, str]:
        """Take note of the runs that are over.

        Args:
            outcome_of: Gives the outcome of the run with a key.
            now: UTC.

        Returns:
            Versions of the deliveries that are landed, by name; they wait no longer.
        """
        landed = {}
        for request in sorted({each.request for each in self.waiting.values() if each.request}):
            outcome = outcome_of(request)
            if not outcome.is_over:
                continue
            batch = {n: each for n, each in self.waiting.items() if each.request == request}
            for name, delivery in batch.items():
                if outcome.succeeded and name not in outcome.left:
                    landed[name] = self.waiting.pop(name).version
                else:
                    # What fails after the landing is not the doing of one of its files.
                    together = delivery.together if outcome.landed else max(1, len(batch) // 2)
                    self.waiting[name] = delivery.failed(now, together)
        return landed

    def add(self, name: str, version: str) -> None:
        """A delivery that is new, or has other content than before."""
        self.waiting[name] = Delivery(version=version)

    def keep(self, names: Collection[str]) -> None:
        """Forget the deliveries that are not there any more."""
        self.waiting = {name: each for name, each in self.waiting.items() if name in names}

    def due(self, now: datetime) -> list[str]:
        """Deliveries to land now, those that never failed first, the others by their time."""
        due = [
            (each.not_before or datetime.min.replace(tzinfo=now.tzinfo), name)
            for name, each in self.waiting.items()
            if each.request is None and each.is_due(now)
        ]
        return [name for _, name in sorted(due)]

    def request_landing(self, names: Sequence[str]) -> str:
        """Note that a run with these deliveries is requested; returns the key of the run.

        The same state gives the same key, so that what is requested twice is run once.
        """
        self.requests += 1
        lines = [f"{name} {self.waiting[name].version}" for name in sorted(names)]
        text = "\n".join([str(self.requests), *lines])
        request = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        for name in names:
            self.waiting[name] = self.waiting[name].model_copy(update={"request": request})
        return request

    def next_try(self) -> tuple[str, datetime] | None:
        """The delivery that is tried again first, and when; None where none has failed."""
        times = [
            (each.not_before, name)
            for name, each in self.waiting.items()
            if each.request is None and each.not_before is not None
        ]
        return min(times)[::-1] if times else None
