"""The bundled snapshot does not replace TMDB's own figures, unless that is requested."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from bourne_assets.cli import main
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake import embedded
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.live_figures import ensure_not_newer, newest_live_figures
from bourne_assets.settings import Settings
from bourne_assets.tables import from_parquet, to_parquet
from bourne_assets_tests.answers.builders import NOW, films_of_2017, saga_table
from bourne_assets_tests.standin import TmdbStandIn

_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
_TABLE = "Refined/bourne_saga_table.parquet"


def _run(
    lake_resource: LakeResource, tmdb: TmdbResource, **config: bool
) -> dg.ExecuteInProcessResult:
    """The steps that send requests to TMDB."""
    defs = build_defs(
        settings=Settings(), sagas=[_BOURNE], resources={"tmdb": tmdb, "lake": lake_resource}
    )
    ops = {name: {"config": config} for name in ("tmdb_search", "tmdb_films")} if config else {}
    names = ("tmdb_search", "tmdb_external_ids", "tmdb_details")
    return defs.resolve_job_def("full_refresh").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
        asset_selection=[dg.AssetKey(name) for name in names],
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": ops},
    )


def _errors(result: dg.ExecuteInProcessResult) -> str:
    return " ".join(
        str(event.step_failure_data.error)
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.error is not None
    )


def _contents(lake: Lake) -> dict[str, str | None]:
    return {key: lake.read(key)[1].sha256 for key in lake.list()}


@pytest.mark.exhaustive
def test_a_step_without_a_credential_leaves_live_figures_as_they_are(
    lake: Lake, lake_resource: LakeResource, tmdb_server: TmdbStandIn
) -> None:
    live = TmdbResource(
        read_access_token=tmdb_server.token,
        base_url=tmdb_server.base_url,
        requests_per_second=1000,
    )
    assert _run(lake_resource, live).success
    newest = newest_live_figures(lake, _BOURNE)
    assert newest is not None
    before = _contents(lake)
    refused = _run(lake_resource, TmdbResource())
    assert not refused.success
    message = _errors(refused)
    assert f"holds figures of TMDB of {newest:%Y-%m-%d} for Jason Bourne" in message
    assert "TMDB_READ_ACCESS_TOKEN is not set" in message
    assert "replace_live_figures" in message
    assert _contents(lake) == before
    assert _run(lake_resource, TmdbResource(), replace_live_figures=True).success
    table = from_parquet(lake.read("Trusted/tmdb_details.parquet")[0])
    assert set(table["source"]) == {"bundled-snapshot"}
    assert _run(lake_resource, TmdbResource()).success, "nothing live is left to protect"


def test_figures_of_the_snapshot_itself_and_odd_objects_stand_in_nobodys_way(lake: Lake) -> None:
    ensure_not_newer(lake, _BOURNE)
    bundled = [{**record, "source": "bundled-snapshot"} for record in films_of_2017()]
    lake.write(_TABLE, to_parquet(saga_table(bundled)), PARQUET)
    lake.write("Trusted/tmdb_details.parquet", b"no table", PARQUET)
    ensure_not_newer(lake, _BOURNE)
    assert newest_live_figures(lake, _BOURNE) is None


# The command


@pytest.fixture
def bourne(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Calls the command in this process, with a home of its own."""
    monkeypatch.setenv("BOURNE_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_a_saga_that_only_tmdb_knows_ends_before_the_run_and_leaves_nothing(
    bourne: Callable[..., Result], tmp_path: Path
) -> None:
    result = bourne("run", "--saga", "matrix")
    assert result.exit_code == 2
    assert "set TMDB_READ_ACCESS_TOKEN to fetch the saga 'matrix' from TMDB" in result.output
    assert len(result.output.strip().splitlines()) <= 3
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_credential_stops_before_anything_is_written(
    bourne: Callable[..., Result], tmp_path: Path
) -> None:
    live: list[dict[str, Any]] = [{**record, "fetched_at": NOW} for record in films_of_2017()]
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        server.lake.write(_TABLE, to_parquet(saga_table(live)), PARQUET)
        before = _contents(server.lake)
        result = bourne("run")
        after = _contents(server.lake)
    assert result.exit_code == 2
    assert "figures of TMDB of 2026-11-23 for Jason Bourne" in " ".join(result.output.split())
    assert "--replace-live-figures" in result.output
    assert after == before
    assert not (tmp_path / "home" / "dagster" / "history").exists()
