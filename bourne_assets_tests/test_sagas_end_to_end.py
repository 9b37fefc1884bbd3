"""Several invented sagas through the whole platform: each gets its own, right answers."""

from itertools import pairwise
from statistics import fmean
from typing import Any

import dagster as dg
import pytest

from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga, load_sagas
from bourne_assets.settings import Settings
from bourne_assets.tables import from_json, from_parquet, records
from bourne_assets_tests.conftest import BUCKET, resource_of
from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn

pytestmark = pytest.mark.exhaustive

_SAGAS = """
sagas:
  alone: {title: Alone, queries: [Alone], collection_id: 1}
  pair: {title: Pair, queries: [Pair], collection_id: 2}
  odd: {title: Odd, queries: [Odd, Strange], collection_id: 3}
  script: {title: Script, queries: [七人], collection_id: 4}
"""
_FILMS = [
    Film(11, "Alone", 10_000_000, 30_000_000, "2001-01-01", 5.0, "tt0000011", collection_id=1),
    Film(12, "Alone in the Dark", 1, 2, "2001-01-01", 9.0, "tt0000012"),
    Film(21, "Pair One", 50_000_000, 20_000_000, "2005-05-05", 1.5, "tt0000021", collection_id=2),
    Film(22, "Pair Two", 50_000_000, 90_000_000, "2005-05-05", 2.5, "tt0000022", collection_id=2),
    # Unknown figures, no date, no IMDb id, a tie at the top, a member that no query finds.
    Film(31, "Odd First", 20_000_000, 70_000_000, "1999-03-01", 8.0, "tt0000031", collection_id=3),
    Film(32, "Odd Second", 0, 70_000_000, "2003-03-01", 8.0, None, collection_id=3),
    Film(33, "Odd Third", 40_000_000, 0, "", 3.0, "tt0000033", collection_id=3),
    Film(34, "Hidden", 40_000_000, 60_000_000, "2003-03-01", 2.0, "tt0000034", collection_id=3),
    Film(35, "Odd Deleted", 1_000_000, 1_000_000, "2009-01-01", 1.0, collection_id=3),
    Film(36, "A Strange Namesake", 5, 5, "2010-01-01", 99.0, "tt0000036"),
    Film(41, "七人の侍", 500_000, 300_000, "1954-04-26", 4.0, "tt0000041", collection_id=4),
    Film(42, "七人のחברים العربية", 900_000, 800_000, "1960-01-01", 6.0, collection_id=4),
    Film(43, "七人 Ωmega 🎬", 700_000, 2_000_000, "1970-01-01", 7.0, collection_id=4),
]
_FILM_SOURCE = InventedFilms(
    {film.id: film for film in _FILMS},
    {1: "Alone Collection", 2: "Pair Collection", 3: "Odd Collection", 4: "Script Collection"},
    deleted={35},
    hidden={34},
)
_MEMBERS = {"alone": [11], "pair": [21, 22], "odd": [31, 32, 34, 33], "script": [41, 42, 43]}


@pytest.fixture(scope="module")
def sagas(tmp_path_factory: pytest.TempPathFactory) -> list[Saga]:
    """The sagas of the file."""
    path = tmp_path_factory.mktemp("sagas") / "sagas.yaml"
    path.write_text(_SAGAS, encoding="utf-8")
    return list(load_sagas(path).values())


def _run(
    server: TmdbStandIn, lake_resource: LakeResource, sagas: list[Saga], job: str
) -> dg.ExecuteInProcessResult:
    tmdb = TmdbResource(
        read_access_token=server.token, base_url=server.base_url, requests_per_second=1000
    )
    defs = build_defs(
        settings=Settings(),
        sagas=sagas,
        resources={"tmdb": tmdb, "lake": lake_resource},
    )
    return defs.resolve_job_def(job).execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


@pytest.fixture(scope="module")
def refreshed(
    s3_server: EmbeddedLake, sagas: list[Saga]
) -> tuple[Lake, LakeResource, dg.ExecuteInProcessResult]:
    """A lake in which everything was refreshed once, as a Dagster resource too, and the run."""
    lake = connect_server(s3_server.endpoint, s3_server.credentials, BUCKET, "test/several-sagas")
    resource = resource_of(s3_server, lake.prefix)
    with TmdbStandIn(_FILM_SOURCE) as server:
        return lake, resource, _run(server, resource, sagas, "full_refresh")


def _answers(lake: Lake, slug: str) -> dict[str, Any]:
    return dict(from_json(lake.read(f"Refined/{slug}/insight_metrics.json")[0]))


def _ids(films: list[dict[str, Any]]) -> list[int]:
    return [film["tmdb_id"] for film in films]


