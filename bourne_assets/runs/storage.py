"""Dagster's SQLite storage, with connections kept open where Dagster opens one for each event.

A run stores some five hundred events. For each of them Dagster makes an engine, connects, compiles
the statement, waits for the disk and closes. Here engines are kept, databases that Dagster has made
are taken as they are, and a commit is handed to the operating system:
`docs/decisions/14-events-in-sqlite.md` says what a power cut can lose. The files are Dagster's own,
and Dagster's own storage reads them.
Not here: which folder they are in (`dagster.yaml`), and old runs (`pruning`).
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path
from typing import Any, Self

import sqlalchemy
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

#: Databases that stay open: the index, the runs, and the runs that are going on.
_KEPT = 8


class KeptEngines:
    """Engines by address, each with at most one connection; the longest unused is closed.

    A process that was forked makes its own: SQLite forbids to carry a connection over.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._owner = getpid()

    def engine(self, address: str) -> Engine:
        """The engine of a database."""
        if self._owner != getpid():
            for inherited in self._engines.values():
                inherited.dispose(close=False)  # the parent's connections are the parent's
            self._engines, self._owner = OrderedDict(), getpid()
        engine = self._engines.pop(address, None) or _engine(address)
        self._engines[address] = engine
        while len(self._engines) > self._kept:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Close all connections."""
        while self._engines:
            self._engines.popitem()[1].dispose()


class KeptEventLogStorage(SqliteEventLogStorage):
    """The events, in one database for each run and an index, through connections that are kept."""

    _obs: Any

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = KeptEngines()
        super().__init__(base_dir, inst_data)

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:  # noqa: FBT001, FBT002 - Dagster's
        if not _is_initialised(engine):
            super()._initdb(engine, for_index_shard)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def wipe(self) -> None:
        """Delete the databases of all runs; connections to deleted files would write nowhere."""
        self._engines.dispose()
        super().wipe()

    def watch(self, run_id: str, cursor: str | None, callback: Any) -> None:
        """Call back for the events of a run as they come, until it ends."""
        if self._obs is None:
            self._obs = Observer()
            self._obs.start()
        watchdog = _Watchdog(self, run_id, callback, cursor)
        watch = self._obs.schedule(watchdog, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (watchdog, watch)

    def dispose(self) -> None:
        """Close the connections, and end the watching."""
        super().dispose()
        self._engines.dispose()


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Sees what is written to the write-ahead log too: the database itself changes much later."""

    def __init__(
        self, storage: KeptEventLogStorage, run_id: str, callback: Any, cursor: str | None
    ) -> None:
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, _: FileSystemEvent) -> None:
        """Pass on the new events."""
        self._process_log()


class KeptRunStorage(SqliteRunStorage):
    """The runs, through connections that are kept."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = KeptEngines()
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """The runs of a folder."""
        address = _initialised_in(base_dir, "runs")
        return cls(address, inst_data) if address else super().from_local(base_dir, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A transaction."""
        with self._engines.engine(self._conn_string).connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close the connections."""
        super().dispose()
        self._engines.dispose()


class KeptScheduleStorage(SqliteScheduleStorage):
    """The schedules, as Dagster has them, but for cursors in ticks that found nothing to do."""

    @classmethod
    def from_local(
        cls, base_dir: str, inst_data: ConfigurableClassData | None = None
    ) -> SqliteScheduleStorage:
        """The schedules of a folder."""
        address = _initialised_in(base_dir, "schedules")
        return cls(address, inst_data) if address else super().from_local(base_dir, inst_data)

    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        """Note what became of a tick.

        The cursor is the sensor's, and is kept there. Dagster repeats it in every tick, of which
        there are thousands a day: with a folder of 50,000 files, 20 GB a day. It reads it back from
        ticks whose runs were not all submitted, and from no others.
        """
        if tick.status is TickStatus.SKIPPED:
            super().update_tick(tick.with_cursor(None))
            return tick
        return super().update_tick(tick)


class KeptStorage(DagsterSqliteStorage):
    """What dagster.yaml names."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not Dagster's own __init__, which opens storages that are not used here.
        # (Dagster's is not annotated.)
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]
        self.base_dir, self._inst_data = base_dir, inst_data
        self._run_storage = KeptRunStorage.from_local(_runs_directory(base_dir))
        self._event_log_storage = KeptEventLogStorage(_event_logs_directory(base_dir))
        self._schedule_storage = KeptScheduleStorage.from_local(_schedule_directory(base_dir))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptStorage":
        """The storage that dagster.yaml configures."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _initialised_in(base_dir: str, name: str) -> str | None:
    """Address of a database of a folder, where Dagster has made it already."""
    if not Path(base_dir, f"{name}.db").exists():
        return None
    address = create_db_conn_string(base_dir, name)
    engine = _engine(address)
    try:
        return address if _is_initialised(engine) else None
    finally:
        engine.dispose()


def _is_initialised(engine: Engine) -> bool:
    """Whether Dagster has made this database.

    Dagster checks this too, and has Alembic load all migrations for it, once for each database.
    """
    with engine.connect() as connection:
        if not sqlalchemy.inspect(connection).has_table("alembic_version"):
            return False
        revision = connection.execute(sqlalchemy.text("SELECT 1 FROM alembic_version")).first()
        return revision is not None


def _engine(address: str) -> Engine:
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
    )
    sqlalchemy.event.listen(engine, "connect", _hand_commits_to_the_system)
    return engine


def _hand_commits_to_the_system(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
