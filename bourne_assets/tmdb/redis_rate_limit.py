"""The pace of requests, one for all processes and machines that share a Redis.

TMDB counts requests by address: ten workers that each keep the pace are ten times too fast. A
Dagster pool with one slot would not do: where a step ends and another process's begins at once,
the two have twice the pace in that second, the slot of a killed run is taken until it is freed,
and neither AWS Lambda nor `bourne run` elsewhere knows of it.
Not here: the pace of one process (`rate_limit`).
"""

import functools
from typing import TYPE_CHECKING, Any

from bourne_assets.errors import ConfigurationError
from bourne_assets.tmdb.errors import RateLimiterUnavailable
from bourne_assets.tmdb.rate_limit import CATCH_UP_SECONDS, RateLimiter, Sleep
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from redis import Redis

#: Tries at a Redis that is restarted: about a minute in all.
_TRIES = 35
_LONGEST_PAUSE_SECONDS = 2.0
_TIMEOUT_SECONDS = 5.0
#: The pace is forgotten this long after the last request.
_KEPT_MILLISECONDS = 24 * 3600 * 1000

# What `RateLimiter` does, atomically, by the clock of Redis; times in microseconds.
# A Redis that knows of no earlier turn may have been restarted: then a second passes first.
# KEYS: the state, the last turns. ARGV: interval, turns in a second, how late a turn may be made
# up for, how long all this is kept. Returns 0 for a turn, else how long to wait.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local state = redis.call('HMGET', KEYS[1], 'next', 'held')
if not state[1] then
  state = {now + 1000000, state[2]}
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', state[1]))
end
local next = tonumber(state[1])
local due = math.max(next, tonumber(state[2] or 0))
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[2]) then
  due = math.max(due, redis.call('LINDEX', KEYS[2], -1) + 1000000)
end
if due <= now then
  local from = (now - next <= tonumber(ARGV[3])) and next or now
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', from + ARGV[1]))
  redis.call('LPUSH', KEYS[2], string.format('%.0f', now))
  redis.call('LTRIM', KEYS[2], 0, ARGV[2] - 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return math.max(0, math.ceil(due - now))
"""
_HOLD = """
local clock = redis.call('TIME')
local held = clock[1] * 1000000 + clock[2] + ARGV[1]
if held > tonumber(redis.call('HGET', KEYS[1], 'held') or 0) then
  redis.call('HSET', KEYS[1], 'held', string.format('%.0f', held))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class RedisRateLimiter(RateLimiter):
    """Gives out turns as `RateLimiter` does, to all who name the same Redis and the same server.

    The latency is this process's own.
    """

    def __init__(self, client: "Redis", name: str, requests_per_second: float) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Redis.
            name: The server whose pace it is.
            requests_per_second: The pace.
        """
        super().__init__(requests_per_second)
        # Both keys have the same hash tag, so that they are on one node of a cluster.
        self._keys = [f"bourne:pace:{{{name}}}:{part}" for part in ("state", "turns")]
        self._take_script = client.register_script(_TAKE)
        self._hold_script = client.register_script(_HOLD)

    def acquire(self, nap: Sleep) -> bool:
        """As `RateLimiter.acquire`; one thread of a process waits for Redis, the others for it.

        Raises:
            RateLimiterUnavailable: Redis does not respond.
        """
        arguments = [
            self._interval * 1e6,
            self._turns.maxlen,
            CATCH_UP_SECONDS * 1e6,
            _KEPT_MILLISECONDS,
        ]
        with self._lock:
            while (wait := int(self._asked(self._take_script, self._keys, arguments))) > 0:
                if nap(wait / 1e6):
                    return False
            return True

    def pause(self, seconds: float) -> None:
        """As `RateLimiter.pause`, for all processes.

        Raises:
            RateLimiterUnavailable: Redis does not respond.
        """
        self._asked(self._hold_script, self._keys[:1], [seconds * 1e6, _KEPT_MILLISECONDS])

    def _asked(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        from redis import RedisError

        try:
            return script(keys=keys, args=arguments)
        except RedisError as error:
            # The cause may quote the address, which may have a password.
            raise RateLimiterUnavailable(
                gettext(
                    "The Redis that keeps TMDB's pace does not respond as it should ({kind}): "
                    "check BOURNE_REDIS_URL and the server.",
                    kind=type(error).__name__,
                )
            ) from None


@functools.cache
def redis_rate_limiter(url: str, name: str, requests_per_second: float) -> RedisRateLimiter:
    """The rate limiter of this process for a Redis, a server and a pace.

    Args:
        url: Address of the Redis.
        name: The server whose pace it is.
        requests_per_second: The pace.

    Raises:
        ConfigurationError: The Redis client is not installed.
    """
    try:
        from redis import Redis
        from redis.backoff import ExponentialBackoff
        from redis.exceptions import ConnectionError as NoConnection
        from redis.exceptions import TimeoutError as TooSlow
        from redis.retry import Retry
    except ImportError as error:
        raise ConfigurationError(
            gettext(
                "BOURNE_REDIS_URL needs the Redis client: install bourne_assets[deploy-celery]."
            )
        ) from error
    client = Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(ExponentialBackoff(cap=_LONGEST_PAUSE_SECONDS, base=0.05), _TRIES),
        retry_on_error=[NoConnection, TooSlow],
    )
    return RedisRateLimiter(client, name, requests_per_second)
