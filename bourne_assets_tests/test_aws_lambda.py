"""The function of AWS Lambda: only its zip on the path, Lambda's limits, and events that repeat."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from bourne_assets.aws_lambda import saga_of, since_of
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings, read_settings
from bourne_assets.tables import from_json, from_parquet
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.standin import Film, InventedFilms, Reply, TmdbStandIn
from bourne_assets_tests.support.standin_lambda import LambdaStandIn, build, build_zip
from bourne_assets_tests.support.ui import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Lambda's zip is for Linux"),
]
SAGA = Saga(slug="far", title="Far", queries=("Far",), collection_id=7)
FILMS = 45


@pytest.fixture(scope="module")
def task(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unzipped function, built once for all processes of this run of the tests.

    Its wheels stay in pytest's cache; what is built from them is always the present code.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    target = shared / "lambda"
    with (shared / "lambda.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            kept = getattr(request.config, "cache", None)
            target.mkdir()
            return build(target, kept.mkdir("lambda") if kept else shared / "wheels")
    return target / "task"


@pytest.fixture
def tmdb() -> Iterator[TmdbStandIn]:
    """TMDB with one saga."""
    films = [
        Film(n, f"Far {n}", 1000 + n, 2000 + n, "2001-01-01", 1.0, f"tt{n:07}", collection_id=7)
        for n in range(1, FILMS + 1)
    ]
    with TmdbStandIn(InventedFilms.of(films, {7: "Far Collection"})) as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """A folder of the bucket of the test's own."""
    return f"test/{uuid.uuid4().hex}"


@pytest.fixture
def far_lake(s3_server: EmbeddedLake, prefix: str) -> Lake:
    """That folder."""
    return connect_server(s3_server.endpoint, s3_server.credentials, BUCKET, prefix)


@pytest.fixture
def function(
    task: Path, tmp_path: Path, s3_server: EmbeddedLake, tmdb: TmdbStandIn, prefix: str
) -> Iterator[LambdaStandIn]:
    """The function on its stand-in of Lambda."""
    environment = {
        "AWS_ACCESS_KEY_ID": s3_server.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.credentials.secret_key,
        "AWS_REGION": s3_server.region,
        "AWS_ENDPOINT_URL_S3": s3_server.endpoint,
        "BOURNE_S3_BUCKET": BUCKET,
        "BOURNE_S3_PREFIX": prefix,
        "TMDB_BASE_URL": tmdb.base_url,
        "TMDB_READ_ACCESS_TOKEN": tmdb.token,
        "TMDB_REQUESTS_PER_SECOND": "500",
    }
    with LambdaStandIn(task, tmp_path, environment) as running:
        yield running


def _event(since: datetime | None = None, **more: Any) -> bytes:
    event = {
        "saga": SAGA.model_dump(mode="json"),
        "since": (since or datetime.now(UTC)).isoformat(),
    }
    return json.dumps({**event, **more}).encode()


def _films(tmdb: TmdbStandIn) -> Counter[str]:
    return Counter(path for path in tmdb.paths if path.startswith("/movie/"))


def _tables(lake: Lake) -> dict[str, list[int]]:
    return {
        key: from_parquet(lake.read(key)[0])["tmdb_id"].tolist() for key in lake.list("Trusted")
    }


def _raw_films(lake: Lake) -> list[str]:
    return [
        response["path"]
        for key in lake.list("Raw")
        if "/movie_details/" in key
        for response in from_json(lake.read(key)[0])
    ]


# By itself


def test_an_event_of_a_schedule_stores_raw_and_trusted_and_the_same_event_again_doubles_nothing(
    function: LambdaStandIn, tmdb: TmdbStandIn, far_lake: Lake
) -> None:
    event = _event()
    first = function.invoke(event)
    assert first.error is None, (first.response, function.log)
    summary = json.loads(first.response)
    assert (summary["saga"], summary["films"]) == ("far", FILMS)
    everything = list(range(1, FILMS + 1))
    assert _tables(far_lake) == {
        f"Trusted/far/{name}.parquet": everything
        for name in ("tmdb_details", "tmdb_external_ids", "tmdb_search")
    }
    requested = list(tmdb.paths)
    objects = {key: far_lake.read(key)[0] for key in far_lake.list()}
    second = function.invoke(event)
    assert second.error is None
    assert tmdb.paths == requested  # nothing is requested again
    assert {key: far_lake.read(key)[0] for key in far_lake.list()} == objects
    assert json.loads(second.response)["raw_objects"] == 0
    assert function.starts == 1  # the second call found the process warm


@pytest.mark.exhaustive
def test_a_later_event_requests_everything_again(
    function: LambdaStandIn, tmdb: TmdbStandIn, far_lake: Lake
) -> None:
    assert function.invoke(_event()).error is None
    assert function.invoke(_event(datetime.now(UTC) + timedelta(milliseconds=1))).error is None
    assert set(_films(tmdb).values()) == {2}
    assert len(_raw_films(far_lake)) == 2 * FILMS


