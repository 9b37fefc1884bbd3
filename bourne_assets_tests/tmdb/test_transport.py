"""Pace and retries: what is requested again, when, and how long everybody waits for it."""

import email.utils
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import (
    TmdbError,
    TmdbInterrupted,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.models import MovieDetails
from bourne_assets.tmdb.rate_limit import RateLimiter, process_rate_limiter
from bourne_assets.tmdb.responses import parse
from bourne_assets.tmdb.retry import TRIES, retry_after
from bourne_assets.tmdb.transport import Transport
from bourne_assets_tests.standin import (
    HANG_UP,
    OFFLINE,
    PACE,
    TOO_MANY,
    Faults,
    GeneratedFilms,
    Limiter,
    Reply,
    TmdbStandIn,
    as_html,
    refusal,
)

_FOREVER = 120  # seconds, or times
_AN_HOUR = 3600
_TRANSIENT = [429, 500, 502, 503, 504]


class Clock:
    """A clock that moves when somebody waits, and notes how long.

    Attributes:
        naps: Seconds of every wait that is longer than what the pace of the tests needs.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def nap(self, seconds: float) -> bool:
        with self._lock:
            self.now += seconds
        if seconds > 1 / PACE + 1e-9:
            self.naps.append(seconds)
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody really waits."""
    clock = Clock()
    monkeypatch.setattr(Transport, "_sleep", lambda _, seconds: clock.nap(seconds))
    return clock


@pytest.fixture
def client(clock: Clock, tmdb_server: TmdbStandIn) -> TmdbClient:
    """A client of the stand-in, whose waits take no time."""
    return tmdb_server.client(RateLimiter(PACE, clock=clock))


def _client_with(server: TmdbStandIn, timeout: tuple[float, float]) -> TmdbClient:
    """A client of the stand-in that waits so long for a connection, and for a piece."""
    return connect_tmdb(
        server.base_url,
        token=server.token,
        key=None,
        requests_per_second=PACE,
        timeout=timeout,
        rate_limiter=RateLimiter(PACE),
    )


# What is requested again.


@pytest.mark.parametrize("status", _TRANSIENT)
def test_a_passing_failure_is_retried_and_the_response_is_not_lost(
    tmdb_server: TmdbStandIn, client: TmdbClient, status: int
) -> None:
    tmdb_server.script("/movie/2501", [as_html("Gateway", status)] * 3)
    assert client.movie_details(2501).status == 200
    assert tmdb_server.paths == ["/movie/2501"] * 4


@pytest.mark.parametrize(
    "reply",
    [
        HANG_UP,
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(body=b"{" + b" " * 999 + b"}", sent=100),
        as_html("Just a moment"),
        Reply(body=b'{"id": 2501, "title": "The Bou'),
        Reply(body=b""),
    ],
    ids=["hang-up", "no-http", "cut-off", "html", "cut-json", "nothing"],
)
def test_a_broken_response_is_retried_and_not_taken_for_a_good_one(
    tmdb_server: TmdbStandIn, client: TmdbClient, reply: Reply
) -> None:
    tmdb_server.script("/movie/2501", [reply, reply])
    assert parse(client.movie_details(2501), MovieDetails).id == 2501
    assert len(tmdb_server.requests) == 3


def test_a_response_that_stalls_is_retried(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.script("/movie/2501", [Reply(seconds=_FOREVER)])
    hasty = _client_with(tmdb_server, timeout=(5.0, 0.3))
    assert hasty.movie_details(2501).status == 200
    assert len(tmdb_server.requests) >= 2


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_NEVER_ENDING = {
    "status": Reply(raw=b"HTTP/1.1 " + b" " * _FOREVER * 100, drip=0.01),
    "headers": Reply(raw=_HEAD + b"X-Padding: " + b"x" * _FOREVER * 100, drip=0.01),
    "body": Reply(raw=_HEAD + b"\r\n{" + b" " * _FOREVER * 100, drip=0.01),
    "chunks": Reply(
        raw=_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * _FOREVER * 100,
        drip=0.01,
    ),
    "continue": Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * _FOREVER * 100, drip=0.01),
    "early-hints": Reply(raw=b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 9_999, drip=0.01),
}


@pytest.mark.parametrize("reply", _NEVER_ENDING.values(), ids=_NEVER_ENDING)
def test_a_response_that_trickles_in_is_abandoned(
    tmdb_server: TmdbStandIn, client: TmdbClient, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr("bourne_assets.tmdb.transport._WHOLE_RESPONSE_SECONDS", 0.3)
    tmdb_server.script("/movie/2501", [reply] * _FOREVER)
    with pytest.raises(TmdbUnavailable, match="it took too long"):
        client.movie_details(2501)
    assert len(tmdb_server.requests) == TRIES


def test_a_response_that_begins_again_and_again_is_abandoned(
    tmdb_server: TmdbStandIn, client: TmdbClient
) -> None:
    """As fast as the network is: what ends it is the number of bytes, not the time."""
    flood = Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)
    tmdb_server.script("/movie/2501", [flood] * _FOREVER)
    with pytest.raises(TmdbUnavailable):
        client.movie_details(2501)
    assert len(tmdb_server.requests) == TRIES


@pytest.mark.parametrize("reply", [*_NEVER_ENDING.values(), Reply(seconds=_FOREVER)])
def test_a_thread_that_waits_for_a_server_can_be_broken_off(
    tmdb_server: TmdbStandIn, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    """No deadline of a response does it: they are later than the test waits."""
    monkeypatch.setattr("bourne_assets.tmdb.transport._WHOLE_RESPONSE_SECONDS", _FOREVER)
    tmdb_server.script("/movie/2501", [reply] * _FOREVER)
    client = _client_with(tmdb_server, timeout=(5.0, _FOREVER))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.movie_details, 2501)
        while not tmdb_server.requests:
            time.sleep(0.001)
        client.transport.stop()
        with pytest.raises(TmdbInterrupted):
            waiting.result(timeout=60)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 422])
