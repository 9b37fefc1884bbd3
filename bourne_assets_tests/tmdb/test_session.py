"""The credential of a session: what leaves the machine, and what stays out of sight."""

import logging
import traceback
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import TmdbError, TmdbProtocolError, TmdbRateLimited, TmdbUnavailable
from bourne_assets.tmdb.session import KeyAuth, without_key
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


pytestmark = pytest.mark.usefixtures("no_naps")


def _client_with_key(server: TmdbStandIn) -> TmdbClient:
    return server.client(by_key=True)


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
    both = connect_tmdb(
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
        assert f"HTTP {status}" in str(caught.value)
        assert elsewhere.requests == []


@pytest.mark.parametrize("location", ["http://[", "http://elsewhere.invalid/\xff", "//", "\\"])
def test_a_redirect_to_a_place_that_is_not_an_address_is_an_error_of_tmdb(
    tmdb_server: TmdbStandIn, location: str
) -> None:
    tmdb_server.script("/movie/2501", [Reply(302, headers={"Location": location})])
    with pytest.raises(TmdbError, match="TMDB_BASE_URL"):
        tmdb_server.client().movie_details(2501)


@pytest.fixture(autouse=True)
def _urllib3_logs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic disables loggers of before; the client of Kubernetes raises this one's level."""
    for name in ("urllib3", "urllib3.connectionpool", "urllib3.util.retry"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)


def test_logs_of_the_http_libraries_show_addresses_without_the_key(
    tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tmdb_server.script("/movie/2501", [HANG_UP, OFFLINE])
    tmdb_server.script("/collection/31562", [TOO_MANY] * _FOREVER)
    client = _client_with_key(tmdb_server)
    client.movie_details(2501)
    with pytest.raises(TmdbRateLimited):
        client.collection(31562)
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
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
    assert caplog.records
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
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert tmdb_server.key not in shown
    assert "api_key" not in shown


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 422, 500])
def test_no_error_shows_a_credential_that_the_server_sends_back(
    tmdb_server: TmdbStandIn, status: int
) -> None:
    both = connect_tmdb(
        tmdb_server.base_url,
        token=tmdb_server.token,
        key=tmdb_server.key,
        requests_per_second=PACE,
    )
    words = f"I do not know {tmdb_server.token} nor {tmdb_server.key}"
    tmdb_server.script("/authentication", [refusal(status, 7, words)] * _FOREVER)
    with pytest.raises(TmdbError, match=r"I do not know \*\*\* nor \*\*\*") as caught:
        both.authentication()
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert tmdb_server.token not in shown
    assert tmdb_server.key not in shown


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
