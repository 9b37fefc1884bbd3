"""Films fetched once each, and a run after a crash that requests only the rest."""

import json
from datetime import timedelta

import pytest

from bourne_assets.lake.store import JSON, Lake
from bourne_assets.tables import records
from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import TmdbAuthError
from bourne_assets.tmdb.films import Candidate, FilmTables, fetch_films
from bourne_assets.tmdb.raw import RawWriter, StoredResponses
from bourne_assets.tmdb.schemas import DetailsTable, ExternalIdsTable
from bourne_assets_tests.standin import (
    UNAUTHORISED,
    GeneratedFilms,
    Reply,
    TmdbStandIn,
    as_json,
    snapshot,
)

_SAGA = [2501, 2502, 2503, 49040, 324668]


def _fetch(client: TmdbClient, lake: Lake, ids: list[int], **wanted: bool) -> FilmTables:
    with RawWriter(lake) as writer:
        return fetch_films([Candidate(tmdb_id) for tmdb_id in ids], client, writer, **wanted)


def _resumed(server: TmdbStandIn, lake: Lake) -> TmdbClient:
    client = server.client()
    # Since yesterday, as midnight may have passed since they were stored.
    yesterday = client.today - timedelta(days=1)
    client.stored = StoredResponses(lake, yesterday, until=client.today)
    return client


def _stored(lake: Lake) -> list[dict[str, object]]:
    return [element for key in lake.list() for element in json.loads(lake.read(key)[0])]


def test_one_request_per_film_serves_both_tables(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    films = _fetch(tmdb_server.client(), lake, _SAGA)
    assert films.details is not None
    assert films.external_ids is not None
    DetailsTable.validate(films.details)
    ExternalIdsTable.validate(films.external_ids)
    assert films.details["tmdb_id"].tolist() == _SAGA
    assert films.external_ids["imdb_id"].tolist()[0] == "tt0258463"
    assert sorted(tmdb_server.paths) == sorted(f"/movie/{tmdb_id}" for tmdb_id in _SAGA)


def test_the_tables_are_those_that_two_requests_would_give(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    both = _fetch(tmdb_server.client(), lake, _SAGA)
    details = _fetch(tmdb_server.client(), lake, _SAGA, external_ids=False)
    ids = _fetch(tmdb_server.client(), lake, _SAGA, details=False)
    assert (details.external_ids, ids.details) == (None, None)
    for one, other in ((both.details, details.details), (both.external_ids, ids.external_ids)):
        assert one is not None
        assert other is not None
        result = records(one.drop(columns="fetched_at"))
        assert result == records(other.drop(columns="fetched_at"))


def test_only_what_is_wanted_is_requested(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    _fetch(tmdb_server.client(), lake, [2501], external_ids=False)
    _fetch(tmdb_server.client(), lake, [2501], details=False)
    assert tmdb_server.paths == ["/movie/2501", "/movie/2501/external_ids"]
    assert all("append_to_response" not in request.query for request in tmdb_server.requests)


def test_the_ids_are_requested_from_a_server_that_appends_nothing(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    for tmdb_id in _SAGA:
        tmdb_server.override(f"/movie/{tmdb_id}", snapshot(f"movie/{tmdb_id}"))
    films = _fetch(tmdb_server.client(), lake, _SAGA)
    assert films.external_ids is not None
    assert films.external_ids["imdb_id"].notna().all()
    assert len(tmdb_server.requests) == 10


def test_a_deleted_film_is_a_row_of_both_tables_and_fails_nothing(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    films = _fetch(tmdb_server.client(), lake, [2501, 5])
    for table in (films.details, films.external_ids):
        assert table is not None
        assert dict(zip(table["tmdb_id"], table["status"] == "deleted", strict=True)) == {
            5: True,
            2501: False,
        }
    assert len(tmdb_server.requests) == 3  # the deleted one twice


def test_the_snapshot_appends_as_tmdb_does(lake: Lake) -> None:
    response = connect_tmdb(
        "https://api.themoviedb.org/3", token=None, key=None
    ).movie_details_with_ids(2501)
    ids = json.loads(response.body)["external_ids"]
    assert ids["imdb_id"] == "tt0258463"
    assert "id" not in ids
    del lake


def test_a_run_after_a_crash_requests_only_what_is_not_stored(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    others = [f"/movie/{tmdb_id}" for tmdb_id in _SAGA if tmdb_id != 49040]
    tmdb_server.script("/movie/49040", [Reply(401, UNAUTHORISED.body, after=others)])
    with pytest.raises(TmdbAuthError):
        _fetch(tmdb_server.client(), lake, _SAGA)
    before = len(tmdb_server.requests)
    assert before == 5
    films = _fetch(_resumed(tmdb_server, lake), lake, _SAGA)
    assert films.details is not None
    assert films.details["tmdb_id"].tolist() == _SAGA
    assert tmdb_server.paths[before:] == ["/movie/49040"]
    assert sorted(str(element["path"]) for element in _stored(lake)) == sorted(
        f"/movie/{tmdb_id}" for tmdb_id in _SAGA
    )


def test_a_resumed_response_is_the_stored_one_with_its_time_and_place(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with RawWriter(lake) as writer:
        fetched = tmdb_server.client().movie_details(2501)
        writer.add(fetched)
    (key,) = lake.list()
    known = _resumed(tmdb_server, lake).movie_details(2501)
    assert json.loads(known.body) == json.loads(fetched.body)
    assert (known.fetched_at, known.status) == (fetched.fetched_at, 200)
    assert known.stored_in == lake.uri(key)
    with RawWriter(lake) as writer:
        writer.add(known)
    assert (writer.stored, list(writer.read)) == ([], [lake.uri(key)])


def test_responses_of_another_day_or_to_another_request_are_fetched_again(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with RawWriter(lake) as writer:
        writer.add(tmdb_server.client().movie_details(2501))
        writer.add(tmdb_server.client().search_movie("Bourne", 1))
    client = _resumed(tmdb_server, lake)
    assert client.movie_details_with_ids(2501).stored_in is None
    assert client.search_movie("Bourne", 2).stored_in is None
    assert client.search_movie("Bourne", 1).stored_in is not None
    client.stored = StoredResponses(lake, client.today - timedelta(days=2))
    assert client.movie_details(2501).stored_in is None


def test_a_deleted_film_is_not_requested_again_but_an_error_is(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with RawWriter(lake) as writer:
        writer.add(tmdb_server.client().movie_details(5))
    assert _resumed(tmdb_server, lake).movie_details(5).status == 404
    elements = [
        {"path": "/movie/2501", "parameters": {}, "status": status, "fetched_at": "2026-01-01"}
        | rest
        for status, rest in ((500, {"answer": {}}), (200, {"text": "<html>"}), (404, {"text": ""}))
    ]
    day = f"{tmdb_server.client().today:%Y/%m/%d}"
    for folder in ("errors", "movie_details"):
        lake.write(f"Raw/TMDB/JSON/{day}/{folder}/x.json", as_json(elements).body, JSON)
    assert _resumed(tmdb_server, lake).movie_details(2501).stored_in is None


def test_many_films_resume_with_few_files_in_memory(lake: Lake) -> None:
    ids = list(range(1, 451))
    with TmdbStandIn(GeneratedFilms(450)) as server:
        _fetch(server.client(), lake, ids)
        assert len(server.requests) == 450
        films = _fetch(_resumed(server, lake), lake, ids)
        assert len(server.requests) == 450
    assert films.details is not None
    assert films.details["tmdb_id"].tolist() == ids
