"""A run config sets how a run is done, and never with which credentials, addresses or files."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest

from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import BOURNE, QUIET

_SECRET = "value-that-nobody-may-see"
_ENV = {"env": "NOT_FOR_ANYBODY"}


@contextmanager
def _capture() -> Iterator[tuple[str, list[str]]]:
    """A server of an attacker: its address, and what arrives there."""
    arrived: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", arrived
    finally:
        server.shutdown()
        server.server_close()


def _run(
    lake: LakeResource, run_config: dict[str, Any], asset: str = "tmdb_search", **settings: Any
) -> dg.ExecuteInProcessResult:
    defs = build_defs(settings=Settings(**settings), sagas=[BOURNE], resources={"lake": lake})
    return defs.resolve_job_def("refresh_bourne").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[dg.AssetKey(asset)],
        run_config={**run_config, **QUIET},
        raise_on_error=False,
    )


def test_no_run_sends_a_variable_to_another_address(
    lake_resource: LakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOT_FOR_ANYBODY", _SECRET)
    with _capture() as (address, arrived):
        hostile = {"base_url": f"{address}/3", "read_access_token": _ENV}
        with pytest.raises(dg.DagsterInvalidConfigError, match="unexpected config entr"):
            _run(lake_resource, {"resources": {"tmdb": {"config": hostile}}})
        assert arrived == []


@pytest.mark.parametrize(
    ("resource", "config"),
    [
        ("csv_folder", {"paths": ["/etc/passwd"]}),
        ("csv_folder", {"folder": "/etc"}),
        ("csv_folder", {"datasets_file": "/etc/passwd"}),
        ("csv_folder", {"journal": "/srv/elsewhere"}),
        ("lake", {"bucket": "another"}),
        ("lake", {"home": "/srv/elsewhere"}),
        ("lake", {"prefix": _ENV}),
        ("lake", {"s3": {"endpoint_url": "http://evil.example"}}),
        ("io_manager", {"lake": {"bucket": "another"}}),
        ("tmdb", {"redis_url": "redis://evil.example"}),
        ("tmdb", {"api_key": _ENV}),
    ],
)
def test_no_field_of_a_resource_is_set_by_a_run(
    lake_resource: LakeResource, resource: str, config: dict[str, Any]
) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="unexpected config entr"):
        _run(lake_resource, {"resources": {resource: {"config": config}}}, "raw_csvs_s3")


@pytest.mark.parametrize(
    ("asset", "config"),
    [
        ("tmdb_search", {"queries": [_ENV]}),
        ("tmdb_search", {"resume": _ENV}),
        ("tmdb_films", {"resume": _ENV}),
        ("raw_csvs_s3", {"objects": [_ENV]}),
        ("raw_csvs_s3", {"landed_on": _ENV}),
        ("saga_report", {"as_of": _ENV}),
    ],
)
def test_no_setting_of_a_run_reads_a_variable(
    monkeypatch: pytest.MonkeyPatch, asset: str, config: dict[str, Any]
) -> None:
    monkeypatch.setenv("NOT_FOR_ANYBODY", _SECRET)
    job = build_defs(settings=Settings(), sagas=[BOURNE]).resolve_job_def("refresh_bourne")
    valid = {"ops": {"tmdb_search": {"config": {"queries": ["bourne"], "resume": True}}}}
    assert dg.validate_run_config(job, valid)
    # raw_csvs_s3 is in the job of everything.
    if asset == "raw_csvs_s3":
        job = build_defs(settings=Settings(), sagas=[BOURNE]).resolve_job_def("full_refresh")
    with pytest.raises(dg.DagsterInvalidConfigError) as refused:
        dg.validate_run_config(job, {"ops": {asset: {"config": config}}})
    assert _SECRET not in str(refused.value)


@pytest.mark.parametrize("executor", ["multiprocess", "celery"])
def test_no_run_changes_its_executor(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = "redis://127.0.0.1:1/0"
    monkeypatch.setenv("BOURNE_REDIS_URL", redis)
    settings = Settings(executor=executor, redis_url=redis)
    job = build_defs(settings=settings, sagas=[BOURNE]).resolve_job_def("refresh_bourne")
    assert dg.validate_run_config(job, {})
    hostile: list[dict[str, Any]] = [
        {"broker": "redis://evil.example"},
        {"max_concurrent": 9},
        {"retries": {}},
    ]
    for config in hostile:
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.validate_run_config(job, {"execution": {"config": config}})
