"""Ten sagas on Celery workers: every answer right, whoever is killed or restarted meanwhile."""

import uuid
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import pytest
import redis as redis_client
import yaml

from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.store import Lake
from bourne_assets.tables import from_json, from_parquet
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.standin import Film, InventedFilms, Limiter, TmdbStandIn
from bourne_assets_tests.support.services import (
    RedisServer,
    needs_postgres,
    needs_redis,
    postgres_database,
)
from bourne_assets_tests.support.workers import Workers, wait_until

SAGAS = {number: f"saga{number}" for number in range(10)}
FILMS_OF_EACH = 30
PACE = 39
#: TMDB's own limit, above which it refuses.
LIMIT = 40


def film_source() -> InventedFilms:
    """Ten sagas, each of thirty films with figures of its own, and one namesake."""
    films = [
        Film(
            1000 * (number + 1) + n,
            f"{slug} part {n}",
            budget=1_000_000 * (number + 1) + n,
            revenue=7_000_000 * (n + 1) + number,
            release_date=f"{1980 + n}-0{number % 9 + 1}-01",
            popularity=float(n + number),
            imdb_id=f"tt{1000 * (number + 1) + n:07}",
            collection_id=number + 1,
        )
        for number, slug in SAGAS.items()
        for n in range(FILMS_OF_EACH)
    ]
    namesakes = [Film(90_000 + n, f"Not {slug} at all", 1, 1) for n, slug in SAGAS.items()]
    names = {number + 1: f"{slug} Collection" for number, slug in SAGAS.items()}
    return InventedFilms.of([*films, *namesakes], names)


def sagas_file(folder: Path) -> Path:
    """The sagas file of the ten."""
    sagas = {
        slug: {"title": slug, "queries": [slug], "collection_id": number + 1}
        for number, slug in SAGAS.items()
    }
    path = folder / "sagas.yaml"
    path.write_text(yaml.safe_dump({"sagas": sagas}), encoding="utf-8")
    return path


def environment(
    folder: Path, server: EmbeddedLake, tmdb: TmdbStandIn, redis: RedisServer, postgres: str
) -> tuple[dict[str, str], Lake]:
    """The variables of every process of the platform, and the lake that they give."""
    prefix = f"test/{uuid.uuid4().hex}"
    variables = {
        "AWS_ACCESS_KEY_ID": server.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": server.credentials.secret_key,
        "AWS_REGION": server.region,
        "AWS_DEFAULT_REGION": server.region,
        "AWS_ENDPOINT_URL_S3": server.endpoint,
        "BOURNE_S3_BUCKET": BUCKET,
        "BOURNE_S3_PREFIX": prefix,
        "BOURNE_SAGAS_FILE": str(sagas_file(folder)),
        "BOURNE_SAGAS": ",".join(SAGAS.values()),
        "BOURNE_REDIS_URL": redis.url,
        "DAGSTER_POSTGRES_URL": postgres,
        "TMDB_BASE_URL": tmdb.base_url,
        "TMDB_READ_ACCESS_TOKEN": tmdb.token,
        "TMDB_REQUESTS_PER_SECOND": str(PACE),
    }
    return variables, connect_server(server.endpoint, server.credentials, BUCKET, prefix)


def wrong_answers(lake: Lake) -> list[str]:
    """Sagas whose table or answers are not those of the film source."""
    known = film_source()
    return [slug for number, slug in SAGAS.items() if not _is_right(lake, known, number, slug)]


def _is_right(lake: Lake, known: InventedFilms, number: int, slug: str) -> bool:
    films = [film for film in known.films.values() if film.collection_id == number + 1]
    table = from_parquet(lake.read(f"Refined/{slug}/{slug}_saga_table.parquet")[0])
    answers = from_json(lake.read(f"Refined/{slug}/insight_metrics.json")[0])["answers"]
    top = max(films, key=lambda film: film.revenue)
    return (
        table["tmdb_id"].tolist() == [film.id for film in films]
        and answers["mean_revenue"]["value"] == fmean(film.revenue for film in films)
        and answers["mean_budget"]["value"] == fmean(film.budget for film in films)
        and len(answers["revenue_variation"]["steps"]) == FILMS_OF_EACH - 1
        and answers["top_revenue_vs_top_budget"]["top_revenue"]["tmdb_id"] == top.id
    )


def _turns(server: RedisServer) -> list[float]:
    """When Redis gave out the last turns at TMDB, in seconds, the earliest first."""
    with redis_client.Redis.from_url(server.url) as client:
        (key,) = client.scan_iter("bourne:pace:*:turns")
        return [int(turn) / 1e6 for turn in client.lrange(key, 0, -1)][::-1]


def fullest_second(times: list[float]) -> int:
    """Requests in the second that has most of them."""
    return max(sum(1 for other in times if start <= other < start + 1) for start in times)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(1300)
@needs_redis
@needs_postgres
@pytest.mark.exhaustive
def test_ten_sagas_come_out_right_though_a_worker_is_killed_and_the_broker_restarted(
    tmp_path: Path, s3_server: EmbeddedLake, record_property: Callable[[str, object], None]
) -> None:
    home, data = tmp_path / "home", tmp_path / "redis"
    home.mkdir()
    data.mkdir()
    limiter = Limiter(LIMIT)
    with (
        RedisServer(data) as redis,
        postgres_database() as postgres,
        TmdbStandIn(film_source(), latency=0.05, limiter=limiter) as tmdb,
    ):
        variables, lake = environment(tmp_path, s3_server, tmdb, redis, postgres)
        with Workers(home, variables) as platform:
            platform.start_worker("first")
            platform.start_worker("second")
            roots = platform.launch([f"refresh_{slug}" for slug in SAGAS.values()])

            def state() -> str:
                return f"{platform.statuses()}\n{platform.output()}"

            wait_until(lambda: len(tmdb.requests) >= 60, 300, state)
            platform.kill_worker_at_work("first")
            wait_until(lambda: len(tmdb.requests) >= 180, 300, state)
            redis.stop()
            redis.start()
            wait_until(lambda: all(platform.finished(root) for root in roots), 600, state)
            repeated = [
                root for root in roots if (run := platform.finished(root)) and run.run_id != root
            ]
            assert repeated, "no run was lost with the worker: the test killed nothing"
            assert wrong_answers(lake) == []
            turns = _turns(redis)
        times = [request.time for request in tmdb.requests]
        pace = (len(times) - 1) / (times[-1] - times[0])
        record_property(
            "figures",
            f"{len(roots)} runs, {len(repeated)} of them repeated; {len(times)} requests, "
            f"{pace:.1f} a second, {fullest_second(times)} in the fullest second, "
            f"{limiter.refused} refused",
        )
        assert pace <= PACE + 1  # two workers without a common pace: twice
        # By Redis's own clock, for requests may arrive in a bunch on a busy machine.
        assert min(after - before for before, after in pairwise(turns)) >= 1 / PACE - 0.0201
