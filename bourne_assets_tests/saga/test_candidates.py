"""Which films a saga might consist of: each kept or rejected, with the reason."""

import gc
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bourne_assets.lake.store import Lake
from bourne_assets.saga import candidates
from bourne_assets.saga.candidates import find_candidates
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import QueryWithoutResults, SagaConfigurationError, SagaEmpty
from bourne_assets.settings import DEFAULT_TMDB_BASE_URL
from bourne_assets.tables import records
from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.errors import TmdbAuthError, TmdbError, TmdbNotFound, TmdbProtocolError
from bourne_assets.tmdb.raw import MAXIMUM_RESPONSES, RawWriter
from bourne_assets.tmdb.responses import Response
from bourne_assets.tmdb.schemas import SearchTable
from bourne_assets.tmdb.session import MAXIMUM_CONNECTIONS
from bourne_assets_tests.standin import (
    NOT_FOUND,
    PACE,
    TmdbStandIn,
    as_html,
    snapshot,
)
from bourne_assets_tests.standin.films import SnapshotFilms

_SAGA = [2501, 2502, 2503, 49040, 324668]
_OTHERS = [40001, 1407622, 900000001, 900000002]
_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)


def _found(saga: Saga, client: TmdbClient, lake: Lake) -> dict[int, dict[str, Any]]:
    """The candidates' rows by id, after a look at the table as a whole."""
    with RawWriter(lake) as writer:
        table = find_candidates(saga, client, writer)
    SearchTable.validate(table)
    ids = table["tmdb_id"].tolist()
    assert ids == sorted(set(ids))
    return {row["tmdb_id"]: row for row in records(table)}


def _results(*items: object, page: int = 1, total_pages: int = 1) -> dict[str, object]:
    return {
        "page": page,
        "results": list(items),
        "total_pages": total_pages,
        "total_results": len(items),
    }


def _item(tmdb_id: int) -> dict[str, Any]:
    items = snapshot("search/movie/bourne-1")["results"]
    found: dict[str, Any] = next(item for item in items if item["id"] == tmdb_id)
    return found


def _saga(*queries: str, collection_id: int = 31562) -> Saga:
    return Saga(slug="bourne", title="Bourne", queries=queries, collection_id=collection_id)


