"""What may go wrong at TMDB by itself: a limiter that responds with 429, and faults of all kinds.

Not here: replies that a test scripts for one path (`server`).
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable

from bourne_assets_tests.standin.replies import (
    HANG_UP,
    OFFLINE,
    TOO_MANY,
    Reply,
    as_html,
    refusal,
)


class Limiter:
    """Lets so many requests through in any second, and refuses the others with 429.

    Attributes:
        refused: How many were refused.
    """

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=per_second)
        self._lock = threading.Lock()
        self.refused = 0

    def refuses(self) -> Reply | None:
        """The refusal of a request that arrives now, or None."""
        with self._lock:
            now = self._clock()
            if len(self._times) == self._times.maxlen and now - self._times[0] < 1.0:
                self.refused += 1
                return Reply(TOO_MANY.status, TOO_MANY.body, {"Retry-After": "1"})
            self._times.append(now)
        return None


class Faults:
    """Responds wrongly to a share of all requests, each kind as often as any other.

    Attributes:
        made: How many were.
    """

    def __init__(self, share: float, *, stall_seconds: float, seed: int = 1) -> None:
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._lock = threading.Lock()
        self._kinds = (
            refusal(500, 11, "Internal error: Something went wrong, contact TMDb."),
            as_html("Bad Gateway", 502),
            OFFLINE,
            refusal(504, 24, "Your request to the backend server timed out. Try again."),
            Reply(TOO_MANY.status, TOO_MANY.body),
            as_html("Just a moment"),
            Reply(body=b'{"id": 1, "title": "The Bou'),
            Reply(body=b"{" + b" " * 999 + b"}", sent=100),
            HANG_UP,
            Reply(seconds=stall_seconds),
        )
        self.made = 0

    def strikes(self) -> Reply | None:
        """A wrong reply for the request that arrives now, or None."""
        with self._lock:
            if self._random.random() >= self._share:
                return None
            self.made += 1
            return self._kinds[self.made % len(self._kinds)]
