"""TMDB's responses in the lake as received, and many requests at once with no response lost."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import JSON, Lake, StoredObject
from bourne_assets.tmdb.client import connect_tmdb
from bourne_assets.tmdb.errors import TmdbAuthError, TmdbNotFound, TmdbProtocolError
from bourne_assets.tmdb.fetch import LAST_PAGE, fetch_all, search_pages
from bourne_assets.tmdb.raw import MAXIMUM_BYTES, RawWriter
from bourne_assets.tmdb.responses import Response
from bourne_assets_tests.standin import (
    NOT_FOUND,
    PACE,
    UNAUTHORISED,
    Reply,
    TmdbStandIn,
    as_html,
    refusal,
    snapshot,
)

_NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
_BODIES = [
    b'{"popularity": 1.0}',
    b'{"popularity": 1.00, "budget": 1e3, "big": 12345678901234567890123}',
    b'{"b": 1, "a": 2, "a": 3}',
    b'{"title": "Am\\u00e9lie \\/ \\ud83c\\udfac \\u0000"}',
    '{"title": "Amélie 🎬"}'.encode(),
    b'{\n  "spaced" :\t[ 1 ,2 ]\r\n}',
    b'{"half": "\\ud800"}',
    b"[]",
    b"null",
    b'"words"',
    b"-0.0",
]
_NO_JSON = [
    as_html("Log in to the network").body,
    b"",
    b"   ",
    b"{",
    b'{"a": 1} {"b": 2}',
    b'{"a": NaN}',
    b'{"a": [1, Infinity]}',
    b"-Infinity",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b'{"a": "\xe9"}',
    b"[" * 400_000,
    b"[" * 400_000 + b"]" * 400_000,
    b'"], "status": 200, "x": ["',
    b"1, 2",
]


def _response(
    body: bytes = b"{}",
    *,
    endpoint: str = "movie_details",
    status: int = 200,
    time: datetime = _NOON,
    path: str = "/movie/1",
) -> Response:
    return Response(endpoint, path, {}, status, time, body)


def _no_constant(word: str) -> None:
    message = f"{word} is not JSON"
    raise ValueError(message)


def _elements(lake: Lake, key: str) -> list[dict[str, Any]]:
    """The elements of a file, read as strictly as other programs read JSON."""
    elements = json.loads(lake.read(key)[0], parse_constant=_no_constant)
    assert isinstance(elements, list)
    return elements


def _landed(lake: Lake, responses: Sequence[Response]) -> list[StoredObject]:
    with RawWriter(lake) as writer:
        for response in responses:
            writer.add(response)
    return writer.stored


# One file.


def test_the_key_names_the_day_the_endpoint_and_the_time(lake: Lake) -> None:
    (stored,) = _landed(lake, [_response()])
    key = "Raw/TMDB/JSON/2026/11/23/movie_details/20261123T120000123456Z-1.json"
    assert lake.list() == [key]
    assert stored.uri == lake.uri(key)
    assert lake.read(key)[1].sha256 == stored.sha256


def test_a_file_is_named_after_the_time_of_its_newest_response(lake: Lake) -> None:
    times = [_NOON, _NOON + timedelta(seconds=2), _NOON + timedelta(seconds=1)]
    _landed(lake, [_response(time=time) for time in times])
    (key,) = lake.list()
    assert key.endswith("/20261123T120002123456Z-1.json")


def test_an_element_holds_the_request_the_time_and_the_status_beside_the_response(
    lake: Lake,
) -> None:
    parameters = {"query": "Amélie “the first”", "page": "1"}
    _landed(
        lake,
        [
            Response(
                "search_movie",
                "/search/movie",
                parameters,
                200,
                _NOON,
                b'{"page": 1}',
                base_url="https://tmdb.example/3",
            )
        ],
    )
    (key,) = lake.list()
    assert _elements(lake, key) == [
        {
            "path": "/search/movie",
            "parameters": parameters,
            "base_url": "https://tmdb.example/3",
            "fetched_at": "2026-11-23T12:00:00.123456+00:00",
            "status": 200,
            "answer": {"page": 1},
        }
    ]


def test_the_bytes_of_a_response_stand_unchanged_in_the_file(lake: Lake) -> None:
    _landed(lake, [_response(body) for body in _BODIES])
    (key,) = lake.list()
    data, _ = lake.read(key)
    for body in _BODIES:
        assert b'"answer": ' + body + b"}" in data
    assert len(_elements(lake, key)) == len(_BODIES)


def test_what_is_not_json_is_kept_byte_for_byte_and_the_file_stays_readable(lake: Lake) -> None:
    _landed(lake, [_response(body) for body in _NO_JSON])
    elements = [element for key in lake.list() for element in _elements(lake, key)]
    kept = [base64.b64decode(element["base64"]) for element in elements]
    assert sorted(kept) == sorted(_NO_JSON)
    assert not any("answer" in element for element in elements)


def test_nothing_collected_is_nothing_stored(lake: Lake) -> None:
    assert _landed(lake, []) == []
    assert lake.list() == []


# Several files.


def test_a_file_has_a_hundred_responses_at_most(lake: Lake) -> None:
    bodies = [b'{"id": %d}' % number for number in range(250)]
    stored = _landed(lake, [_response(body) for body in bodies])
    files = [_elements(lake, lake.key(known.uri)) for known in stored]
    assert [len(elements) for elements in files] == [100, 100, 50]
    found = [element["answer"]["id"] for elements in files for element in elements]
    assert found == list(range(250))


def test_a_hundred_responses_are_one_file(lake: Lake) -> None:
    assert len(_landed(lake, [_response()] * 100)) == 1


def test_a_file_has_ten_megabytes_at_most(lake: Lake) -> None:
    bodies = [b'"%s"' % (bytes([letter]) * 3_000_000) for letter in b"abcdefg"]
    stored = _landed(lake, [_response(body) for body in bodies])
    assert all(known.size <= MAXIMUM_BYTES for known in stored)
    files = [_elements(lake, lake.key(known.uri)) for known in stored]
    assert [len(elements) for elements in files] == [3, 3, 1]
    assert [element["answer"][0] for file in files for element in file] == list("abcdefg")


@pytest.mark.parametrize(("more", "files"), [(0, 1), (1, 2)])
def test_a_file_is_filled_to_the_last_byte_and_not_beyond(
    lake: Lake, more: int, files: int
) -> None:
    (empty,) = _landed(lake, [_response(b'""'), _response(b'""')])
    half, odd = divmod(MAXIMUM_BYTES - empty.size, 2)
    bodies = [b'"%s"' % (b"x" * size) for size in (half, half + odd + more)]
    stored = _landed(lake, [_response(body) for body in bodies])
    assert len(stored) == files
    assert all(known.size <= MAXIMUM_BYTES for known in stored)


def test_a_response_that_swells_as_text_still_makes_no_file_above_ten_megabytes(
    lake: Lake,
) -> None:
    (stored,) = _landed(lake, [_response(b"\x01" * 2_000_000)])
    assert stored.size <= MAXIMUM_BYTES


def test_a_file_has_the_responses_of_one_endpoint(lake: Lake) -> None:
    endpoints = ["movie_details", "movie_external_ids", "search_movie", "collection"] * 3
    _landed(lake, [_response(b'"%s"' % name.encode(), endpoint=name) for name in endpoints])
    keys = lake.list()
    assert len(keys) == 4
    for key in keys:
        name = key.split("/")[-2]
        assert [element["answer"] for element in _elements(lake, key)] == [name] * 3


def test_error_responses_stand_apart(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    _landed(lake, [client.movie_details(2501), client.movie_details(5)])
    folders = {key.split("/")[-2]: key for key in lake.list()}
    assert folders.keys() == {"movie_details", "errors"}
    (error,) = _elements(lake, folders["errors"])
    assert (error["status"], error["path"]) == (404, "/movie/5")
    assert error["answer"] == json.loads(NOT_FOUND.body)
    (film,) = _elements(lake, folders["movie_details"])
    assert film["answer"] == snapshot("movie/2501")


# The same again.


def test_the_same_responses_twice_are_one_object(lake: Lake) -> None:
    responses = [_response(b'{"id": 1}'), _response(b'{"id": 2}')]
    assert _landed(lake, responses) == _landed(lake, responses)
    assert len(lake.list()) == 1


def test_other_responses_of_the_same_time_get_the_next_number(lake: Lake) -> None:
    for _ in range(2):
        for body in (b"1", b"2", b"3"):
            _landed(lake, [_response(body)])
    folder = "Raw/TMDB/JSON/2026/11/23/movie_details/20261123T120000123456Z"
    assert lake.list() == [f"{folder}-{number}.json" for number in (1, 2, 3)]
    assert [_elements(lake, key)[0]["answer"] for key in lake.list()] == [1, 2, 3]


def test_an_object_of_the_same_name_is_never_overwritten(lake: Lake) -> None:
    key = "Raw/TMDB/JSON/2026/11/23/movie_details/20261123T120000123456Z-1.json"
    lake.write(key, b"somebody else's", JSON)
    (stored,) = _landed(lake, [_response()])
    assert lake.read(key)[0] == b"somebody else's"
    assert stored.uri.endswith("-2.json")


@pytest.mark.parametrize(("theirs", "objects"), [(b'{"id": 2}', 2), (b'{"id": 1}', 1)])
def test_a_process_that_was_faster_keeps_its_object_and_loses_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, theirs: bytes, objects: int
) -> None:
    rival = connect_s3(lake.access, lake.bucket, lake.prefix)

    def head_before_the_rival_writes(key: str) -> StoredObject | None:
        known = Lake.head(lake, key)
        if not rival.list():
            _landed(rival, [_response(theirs)])
        return known

    monkeypatch.setattr(lake, "head", head_before_the_rival_writes)
    _landed(lake, [_response(b'{"id": 1}')])
    keys = lake.list()
    assert len(keys) == objects
    assert _elements(lake, keys[0])[0]["answer"] == json.loads(theirs)
    assert _elements(lake, keys[-1])[0]["answer"] == {"id": 1}


# When something fails.


def test_what_was_collected_is_stored_when_a_later_step_fails(lake: Lake) -> None:
    with pytest.raises(ZeroDivisionError), RawWriter(lake) as writer:  # noqa: PT012 - the block is what is tested
        writer.add(_response())
        _ = 1 // 0
    assert len(lake.list()) == 1


def test_a_lake_that_fails_is_reported(s3_server: EmbeddedLake) -> None:
    nowhere = connect_server(s3_server.endpoint, s3_server.credentials, "no-such-bucket")
    with pytest.raises(LakeError, match="no-such-bucket"), RawWriter(nowhere) as writer:
        writer.add(_response())


def test_responses_may_come_from_many_threads(lake: Lake) -> None:
    with RawWriter(lake) as writer, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: writer.add(_response(b"%d" % number)), range(1000)))
    files = [_elements(lake, lake.key(known.uri)) for known in writer.stored]
    assert [len(elements) for elements in files] == [100] * 10
    found = sorted(element["answer"] for elements in files for element in elements)
    assert found == list(range(1000))


@pytest.mark.usefixtures("no_naps")
@pytest.mark.parametrize("name", ["token", "key"])
def test_landed_objects_hold_no_credential_even_when_the_server_sends_it_back(
    lake: Lake, tmdb_server: TmdbStandIn, name: str
) -> None:
    credentials: dict[str, str | None] = {"token": None, "key": None}
    secret = credentials[name] = str(getattr(tmdb_server, name))
    client = connect_tmdb(
        tmdb_server.base_url,
        token=credentials["token"],
        key=credentials["key"],
        requests_per_second=PACE,
    )
    tmdb_server.override("/movie/2501", {"id": 2501, "echo": secret})
    tmdb_server.override("/movie/5", refusal(404, 34, secret))
    with RawWriter(lake) as writer:
        list(fetch_all(client, client.movie_details, [2501, 2502, 5, 40001], writer))
        list(search_pages(client, "Bourne", writer))
    landed = b"".join(lake.read(key)[0] for key in lake.list())
    assert landed.count(b"***") == 2
    assert base64.b64encode(secret.encode())[:-8] not in landed
    assert secret.encode() not in landed
    assert b"api_key" not in landed
    assert b"Bearer" not in landed


# Many requests at once.


def test_no_requests_have_no_responses(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    with RawWriter(lake) as writer:
        assert list(fetch_all(client, client.movie_details, [], writer)) == []
    assert tmdb_server.requests == []
    assert lake.list() == []


def test_responses_come_in_the_order_of_the_requests(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    last_has_responded = threading.Event()

    def request(number: int) -> Response:
        if number == 9:
            last_has_responded.set()
        elif number == 1:
            assert last_has_responded.wait(timeout=60)
        return _response(b"%d" % number)

    with RawWriter(lake) as writer:
        responses = list(fetch_all(tmdb_server.client(), request, range(10), writer))
    assert [response.body for response in responses] == [b"%d" % number for number in range(10)]
    (key,) = lake.list()
    assert [element["answer"] for element in _elements(lake, key)] == list(range(10))


def test_many_films_are_requested_once_each(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    ids = list(range(1, 151))
    for tmdb_id in ids:
        tmdb_server.override(f"/movie/{tmdb_id}", {"id": tmdb_id})
    client = tmdb_server.client()
    with RawWriter(lake) as writer:
        responses = list(fetch_all(client, client.movie_details, ids, writer))
    assert [json.loads(response.body)["id"] for response in responses] == ids
    assert sorted(tmdb_server.paths) == sorted(f"/movie/{tmdb_id}" for tmdb_id in ids)
    assert len(writer.stored) == 2


def test_responses_are_stored_before_anybody_reads_them(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    client = tmdb_server.client()
    with RawWriter(lake) as writer:
        responses = fetch_all(client, client.movie_details, range(1, 202), writer)
        for number, response in enumerate(responses):
            stored = [element for key in lake.list() for element in _elements(lake, key)]
            assert any(element["path"] == response.path for element in stored)
            if number in {0, 100, 200}:
                assert len(stored) == min(201, number + 100)


def test_responses_are_stored_when_one_request_fails(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    refused = UNAUTHORISED
    others = ["/movie/2503", "/movie/49040", "/movie/5"]
    tmdb_server.override("/movie/2502", Reply(401, refused.body, refused.headers, after=others))
    tmdb_server.override("/movie/2503", as_html("Teapot", 418))
    client, writer = tmdb_server.client(), RawWriter(lake)
    with pytest.raises(TmdbAuthError, match="/movie/2502"):
        list(fetch_all(client, client.movie_details, [2501, 2502, 2503, 49040, 5], writer))
    landed = {
        element["path"]: element["status"]
        for key in lake.list()
        for element in _elements(lake, key)
    }
    assert landed == {"/movie/2501": 200, "/movie/2503": 418, "/movie/49040": 200, "/movie/5": 404}


def test_an_interrupt_while_requests_are_handed_out_breaks_off_those_under_way(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    client = tmdb_server.client()
    tmdb_server.override("/movie/2502", Reply(seconds=60))

    def interrupted() -> Iterator[int]:
        yield from (2501, 2502)
        while "/movie/2502" not in tmdb_server.paths:
            time.sleep(0.001)
        raise KeyboardInterrupt

    with RawWriter(lake) as writer, pytest.raises(KeyboardInterrupt):
        list(fetch_all(client, client.movie_details, interrupted(), writer))
    (key,) = lake.list()
    assert [element["path"] for element in _elements(lake, key)] == ["/movie/2501"]


# Pages of a search.


def _serve_pages(server: TmdbStandIn, total: int) -> None:
    for number in range(1, min(total, LAST_PAGE) + 1):
        page = {"page": number, "results": [], "total_pages": total, "total_results": total * 20}
        server.override(f"/search/movie?page={number}", page)


@pytest.mark.parametrize("total", [0, 1, 2, 30])
def test_all_pages_are_fetched_in_order(lake: Lake, tmdb_server: TmdbStandIn, total: int) -> None:
    _serve_pages(tmdb_server, max(total, 1))
    if total == 0:
        empty = {"page": 1, "results": [], "total_pages": 0, "total_results": 0}
        tmdb_server.override("/search/movie", empty)
    with RawWriter(lake) as writer:
        responses = list(search_pages(tmdb_server.client(), "Bourne", writer))
    requested = max(total, 1)
    assert [json.loads(response.body)["page"] for response in responses] == list(
        range(1, requested + 1)
    )
    assert len(tmdb_server.requests) == requested
    assert tmdb_server.requests[0].query["page"] == "1"


def test_the_last_page_that_tmdb_serves_is_fetched(
    lake: Lake, tmdb_server: TmdbStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.tmdb.fetch.LAST_PAGE", 7)
    _serve_pages(tmdb_server, 7)
    with RawWriter(lake) as writer:
        responses = list(search_pages(tmdb_server.client(), "Bourne", writer))
    assert json.loads(responses[-1].body)["page"] == 7


def test_no_page_is_requested_that_tmdb_does_not_serve_and_a_warning_says_so(
    lake: Lake, tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    _serve_pages(tmdb_server, LAST_PAGE + 1)
    responses = list(search_pages(tmdb_server.client(), "the", RawWriter(lake)))
    assert len(responses) == len(tmdb_server.requests) == LAST_PAGE
    assert max(int(request.query["page"]) for request in tmdb_server.requests) == LAST_PAGE
    assert "'the' has 501 pages of results, and TMDB serves 500" in caplog.text


@pytest.mark.usefixtures("no_naps")
@pytest.mark.usefixtures("no_naps")
def test_a_search_whose_response_is_not_a_page_is_stored_and_refused(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/search/movie", as_html("Log in to the network"))
    with pytest.raises(TmdbProtocolError, match="not as documented"):
        list(search_pages(tmdb_server.client(), "Bourne", RawWriter(lake)))
    (key,) = lake.list()
    assert re.search(r"/errors/\d{8}T\d{12}Z-1\.json$", key)
    (element,) = _elements(lake, key)
    assert b"Log in to the network" in base64.b64decode(element["base64"])
    assert element["headers"]["content-type"] == "text/html"


def test_a_page_that_fails_fails_the_search_and_the_others_are_stored(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    _serve_pages(tmdb_server, 4)
    others = ["/search/movie?page=2", "/search/movie?page=4"]
    last = Reply(NOT_FOUND.status, NOT_FOUND.body, after=others)
    tmdb_server.override("/search/movie?page=3", last)
    with pytest.raises(TmdbNotFound):
        list(search_pages(tmdb_server.client(), "Bourne", RawWriter(lake)))
    pages = [
        element["parameters"]["page"] for key in lake.list() for element in _elements(lake, key)
    ]
    assert sorted(pages) == ["1", "2", "3", "4"]
