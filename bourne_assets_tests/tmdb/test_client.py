"""What the client makes of TMDB's responses: one response, or one error that says what to do."""

import gzip
import json
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from bourne_assets.errors import ConfigurationError
from bourne_assets.tmdb.client import connect_tmdb
from bourne_assets.tmdb.errors import (
    TmdbAuthError,
    TmdbError,
    TmdbNotFound,
    TmdbProtocolError,
    TmdbUnavailable,
)
from bourne_assets.tmdb.models import (
    MovieDetails,
)
from bourne_assets.tmdb.responses import parse
from bourne_assets_tests.standin import (
    HANG_UP,
    NOT_FOUND,
    PACE,
    Reply,
    TmdbStandIn,
    as_html,
    as_json,
    refusal,
    snapshot,
)

_FOREVER = 30
_LONGEST_DETAILS = 512 * 1024

pytestmark = pytest.mark.usefixtures("no_naps")


# What is requested.


def test_a_search_names_query_and_page_and_leaves_adult_films_out(
    tmdb_server: TmdbStandIn,
) -> None:
    tmdb_server.client().search_movie("Amélie & friends?", 2)
    (request,) = tmdb_server.requests
    assert request.path == "/search/movie"
    assert request.query == {
        "query": "Amélie & friends?",
        "page": "2",
        "include_adult": "false",
    }


def test_each_request_has_its_path(tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    responses = [
        client.movie_details(2501),
        client.movie_external_ids(2501),
        client.collection(31562),
        client.authentication(),
    ]
    paths = ["/movie/2501", "/movie/2501/external_ids", "/collection/31562", "/authentication"]
    assert tmdb_server.paths == paths
    assert [response.path for response in responses] == paths
    assert [response.endpoint for response in responses] == [
        "movie_details",
        "movie_external_ids",
        "collection",
        "authentication",
    ]


def test_a_response_holds_the_bytes_as_received_and_the_time(tmdb_server: TmdbStandIn) -> None:
    before = datetime.now(UTC)
    response = tmdb_server.client().movie_details(2501)
    assert response.body == json.dumps(snapshot("movie/2501")).encode()
    assert response.status == 200
    assert response.fetched_at.utcoffset() == timedelta(0)
    assert before <= response.fetched_at <= datetime.now(UTC)


def test_the_request_in_a_response_names_no_credential(tmdb_server: TmdbStandIn) -> None:
    client = connect_tmdb(
        tmdb_server.base_url, token=None, key=tmdb_server.key, requests_per_second=PACE
    )
    response = client.search_movie("Bourne", 1)
    assert response.parameters == {"query": "Bourne", "page": "1", "include_adult": "false"}
    assert response.path == "/search/movie"


def test_a_credential_that_comes_back_in_a_response_is_taken_out(
    tmdb_server: TmdbStandIn,
) -> None:
    both = connect_tmdb(
        tmdb_server.base_url,
        token=tmdb_server.token,
        key=tmdb_server.key,
        requests_per_second=PACE,
    )
    echo = {"url": f"/3/authentication?api_key={tmdb_server.key}", "bearer": tmdb_server.token}
    tmdb_server.override("/authentication", echo)
    response = both.authentication()
    assert json.loads(response.body) == {"url": "/3/authentication?api_key=***", "bearer": "***"}


def test_a_connect_tmdb_says_that_tmdb_responded(tmdb_server: TmdbStandIn) -> None:
    assert tmdb_server.client().source == "tmdb"


# What is refused.


def test_an_invalid_credential_is_a_matter_of_configuration(tmdb_server: TmdbStandIn) -> None:
    wrong = connect_tmdb(tmdb_server.base_url, token="wrong", key=None, requests_per_second=PACE)
    with pytest.raises(TmdbAuthError) as caught:
        wrong.authentication()
    error = caught.value
    assert isinstance(error, ConfigurationError)
    assert error.exit_code == 2
    assert "/authentication (HTTP 401, code 7: Invalid API key: You must be granted" in str(error)
    assert "TMDB_READ_ACCESS_TOKEN" in str(error)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, 10, "Suspended API key: Access to your account has been suspended."),
        (401, 3, "Authentication failed: You do not have permissions to access the service."),
        (403, 45, "This user has been suspended."),
    ],
)
def test_every_refusal_of_the_credential_says_tmdbs_code_and_words(
    tmdb_server: TmdbStandIn, status: int, code: int, words: str
) -> None:
    tmdb_server.override("/movie/2501", refusal(status, code, words))
    with pytest.raises(TmdbAuthError) as caught:
        tmdb_server.client().movie_details(2501)
    assert f"HTTP {status}, code {code}: {words.rstrip('.')}" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("no_naps")
