"""The pace of requests: one for the process, shared by all its threads and assets.

Libraries that limit rates let a burst through and then wait (measured: 95 % of the limit, and 429s
where the burst meets the server's own window); here requests are spread evenly, retries take turns
like any other request, and all pause while the server asks one to wait.
Not here: HTTP, and when to retry (`retry`).
"""

import functools
import math
import threading
import time
from collections import deque
from collections.abc import Callable

#: A turn that is taken late by up to this much makes the next one early, so that the average
#: holds; more would reach the server as a burst.
CATCH_UP_SECONDS = 0.02

#: Waits this many seconds; whether the wait was interrupted.
Sleep = Callable[[float], bool]


class RateLimiter:
    """Gives out turns: evenly spread, and in no second more than the pace.

    Attributes:
        requests_per_second: The pace.
        latency: Seconds that a response takes, judging by the last ones; None before the first.
    """

    def __init__(
        self, requests_per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.requests_per_second = requests_per_second
        self.latency: float | None = None
        self._clock = clock
        self._interval = 1.0 / requests_per_second
        self._turns: deque[float] = deque(maxlen=max(1, math.floor(requests_per_second)))
        self._next = -math.inf
        self._held_until = -math.inf
        self._lock = threading.Lock()
        self._hold_lock = threading.Lock()

    def acquire(self, nap: Sleep) -> bool:
        """Wait until a request may be sent.

        The lock is held while waiting, so that one thread waits for the clock and the others for
        it: turns are taken one by one, at the times when they are really used.

        Args:
            nap: Waits.

        Returns:
            Whether the turn was given; not where `nap` was interrupted.
        """
        with self._lock:
            while (wait := self._due() - self._clock()) > 0:
                if nap(wait):
                    return False
            now = self._clock()
            self._turns.append(now)
            in_time = now - self._next <= CATCH_UP_SECONDS
            self._next = (self._next if in_time else now) + self._interval
            return True

    def pause(self, seconds: float) -> None:
        """Give no turn for this long, as the server demands. A longer pause continues."""
        with self._hold_lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def observe_latency(self, latency: float) -> None:
        """Note how long a response took."""
        self.latency = latency if self.latency is None else 0.8 * self.latency + 0.2 * latency

    def _due(self) -> float:
        """When the next turn is: an interval after the last, a second after the first of many."""
        full = len(self._turns) == self._turns.maxlen
        return max(self._next, self._held_until, self._turns[0] + 1.0 if full else -math.inf)


@functools.cache
def process_rate_limiter(host: str, requests_per_second: float) -> RateLimiter:
    """The one limiter of this process for a host and a pace; it lives as long as the process."""
    del host  # one of the two that the cache goes by
    return RateLimiter(requests_per_second)
