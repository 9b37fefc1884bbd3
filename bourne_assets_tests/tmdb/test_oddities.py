"""What TMDB and the servers before it really send: a saga's films come out all the same."""

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from bourne_assets.errors import BourneError
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.saga.candidates import find_candidates
from bourne_assets.saga.definition import Saga
from bourne_assets.tables import records
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.errors import (
    TmdbAuthError,
    TmdbError,
    TmdbProtocolError,
    TmdbRateLimited,
    TmdbUnavailable,
)
from bourne_assets.tmdb.films import FilmTables, candidates_of, fetch_films
from bourne_assets.tmdb.models import LONGEST_TITLE
from bourne_assets.tmdb.raw import _LARGEST_READ, RawWriter, StoredResponses
from bourne_assets.tmdb.retry import TRIES
from bourne_assets_tests.standin import (
    NOT_FOUND,
    Reply,
    TmdbStandIn,
    as_html,
    as_json,
    refusal,
    snapshot,
)
from bourne_assets_tests.support.tiers import in_every_run

pytestmark = pytest.mark.usefixtures("no_naps")

_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
_FILMS = [2501, 2502, 2503, 49040, 324668]
_APPENDED = snapshot("movie/2503") | {
    "external_ids": {
        name: value for name, value in snapshot("movie/2503/external_ids").items() if name != "id"
    }
}


def _fetch(client: TmdbClient, lake: Lake) -> FilmTables:
    with RawWriter(lake) as writer:
        search = find_candidates(_BOURNE, client, writer)
        return fetch_films(candidates_of(search), client, writer)


def _stored_lately(lake: Lake, client: TmdbClient) -> StoredResponses:
    """Since yesterday, as midnight may have passed since they were stored."""
    return StoredResponses(lake, client.today - timedelta(days=1), until=client.today)


def _details(frame: pd.DataFrame | None) -> dict[int, dict[str, Any]]:
    assert frame is not None
    return {row["tmdb_id"]: row for row in records(frame)}


def _whole(films: FilmTables) -> dict[int, dict[str, Any]]:
    """The details by id, once all five films of the saga are in them with their figures."""
    rows = _details(films.details)
    saga = {tmdb_id: row for tmdb_id, row in rows.items() if row["collection_id"] == 31562}
    assert sorted(saga) == _FILMS
    assert sum(row["revenue"] for row in saga.values()) == 5 * 327_483_286.2
    return rows


def _film(**changes: object) -> dict[str, Any]:
    return {**_APPENDED, **changes}


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()


# Bytes over labels.