def test_a_403_of_a_gateway_is_told_without_its_page(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.override("/movie/2501", as_html("Access denied", 403))
    with pytest.raises(TmdbUnavailable, match=r"gateway .* with a web page .*\(HTTP 403\)"):
        tmdb_server.client().movie_details(2501)


def test_a_404_for_an_unknown_film_is_a_response(tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    for response in (client.movie_details(5), client.movie_external_ids(5)):
        assert response.status == 404
        assert response.body == NOT_FOUND.body


def test_an_unknown_collection_is_an_error(tmdb_server: TmdbStandIn) -> None:
    with pytest.raises(TmdbNotFound) as caught:
        tmdb_server.client().collection(5)
    assert "/collection/5 (HTTP 404, code 34: " in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "body",
    [
        as_html("Not Found").body,
        b"",
        b"null",
        b"[34]",
        b'{"message": "no route"}',
        b'{"status_code": "34"}',
        b'{"status_code": 34',
        b'\xff\xfe{"status_code": 34}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"9" * 100_000,
    ],
    ids=[
        "html",
        "empty",
        "null",
        "list",
        "other-object",
        "text-code",
        "truncated",
        "not-utf-8",
        "open-depth",
        "closed-depth",
        "huge-number",
    ],
)
def test_a_404_that_tmdb_did_not_write_is_an_error_and_no_deleted_film(
    tmdb_server: TmdbStandIn, body: bytes
) -> None:
    tmdb_server.override("/movie/2501", Reply(404, body))
    with pytest.raises(TmdbError, match="TMDB_BASE_URL"):
        tmdb_server.client().movie_details(2501)


def test_a_missing_query_is_told_in_tmdbs_words(tmdb_server: TmdbStandIn) -> None:
    with pytest.raises(TmdbProtocolError, match=r"HTTP 422: query must be provided"):
        tmdb_server.client().search_movie("", 1)


@pytest.mark.parametrize("page", [0, 501])
def test_a_page_that_tmdb_does_not_serve_is_told_in_tmdbs_words(
    tmdb_server: TmdbStandIn, page: int
) -> None:
    with pytest.raises(TmdbProtocolError, match=r"HTTP 400, code 22: Invalid page"):
        tmdb_server.client().search_movie("Bourne", page)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 405, 410, 418, 451])
def test_a_status_that_tmdb_does_not_document_is_an_error(
    tmdb_server: TmdbStandIn, status: int
) -> None:
    body = b"" if status in {204, 304} else b"{}"
    tmdb_server.override("/movie/2501", Reply(status, body))
    with pytest.raises(TmdbProtocolError, match=f"HTTP {status}"):
        tmdb_server.client().movie_details(2501)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (500, 11, "Internal error: Something went wrong, contact TMDB."),
        (502, 43, "Couldn't connect to the backend server."),
        (503, 46, "The API is undergoing maintenance. Try again later."),
        (504, 24, "Your request to the backend server timed out. Try again."),
        (520, 11, "Unknown."),
    ],
)
def test_an_outage_that_lasts_is_told_in_tmdbs_words(
    tmdb_server: TmdbStandIn, status: int, code: int, words: str
) -> None:
    tmdb_server.script("/movie/2501", [refusal(status, code, words)] * _FOREVER)
    with pytest.raises(TmdbUnavailable, match="try again later") as caught:
        tmdb_server.client().movie_details(2501)
    assert f"HTTP {status}, code {code}: {words.rstrip('.')}" in str(caught.value)
    assert caught.value.exit_code == 1