def test_a_refusal_is_not_retried(
    tmdb_server: TmdbStandIn, client: TmdbClient, status: int
) -> None:
    tmdb_server.script("/collection/31562", [refusal(status, 5, "No.")])
    with pytest.raises(TmdbError) as caught:
        client.collection(31562)
    assert len(tmdb_server.requests) == 1
    assert f"/collection/31562 (HTTP {status}, code 5: No)" in str(caught.value)


def test_tries_come_to_an_end_when_tmdb_keeps_saying_too_many_requests(
    tmdb_server: TmdbStandIn, client: TmdbClient
) -> None:
    tmdb_server.script("/movie/2501", [TOO_MANY] * _FOREVER)
    with pytest.raises(TmdbRateLimited, match=r"HTTP 429, code 25.*lower TMDB_REQUESTS_"):
        client.movie_details(2501)
    assert len(tmdb_server.requests) == TRIES


def test_a_page_that_stays_in_the_way_is_told_when_it_is_read(
    tmdb_server: TmdbStandIn, client: TmdbClient
) -> None:
    tmdb_server.script("/movie/2501", [as_html("Log in")] * _FOREVER)
    with pytest.raises(TmdbProtocolError, match=r"not as documented .*a web page"):
        client.movie_details(2501)
    assert len(tmdb_server.requests) == TRIES


# How long it waits.


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_honoured(
    tmdb_server: TmdbStandIn, client: TmdbClient, clock: Clock, status: int
) -> None:
    tmdb_server.script("/movie/2501", [Reply(status, headers={"Retry-After": "7"})])
    client.movie_details(2501)
    assert clock.naps == [pytest.approx(7.0, abs=0.01)]


def test_retry_after_as_a_date_is_honoured(
    tmdb_server: TmdbStandIn, client: TmdbClient, clock: Clock
) -> None:
    before = int(time.time())
    soon = email.utils.formatdate(before + 50, usegmt=True)
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": soon})])
    client.movie_details(2501)
    (nap,) = clock.naps
    assert before + 50 - time.time() < nap <= 50


