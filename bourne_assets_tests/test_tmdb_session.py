"""Credential, pace and retries of a session: what leaves the machine, and what is tried again."""

import email.utils
import logging
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.tmdb.client import TmdbClient, live_client
from bourne_assets.tmdb.errors import TmdbError, TmdbProtocolError, TmdbRateLimited, TmdbUnavailable
from bourne_assets.tmdb.session import KeyAuth, live_session, paced_adapter, without_key
from bourne_assets_tests.standin import (
    HANG_UP,
    OFFLINE,
    PACE,
    TOO_MANY,
    Reply,
    TmdbStandIn,
    as_html,
    refusal,
)

_FOREVER = 30
_AN_HOUR = 3600
_TRANSIENT = [429, 500, 502, 503, 504]
_CREDENTIALS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that urllib3 would have slept between its tries: no test waits for them."""
    seconds: list[float] = []
    clock = SimpleNamespace(sleep=seconds.append, time=time.time)
    monkeypatch.setattr("urllib3.util.retry.time", clock)
    return seconds


def _client_with_key(server: TmdbStandIn, pace: float = PACE) -> TmdbClient:
    return live_client(server.base_url, token=None, key=server.key, requests_per_second=pace)


def test_the_token_goes_into_the_header_and_not_into_the_url(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.client().search_movie("Bourne", 1)
    (request,) = tmdb_server.requests
    assert request.headers["authorization"] == f"Bearer {tmdb_server.token}"
    assert tmdb_server.token not in request.target
    assert "api_key" not in request.query


def test_the_key_goes_into_the_query_once_and_no_header_is_sent_for_it(
    tmdb_server: TmdbStandIn,
) -> None:
    _client_with_key(tmdb_server).search_movie("Bourne", 1)
    (request,) = tmdb_server.requests
    assert parse_qs(urlsplit(request.target).query)["api_key"] == [tmdb_server.key]
    assert "authorization" not in request.headers


def test_the_key_is_sent_too_where_the_request_has_no_other_parameter(
    tmdb_server: TmdbStandIn,
) -> None:
    _client_with_key(tmdb_server).movie_details(2501)
    assert tmdb_server.requests[0].target == f"/3/movie/2501?api_key={tmdb_server.key}"


def test_with_both_credentials_only_the_token_is_sent(tmdb_server: TmdbStandIn) -> None:
    both = live_client(
        tmdb_server.base_url,
        token=tmdb_server.token,
        key=tmdb_server.key,
        requests_per_second=PACE,
    )
    both.authentication()
    (request,) = tmdb_server.requests
    assert request.headers["authorization"] == f"Bearer {tmdb_server.token}"
    assert tmdb_server.key not in request.target


def test_a_request_has_the_headers_that_it_needs_and_no_others(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.client().authentication()
    headers = tmdb_server.requests[0].headers
    assert headers.keys() == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
        "authorization",
    }
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("bourne-assets/")


@pytest.mark.parametrize("credential", ["token", "key"])
def test_a_netrc_file_adds_and_changes_nothing(
    tmdb_server: TmdbStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password of-another-service\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    use_token = credential == "token"
    client = tmdb_server.client() if use_token else _client_with_key(tmdb_server)
    client.authentication()
    sent = tmdb_server.requests[0].headers.get("authorization")
    assert sent == (f"Bearer {tmdb_server.token}" if use_token else None)


def test_cookies_that_a_server_sets_are_not_sent_back(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.script("/authentication", [Reply(headers={"Set-Cookie": "visitor=1; Path=/"})])
    client = tmdb_server.client()
    client.authentication()
    client.authentication()
    assert "cookie" not in tmdb_server.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("credential", ["token", "key"])
def test_a_redirect_is_an_error_and_the_other_host_sees_no_request(
    tmdb_server: TmdbStandIn, status: int, credential: str
) -> None:
    client = tmdb_server.client() if credential == "token" else _client_with_key(tmdb_server)
    with TmdbStandIn() as elsewhere:
        away = Reply(status, headers={"Location": f"{elsewhere.base_url}/movie/2501"})
        tmdb_server.script("/movie/2501", [away])
        with pytest.raises(TmdbProtocolError, match="TMDB_BASE_URL") as caught:
            client.movie_details(2501)
        assert caught.value.status == status
        assert elsewhere.requests == []


@pytest.mark.parametrize("location", ["http://[", "http://elsewhere.invalid/\xff", "//", "\\"])
def test_a_redirect_to_a_place_that_is_no_address_is_an_error_of_tmdb(
    tmdb_server: TmdbStandIn, location: str
) -> None:
    tmdb_server.script("/movie/2501", [Reply(302, headers={"Location": location})])
    with pytest.raises(TmdbError, match="TMDB_BASE_URL"):
        tmdb_server.client().movie_details(2501)


@pytest.mark.parametrize("status", _TRANSIENT)
def test_a_passing_failure_is_retried_and_the_answer_is_not_lost(
    tmdb_server: TmdbStandIn, status: int
) -> None:
    tmdb_server.script("/movie/2501", [as_html("Gateway", status)] * 3)
    assert tmdb_server.client().movie_details(2501).status == 200
    assert tmdb_server.paths == ["/movie/2501"] * 4


def test_a_connection_that_is_closed_without_an_answer_is_retried(
    tmdb_server: TmdbStandIn,
) -> None:
    tmdb_server.script("/movie/2501", [HANG_UP, HANG_UP])
    assert tmdb_server.client().movie_details(2501).status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_a_refusal_is_not_retried(tmdb_server: TmdbStandIn, status: int) -> None:
    tmdb_server.script("/collection/31562", [refusal(status, 5, "No.")])
    with pytest.raises(TmdbError):
        tmdb_server.client().collection(31562)
    assert len(tmdb_server.requests) == 1


def test_retry_after_zero_is_honoured_on_a_429(tmdb_server: TmdbStandIn, naps: list[float]) -> None:
    tmdb_server.script("/movie/2501", [Reply(429, TOO_MANY.body, {"Retry-After": "0"})])
    assert tmdb_server.client().movie_details(2501).status == 200
    assert naps == []


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_honoured(
    tmdb_server: TmdbStandIn, naps: list[float], status: int
) -> None:
    tmdb_server.script("/movie/2501", [Reply(status, headers={"Retry-After": "7"})])
    tmdb_server.client().movie_details(2501)
    assert naps == [7]


def test_retry_after_as_a_date_is_honoured(tmdb_server: TmdbStandIn, naps: list[float]) -> None:
    soon = email.utils.formatdate(time.time() + 50, usegmt=True)
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": soon})])
    tmdb_server.client().movie_details(2501)
    (nap,) = naps
    assert 0 < nap <= 50


def test_a_retry_after_that_is_gone_by_means_at_once(
    tmdb_server: TmdbStandIn, naps: list[float]
) -> None:
    past = email.utils.formatdate(0, usegmt=True)
    tmdb_server.script("/movie/2501", [Reply(429, headers={"Retry-After": past})])
    tmdb_server.client().movie_details(2501)
    assert naps == []


@pytest.mark.parametrize("words", ["soon", "1.5", "-1", ""])
def test_a_retry_after_that_means_nothing_does_not_cost_the_answer(
    tmdb_server: TmdbStandIn, words: str
) -> None:
    tmdb_server.script("/movie/2501", [Reply(503, OFFLINE.body, {"Retry-After": words})])
    assert tmdb_server.client().movie_details(2501).status == 200


def test_a_server_cannot_put_the_platform_to_sleep_for_hours(
    tmdb_server: TmdbStandIn, naps: list[float]
) -> None:
    long = Reply(503, OFFLINE.body, {"Retry-After": str(24 * _AN_HOUR)})
    tmdb_server.script("/movie/2501", [long] * _FOREVER)
    with pytest.raises(TmdbUnavailable):
        tmdb_server.client().movie_details(2501)
    assert sum(naps) < _AN_HOUR


def test_without_retry_after_the_waits_grow_and_stay_bounded(
    tmdb_server: TmdbStandIn, naps: list[float]
) -> None:
    tmdb_server.script("/movie/2501", [OFFLINE] * _FOREVER)
    with pytest.raises(TmdbUnavailable):
        tmdb_server.client().movie_details(2501)
    assert len(naps) >= 3
    assert naps == sorted(naps)
    assert max(naps) <= 10


def test_tries_come_to_an_end_when_tmdb_keeps_saying_too_many_requests(
    tmdb_server: TmdbStandIn,
) -> None:
    tmdb_server.script("/movie/2501", [TOO_MANY] * _FOREVER)
    # A pace of its own, for the pacer holds back everybody of that pace after a 429.
    client = _client_with_key(tmdb_server, pace=997.0)
    with pytest.raises(TmdbRateLimited, match="lower TMDB_REQUESTS_PER_SECOND") as caught:
        client.movie_details(2501)
    assert (caught.value.status, caught.value.code) == (429, 25)
    assert 1 < len(tmdb_server.requests) < _FOREVER


def test_all_sessions_of_one_pace_share_one_pacer() -> None:
    first = live_session(token="a", key=None, requests_per_second=12.5)
    second = live_session(token=None, key="b", requests_per_second=12.5)
    for address in ("https://api.themoviedb.org/3", "http://127.0.0.1:1/3"):
        assert first.get_adapter(address) is paced_adapter(12.5)
        assert second.get_adapter(address) is paced_adapter(12.5)
    assert paced_adapter(12.5) is not paced_adapter(13.5)


def test_logs_of_the_http_libraries_show_addresses_without_the_key(
    tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tmdb_server.script("/movie/2501", [HANG_UP, OFFLINE])
    tmdb_server.script("/collection/31562", [TOO_MANY] * _FOREVER)
    client = _client_with_key(tmdb_server, pace=991.0)
    client.movie_details(2501)
    with pytest.raises(TmdbRateLimited):
        client.collection(31562)
    speakers = {record.name.partition(".")[0] for record in caplog.records}
    assert {"urllib3", "requests_ratelimiter"} <= speakers
    assert "api_key=***" in caplog.text
    assert tmdb_server.key not in caplog.text
    assert not any(tmdb_server.key in str(record.__dict__) for record in caplog.records)


def test_logs_do_not_show_the_token(
    tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tmdb_server.script("/movie/2501", [HANG_UP, OFFLINE])
    tmdb_server.client().movie_details(2501)
    assert caplog.records
    assert tmdb_server.token not in caplog.text


def test_logs_of_an_unreachable_host_do_not_show_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with TmdbStandIn() as server:
        client = _client_with_key(server)
    with pytest.raises(TmdbUnavailable):
        client.authentication()
    assert "api_key=***" in caplog.text
    assert server.key not in caplog.text


@pytest.mark.parametrize(
    "reply",
    [
        HANG_UP,
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(body=b"[" * 500, sent=100),
        Reply(302, headers={"Location": "https://elsewhere.invalid/"}),
        Reply(503, headers={"Retry-After": "soon"}),
        as_html("Teapot", 418),
        OFFLINE,
    ],
    ids=["hang-up", "nonsense", "cut", "redirect", "retry-after", "teapot", "offline"],
)
def test_no_error_shows_the_key(tmdb_server: TmdbStandIn, reply: Reply) -> None:
    tmdb_server.script("/authentication", [reply] * _FOREVER)
    with pytest.raises(TmdbError) as caught:
        _client_with_key(tmdb_server).authentication()
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert tmdb_server.key not in told
    assert "api_key" not in told


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 422, 500])
def test_no_error_shows_a_credential_that_the_server_sends_back(
    tmdb_server: TmdbStandIn, status: int
) -> None:
    both = live_client(
        tmdb_server.base_url,
        token=tmdb_server.token,
        key=tmdb_server.key,
        requests_per_second=PACE,
    )
    words = f"I do not know {tmdb_server.token} nor {tmdb_server.key}"
    tmdb_server.script("/authentication", [refusal(status, 7, words)] * _FOREVER)
    with pytest.raises(TmdbError, match=r"I do not know \*\*\* nor \*\*\*") as caught:
        both.authentication()
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert tmdb_server.token not in told
    assert tmdb_server.key not in told


@settings(max_examples=40, deadline=None)
@given(key=_CREDENTIALS, query=st.text(st.characters(codec="utf-8")))
def test_any_key_arrives_whole_and_is_hidden_whole(key: str, query: str) -> None:
    address = "https://api.themoviedb.org/3/search/movie"
    request = requests.Request("GET", address, params={"query": query}, auth=KeyAuth(key)).prepare()
    url = str(request.url)
    assert parse_qs(urlsplit(url).query)["api_key"] == [key]
    before, name, _ = url.rpartition("api_key=")
    for line in (url, f"Retrying: {url}", f'"GET {url} HTTP/1.1" 429', f"url='{url}')"):
        assert without_key(line) == line.replace(url, f"{before}{name}***")


@settings(deadline=None)
@given(text=st.text())
def test_hiding_keys_changes_nothing_else_and_a_second_time_nothing_at_all(text: str) -> None:
    hidden = without_key(text)
    assert without_key(hidden) == hidden
    assert hidden == text or "api_key=" in text


@settings(deadline=None)
@given(before=st.text(), after=st.text(), key=st.from_regex(r"[0-9a-f]{32}", fullmatch=True))
def test_a_key_is_hidden_whatever_stands_around_it(before: str, after: str, key: str) -> None:
    hidden = without_key(f"{before}?api_key={key}&{after}")
    assert hidden == f"{without_key(before + '?')}api_key=***&{without_key('&' + after)[1:]}"
