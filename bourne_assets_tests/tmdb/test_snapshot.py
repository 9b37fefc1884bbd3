"""The bundled snapshot: it responds like TMDB, its facts agree, and it touches nothing else."""

import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bourne_assets.settings import DATA_DIR, DEFAULT_TMDB_BASE_URL
from bourne_assets.tmdb import NOTICE
from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import TmdbNotFound
from bourne_assets.tmdb.models import Collection, ExternalIds, MovieDetails, SearchPage
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.snapshot import SNAPSHOT_DIR, SnapshotAdapter, snapshot_time
from bourne_assets_tests.standin import TmdbStandIn, snapshot

_SAGA = {2501, 2502, 2503, 49040, 324668}
_SEARCHED: dict[int, dict[str, Any]] = {
    item["id"]: item for item in snapshot("search/movie/bourne-1")["results"]
}
_PARTS: dict[int, dict[str, Any]] = {
    part["id"]: part for part in snapshot("collection/31562")["parts"]
}
_CANDIDATES = sorted(_SEARCHED | _PARTS)
_EACH_CANDIDATE = pytest.mark.parametrize("tmdb_id", _CANDIDATES)


@pytest.fixture
def contacted_hosts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The hosts whose address was looked up, which all are refused."""
    hosts: list[object] = []

    def refuse(host: object, *_: object, **__: object) -> None:
        hosts.append(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return hosts


def _client(base_url: str = DEFAULT_TMDB_BASE_URL) -> TmdbClient:
    return connect_tmdb(base_url, token=None, key=None)


def _page(response: Response) -> SearchPage:
    return parse(response, SearchPage)


# How it responds.


def test_it_says_that_it_is_the_snapshot() -> None:
    assert _client().source == "bundled-snapshot"


def test_its_responses_carry_the_date_of_the_data() -> None:
    client = _client()
    times = {
        client.search_movie("Bourne", 1).fetched_at,
        client.movie_details(2501).fetched_at,
        client.movie_details(5).fetched_at,
        client.collection(31562).fetched_at,
        snapshot_time(),
    }
    assert times == {datetime(2017, 9, 1, tzinfo=UTC)}


def test_the_time_is_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_text('{"as_of": "2024-02-29T12:30:00Z"}')
    assert snapshot_time(tmp_path) == datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


def test_its_responses_are_the_bytes_of_its_files() -> None:
    client = _client()
    responses = {
        "search/movie/bourne-1": client.search_movie("Bourne", 1),
        "movie/2501": client.movie_details(2501),
        "movie/2501/external_ids": client.movie_external_ids(2501),
        "collection/31562": client.collection(31562),
    }
    for name, response in responses.items():
        assert response.body == (SNAPSHOT_DIR / f"{name}.json").read_bytes()
        assert response.status == 200


@pytest.mark.parametrize("query", ["Bourne", "bourne", "BOURNE", "bOuRnE"])
def test_a_query_is_found_in_upper_and_lower_case(query: str) -> None:
    assert len(_page(_client().search_movie(query, 1)).results) == 9


@pytest.mark.parametrize("query", ["Matrix", "Bourne Identity", "bourne-1", "Bourn", "*", "?"])
def test_an_unknown_query_finds_nothing(query: str) -> None:
    page = _page(_client().search_movie(query, 1))
    assert (page.results, page.total_pages, page.total_results) == ((), 0, 0)


def test_there_is_nothing_on_a_second_page() -> None:
    assert _page(_client().search_movie("Bourne", 2)).results == ()


def test_an_unknown_film_gets_the_response_that_tmdb_gives() -> None:
    for response in (_client().movie_details(5), _client().movie_external_ids(5)):
        assert response.status == 404
        assert json.loads(response.body) == {
            "success": False,
            "status_code": 34,
            "status_message": "The resource you requested could not be found.",
        }


def test_an_unknown_collection_is_not_found() -> None:
    with pytest.raises(TmdbNotFound, match="code 34"):
        _client().collection(2344)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.themoviedb.org/3",
        "https://API.TheMovieDB.org/3",
        "https://api.themoviedb.org:443/3",
        "http://127.0.0.1:9",
        "https://proxy.invalid/some/where/3",
        "https://proxy.invalid/a b/3",
        "https://proxy.invalid/ü/3",
        "https://proxy.invalid/%7Euser/3",
        "https://bücher.invalid/3",
    ],
)
def test_it_responds_whatever_the_base_url_is_and_connects_to_nobody(
    base_url: str, contacted_hosts: list[object]
) -> None:
    client = _client(base_url)
    assert len(_page(client.search_movie("Bourne", 1)).results) == 9
    assert client.movie_details(2501).status == 200
    assert contacted_hosts == []


def test_it_responds_as_the_stand_in_of_tmdb_does(tmdb_server: TmdbStandIn) -> None:
    for client in (_client(), tmdb_server.client()):
        assert parse(client.movie_details(2501), MovieDetails).title == "The Bourne Identity"
        assert client.movie_details(5).status == 404
        assert _page(client.search_movie("nothing of the kind", 1)).total_pages == 0


# What it does not serve.


def _serve(folder: Path, path: str) -> requests.Response:
    """What an adapter on this folder responds to a path that requests has not tidied up."""
    request = requests.PreparedRequest()
    request.method, request.url = "GET", f"https://tmdb.invalid/3{path}"
    return SnapshotAdapter("https://tmdb.invalid/3", folder).send(request)


@pytest.mark.parametrize(
    "path",
    [
        "/../outside",
        "/movie/../../outside",
        "/movie/2501/../../../outside",
        "//outside",
        "/%2e%2e/outside",
        "/search/movie?query=../../../outside&page=1",
        "/search/movie?query=..%2F..%2F..%2Foutside&page=1",
        "/search/movie?query=x&page=1/../../../../outside",
        "/search/movie?query=x&page=/../../../../../outside",
        "/movie/link",
    ],
)
def test_no_path_and_no_query_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "snapshot"
    (folder / "search" / "movie").mkdir(parents=True)
    (folder / "movie").mkdir()
    for name in ("outside.json", "outside-1.json"):
        (tmp_path / name).write_text('"secret"')
    (folder / "movie" / "link.json").symlink_to(tmp_path / "absent.json")
    response = _serve(folder, path)
    assert b"secret" not in response.content


def test_an_absolute_path_as_a_query_finds_nothing() -> None:
    for query in (str(DATA_DIR / "snapshot" / "snapshot"), "/etc/passwd", "C:\\x", "~"):
        assert _page(_client().search_movie(query, 1)).results == ()


@settings(max_examples=60, deadline=None)
@given(query=st.text(st.characters(codec="utf-8"), max_size=200), page=st.integers(1, 500))
@example(query="漢" * 200, page=1)
@example(query="a" * 200, page=500)
@example(query="\x00", page=1)
@example(query="../../movie/2501", page=1)
@example(query=".", page=1)
@example(query="ß" * 150, page=1)
def test_any_query_that_a_saga_may_have_gets_a_response(query: str, page: int) -> None:
    found = _page(_client().search_movie(query, page)).results
    assert found == () or (query.casefold(), page) == ("bourne", 1)


# What its facts are.


def test_the_candidates_are_nine_and_five_are_of_the_saga() -> None:
    assert len(_CANDIDATES) == 9
    assert set(_PARTS) == _SAGA
    assert set(_SEARCHED) >= _SAGA


@_EACH_CANDIDATE
def test_every_candidate_has_details_and_external_ids_about_itself(tmdb_id: int) -> None:
    client = _client()
    film = parse(client.movie_details(tmdb_id), MovieDetails)
    ids = parse(client.movie_external_ids(tmdb_id), ExternalIds)
    assert (film.id, ids.id) == (tmdb_id, tmdb_id)
    assert film.imdb_id == ids.imdb_id
    assert film.imdb_id is None or re.fullmatch(r"tt\d{7,}", film.imdb_id)


@_EACH_CANDIDATE
def test_search_details_and_collection_tell_the_same_of_a_film(tmdb_id: int) -> None:
    details = snapshot(f"movie/{tmdb_id}")
    details["genre_ids"] = [genre["id"] for genre in details["genres"]]
    for listed in (_SEARCHED.get(tmdb_id), _PARTS.get(tmdb_id)):
        if listed is not None:
            record = {name: value for name, value in listed.items() if name != "media_type"}
            assert record == {name: details[name] for name in record}


@_EACH_CANDIDATE
def test_details_name_the_collection_exactly_where_the_collection_lists_the_film(
    tmdb_id: int,
) -> None:
    named = parse(_client().movie_details(tmdb_id), MovieDetails).belongs_to_collection
    assert (named is not None) == (tmdb_id in _PARTS)
    if named is not None:
        about = parse(_client().collection(31562), Collection)
        assert (named.id, named.name) == (about.id, about.name)


@pytest.mark.parametrize("tmdb_id", sorted(_SAGA))
def test_the_films_of_the_saga_have_every_figure_that_the_answers_need(tmdb_id: int) -> None:
    film = parse(_client().movie_details(tmdb_id), MovieDetails)
    figures = (film.budget, film.revenue, film.popularity, film.release_date, film.imdb_id)
    assert None not in figures


def test_the_means_of_the_saga_are_the_published_ones() -> None:
    films = [parse(_client().movie_details(tmdb_id), MovieDetails) for tmdb_id in _SAGA]
    assert sum(film.revenue or 0 for film in films) / 5 == 327_483_286.2
    assert sum(film.budget or 0 for film in films) / 5 == 91_000_000


def test_the_counts_of_the_search_are_those_of_its_results() -> None:
    page = _page(_client().search_movie("Bourne", 1))
    assert (1, page.total_pages, page.total_results) == (1, 1, len(page.results))
    assert len({item["id"] for item in page.results}) == len(page.results)


def test_two_films_have_the_same_title_and_only_one_is_of_the_saga() -> None:
    namesakes = [item for item in _SEARCHED.values() if item["title"] == "The Bourne Identity"]
    assert sorted(item["id"] in _SAGA for item in namesakes) == [False, True]


def test_every_file_belongs_to_a_candidate_the_search_or_the_collection() -> None:
    expected = {"snapshot.json", "collection/31562.json", "search/movie/bourne-1.json"}
    for tmdb_id in _CANDIDATES:
        expected |= {f"movie/{tmdb_id}.json", f"movie/{tmdb_id}/external_ids.json"}
    found = {str(file.relative_to(SNAPSHOT_DIR)) for file in SNAPSHOT_DIR.rglob("*.json")}
    assert found == expected


def test_no_file_holds_free_text_pictures_or_numbers_that_json_does_not_know() -> None:
    for file in SNAPSHOT_DIR.rglob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\bNaN\b|\bInfinity\b", text)
        assert not re.search(r'"(overview|tagline|homepage)": "[^"]', text)
        assert not re.search(r'"(poster_path|backdrop_path)": "', text)


def test_tmdbs_notice_and_the_provenance_stand_beside_the_files() -> None:
    for name in ("TMDB_NOTICE.txt", "PROVENANCE.md", "snapshot.json"):
        assert NOTICE in " ".join((SNAPSHOT_DIR / name).read_text(encoding="utf-8").split())