@pytest.mark.parametrize("header", ["0", email.utils.formatdate(0, usegmt=True)])
def test_a_retry_after_of_nothing_means_the_back_off(
    tmdb_server: TmdbStandIn, client: TmdbClient, clock: Clock, header: str
) -> None:
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": header})])
    client.movie_details(2501)
    assert sum(clock.naps) >= 0.25


@pytest.mark.parametrize("words", ["soon", "1.5", "-1", "", "9" * 400])
def test_a_retry_after_that_means_nothing_does_not_cost_the_response(
    tmdb_server: TmdbStandIn, client: TmdbClient, words: str
) -> None:
    tmdb_server.script("/movie/2501", [Reply(503, OFFLINE.body, {"Retry-After": words})])
    assert client.movie_details(2501).status == 200


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_wait_or_none(header: str) -> None:
    seconds = retry_after(503, header)
    assert seconds is None or seconds > 0
    assert retry_after(200, header) is None


def test_a_server_cannot_put_the_platform_to_sleep_for_hours(
    tmdb_server: TmdbStandIn, client: TmdbClient, clock: Clock
) -> None:
    long = Reply(503, OFFLINE.body, {"Retry-After": str(24 * _AN_HOUR)})
    tmdb_server.script("/movie/2501", [long] * _FOREVER)
    with pytest.raises(TmdbUnavailable, match="asks to wait 86,400 seconds"):
        client.movie_details(2501)
    assert clock.naps == []
    assert len(tmdb_server.requests) == 1


def test_without_retry_after_the_waits_are_random_and_bounded(
    tmdb_server: TmdbStandIn, client: TmdbClient, clock: Clock
) -> None:
    tmdb_server.script("/movie/2501", [OFFLINE] * _FOREVER)
    with pytest.raises(TmdbUnavailable):
        client.movie_details(2501)
    assert 1 < len(set(clock.naps)) < TRIES
    assert max(clock.naps) <= 10


def test_while_one_request_is_told_to_wait_the_others_hold_too(
    tmdb_server: TmdbStandIn,
) -> None:
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": "1"})])
    client = tmdb_server.client()
    with ThreadPoolExecutor(4) as pool:
        paused = pool.submit(client.movie_details, 2501)
        limiter = client.transport.rate_limiter
        assert limiter is not None
        while limiter._held_until < 0:  # until the reply has come back
            time.sleep(0.001)
        others = [pool.submit(client.movie_details, tmdb_id) for tmdb_id in (2502, 2503)]
        assert {future.result().status for future in [paused, *others]} == {200}
    first, *later = tmdb_server.requests
    assert all(request.time - first.time >= 1.0 for request in later)


def test_a_stopped_client_waits_for_nothing_and_requests_nothing(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": "60"})])
    client = tmdb_server.client()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.movie_details, 2501)
        while not tmdb_server.requests:
            time.sleep(0.001)
        client.transport.stop()
        with pytest.raises(TmdbInterrupted):
            waiting.result(timeout=50)  # less than the server demands
    with pytest.raises(TmdbInterrupted):
        client.movie_details(2502)
    assert len(tmdb_server.requests) == 1


# The pace.


def _turns(rate_limiter: RateLimiter, clock: Clock, number: int) -> Iterator[float]:
    for _ in range(number):
        assert rate_limiter.acquire(clock.nap)
        yield clock.now


@given(
    st.sampled_from([0.5, 1.0, 3.0, 7.5, 39.0, 40.0, 1000.0]),
    st.lists(st.floats(0, 0.3), min_size=1, max_size=120),
)
def test_in_no_second_are_more_turns_than_the_pace_allows(pace: float, pauses: list[float]) -> None:
    """Whatever the callers do between their turns, and however late they take them."""
    clock = Clock()
    turns: list[float] = []
    rate_limiter = RateLimiter(pace, clock=clock)
    for pause in pauses:
        clock.now += pause
        turns.extend(_turns(rate_limiter, clock, 1))
    most = max(1, int(pace))
    for first, last in zip(turns, turns[most:], strict=False):
        assert last - first >= 1.0 - 1e-9


