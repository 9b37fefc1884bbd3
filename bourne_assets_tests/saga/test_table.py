"""A saga's table has the films that their details place in it, with what is known of them."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.ratings import RatingsTable
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.saga.assets import saga_assets
from bourne_assets.saga.definition import Saga, StatedFigures
from bourne_assets.saga.errors import SagaConfigurationError, SagaEmpty
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.saga.table import RejectedFilm, build_saga_table, rejected_films
from bourne_assets.settings import DATA_DIR, Settings
from bourne_assets.tables import conform, from_parquet, records, to_parquet
from bourne_assets.tmdb.schemas import DELETED, DetailsTable, ExternalIdsTable
from bourne_assets_tests.support.tables import tables_of

_SAGA = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
_NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
_INTEGERS = (
    "tmdb_id",
    "release_year",
    "runtime_minutes",
    "budget",
    "revenue",
    "profit",
    "vote_count",
    "imdb_votes",
    "collection_id",
)


def _details(tmdb_id: int, **figures: Any) -> dict[str, Any]:
    return {
        "tmdb_id": tmdb_id,
        "title": f"Film {tmdb_id}",
        "original_title": f"Filme {tmdb_id}",
        "original_language": "pt",
        "status": "Released",
        "collection_id": 31562,
        "collection_name": "The Bourne Collection",
        "fetched_at": _NOW,
        "source": "tmdb",
        **figures,
    }


def _ids(tmdb_id: int, **ids: Any) -> dict[str, Any]:
    return {"tmdb_id": tmdb_id, "status": "known", "fetched_at": _NOW, "source": "tmdb", **ids}


def _deleted(tmdb_id: int) -> dict[str, Any]:
    return {"tmdb_id": tmdb_id, "status": DELETED, "fetched_at": _NOW, "source": "tmdb"}


def _details_table(*rows: dict[str, Any]) -> pd.DataFrame:
    return conform(rows, DetailsTable)


def _table(
    *details: dict[str, Any],
    ids: tuple[dict[str, Any], ...] = (),
    ratings: tuple[dict[str, Any], ...] = (),
    saga: Saga = _SAGA,
) -> pd.DataFrame:
    return build_saga_table(
        saga,
        _details_table(*details),
        conform(ids, ExternalIdsTable),
        conform(ratings, RatingsTable),
    )


def _film(*details: dict[str, Any], **others: Any) -> dict[str, Any]:
    (film,) = records(_table(*details, **others))
    return film


# Which films


def test_the_collection_in_the_details_decides_and_the_title_does_not() -> None:
    table = _table(
        _details(2501, title="The Bourne Identity"),
        _details(9, title="The Bourne Identity", collection_id=None, collection_name=None),
        _details(8, title="The Bourne Trilogy", collection_id=77, collection_name="Other"),
        _details(7, title="Quite another title"),
    )
    assert table["tmdb_id"].to_list() == [7, 2501]


def test_a_rejected_film_is_named_with_the_reason_in_order_of_the_ids() -> None:
    details = _details_table(
        _details(1, collection_id=None),
        _deleted(2),
        _details(3),
        _details(40001, title="Mrs. Winterbourne", collection_id=77),
    )
    assert rejected_films(_SAGA, details) == [
        RejectedFilm(1, "Film 1", "not in collection 31562: in none"),
        RejectedFilm(2, None, "no details: deleted at TMDB"),
        RejectedFilm(40001, "Mrs. Winterbourne", "not in collection 31562: in 77"),
    ]


def test_every_candidate_is_either_in_the_table_or_rejected() -> None:
    rows = [_details(1), _details(2, collection_id=None), _deleted(3), _details(4)]
    in_table = _table(*rows)["tmdb_id"].to_list()
    rejected = [film.tmdb_id for film in rejected_films(_SAGA, _details_table(*rows))]
    assert sorted([*in_table, *rejected]) == [1, 2, 3, 4]


def test_a_deleted_film_takes_no_part() -> None:
    assert _table(_details(1), _deleted(2))["tmdb_id"].to_list() == [1]


@pytest.mark.parametrize(
    "rows", [(), (_deleted(1),), (_details(1, collection_id=None), _details(2, collection_id=7))]
)
def test_a_saga_without_films_is_an_error_that_says_where_to_look(
    rows: tuple[dict[str, Any], ...],
) -> None:
    with pytest.raises(SagaEmpty, match=f"None of the {len(rows)} candidates") as raised:
        _table(*rows)
    assert "'bourne'" in str(raised.value)
    assert "collection_id" in str(raised.value)
    assert raised.value.exit_code == 1


# Their order


def test_films_stand_in_order_of_release_and_unknown_dates_come_last() -> None:
    table = _table(
        _details(1, release_date=None),
        _details(2, release_date=date(2016, 7, 27)),
        _details(3, release_date=date(2002, 6, 14)),
        _details(4, release_date=date(2007, 8, 3)),
    )
    assert table["tmdb_id"].to_list() == [3, 4, 2, 1]


def test_films_of_one_date_and_films_without_one_stand_in_order_of_their_ids() -> None:
    day = date(2007, 8, 3)
    table = _table(
        _details(10, release_date=None),
        _details(9, release_date=None),
        _details(8, release_date=day),
        _details(100, release_date=day),
        _details(7, release_date=day),
    )
    assert table["tmdb_id"].to_list() == [7, 8, 100, 9, 10]


# Their figures


def test_a_film_has_the_values_of_its_details() -> None:
    film = _film(
        _details(
            2501,
            title="The Bourne Identity",
            original_title="Die Bourne Identität",
            release_date=date(2002, 6, 14),
            runtime_minutes=119,
            budget=60_000_000,
            revenue=214_034_224,
            popularity=86.476817,
            vote_average=7.3,
            vote_count=3583,
            genres="Action, Drama",
        ),
        ids=(_ids(2501, imdb_id="tt0258463", wikidata_id="Q272860"),),
        ratings=({"imdb_id": "tt0258463", "imdb_rating": 7.8, "imdb_votes": 590_000},),
    )
    assert film == {
        "tmdb_id": 2501,
        "imdb_id": "tt0258463",
        "wikidata_id": "Q272860",
        "title": "The Bourne Identity",
        "original_title": "Die Bourne Identität",
        "release_date": date(2002, 6, 14),
        "status": "Released",
        "release_year": 2002,
        "runtime_minutes": 119,
        "budget": 60_000_000,
        "revenue": 214_034_224,
        "profit": 154_034_224,
        "return_on_budget": 154_034_224 / 60_000_000,
        "budget_source": None,
        "revenue_source": None,
        "popularity": 86.476817,
        "vote_average": 7.3,
        "vote_count": 3583,
        "imdb_rating": 7.8,
        "imdb_votes": 590_000,
        "genres": "Action, Drama",
        "collection_id": 31562,
        "fetched_at": _NOW,
        "source": "tmdb",
    }


def test_profit_is_revenue_minus_budget_and_return_is_profit_by_budget() -> None:
    film = _film(_details(1, budget=70_000_000, revenue=442_824_138))
    assert film["profit"] == 372_824_138
    assert film["return_on_budget"] == 372_824_138 / 70_000_000


def test_a_loss_is_a_negative_profit() -> None:
    film = _film(_details(1, budget=100, revenue=40))
    assert (film["profit"], film["return_on_budget"]) == (-60, -0.6)


@pytest.mark.parametrize(
    ("budget", "revenue"), [(None, 100), (100, None), (None, None), (None, 0), (0, None)]
)
def test_profit_and_return_are_unknown_where_budget_or_revenue_is(
    budget: int | None, revenue: int | None
) -> None:
    film = _film(_details(1, budget=budget, revenue=revenue))
    assert (film["budget"], film["revenue"]) == (budget, revenue)
    assert film["profit"] is None
    assert film["return_on_budget"] is None


def test_a_doubtful_figure_stays_in_the_table_and_makes_no_profit_and_no_return() -> None:
    for budget in (0, 1, 60):
        film = _film(_details(1, budget=budget, revenue=214_034_224))
        assert (film["budget"], film["profit"], film["return_on_budget"]) == (budget, None, None)


def test_a_figure_of_the_sagas_file_takes_the_place_of_tmdbs_and_names_its_source() -> None:
    stated = StatedFigures(budget=70_000_000, source="The Numbers")
    saga = _SAGA.model_copy(update={"figures": {1: stated}})
    films = (_details(1, budget=60, revenue=442_824_138), _details(2))
    first, second = records(_table(*films, saga=saga))
    assert (first["budget"], first["budget_source"]) == (70_000_000, "The Numbers")
    assert (first["revenue"], first["revenue_source"]) == (442_824_138, None)
    assert first["profit"] == 372_824_138
    assert second["budget_source"] is None


def test_a_figure_of_a_film_that_is_not_a_candidate_is_refused() -> None:
    saga = _SAGA.model_copy(update={"figures": {99: StatedFigures(budget=5, source="x")}})
    with pytest.raises(
        SagaConfigurationError, match=r"states figures of the film 99, which is not"
    ):
        _table(_details(1), saga=saga)


def test_what_is_unknown_stays_null_and_becomes_no_zero() -> None:
    film = _film(_details(1))
    known = {name for name, value in film.items() if value is not None}
    assert known == {
        "tmdb_id",
        "title",
        "original_title",
        "status",
        "collection_id",
        "fetched_at",
        "source",
    }


def test_integers_stay_integers_beside_unknown_ones_and_through_parquet() -> None:
    large = 9_007_199_254_740_993  # no double has this value
    table = _table(
        _details(1, budget=large, revenue=large, vote_count=1, release_date=date(2002, 1, 1)),
        _details(2),
    )
    assert {str(table[name].dtype) for name in _INTEGERS} == {"Int64"}
    loaded = from_parquet(to_parquet(table))
    assert {str(loaded[name].dtype) for name in _INTEGERS} == {"Int64"}
    assert records(loaded)[0]["budget"] == large
    assert records(loaded) == records(table)


def test_the_table_follows_its_schema_also_where_nothing_is_known() -> None:
    for rows in (
        (_details(1, original_title=None),),
        (_details(1), _details(2, imdb_id="tt1111111", budget=1)),
    ):
        table = from_parquet(to_parquet(_table(*rows)))
        schema = SagaTable.to_schema()
        schema.validate(table, lazy=True)
        assert list(table.columns) == list(schema.columns)


def test_two_films_without_an_imdb_id_follow_the_schema() -> None:
    SagaTable.to_schema().validate(_table(_details(1), _details(2)), lazy=True)


# Ids and ratings


def test_the_imdb_id_of_the_external_ids_goes_before_that_of_the_details() -> None:
    film = _film(_details(1, imdb_id="tt1111111"), ids=(_ids(1, imdb_id="tt2222222"),))
    assert film["imdb_id"] == "tt2222222"


@pytest.mark.parametrize("ids", [(), (_ids(1),), (_deleted(1),), (_ids(2, imdb_id="tt2222222"),)])
def test_the_imdb_id_of_the_details_stands_in_where_the_external_ids_have_none(
    ids: tuple[dict[str, Any], ...],
) -> None:
    assert _film(_details(1, imdb_id="tt1111111"), ids=ids)["imdb_id"] == "tt1111111"


def test_a_film_without_any_imdb_id_stays_without_rating() -> None:
    film = _film(
        _details(1), ratings=({"imdb_id": "tt1111111", "imdb_rating": 7.8, "imdb_votes": 5},)
    )
    assert (film["imdb_id"], film["imdb_rating"], film["imdb_votes"]) == (None, None, None)


def test_ratings_are_joined_by_imdb_id_and_a_film_without_one_stays() -> None:
    table = _table(
        _details(1),
        _details(2),
        ids=(_ids(1, imdb_id="tt1111111"), _ids(2, imdb_id="tt2222222")),
        ratings=(
            {"imdb_id": "tt2222222", "imdb_rating": 7.8, "imdb_votes": 5},
            {"imdb_id": "tt3333333", "imdb_rating": 1.0, "imdb_votes": 9},
        ),
    )
    figures = [(row["imdb_rating"], row["imdb_votes"]) for row in records(table)]
    assert figures == [(None, None), (7.8, 5)]


def test_a_rating_that_the_csv_does_not_know_is_unknown() -> None:
    film = _film(
        _details(1, imdb_id="tt1111111"),
        ratings=({"imdb_id": "tt1111111", "imdb_rating": None, "imdb_votes": None},),
    )
    assert (film["imdb_rating"], film["imdb_votes"]) == (None, None)


# The asset that joins them


def _asset(
    lake: LakeResource, details: pd.DataFrame, external_ids: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What the asset returns when it is called with the bundled sample landed."""
    movies = DATA_DIR / "sample_csvs" / "movies.csv"
    land_csv_files([movies], lake.connect(), date(2026, 11, 23), tables=tables_of(lake.connect()))
    (asset,) = saga_assets(Settings(), _SAGA)
    result: Any = asset(lake=lake, tmdb_external_ids=external_ids, tmdb_details=details)
    return result.value, dict(result.metadata)


