"""What is read of TMDB's responses: a value that is known, an unknown one, or a refusal."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bourne_assets.tmdb.errors import (
    TmdbProtocolError,
)
from bourne_assets.tmdb.models import (
    Collection,
    ExternalIds,
    MovieDetails,
    SearchItem,
    SearchPage,
    read_items,
)
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets_tests.standin import (
    TmdbStandIn,
    as_html,
    snapshot,
)

_REQUIRED = [
    "id",
    "budget",
    "revenue",
    "popularity",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


pytestmark = pytest.mark.usefixtures("no_naps")


def _response(body: object, status: int = 200) -> Response:
    """A response about film 2501, with this body: bytes as they are, else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response("movie_details", "/movie/2501", {}, status, datetime.now(UTC), data)


def _film(**changes: object) -> MovieDetails:
    return parse(_response({**snapshot("movie/2501"), **changes}), MovieDetails)


def _value_or_refused(field: str, value: object) -> Any:
    """What becomes of a field's value: the value in the model, or the word `refused`."""
    try:
        return getattr(_film(**{field: value}), field)
    except TmdbProtocolError:
        return "refused"


def test_every_kind_of_response_of_the_stand_in_is_read(tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    assert len(parse(client.search_movie("Bourne", 1), SearchPage).results) == 9
    assert parse(client.movie_details(2501), MovieDetails).budget == 60_000_000
    assert parse(client.movie_external_ids(2501), ExternalIds).imdb_id == "tt0258463"
    assert len(parse(client.collection(31562), Collection).parts) == 5


def test_the_last_film_of_the_snapshot_has_no_figures_and_they_are_unknown() -> None:
    film = parse(_response(snapshot("movie/900000002")), MovieDetails)
    assert (film.budget, film.revenue, film.runtime) == (None, None, None)
    assert (film.release_date, film.imdb_id, film.belongs_to_collection) == (None, None, None)
    assert (film.vote_count, film.popularity) == (0, 0.3)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (as_html("Log in to the network").body, "the whole response"),
        (b"", "the whole response"),
        (b'{"id": 2501, "title": "The Bo', "the whole response"),
        (b"[]", "the whole response"),
        (b"null", "the whole response"),
        (b"\xff\xfe", "the whole response"),
        (b"[" * 100_000, "the whole response"),
        (b"[" * 100_000 + b"]" * 100_000, "the whole response"),
        (b'{"title": "\\ud800"}', "at id: "),
    ],
    ids=["html", "empty", "cut", "list", "null", "not-utf-8", "open", "deep", "half-a-pair"],
)
def test_what_is_not_a_film_is_refused(body: bytes, place: str) -> None:
    with pytest.raises(TmdbProtocolError, match=place) as caught:
        parse(_response(body), MovieDetails)
    assert "/movie/2501" in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_is_not_json_is_told_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    with pytest.raises(TmdbProtocolError, match=r"em a resposta inteira: não é JSON\.$"):
        parse(_response(b""), MovieDetails)


@pytest.mark.usefixtures("no_naps")
def test_html_in_place_of_a_film_is_told_as_a_web_page(tmdb_server: TmdbStandIn) -> None:
    tmdb_server.override("/movie/2501", as_html("Log in to the network"))
    with pytest.raises(TmdbProtocolError, match=r"not as documented .*a web page"):
        tmdb_server.client().movie_details(2501)


@pytest.mark.parametrize("field", _REQUIRED)
def test_a_required_field_that_is_missing_is_named(field: str) -> None:
    film = snapshot("movie/2501")
    del film[field]
    with pytest.raises(TmdbProtocolError, match=rf"at {field}: "):
        parse(_response(film), MovieDetails)


@pytest.mark.parametrize("field", ["title", "original_title", "original_language"])
def test_an_item_of_a_list_needs_its_id_alone(field: str) -> None:
    page = snapshot("search/movie/bourne-1")
    del page["results"][2][field]
    del page["results"][3]["id"]
    read = [film for film, _ in read_items(parse(_response(page), SearchPage).results, SearchItem)]
    assert [film is None for film in read] == [number == 3 for number in range(9)]


def test_an_error_about_a_field_does_not_show_the_value() -> None:
    with pytest.raises(TmdbProtocolError) as caught:
        _film(budget="a-secret-value")
    assert "a-secret-value" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_fields_that_tmdb_adds_are_tolerated_everywhere() -> None:
    new = {"softcore": False, "awards": [{"name": "none"}]}
    film = snapshot("movie/2501")
    film["belongs_to_collection"] |= new
    film["genres"][0] |= new
    assert parse(_response(film | new), MovieDetails) == parse(_response(film), MovieDetails)
    page = snapshot("search/movie/bourne-1")
    page["results"][0] |= new
    assert len(parse(_response(page | new), SearchPage).results) == 9