def test_turns_are_spread_evenly_and_there_is_no_burst_at_the_start() -> None:
    clock = Clock()
    turns = list(_turns(RateLimiter(39.0, clock=clock), clock, 100))
    gaps = [after - before for before, after in pairwise(turns)]
    assert gaps == [pytest.approx(1 / 39)] * 99


def test_a_turn_taken_late_does_not_lower_the_pace() -> None:
    clock = Clock()
    turns: list[float] = []
    rate_limiter = RateLimiter(39.0, clock=clock)
    for _ in range(390):
        turns.extend(_turns(rate_limiter, clock, 1))
        clock.now += 0.01  # somebody was slow, though not for a whole interval
    assert (len(turns) - 1) / (turns[-1] - turns[0]) == pytest.approx(39.0, rel=0.001)


def test_a_longer_hold_is_not_shortened_by_a_later_one() -> None:
    clock = Clock()
    rate_limiter = RateLimiter(PACE, clock=clock)
    rate_limiter.pause(5.0)
    rate_limiter.pause(1.0)
    assert next(_turns(rate_limiter, clock, 1)) == pytest.approx(5.0)


def test_clients_of_one_host_and_pace_share_one_rate_limiter() -> None:
    ours = process_rate_limiter("api.themoviedb.org", 12.5)
    assert process_rate_limiter("api.themoviedb.org", 12.5) is ours
    assert process_rate_limiter("api.themoviedb.org", 13.5) is not ours
    assert process_rate_limiter("proxy.example", 12.5) is not ours


def test_clients_of_a_process_keep_one_pace_together(
    tmdb_server: TmdbStandIn, clock: Clock
) -> None:
    rate_limiter = RateLimiter(100.0, clock=clock)
    clients = [tmdb_server.client(rate_limiter) for _ in range(4)]
    for number in range(61):
        assert clients[number % 4].movie_details(2501).status == 200
    assert clock.now == pytest.approx(60 / 100)


def test_a_limiter_at_the_pace_refuses_nothing_that_is_not_requested_again(clock: Clock) -> None:
    limiter = Limiter(20, clock=clock)
    with TmdbStandIn(GeneratedFilms(60), limiter=limiter) as server:
        client = server.client(RateLimiter(60.0, clock=clock))  # three times too fast
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(client.movie_details, range(1, 61)))
    assert [json.loads(response.body)["id"] for response in responses] == list(range(1, 61))
    assert limiter.refused > 0


def test_faults_of_all_kinds_lose_nothing(no_naps: None) -> None:
    del no_naps
    # Few enough that no film meets one at every try, in whatever order the threads come.
    faults = Faults(0.1, stall_seconds=_FOREVER)
    with TmdbStandIn(GeneratedFilms(200), faults=faults) as server:
        client = _client_with(server, timeout=(5.0, 2.0))
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(client.movie_details, range(1, 201)))
    assert [json.loads(response.body)["id"] for response in responses] == list(range(1, 201))
    assert faults.made > 10


def test_a_proxy_of_the_shell_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's network lets TMDB be reached through its proxy alone."""
    with TmdbStandIn() as proxy:
        proxy.override("/movie/7", {"id": 7})
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/3"))
        client = connect_tmdb(
            "http://tmdb.invalid/3", token=proxy.token, key=None, requests_per_second=PACE
        )
        assert json.loads(client.movie_details(7).body) == {"id": 7}
    assert [request.target for request in proxy.requests] == ["http://tmdb.invalid/3/movie/7"]


def test_a_wait_for_a_turn_can_be_broken_off() -> None:
    # A clock that stands still: the turn never comes.
    rate_limiter, stopped = RateLimiter(1.0, clock=lambda: 0.0), threading.Event()
    assert rate_limiter.acquire(stopped.wait)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rate_limiter.acquire, stopped.wait)
        stopped.set()
        assert waiting.result(timeout=60) is False
