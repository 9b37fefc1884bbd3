"""Servers that some tests need and a laptop may lack: Redis, PostgreSQL.

Tests start a Redis of their own and make a database of their own; the machine's are never stopped.
Not here: the embedded lake and TMDB's stand-in, which every machine has.
"""

import secrets
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psycopg2
import pytest
import redis

_START_SECONDS = 120
_SUPERUSER = "postgresql://postgres@127.0.0.1:5432/postgres"


def free_port() -> int:
    """A port of loopback that nothing listens on.

    The system gives it to nobody: those that it gives out begin above, and another connection or
    server could get one of them before the program that it is meant for has begun.
    """
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """A redis-server on loopback that keeps what it has over a restart.

    Attributes:
        port: Where it listens; `url` is its address.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it responds."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
        }
        command = ["redis-server", *(part for k, v in options.items() for part in (f"--{k}", v))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + _START_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < end:
                with suppress(redis.RedisError):
                    client.ping()
                    return
                time.sleep(0.05)
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        """Stop it; what is stored stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a database that exists while the block lasts."""
    name = f"bourne_{uuid.uuid4().hex[:12]}"
    _as_superuser(f"CREATE DATABASE {name}")
    try:
        yield _SUPERUSER.rpartition("/")[0] + f"/{name}"
    finally:
        _as_superuser(f"DROP DATABASE {name} WITH (FORCE)")


def _as_superuser(statement: str) -> None:
    connection = psycopg2.connect(_SUPERUSER, connect_timeout=30)
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()


def _has_postgres() -> bool:
    try:
        psycopg2.connect(_SUPERUSER, connect_timeout=30).close()
    except psycopg2.OperationalError:
        return False
    return True


needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="redis-server is not installed: apt-get install redis-server",
)
needs_postgres = pytest.mark.skipif(
    not _has_postgres(),
    reason="no PostgreSQL on 127.0.0.1:5432 lets the user postgres in without a password",
)
