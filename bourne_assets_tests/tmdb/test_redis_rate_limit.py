"""The common pace of several processes, on a real Redis of the test's own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import redis

from bourne_assets.errors import ConfigurationError
from bourne_assets.tmdb.errors import RateLimiterUnavailable
from bourne_assets.tmdb.redis_rate_limit import RedisRateLimiter, redis_rate_limiter
from bourne_assets_tests.support.services import RedisServer, needs_redis

pytestmark = needs_redis

_CLIENT = """
import sys, time
from bourne_assets.tmdb.redis_rate_limit import redis_rate_limiter
rate_limiter = redis_rate_limiter(sys.argv[1], "tmdb", float(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    assert rate_limiter.acquire(lambda seconds: time.sleep(seconds))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def client(server: RedisServer) -> redis.Redis:
    """An empty Redis."""
    client = redis.Redis.from_url(server.url)
    client.flushall()
    return client


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _wait_for_turn(rate_limiter: RedisRateLimiter) -> float:
    """How long it would wait first."""
    waits: list[float] = []

    def nap(seconds: float) -> bool:
        waits.append(seconds)
        return True

    assert not rate_limiter.acquire(nap)  # broken off
    return waits[0]


def _turns_given(monitor: Any) -> Iterator[float]:
    """The time of each turn that Redis gives out, by its own clock."""
    for happened in monitor.listen():
        command, *rest = happened["command"].split()
        if command == "LPUSH":
            yield int(rest[1]) / 1e6


def _fullest_second(times: list[float]) -> int:
    return max(sum(1 for other in times if start <= other < start + 1) for start in times)


def test_several_processes_together_keep_one_even_pace(
    server: RedisServer, client: redis.Redis
) -> None:
    command = [sys.executable, "-c", _CLIENT, server.url, "30", "20"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    untyped: Any = client
    with untyped.monitor() as monitor:
        for process in processes:
            process.communicate("go\n", timeout=120)
        assert [process.returncode for process in processes] == [0] * 3
        # By the clock of Redis: a process may come to its turn any time later.
        turns = list(islice(_turns_given(monitor), 60))
    # No second has more than the pace, to the microsecond.
    assert min(after - before for before, after in pairwise(turns)) >= 1 / 30 - 0.0201
    assert _fullest_second(turns) <= 30
    assert turns[-1] - turns[0] >= 59 / 30 - 0.0201
    assert client.llen("bourne:pace:{tmdb}:turns") == 30, "no more than are needed are kept"


def test_a_redis_that_remembers_nothing_gives_no_burst(client: redis.Redis) -> None:
    assert _wait_for_turn(RedisRateLimiter(client, "tmdb", 50)) == 1.0


def test_a_wait_that_one_process_must_keep_all_keep_and_a_shorter_one_changes_nothing(
    client: redis.Redis,
) -> None:
    one, other = RedisRateLimiter(client, "tmdb", 100), RedisRateLimiter(client, "tmdb", 100)
    assert one.acquire(_sleep)
    one.pause(1_000.0)
    one.pause(0.1)
    assert 500 < _wait_for_turn(other) <= 1_000


def test_another_server_has_a_pace_of_its_own(client: redis.Redis) -> None:
    RedisRateLimiter(client, "tmdb", 1).pause(60.0)
    assert _wait_for_turn(RedisRateLimiter(client, "proxy", 100)) == 1.0


def test_a_turn_waits_for_a_redis_that_is_restarted(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        rate_limiter = redis_rate_limiter(server.url, "tmdb", 100)
        assert rate_limiter.acquire(_sleep)
        server.stop()
        with ThreadPoolExecutor(1) as pool:
            with socket.create_server(("127.0.0.1", server.port)) as gone:
                waiting = pool.submit(rate_limiter.acquire, _sleep)
                gone.accept()[0].close()  # its first try is in vain
            server.start()
            assert waiting.result(timeout=120)


def test_a_redis_that_is_gone_ends_in_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bourne_assets.tmdb.redis_rate_limit._TRIES", 1)
    rate_limiter = redis_rate_limiter("redis://:hidden-word@127.0.0.1:1/0", "tmdb", 3)
    with pytest.raises(RateLimiterUnavailable) as caught:
        rate_limiter.acquire(_sleep)
    assert caught.value.__suppress_context__, "a traceback does not quote Redis either"
    assert str(caught.value) == (
        "The Redis that keeps TMDB's pace does not respond as it should (ConnectionError): "
        "check BOURNE_REDIS_URL and the server."
    )


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"bourne_assets\[deploy-celery\]"):
        redis_rate_limiter("redis://127.0.0.1:1/7", "tmdb", 3)