@pytest.mark.exhaustive
def test_a_call_that_runs_out_of_time_says_so_and_the_same_event_continues_from_there(
    function: LambdaStandIn, tmdb: TmdbStandIn, far_lake: Lake
) -> None:
    function.timeout, function.patience = 20.0, 60.0
    function.environment["TMDB_REQUESTS_PER_SECOND"] = "2"  # more than twenty seconds for all
    event = _event()
    first = function.invoke(event)
    assert first.error == "Unhandled"
    assert "BatchUnfinished" in first.response.decode(), first.response
    assert _tables(far_lake) == {}
    known = set(_raw_films(far_lake))
    assert "/movie/1" in known
    requested = _films(tmdb)
    function.timeout = 60.0
    second = function.invoke(event)
    assert second.error is None, second.response
    assert set(_tables(far_lake)["Trusted/far/tmdb_details.parquet"]) == set(range(1, FILMS + 1))
    assert all(_films(tmdb)[path] == requested[path] for path in known)  # not requested again
    assert Counter(_raw_films(far_lake)) == Counter({f"/movie/{n}": 1 for n in range(1, FILMS + 1)})


@pytest.mark.exhaustive
def test_a_function_that_is_killed_by_its_time_out_loses_nothing_for_the_next_call(
    function: LambdaStandIn, tmdb: TmdbStandIn, far_lake: Lake
) -> None:
    event = _event()
    tmdb.override("/search/movie", Reply(seconds=60.0, raw=b""))

    def end() -> None:
        wait_for(lambda: tmdb.requests, 200, "the function sends a request")
        function.run_out_of_time()

    ending = threading.Thread(target=end)
    ending.start()
    first = function.invoke(event)
    ending.join()
    assert first.error == "Unhandled"
    assert "Task timed out" in first.response.decode()
    tmdb.restore("/search/movie")
    assert function.invoke(event).error is None
    assert function.starts == 2
    assert set(_tables(far_lake)["Trusted/far/tmdb_details.parquet"]) == set(range(1, FILMS + 1))


@pytest.mark.exhaustive
def test_the_zip_has_no_dagster_and_is_the_same_when_built_again(
    task: Path, tmp_path: Path
) -> None:
    names = {path.name for path in task.iterdir()}
    assert "dagster_pipes" in names
    assert not {"dagster", "dagster_aws", "duckdb", "scipy", "altair"} & names
    size = sum(path.stat().st_size for path in task.rglob("*") if path.is_file())
    assert size < 250 * 1024 * 1024
    build_zip(tmp_path / "again.zip")  # from nothing, in a process of its own
    again = (tmp_path / "again.zip").read_bytes()
    assert again == (task.parent / "function.zip").read_bytes()


# Called by Dagster


@pytest.mark.exhaustive
def test_dagster_calls_the_function_and_shows_its_reports(
    function: LambdaStandIn,
    s3_server: EmbeddedLake,
    far_lake: Lake,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", function.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.credentials.secret_key)
    s3 = S3Resource(
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.credentials.access_key,
        aws_secret_access_key=s3_server.credentials.secret_key,
    )
    lake = LakeResource(s3=s3, bucket=BUCKET, prefix=prefix)
    settings = Settings(s3_bucket=BUCKET, s3_prefix=prefix, tmdb_runs_on="lambda")
    defs = build_defs(settings=settings, sagas=[SAGA], resources={"lake": lake})
    result = defs.resolve_job_def("refresh_far").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
    )
    (event,) = function.events
    assert event["saga"] == SAGA.model_dump(mode="json")
    stored = {
        materialization.asset_key.to_user_string(): materialization
        for materialization in (
            each.step_materialization_data.materialization
            for each in result.get_asset_materialization_events()
        )
    }
    for name in ("tmdb_search", "tmdb_external_ids", "tmdb_details"):
        metadata = stored[f"far/{name}"].metadata
        assert metadata["dagster/row_count"].value == FILMS
        _, known = far_lake.read(f"Trusted/far/{name}.parquet")
        assert metadata["dagster/uri"].value == known.uri
        assert metadata["sha256"].value == known.sha256
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["every_candidate_is_answered"].passed
    assert checks["every_candidate_is_answered"].metadata["candidates"].value == FILMS
    # Downstream of the function, the platform reads what it stored.
    assert result.success, [check.check_name for check in checks.values() if not check.passed]
    assert far_lake.head("Refined/far/insight_metrics.json")
    assert far_lake.list("_pipes")


# Events that cannot be used


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, "must name a saga"),
        ({"saga": {"slug": "far"}}, "must have slug, title, queries and collection_id"),
        ({"saga": "nobody"}, "nobody"),
    ],
)
def test_an_event_without_a_usable_saga_is_refused(event: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        saga_of(event, Settings())


def test_the_time_of_an_event_is_its_own_or_that_of_eventbridge_and_utc() -> None:
    moment = datetime(2026, 11, 24, 21, tzinfo=UTC)
    assert since_of({"since": "2026-11-24T21:00:00Z"}) == moment
    assert since_of({"time": "2026-11-24T21:00:00Z"}) == moment
    assert since_of({"since": "2026-11-24T21:00:00"}) == moment
    for event in ({}, {"since": "yesterday"}):
        with pytest.raises(ConfigurationError, match="since when"):
            since_of(event)


def test_lambda_needs_a_lake_that_it_can_reach() -> None:
    with pytest.raises(ConfigurationError, match="needs BOURNE_S3_BUCKET"):
        read_settings({"BOURNE_TMDB_RUNS_ON": "lambda"})
    with pytest.raises(ConfigurationError, match="one of dagster, lambda"):
        read_settings({"BOURNE_TMDB_RUNS_ON": "moon"})


def test_importing_the_function_brings_no_dagster() -> None:
    code = "import sys, bourne_assets.aws_lambda; print('dagster' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