_BODIES: dict[str, Reply] = {
    "gzip-without-the-header": Reply(body=gzip.compress(_bytes(_APPENDED))),
    "gzip-twice": Reply(
        body=gzip.compress(gzip.compress(_bytes(_APPENDED))), headers={"Content-Encoding": "gzip"}
    ),
    "header-without-gzip": Reply(body=_bytes(_APPENDED), headers={"Content-Encoding": "gzip"}),
    "deflate": Reply(
        body=zlib.compress(_bytes(_APPENDED)), headers={"Content-Encoding": "deflate"}
    ),
    "deflate-without-its-header": Reply(
        body=zlib.compress(_bytes(_APPENDED), wbits=-15), headers={"Content-Encoding": "deflate"}
    ),
    "after-early-hints": Reply(
        raw=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
        + _bytes(_APPENDED)
    ),
    "utf-8-mark": Reply(body=b"\xef\xbb\xbf" + _bytes(_APPENDED)),
    "utf-16": Reply(body=json.dumps(_APPENDED).encode("utf-16")),
    "utf-32-without-mark": Reply(body=json.dumps(_APPENDED).encode("utf-32-le")),
    "lone-surrogate": Reply(body=_bytes(_film(overview="\ud83c cut"))),
    "not-utf-8": Reply(body=_bytes(_film(overview="caf?")).replace(b"caf?", b"caf\xe9")),
    "called-html": Reply(body=_bytes(_APPENDED), headers={"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("reply", in_every_run(_BODIES.values(), first=3), ids=_BODIES)
def test_a_body_is_read_by_its_bytes(lake: Lake, tmdb_server: TmdbStandIn, reply: Reply) -> None:
    tmdb_server.override("/movie/2503", reply)
    films = _fetch(tmdb_server.client(), lake)
    assert _whole(films)[2503]["title"] == "The Bourne Ultimatum"
    assert len(tmdb_server.requests) == 11
    resumed = tmdb_server.client()
    resumed.stored = _stored_lately(lake, resumed)
    assert _whole(_fetch(resumed, lake))[2503]["title"] == "The Bourne Ultimatum"
    assert len(tmdb_server.requests) == 11, "what was read is resumed"


# Passing failures.

_PASSING: dict[str, list[Reply]] = {
    "408": [as_html("Request Time-out", 408)],
    "425": [Reply(425)],
    "429-retry-after-0": [Reply(429, headers={"Retry-After": "0"})] * 2,
    "500-code-11": [refusal(500, 11, "Internal error")] * 2,
    **{str(status): [as_html("CDN", status)] for status in (520, 522, 525, 529)},
    "403-of-a-cdn": [as_html("Request blocked.", 403)] * 2,
    "200-null": [Reply(body=b"null")],
    "200-empty": [Reply(body=b"")],
    "200-empty-object": [Reply(body=b"{}")],
    "200-list": [Reply(body=b"[]")],
    "200-html": [as_html("Log in")],
    "200-with-an-error": [as_json(json.loads(refusal(500, 11, "Internal error").body))],
    "204": [Reply(204, b"")],
    "404-once": [NOT_FOUND],
    "404-of-a-gateway": [as_html("Technical difficulties", 404)],
}


@pytest.mark.parametrize("replies", _PASSING.values(), ids=_PASSING)
def test_a_failure_that_passes_costs_nothing(
    lake: Lake, tmdb_server: TmdbStandIn, replies: list[Reply]
) -> None:
    tmdb_server.script("/movie/2503", replies)
    _whole(_fetch(tmdb_server.client(), lake))


@pytest.mark.parametrize("path", ["/collection/31562", "/search/movie"])
@pytest.mark.parametrize("reply", [NOT_FOUND, as_html("Technical difficulties", 404)])
def test_what_gets_a_404_though_it_is_there_is_requested_again_once(
    lake: Lake, tmdb_server: TmdbStandIn, path: str, reply: Reply
) -> None:
    tmdb_server.script(path, [reply])
    _whole(_fetch(tmdb_server.client(), lake))
    tmdb_server.override(path, reply)
    before = tmdb_server.paths.count(path)
    with pytest.raises(BourneError):
        find_candidates(_BOURNE, tmdb_server.client(), RawWriter(lake))
    assert tmdb_server.paths.count(path) == before + 2


def test_a_header_of_a_good_response_does_not_matter(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    headers = {"Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT"}
    tmdb_server.override("/movie/2503", Reply(body=_bytes(_APPENDED), headers=headers))
    _whole(_fetch(tmdb_server.client(), lake))


# Final failures, each in one sentence.

_FINAL: dict[str, tuple[Reply, type[TmdbError], str, int]] = {
    "401": (refusal(401, 10, "Suspended API key."), TmdbAuthError, "Suspended API key", 1),
    "403-of-tmdb": (refusal(403, 45, "No."), TmdbAuthError, "code 45", 1),
    "401-as-200": (
        as_json({"success": False, "status_code": 7, "status_message": "Invalid API key."}),
        TmdbAuthError,
        "Invalid API key",
        1,
    ),
    "redirect": (
        Reply(301, b"", {"Location": "https://api.themoviedb.org/3/movie/2503?api_key=x"}),
        TmdbProtocolError,
        r"redirects /movie/2503 to https://api.themoviedb.org \(HTTP 301\)",
        1,
    ),
    "an-hour": (
        Reply(429, headers={"Retry-After": "3600"}),
        TmdbRateLimited,
        "asks to wait 3,600 seconds",
        1,
    ),
    "html-that-stays": (as_html("Log in"), TmdbProtocolError, "a web page", TRIES),
    "403-in-json-that-stays": (
        as_json({"message": "Forbidden"}, 403),
        TmdbUnavailable,
        "with a JSON object of its own",
        TRIES,
    ),
    "404-of-a-gateway-that-stays": (as_html("Gone", 404), TmdbProtocolError, "HTTP 404", 2),
    "brotli": (
        Reply(body=b"\x1b\x03", headers={"Content-Encoding": "br"}),
        TmdbProtocolError,
        "a body compressed as br",
        TRIES,
    ),
    "403-that-stays": (
        as_html("Blocked", 403),
        TmdbUnavailable,
        "A gateway in front of TMDB",
        TRIES,
    ),
}


@pytest.mark.parametrize("name", _FINAL)
def test_what_stays_ends_in_one_sentence(lake: Lake, tmdb_server: TmdbStandIn, name: str) -> None:
    reply, error, words, tries = _FINAL[name]
    tmdb_server.override("/movie/2503", reply)
    with pytest.raises(error, match=words) as caught:
        _fetch(tmdb_server.client(), lake)
    assert "api_key" not in str(caught.value)
    assert tmdb_server.paths.count("/movie/2503") == tries


def test_a_film_that_stays_deleted_is_a_row_that_names_it(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/movie/2503", NOT_FOUND)
    row = _details(_fetch(tmdb_server.client(), lake).details)[2503]
    assert (row["status"], row["title"]) == ("deleted", "The Bourne Ultimatum")
    assert tmdb_server.paths.count("/movie/2503") == 2


# Item by item.

_ODD_FILMS: dict[str, tuple[dict[str, object], Callable[[dict[str, Any]], bool]]] = {
    "genres-null": ({"genres": None}, lambda row: row["genres"] is None),
    "genres-odd": (
        {"genres": [None, 7, {"name": "Action"}]},
        lambda row: row["genres"] == "Action",
    ),
    "half-a-minute": ({"runtime": 115.6}, lambda row: row["runtime_minutes"] == 116),
    "negative-budget": (
        {"budget": -5},
        lambda row: row["budget"] is None and row["problems"] == "budget: a negative amount",
    ),
    "no-minutes": ({"runtime": 0}, lambda row: row["runtime_minutes"] is None),
    "empty-title": ({"title": ""}, lambda row: row["title"] == "The Bourne Ultimatum"),
    "blank-title": (
        {"title": "\u200b\u00a0 \x0b"},
        lambda row: row["title"] == "The Bourne Ultimatum",
    ),
    "no-title": (
        {"title": "", "original_title": None},
        lambda row: row["title"] == "The Bourne Ultimatum" and row["original_title"] is None,
    ),
    "imdb-id-odd": (
        {"imdb_id": "N/A", "external_ids": {"imdb_id": "tt0440963 ", "wikidata_id": "none"}},
        lambda row: row["imdb_id"] is None and "imdb_id" in row["problems"],
    ),
    "no-date": ({"release_date": "0000-00-00"}, lambda row: "release_date" in row["problems"]),
    "popularity": ({"popularity": 1e308}, lambda row: "popularity" in row["problems"]),
    "long-title": ({"title": "x" * 100_000}, lambda row: len(row["title"]) < 100),
    "many-genres": (
        {"genres": [{"name": str(n)} for n in range(10_000)]},
        lambda row: row["genres"] is None and "genres" in row["problems"],
    ),
    "long-genre": (
        {"genres": [{"name": "x" * 100_000}, {"name": "Action"}]},
        lambda row: row["genres"] == "Action",
    ),
    "ids-null": ({"external_ids": None}, lambda row: row["imdb_id"] == "tt0440963"),
}


@pytest.mark.parametrize(("changes", "holds"), _ODD_FILMS.values(), ids=_ODD_FILMS)
def test_a_film_of_the_saga_needs_what_the_answers_need(
    lake: Lake,
    tmdb_server: TmdbStandIn,
    changes: dict[str, object],
    holds: Callable[[dict[str, Any]], bool],
) -> None:
    tmdb_server.override("/movie/2503", _film(**changes))
    assert holds(_whole(_fetch(tmdb_server.client(), lake))[2503])


@pytest.mark.parametrize(
    "reply",
    [
        refusal(500, 11, "Internal error"),
        as_html("A page"),
        as_json({"id": 40001, "title": None}),
        as_json({"id": 7}),
        as_json(_film(id=40001, budget="much", belongs_to_collection=None)),
    ],
    ids=["500", "html", "no-fields", "another-film", "no-number"],
)
def test_a_rejected_candidate_may_be_as_odd_as_it_likes(
    lake: Lake, tmdb_server: TmdbStandIn, reply: Reply
) -> None:
    tmdb_server.override("/movie/40001", reply)
    row = _whole(_fetch(tmdb_server.client(), lake))[40001]
    assert row["status"] == "unreadable"
    assert row["title"] == "Mrs. Winterbourne"
    assert row["problems"]


def test_a_negative_revenue_of_a_rejected_candidate_is_unknown_and_noted(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    film = {**snapshot("movie/40001"), "revenue": -2_147_483_648}
    tmdb_server.override("/movie/40001", film)
    row = _whole(_fetch(tmdb_server.client(), lake))[40001]
    assert (row["title"], row["revenue"]) == ("Mrs. Winterbourne", None)
    assert row["problems"] == "revenue: a negative amount"


def test_a_runtime_of_0_is_unknown_and_a_fraction_is_rounded(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/movie/2503", _film(runtime=115.5))
    tmdb_server.override("/movie/2502", {**snapshot("movie/2502"), "runtime": 0})
    rows = _whole(_fetch(tmdb_server.client(), lake))
    assert (rows[2503]["runtime_minutes"], rows[2502]["runtime_minutes"]) == (116, None)
    assert rows[2502]["problems"] is None


def test_odd_results_of_a_search_stop_nothing(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    page = snapshot("search/movie/bourne-1")
    for item in page["results"]:
        if item["id"] == 1407622:
            item["original_title"] = None
        if item["id"] == 40001:
            item["release_date"] = "soon"
    page["results"] += [None, {"title": "without an id"}]
    del page["total_pages"]
    tmdb_server.override("/search/movie", page)
    with RawWriter(lake) as writer:
        search = records(find_candidates(_BOURNE, tmdb_server.client(), writer))
    status = {row["tmdb_id"]: row["status"] for row in search}
    assert status[40001] == "unreadable"
    assert status[2501] == "known"


def test_a_film_whose_titles_are_all_too_long_is_kept_under_the_start_of_one(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    endless = {"title": "Bourne " * 10_000, "original_title": "Bourne " * 10_000}
    tmdb_server.override("/movie/2503", _film(**endless))
    collection = snapshot("collection/31562")
    page = snapshot("search/movie/bourne-1")
    for item in (*collection["parts"], *page["results"]):
        if item["id"] == 2503:
            item.update(endless)
    tmdb_server.override("/collection/31562", collection)
    tmdb_server.override("/search/movie", page)
    row = _whole(_fetch(tmdb_server.client(), lake))[2503]
    assert row["title"] == ("Bourne " * 10_000)[: LONGEST_TITLE - 1] + "…"
    assert row["revenue"]
    assert "title: cut after" in row["problems"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/search/movie", {"total_pages": 500, "results": [{"id": n} for n in range(34_000)]}),
        ("/collection/31562", {"id": 31562, "parts": [{"id": n} for n in range(100_000)]}),
    ],
    ids=["search", "collection"],
)
def test_more_films_than_tmdb_lists_are_refused_and_not_requested(
    lake: Lake, tmdb_server: TmdbStandIn, path: str, body: object
) -> None:
    tmdb_server.override(path, body)
    with pytest.raises(TmdbProtocolError, match="at most"):
        _fetch(tmdb_server.client(), lake)
    assert set(tmdb_server.paths) <= {"/search/movie", "/collection/31562"}


def test_items_that_are_not_films_cost_one_line_however_many_they_are(
    lake: Lake, tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    collection = snapshot("collection/31562")
    collection["parts"] += [1] * 1_000
    tmdb_server.override("/collection/31562", collection)
    _whole(_fetch(tmdb_server.client(), lake))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("1000 of 1005 items of TMDB's response to /collection/31562")


# Redaction and resume.


def test_a_short_credential_for_a_proxy_changes_no_data(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.token = "The"
    rows = _whole(_fetch(tmdb_server.client(), lake))
    assert rows[2503]["title"] == "The Bourne Ultimatum"
    tmdb_server.override("/collection/31562", refusal(401, 7, "The key is wrong."))
    with pytest.raises(TmdbAuthError, match=r"\*\*\* key is wrong"):
        tmdb_server.client().collection(31562)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"a": 1}',
        b'[{"status": 200, "answer": {}}]',
        b'[{"path": "/mov',
        b"[" * 200_000,
        b"[{}" + b",{}" * (_LARGEST_READ // 3) + b"]",
    ],
    ids=["empty", "object", "no-path", "half", "deep", "large"],
)
def test_a_stored_object_that_cannot_be_read_is_passed_over_and_named(
    lake: Lake, tmdb_server: TmdbStandIn, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    client = tmdb_server.client()
    _fetch(client, lake)
    (key,) = (key for key in lake.list() if "/movie_details/" in key)
    lake.write(key, data, JSON)
    before = len(tmdb_server.requests)
    client.stored = _stored_lately(lake, client)
    _whole(_fetch(client, lake))
    assert len(tmdb_server.requests) == before + 9, "its films alone"
    assert client.stored.unreadable == [lake.uri(key)]
    assert lake.uri(key) in caplog.text


def test_responses_of_another_base_url_are_never_mixed(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with TmdbStandIn() as other:
        _fetch(other.client(), lake)
    client = tmdb_server.client()
    client.stored = _stored_lately(lake, client)
    _whole(_fetch(client, lake))
    assert len(tmdb_server.requests) == 11
    hosts = {
        element["base_url"] for key in lake.list() for element in json.loads(lake.read(key)[0])
    }
    assert hosts == {other.base_url, tmdb_server.base_url}
