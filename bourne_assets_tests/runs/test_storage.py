"""Dagster's events in its own SQLite files, through connections that stay open."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import psutil
import pytest
from alembic.script import ScriptDirectory
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from bourne_assets.runs.instance import instance_config
from bourne_assets.runs.storage import KeptEngines, KeptEventLogStorage, KeptRunStorage, KeptStorage


@dg.asset
def noted() -> None:
    """An asset whose run has events."""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    config = {**instance_config(tmp_path), "telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=config) as opened:
        yield opened


def _run(instance: dg.DagsterInstance) -> str:
    return dg.materialize([noted], instance=instance).run_id


def _messages(storage: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [entry.message for entry in storage.get_logs_for_run(run_id)]


def _events(instance: dg.DagsterInstance) -> KeptEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, KeptEventLogStorage)
    return storage


def _open_databases(folder: Path) -> set[str]:
    files = psutil.Process().open_files()
    return {Path(file.path).name for file in files if file.path.startswith(str(folder))}


def test_the_shipped_configuration_keeps_its_connections(instance: dg.DagsterInstance) -> None:
    _run(instance)

    assert isinstance(instance.run_storage, KeptRunStorage)
    assert instance.get_runs_count() == 1
    assert instance.get_latest_materialization_event(noted.key) is not None


def test_databases_that_are_there_are_opened_without_a_look_at_all_migrations(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = _run(instance)
    monkeypatch.setattr(ScriptDirectory, "from_config", pytest.fail)

    again = KeptStorage(str(tmp_path / "storage"))
    assert again.run_storage.has_run(run_id)
    assert again.schedule_storage.all_instigator_state() == []
    assert len(list(again.event_log_storage.get_logs_for_run(run_id))) > 5


def test_databases_whose_making_was_cut_short_are_made(tmp_path: Path) -> None:
    for name in ("history/runs", "schedules/schedules", "history/runs/index"):
        path = tmp_path / f"{name}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")

    storage = KeptStorage(str(tmp_path))
    assert storage.run_storage.get_runs_count() == 0
    assert storage.schedule_storage.all_instigator_state() == []
    assert storage.event_log_storage.all_asset_keys() == []


def test_dagsters_own_storage_reads_the_same_files_while_they_are_open(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id = _run(instance)

    plain = SqliteEventLogStorage(str(tmp_path / "storage" / "history" / "runs"))

    kept = _messages(_events(instance), run_id)
    assert len(kept) > 5
    assert _messages(plain, run_id) == kept


def test_a_page_that_watches_a_run_hears_of_an_event_before_the_connection_is_closed(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id = _run(instance)
    page = KeptEventLogStorage(str(tmp_path / "storage" / "history" / "runs"))
    received: list[str] = []
    is_heard = threading.Event()

    def receive(entry: dg.EventLogEntry, _: str) -> None:
        received.append(entry.message)
        if "one more" in received:
            is_heard.set()

    page.watch(run_id, None, receive)
    instance.report_engine_event("one more", run_id=run_id, job_name="__ephemeral_asset_job__")

    assert is_heard.wait(120)
    assert received.count("one more") == 1
    page.end_watch(run_id, receive)
    page.dispose()


def test_of_many_runs_few_databases_stay_open(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [_run(instance) for _ in range(3)]
    storage = _events(instance)
    storage.dispose()
    storage._engines = KeptEngines(kept=2)

    for run_id in runs:
        assert _messages(storage, run_id)

    still = _open_databases(tmp_path)
    assert f"{runs[0]}.db" not in still
    assert f"{runs[-1]}.db" in still
    storage.dispose()


def test_what_was_wiped_is_not_written_to_through_an_old_connection(
    instance: dg.DagsterInstance,
) -> None:
    _run(instance)
    storage = _events(instance)

    storage.wipe()

    assert _messages(storage, _run(instance))


def test_a_forked_process_leaves_its_parents_connections_alone(tmp_path: Path) -> None:
    engines = KeptEngines()
    address = f"sqlite:///{tmp_path / 'some.db'}"
    parents = engines.engine(address)
    connection = parents.connect()

    engines._owner = -1  # what a fork sees: another process made them
    own = engines.engine(address)

    assert own is not parents
    assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    connection.close()


def test_a_commit_is_handed_to_the_system_and_not_waited_for(tmp_path: Path) -> None:
    engine = KeptEngines().engine(f"sqlite:///{tmp_path / 'some.db'}")

    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_a_tick_that_found_nothing_to_do_does_not_repeat_the_sensors_cursor(
    instance: dg.DagsterInstance,
) -> None:
    """A sensor looks thousands of times a day, and its cursor may have megabytes."""
    data = TickData(
        instigator_origin_id="origin",
        instigator_name="looks",
        instigator_type=InstigatorType.SENSOR,
        status=TickStatus.STARTED,
        timestamp=1.0,
        selector_id="selector",
    )
    tick = instance.create_tick(data)
    for status, kept in ((TickStatus.SKIPPED, None), (TickStatus.SUCCESS, "all files")):
        updated = instance.update_tick(tick.with_status(status).with_cursor("all files"))
        assert updated.cursor == "all files"
        (stored,) = instance.get_ticks("origin", "selector")
        assert (stored.status, stored.cursor) == (status, kept)