def test_fields_that_older_responses_lack_are_unknown() -> None:
    film = {name: value for name, value in snapshot("movie/2501").items() if name in _REQUIRED}
    read = parse(_response(film), MovieDetails)
    assert (read.runtime, read.release_date, read.genres) == (None, None, ())
    assert read.belongs_to_collection is None


def test_parts_of_a_collection_are_read_by_name_as_well_as_by_title() -> None:
    titled = snapshot("collection/31562")
    named = json.loads(json.dumps(titled))
    for part in named["parts"]:
        part["name"], part["original_name"] = part.pop("title"), part.pop("original_title")
    one, other = (
        list(read_items(parse(_response(body), Collection).parts, SearchItem))
        for body in (named, titled)
    )
    assert one == other


@pytest.mark.parametrize("field", ["budget", "revenue", "runtime"])
@pytest.mark.parametrize("value", [0, 0.0, -0.0, None])
def test_zero_and_null_are_unknown(field: str, value: float | None) -> None:
    assert getattr(_film(**{field: value}), field) is None


@pytest.mark.parametrize("field", ["budget", "revenue", "runtime"])
@pytest.mark.parametrize("value", ["0", "0.0", "-0", False, "", [], {}])
def test_no_other_way_to_write_zero_becomes_a_known_figure(field: str, value: object) -> None:
    assert _value_or_refused(field, value) in (None, "refused")


@pytest.mark.parametrize("field", ["budget", "revenue", "runtime", "popularity", "vote_average"])
def test_a_truth_value_is_not_a_number(field: str) -> None:
    assert _value_or_refused(field, value=True) in (None, "refused")


@pytest.mark.parametrize("field", ["release_date", "imdb_id"])
@pytest.mark.parametrize("value", ["", None])
def test_empty_text_is_unknown(field: str, value: str | None) -> None:
    assert getattr(_film(**{field: value}), field) is None


@pytest.mark.parametrize("value", [0, "0", 86_400, "86400", 1_023_999_999, False, True, 2002])
def test_a_number_is_not_a_date(value: object) -> None:
    assert _value_or_refused("release_date", value) in (None, "refused")


@pytest.mark.parametrize("value", ["2002-02-30", "2002-00-00", "14/06/2002", "2002", "soon"])
def test_what_is_not_a_day_of_the_calendar_is_refused(value: str) -> None:
    with pytest.raises(TmdbProtocolError, match="at release_date: "):
        _film(release_date=value)


def test_a_date_is_read() -> None:
    assert _film(release_date="2002-06-14").release_date == date(2002, 6, 14)


@pytest.mark.parametrize(("value", "number"), [(0, 0.0), (3, 3.0), (1.25, 1.25), ("2.5", 2.5)])
def test_popularity_may_come_as_an_integer_or_as_text(value: object, number: float) -> None:
    popularity = _film(popularity=value).popularity
    assert popularity == number
    assert isinstance(popularity, float)


def test_popularity_may_be_null_but_not_absent() -> None:
    assert _film(popularity=None).popularity is None


@pytest.mark.parametrize("field", ["budget", "revenue", "vote_count"])
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30])
def test_an_integer_that_no_column_can_hold_is_unknown_and_named(field: str, value: int) -> None:
    problems: list[str] = []
    film = parse(_response(snapshot("movie/2501") | {field: value}), MovieDetails, problems)
    assert getattr(film, field) is None
    (problem,) = problems
    assert problem.startswith(f"{field}: ")


@pytest.mark.parametrize("value", [2**63 - 1, 2**53 + 1, 1])
def test_large_integers_are_read_exactly(value: int) -> None:
    assert _film(revenue=value).revenue == value


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    body = json.dumps(snapshot("movie/2501")).replace("214034224", "9" * 5000).encode()
    with pytest.raises(TmdbProtocolError, match="not as documented"):
        parse(_response(body), MovieDetails)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", '"NaN"', '"inf"'])
def test_a_number_that_is_not_finite_is_refused(word: str) -> None:
    body = json.dumps(snapshot("movie/2501")).replace("86.476817", word).encode()
    with pytest.raises(TmdbProtocolError, match="at popularity: "):
        parse(_response(body), MovieDetails)


@pytest.mark.parametrize("total", [None, "many", 1.5])
def test_an_invalid_number_of_pages_costs_no_result(total: object) -> None:
    page = snapshot("search/movie/bourne-1") | {"total_pages": total}
    assert len(parse(_response(page), SearchPage, []).results) == 9


@settings(max_examples=60, deadline=None)
@given(field=st.sampled_from(sorted(snapshot("movie/2501"))), value=_JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(field: str, value: object) -> None:
    try:
        film = _film(**{field: value})
    except TmdbProtocolError:
        return
    assert film.budget != 0
    assert film.revenue != 0


@settings(max_examples=60, deadline=None)
@given(body=st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for model in (MovieDetails, ExternalIds, Collection, SearchPage):
        with pytest.raises(TmdbProtocolError):
            parse(_response(body), model)