def test_an_outage_told_in_html_is_an_outage(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.script("/movie/2501", [as_html("Bad gateway", 502)] * _FOREVER)
    with pytest.raises(TmdbUnavailable, match=r"\(HTTP 502\)"):
        tmdb_server.client().movie_details(2501)


def test_a_server_that_is_not_there_is_told_as_such() -> None:
    with TmdbStandIn() as server:
        client = server.client()
    with pytest.raises(TmdbUnavailable, match=r"at 127.0.0.1:\d+: it refused.*TMDB_BASE_URL"):
        client.authentication()


@pytest.mark.parametrize(
    "reply",
    [
        HANG_UP,
        Reply(raw=b"SSH-2.0-OpenSSH_9.9\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"),
        Reply(raw=b"HTTP/1.1 abc\r\n\r\n"),
        Reply(body=b"{" + b" " * 100_000, sent=0),
        Reply(body=b"{" + b" " * 100_000, sent=70_000),
        Reply(body=b"this is not gzip", headers={"Content-Encoding": "gzip"}),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"),
    ],
    ids=[
        "hang-up",
        "no-http",
        "half-a-head",
        "no-status",
        "head-only",
        "half-a-body",
        "no-gzip",
        "wrong-chunk",
        "half-a-chunk",
    ],
)
def test_a_broken_response_is_an_outage_and_not_a_response(
    tmdb_server: TmdbStandIn, reply: Reply
) -> None:
    tmdb_server.script("/movie/2501", [reply] * _FOREVER)
    with pytest.raises(TmdbError, match="/movie/2501") as caught:
        tmdb_server.client().movie_details(2501)
    assert caught.value.exit_code == 1


def test_a_response_that_broke_off_once_is_not_lost(tmdb_server: TmdbStandIn) -> None:
    whole = json.dumps(snapshot("movie/2501")).encode()
    tmdb_server.script("/movie/2501", [Reply(body=whole, sent=len(whole) // 2)])
    assert parse(tmdb_server.client().movie_details(2501), MovieDetails).id == 2501


def test_a_response_as_long_as_its_kind_may_be_is_read(tmdb_server: TmdbStandIn) -> None:
    for path, length in (
        ("/movie/2501", _LONGEST_DETAILS),
        ("/collection/1", 8 * _LONGEST_DETAILS),
    ):
        body = b'{"id": 1}'.ljust(length)
        tmdb_server.override(path, Reply(body=body))
        client = tmdb_server.client()
        read = client.collection(1) if "collection" in path else client.movie_details(2501)
        assert read.body == body


@pytest.mark.parametrize("status", [200, 404, 418, 302])
def test_a_longer_response_is_refused(tmdb_server: TmdbStandIn, status: int) -> None:
    long = Reply(status, b" " * (_LONGEST_DETAILS + 1), {"Location": "/3/movie/2502"})
    tmdb_server.override("/movie/2501", long)
    with pytest.raises(TmdbProtocolError, match=r"longer than 524288 bytes"):
        tmdb_server.client().movie_details(2501)


def test_a_response_that_becomes_longer_when_unpacked_is_refused(
    tmdb_server: TmdbStandIn,
) -> None:
    packed = gzip.compress(b" " * (300 * _LONGEST_DETAILS), compresslevel=1)
    bomb = Reply(body=packed, headers={"Content-Encoding": "gzip"})
    tmdb_server.override("/movie/2501", bomb)
    with pytest.raises(TmdbProtocolError, match="longer than"):
        tmdb_server.client().movie_details(2501)


@pytest.mark.parametrize(
    "words",
    ["two\nlines", "a\ttab", "\x1b[31mred\x1b[0m", "\x07bell", "x" * 5000, "a\r\nb", "\u202eback"],
    ids=["lines", "tab", "colour", "bell", "long", "return", "right-to-left"],
)
def test_words_of_a_server_are_told_short_and_on_one_plain_line(
    tmdb_server: TmdbStandIn, words: str
) -> None:
    tmdb_server.override("/movie/2501", refusal(418, 99, words))
    with pytest.raises(TmdbProtocolError) as caught:
        tmdb_server.client().movie_details(2501)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "body",
    [
        {"status_message": None, "errors": None},
        {"status_message": ["a", "b"]},
        {"status_message": 5, "status_code": None},
        {"errors": [{"field": "page"}, 5, None]},
        {"errors": "one"},
        "words",
        5,
    ],
)
def test_an_error_of_any_shape_is_reported(tmdb_server: TmdbStandIn, body: object) -> None:
    tmdb_server.override("/movie/2501", as_json(body, 400))
    with pytest.raises(TmdbProtocolError, match="HTTP 400") as caught:
        tmdb_server.client().movie_details(2501)
    assert "code" not in str(caught.value)


def test_errors_of_the_client_hide_where_they_came_from(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.script("/movie/2501", [HANG_UP] * _FOREVER)
    with pytest.raises(TmdbUnavailable) as caught:
        tmdb_server.client().movie_details(2501)
    shown = "".join(traceback.format_exception(caught.value))
    assert "urllib3" not in shown
    assert caught.value.__cause__ is None