def test_each_of_several_sagas_gets_its_own_films_and_right_answers(
    refreshed: tuple[Lake, LakeResource, dg.ExecuteInProcessResult],
) -> None:
    lake, _, result = refreshed
    assert result.success
    for slug, members in _MEMBERS.items():
        table = from_parquet(lake.read(f"Refined/{slug}/{slug}_saga_table.parquet")[0])
        assert table["tmdb_id"].tolist() == members
        answers = _answers(lake, slug)["answers"]
        films = [_FILM_SOURCE.films[tmdb_id] for tmdb_id in members]
        for figure in ("revenue", "budget"):
            known = [value for film in films if (value := getattr(film, figure))]
            assert answers[f"mean_{figure}"]["value"] == fmean(known)
            unknown = [film.id for film in films if not getattr(film, figure)]
            assert _ids(answers[f"mean_{figure}"]["missing"]) == unknown
        dated = [film for film in films if film.release_date and film.revenue]
        steps = answers["revenue_variation"]["steps"]
        assert [step["change_usd"] for step in steps] == [
            after.revenue - before.revenue for before, after in pairwise(dated)
        ]
        top = max(film.revenue for film in films)
        leader = next(film for film in films if film.revenue == top)
        assert answers["top_revenue_vs_top_budget"]["top_revenue"]["tmdb_id"] == leader.id


def test_the_edges_of_small_and_odd_sagas_come_out_right(
    refreshed: tuple[Lake, LakeResource, dg.ExecuteInProcessResult],
) -> None:
    lake, _, _ = refreshed
    alone, pair, odd = (_answers(lake, slug)["answers"] for slug in ("alone", "pair", "odd"))
    assert alone["revenue_variation"]["varied"] is None
    assert alone["revenue_variation"]["reason"]
    assert alone["year_vs_popularity"]["pearson"] is None or alone["year_vs_popularity"]["reason"]
    assert alone["top_revenue_vs_top_budget"]["direction"] == "same_film"
    (step,) = pair["revenue_variation"]["steps"]
    assert (step["from"]["tmdb_id"], step["to"]["tmdb_id"]) == (21, 22)  # one date: by id
    assert step["change_pct"] == 350.0
    assert _ids(pair["top_revenue_vs_top_budget"]["top_budget"]["tied_with"]) == [22]
    question = odd["top_revenue_vs_top_budget"]
    assert question["top_revenue"]["tmdb_id"] == 31
    assert _ids(question["top_revenue"]["tied_with"]) == [32]
    assert (question["top_budget"]["tmdb_id"], question["difference_pct"]) == (34, -50.0)
    assert odd["popularity_vs_success"]["most_popular"]["tied_with"] == [
        {"tmdb_id": 32, "title": "Odd Second"}
    ]


def test_a_member_that_no_query_finds_is_fetched_and_marked_so_and_a_deleted_one_is_named(
    lake: Lake, lake_resource: LakeResource, sagas: list[Saga]
) -> None:
    with TmdbStandIn(_FILM_SOURCE) as server:
        result = _run(server, lake_resource, sagas, "refresh_odd")
    search = from_parquet(lake.read("Trusted/odd/tmdb_search.parquet")[0])
    found_by = dict(zip(search["tmdb_id"], search["found_by"], strict=True))
    assert found_by[34] == "collection"
    assert found_by[31] == "search"
    reasons = {row["tmdb_id"]: row["reason"] for row in records(search)}
    assert reasons[36] == "not in collection 3 (Odd Collection)"
    failed = {
        check.check_name: check
        for check in result.get_asset_check_evaluations()
        if not check.passed
    }
    assert {"search_found_every_film", "no_film_is_deleted"} <= failed.keys()
    (materialization,) = result.asset_materializations_for_node("odd__odd_saga_table")
    listed = materialization.metadata["rejected_films"]
    assert isinstance(listed, dg.TableMetadataValue)
    assert all(set(row.data) == {"tmdb_id", "title", "reason"} for row in listed.records)
    rejected = {row.data["tmdb_id"]: row.data["reason"] for row in listed.records}
    assert rejected == {35: "no details: deleted at TMDB", 36: "not in collection 3: in none"}


def test_one_sagas_run_leaves_the_others_alone(
    refreshed: tuple[Lake, LakeResource, dg.ExecuteInProcessResult], sagas: list[Saga]
) -> None:
    lake, resource, _ = refreshed
    others = {
        key: lake.read(key)[0]
        for key in lake.list()
        if "/pair/" not in key and not key.startswith(("Raw/", "Trusted/raw_csvs_s3"))
    }
    with TmdbStandIn(_FILM_SOURCE) as server:
        _run(server, resource, sagas, "refresh_pair")
        films = [path for path in server.paths if path.startswith("/movie/")]
    assert sorted(films) == ["/movie/21", "/movie/22"]
    for key, data in others.items():
        assert lake.read(key)[0] == data