def test_the_asset_joins_the_rating_of_the_landed_csv(lake_resource: LakeResource) -> None:
    films, metadata = _asset(
        lake_resource,
        _details_table(_details(2501), _details(8, collection_id=None)),
        conform([_ids(2501, imdb_id="tt0258463")], ExternalIdsTable),
    )
    (film,) = records(films)
    assert (film["imdb_rating"], film["imdb_votes"]) == (7.8, 590_000)
    assert (metadata["films"], metadata["rejected"], metadata["without_csv_rating"]) == (1, 1, 0)


def test_the_asset_joins_the_rating_also_where_only_the_details_have_the_imdb_id(
    lake_resource: LakeResource,
) -> None:
    films, _ = _asset(
        lake_resource,
        _details_table(_details(2501, imdb_id="tt0258463")),
        conform([_ids(2501)], ExternalIdsTable),
    )
    (film,) = records(films)
    assert film["imdb_id"] == "tt0258463"
    assert (film["imdb_rating"], film["imdb_votes"]) == (7.8, 590_000)


def test_the_asset_counts_what_is_unknown(lake_resource: LakeResource) -> None:
    _, metadata = _asset(
        lake_resource,
        _details_table(_details(1, budget=5), _details(2), _deleted(3)),
        conform([_ids(1), _ids(2), _deleted(3)], ExternalIdsTable),
    )
    assert metadata["unknown_budget"] == 1
    assert metadata["unknown_revenue"] == 2
    assert metadata["without_csv_rating"] == 2
    assert metadata["rejected"] == 1