def test_films_of_the_collection_are_kept_and_the_others_rejected_each_with_the_reason(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert [tmdb_id for tmdb_id, row in found.items() if row["kept"]] == sorted(_SAGA)
    assert [tmdb_id for tmdb_id, row in found.items() if not row["kept"]] == sorted(_OTHERS)
    assert {found[tmdb_id]["reason"] for tmdb_id in _SAGA} == {
        "in collection 31562 (The Bourne Collection)"
    }
    assert {found[tmdb_id]["reason"] for tmdb_id in _OTHERS} == {
        "not in collection 31562 (The Bourne Collection)"
    }


def test_a_namesake_is_rejected(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert found[900000001]["title"] == found[2501]["title"] == "The Bourne Identity"
    assert (found[900000001]["kept"], found[2501]["kept"]) == (False, True)


def test_a_row_says_where_and_when_the_film_was_found(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    before = datetime.now(UTC)
    row = _found(_BOURNE, tmdb_server.client(), lake)[40001]
    assert (row["found_by"], row["query"], row["page"], row["position"]) == (
        "search",
        "Bourne",
        1,
        4,
    )
    assert row["source"] == "tmdb"
    assert before <= row["fetched_at"] <= datetime.now(UTC)


def test_the_snapshot_has_the_same_candidates_at_its_own_time(lake: Lake) -> None:
    found = _found(_BOURNE, connect_tmdb(DEFAULT_TMDB_BASE_URL, token=None, key=None), lake)
    assert sorted(found) == sorted(_SAGA + _OTHERS)
    assert {row["source"] for row in found.values()} == {"bundled-snapshot"}
    assert {row["fetched_at"] for row in found.values()} == {datetime(2017, 9, 1, tzinfo=UTC)}


def test_a_film_that_several_queries_find_is_one_row_of_the_first_query(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/search/movie?query=Jason", _results(_item(324668), _item(2501)))
    found = _found(_saga("Jason", "Bourne"), tmdb_server.client(), lake)
    assert len(found) == 9
    assert (found[2501]["query"], found[2501]["position"]) == ("Jason", 2)
    assert (found[2502]["query"], found[2502]["position"]) == ("Bourne", 6)


def test_a_film_that_stands_on_two_pages_is_one_row_of_the_first_page(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    first = _results(_item(2501), page=1, total_pages=2)
    second = _results(_item(40001), _item(2501), page=2, total_pages=2)
    tmdb_server.override("/search/movie?page=1", first)
    tmdb_server.override("/search/movie?page=2", second)
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert (found[2501]["page"], found[2501]["position"]) == (1, 1)
    assert (found[40001]["page"], found[40001]["position"]) == (2, 1)


def test_a_member_that_the_search_missed_is_a_candidate_of_the_collection(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/search/movie", _results(_item(2501), _item(40001)))
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert sorted(found) == [*_SAGA[:3], 40001, 49040, 324668]
    missed = found[2503]
    assert missed["found_by"] == "collection"
    assert (missed["query"], missed["page"], missed["position"]) == (None, None, None)
    assert missed["kept"] is True
    assert missed["title"] == "The Bourne Ultimatum"
    assert found[2501]["found_by"] == "search"


def test_a_query_that_matches_nothing_is_an_error_that_names_the_nearest_films(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with pytest.raises(QueryWithoutResults, match="'Borne' of the saga 'bourne'") as caught:
        _found(_saga("Bourne", "Borne"), tmdb_server.client(), lake)
    message = str(caught.value)
    assert "The Bourne Identity (2501, in collection 31562 The Bourne Collection)" in message
    assert "Mrs. Winterbourne (40001, in no collection)" in message


def test_queries_that_all_match_nothing_name_the_films_of_the_collection(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with pytest.raises(QueryWithoutResults, match="Nearest candidates: The Bourne Identity"):
        _found(_saga("nothing of the kind"), tmdb_server.client(), lake)


def test_a_film_of_another_collection_is_rejected_with_that_reason(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with pytest.raises(SagaEmpty, match="no films: check its collection_id") as caught:
        _found(_saga("Bourne", collection_id=7), tmdb_server.client(), lake)
    assert "in collection 31562 The Bourne Collection" in str(caught.value)


def test_parts_may_come_by_name_in_place_of_title(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    collection = snapshot("collection/31562")
    for part in collection["parts"]:
        part["name"], part["original_name"] = part.pop("title"), part.pop("original_title")
    tmdb_server.override("/collection/31562", collection)
    tmdb_server.override("/search/movie", _results(_item(40001)))
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert found[2501]["title"] == "The Bourne Identity"


def test_what_is_unknown_of_a_candidate_is_null(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    bare = {"id": 7, "title": "t", "original_title": "o", "original_language": "en"}
    tmdb_server.override("/search/movie", _results(bare, _item(1407622)))
    found = _found(_BOURNE, tmdb_server.client(), lake)
    assert (found[7]["release_date"], found[7]["popularity"]) == (None, None)
    assert (found[7]["vote_average"], found[7]["vote_count"]) == (None, None)
    assert found[1407622]["release_date"] is None


def test_a_date_far_away_of_a_rejected_film_does_not_stop_the_saga(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    film = _item(40001) | {"release_date": "0001-01-01"}
    tmdb_server.override("/search/movie", _results(film))
    assert len(_found(_BOURNE, tmdb_server.client(), lake)) == 6


def test_a_collection_without_parts_has_no_films_and_the_nearest_are_named(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/collection/31562", snapshot("collection/31562") | {"parts": []})
    with pytest.raises(SagaEmpty) as caught:
        _found(_BOURNE, tmdb_server.client(), lake)
    message = str(caught.value)
    assert "No film is in collection 31562" in message
    assert "'bourne'" in message
    assert "The Bourne Identity (2501, " in message
    assert "Mrs. Winterbourne (40001, " in message
    assert caught.value.exit_code == 1


def test_a_collection_that_tmdb_does_not_know_has_no_films_and_the_nearest_are_named(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    with pytest.raises(SagaEmpty, match="TMDB has no collection 99999") as caught:
        _found(_saga("Bourne", collection_id=99999), tmdb_server.client(), lake)
    assert "collection_id" in str(caught.value)
    assert "Jason Bourne (324668, " in str(caught.value)


def test_a_collection_that_tmdb_does_not_know_is_reported_in_the_users_language(
    lake: Lake, tmdb_server: TmdbStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    with pytest.raises(SagaEmpty, match="O TMDB não tem a coleção 99999, e por isso"):
        _found(_saga("Bourne", collection_id=99999), tmdb_server.client(), lake)


def test_that_nothing_at_all_was_found_is_reported(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    saga = _saga("nothing of the kind", collection_id=99999)
    with pytest.raises(SagaEmpty, match=r"Nearest candidates: none\.$"):
        _found(saga, tmdb_server.client(), lake)


def test_a_saga_that_the_snapshot_does_not_hold_is_reported(lake: Lake) -> None:
    matrix = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)
    with pytest.raises(SagaConfigurationError, match="set TMDB_READ_ACCESS_TOKEN"):
        _found(matrix, connect_tmdb(DEFAULT_TMDB_BASE_URL, token=None, key=None), lake)


def test_a_collection_page_that_tmdb_did_not_write_is_not_a_missing_collection(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/collection/31562", as_html("Not Found", 404))
    with pytest.raises(TmdbError, match="TMDB_BASE_URL"):
        _found(_BOURNE, tmdb_server.client(), lake)


def test_a_response_about_another_collection_is_refused(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/collection/31562", snapshot("collection/31562") | {"id": 2344})
    with pytest.raises(TmdbProtocolError, match="2344"):
        _found(_BOURNE, tmdb_server.client(), lake)


def test_a_search_that_tmdb_does_not_know_is_not_an_empty_saga(
    lake: Lake, tmdb_server: TmdbStandIn
) -> None:
    tmdb_server.override("/search/movie", NOT_FOUND)
    with pytest.raises(TmdbNotFound, match="/search/movie"):
        _found(_BOURNE, tmdb_server.client(), lake)


def test_queries_that_find_films_without_end_are_refused_and_no_details_are_requested(
    lake: Lake, tmdb_server: TmdbStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_MOST_CANDIDATES", 3)
    with pytest.raises(SagaConfigurationError, match="'bourne' find more than 3 films"):
        _found(_BOURNE, tmdb_server.client(), lake)
    assert set(tmdb_server.paths) == {"/search/movie"}


def test_a_refused_credential_is_reported_as_such(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    wrong = connect_tmdb(tmdb_server.base_url, token="wrong", key=None, requests_per_second=PACE)
    with pytest.raises(TmdbAuthError, match="/search/movie"):
        _found(_BOURNE, wrong, lake)


def test_every_response_is_stored_as_received(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    with pytest.raises(QueryWithoutResults):
        _found(_saga("Bourne", "nothing of the kind"), tmdb_server.client(), lake)
    assert tmdb_server.paths[:3] == ["/search/movie", "/search/movie", "/collection/31562"]
    landed = b"".join(lake.read(key)[0] for key in lake.list("Raw/TMDB/JSON"))
    for name in ("search/movie/bourne-1", "collection/31562"):
        assert json.dumps(snapshot(name)).encode() in landed
    assert b"nothing of the kind" in landed


@pytest.mark.parametrize("path", ["/search/movie", "/collection/31562"])
def test_a_response_that_cannot_be_read_is_stored_before_it_is_refused(
    lake: Lake, tmdb_server: TmdbStandIn, path: str
) -> None:
    tmdb_server.override(path, {"page": 1, "id": 31562})
    with pytest.raises(TmdbProtocolError, match=f"{path} is not as documented"):
        _found(_BOURNE, tmdb_server.client(), lake)
    landed = [json.loads(lake.read(key)[0]) for key in lake.list()]
    assert {"page": 1, "id": 31562} in [file[0]["answer"] for file in landed]


def test_words_of_a_query_reach_tmdb_unchanged(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    words = "L'Été & l'hiver: 100 % ?#/+"
    tmdb_server.override("/search/movie", _results(_item(2501)))
    _found(_saga(words), tmdb_server.client(), lake)
    assert tmdb_server.requests[0].query["query"] == words


def _responses_in_memory() -> int:
    # Those that nobody holds do not count. A collection that finds nothing was not one: another
    # thread was collecting.
    _ = gc.collect() or gc.collect()
    return sum(isinstance(found, Response) for found in gc.get_objects())


class _ManyPages(SnapshotFilms):
    """A search of many pages; counts the responses in memory when a late one is requested.

    Once, as TMDB's response waits for it.
    """

    most = 0

    def search(self, query: str, page: int) -> dict[str, Any]:
        if page == 450:
            self.most = _responses_in_memory()
        found = super().search(query, 1)["results"]
        item = {**found[0], "id": page} if page > 1 else found[0]
        return {"page": page, "results": [item], "total_pages": 500, "total_results": 500}


@pytest.mark.exhaustive
def test_five_hundred_pages_are_read_one_by_one(lake: Lake, tmdb_server: TmdbStandIn) -> None:
    tmdb_server.source = source = _ManyPages()
    before = _responses_in_memory()  # other tests' own
    assert len(_found(_BOURNE, tmdb_server.client(), lake)) > 500
    # Those that wait to be stored and read; and those on their way, the more the slower they come.
    assert 0 < source.most - before <= 2 * MAXIMUM_RESPONSES + MAXIMUM_CONNECTIONS
