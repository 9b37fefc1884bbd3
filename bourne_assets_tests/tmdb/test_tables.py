"""TMDB's responses as tables: one row per film, unknown is null, nobody else's film gets in."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from bourne_assets.defs.shared.rules import follows_schema
from bourne_assets.tables import Integer, Table, conform, from_parquet, records, to_parquet
from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.tmdb.films import (
    Candidate,
    external_ids_row,
    film_rows,
    film_table,
)
from bourne_assets.tmdb.responses import Response
from bourne_assets.tmdb.schemas import DetailsTable, ExternalIdsTable
from bourne_assets_tests.standin import NOT_FOUND, snapshot

_NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
_SAGA = [2501, 2502, 2503, 49040, 324668]


def _details_table(ids: Sequence[int], responses: Sequence[Response], source: str) -> pd.DataFrame:
    pairs = zip(ids, responses, strict=True)
    return film_table(
        [film_rows(Candidate(tmdb_id), response, source)[0] for tmdb_id, response in pairs],
        DetailsTable,
    )


def _ids_table(ids: Sequence[int], responses: Sequence[Response], source: str) -> pd.DataFrame:
    pairs = zip(ids, responses, strict=True)
    return film_table(
        [external_ids_row(Candidate(tmdb_id), response, source) for tmdb_id, response in pairs],
        ExternalIdsTable,
    )


_TableOf = Callable[[Sequence[int], Sequence[Response], str], pd.DataFrame]
_TABLES = pytest.mark.parametrize(
    ("table_of", "model", "suffix"),
    [(_details_table, DetailsTable, ""), (_ids_table, ExternalIdsTable, "/external_ids")],
    ids=["details", "external-ids"],
)


def _response(body: object, status: int = 200) -> Response:
    return Response("movie_details", "/movie/1", {}, status, _NOON, json.dumps(body).encode())


def _gone() -> Response:
    return Response("movie_details", "/movie/1", {}, 404, _NOON, NOT_FOUND.body)


def _details(tmdb_id: int = 2501, **changes: object) -> Response:
    return _response({**snapshot(f"movie/{tmdb_id}"), **changes})


def _row(**changes: object) -> dict[str, object]:
    """The row of film 2501 with some fields changed."""
    (row,) = records(_details_table([2501], [_details(2501, **changes)], "tmdb"))
    return row


def test_details_of_a_film_are_one_row_of_known_figures() -> None:
    assert _row() == {
        "tmdb_id": 2501,
        "imdb_id": "tt0258463",
        "title": "The Bourne Identity",
        "original_title": "The Bourne Identity",
        "original_language": "en",
        "status": "Released",
        "release_date": date(2002, 6, 14),
        "runtime_minutes": 119,
        "budget": 60_000_000,
        "revenue": 214_034_224,
        "popularity": 86.476817,
        "vote_average": 7.3,
        "vote_count": 3583,
        "genres": "Action, Drama, Mystery, Thriller",
        "collection_id": 31562,
        "collection_name": "The Bourne Collection",
        "problems": None,
        "fetched_at": _NOON,
        "source": "tmdb",
    }


def test_external_ids_of_a_film_are_one_row() -> None:
    ids = snapshot("movie/2501/external_ids") | {"wikidata_id": "Q1", "facebook_id": ""}
    (row,) = records(_ids_table([2501], [_response(ids)], "bundled-snapshot"))
    assert row == {
        "tmdb_id": 2501,
        "imdb_id": "tt0258463",
        "wikidata_id": "Q1",
        "facebook_id": None,
        "instagram_id": None,
        "twitter_id": None,
        "status": "known",
        "problems": None,
        "fetched_at": _NOON,
        "source": "bundled-snapshot",
    }


@_TABLES
def test_rows_are_ordered_by_id_and_follow_the_schema(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    ids = [324668, 2501, 49040, 2503, 2502]
    responses = [_response(snapshot(f"movie/{tmdb_id}{suffix}")) for tmdb_id in ids]
    table = table_of(ids, responses, "tmdb")
    model.validate(table)
    assert table["tmdb_id"].tolist() == _SAGA
    assert table.index.tolist() == [0, 1, 2, 3, 4]


@_TABLES
def test_no_films_are_a_table_without_rows_that_follows_the_schema(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    empty = table_of([], [], "tmdb")
    model.validate(empty)
    full = table_of([2501], [_response(snapshot(f"movie/2501{suffix}"))], "tmdb")
    assert empty.columns.tolist() == full.columns.tolist()
    assert len(empty) == 0


@_TABLES
def test_a_deleted_film_is_a_row_with_its_id_and_that_status(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    responses = [_gone(), _response(snapshot(f"movie/2501{suffix}"))]
    table = table_of([2502, 2501], responses, "tmdb")
    model.validate(table)
    deleted = records(table)[1]
    known = {name: value for name, value in deleted.items() if value is not None}
    assert known == {
        "tmdb_id": 2502,
        "status": "deleted",
        "fetched_at": _NOON,
        "source": "tmdb",
    }


@_TABLES
def test_deleted_films_alone_are_a_table_that_follows_the_schema(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    table = table_of([1, 2], [_gone(), _gone()], "tmdb")
    model.validate(table)
    assert set(table["status"]) == {"deleted"}
    mixed = table_of([2501], [_response(snapshot(f"movie/2501{suffix}"))], "tmdb")
    assert table.dtypes.astype(str).to_dict() == mixed.dtypes.astype(str).to_dict()


@_TABLES
def test_a_response_about_another_film_is_refused(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    del model
    if suffix:
        (row,) = records(table_of([2501], [_response(snapshot(f"movie/2502{suffix}"))], "tmdb"))
        assert (row["status"], row["imdb_id"]) == ("unreadable", None)
        assert "about the film 2502" in row["problems"]
        return
    with pytest.raises(TmdbProtocolError, match="response to /movie/1 is about the film 2502"):
        table_of([2501], [_response(snapshot(f"movie/2502{suffix}"))], "tmdb")


@_TABLES
def test_a_response_that_cannot_be_read_is_refused(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    del model
    if suffix:
        (row,) = records(table_of([2501], [_response({"imdb_id": "tt0258463"})], "tmdb"))
        assert "at id: Field required" in row["problems"]
        return
    with pytest.raises(TmdbProtocolError, match="at id: Field required"):
        table_of([2501], [_response({"title": "The Bourne Identity"})], "tmdb")


def test_titles_that_are_not_text_are_reported_as_such_and_not_as_missing() -> None:
    with pytest.raises(TmdbProtocolError, match="at title: Input should be a valid string"):
        _row(title=7, original_title=[])
    with pytest.raises(TmdbProtocolError, match="the film has none"):
        _row(title="", original_title=None)


@_TABLES
def test_a_table_comes_back_from_parquet_as_it_was(
    table_of: _TableOf, model: type[Table], suffix: str
) -> None:
    responses = [_gone(), *(_response(snapshot(f"movie/{tmdb_id}{suffix}")) for tmdb_id in _SAGA)]
    table = table_of([1, *_SAGA], responses, "tmdb")
    back = from_parquet(to_parquet(table))
    model.validate(back)
    assert records(back) == records(table)


@pytest.mark.parametrize("field", ["budget", "revenue", "runtime"])
def test_zero_is_null_in_the_table(field: str) -> None:
    column = "runtime_minutes" if field == "runtime" else field
    assert _row(**{field: 0})[column] is None


def test_a_film_without_votes_has_zero_votes() -> None:
    assert _row(vote_count=0)["vote_count"] == 0


def test_what_tmdb_leaves_empty_is_null_in_the_table() -> None:
    row = _row(
        imdb_id="",
        release_date="",
        genres=[],
        belongs_to_collection=None,
        popularity=None,
        status=None,
    )
    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {
        "imdb_id",
        "release_date",
        "genres",
        "collection_id",
        "collection_name",
        "popularity",
        "status",
        "problems",
    }


def test_integer_figures_stay_exact_beside_an_unknown_one() -> None:
    responses = [_details(2501, revenue=2**53 + 1), _details(2502, revenue=0)]
    table = _details_table([2501, 2502], responses, "tmdb")
    assert [row["revenue"] for row in records(table)] == [2**53 + 1, None]
    assert str(table["revenue"].dtype) == "Int64"


@pytest.mark.parametrize("figure", [2**63 - 1, 1])
def test_every_integer_that_a_column_can_hold_is_kept(figure: int) -> None:
    assert _row(budget=figure)["budget"] == figure


@pytest.mark.parametrize(
    "day", ["0001-01-01", "0202-06-14", "1677-09-20", "1888-10-14", "2262-04-12", "9999-12-31"]
)
def test_a_date_far_away_is_kept_as_it_is_and_breaks_nothing(day: str) -> None:
    assert _row(release_date=day)["release_date"] == date.fromisoformat(day)


@pytest.mark.parametrize("title", ["Amélie 🎬", "N", "null", "NaN", "None", "a\x00b", "1"])
def test_text_is_kept_as_it_is(title: str) -> None:
    table = _details_table([2501], [_details(title=title)], "tmdb")
    assert records(table)[0]["title"] == title
    assert records(from_parquet(to_parquet(table)))[0]["title"] == title


def test_to_check_a_table_does_not_change_how_the_next_one_is_made() -> None:
    class Numbers(Table):
        number: Integer

    first = conform([{"number": 1}], Numbers)
    assert follows_schema(Numbers).find(first).offending == []
    second = conform([{"number": 2}], Numbers)
    assert second.dtypes.to_dict() == first.dtypes.to_dict()


def test_each_row_has_the_time_of_its_own_response() -> None:
    later = datetime(2026, 11, 24, tzinfo=UTC)
    first, second = _details(2502), _details(2501)
    moved = Response(
        second.endpoint, second.path, second.parameters, second.status, later, second.body
    )
    table = _details_table([2502, 2501], [first, moved], "tmdb")
    assert [row["fetched_at"] for row in records(table)] == [later, _NOON]
