"""Several processes that commit to one table at once: no row is lost, none is doubled."""

import os
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.support.forked import forked_processes
from bourne_assets_tests.support.services import needs_postgres, postgres_database

_COMMITS = 5
_WRITERS = 8
_PROCESSES = forked_processes(__name__)


def _write(
    server: tuple[str, Credentials],
    catalogue: str | None,
    postgres: str | None,
    place: tuple[str, Path, str],
    writer: int,
) -> None:
    if postgres:
        os.environ["DAGSTER_POSTGRES_URL"] = postgres
    prefix, home, name = place
    lake = connect_server(*server, BUCKET, prefix, catalogue=catalogue)
    schema = pa.schema([("writer", pa.int64()), ("number", pa.int64())])
    table = ensure_table(open_catalogue(lake, home), name, schema)
    for number in range(_COMMITS):
        rows = pa.table({"writer": [writer], "number": [number]})
        append_arrow(table, rows, Provenance(f"run-{writer}-{number}"))


@pytest.mark.exhaustive
@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["embedded", "sqlite", pytest.param("postgres", marks=needs_postgres)]
)
def test_eight_processes_lose_no_row_and_double_none(
    s3_server: EmbeddedLake, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with postgres_database() if kind == "postgres" else nullcontext() as database:
        if database:
            monkeypatch.setenv("DAGSTER_POSTGRES_URL", database)
        _race(s3_server, lake, tmp_path, database, own_catalogue=kind == "embedded")


def _race(
    s3_server: EmbeddedLake, lake: Lake, home: Path, database: str | None, *, own_catalogue: bool
) -> None:
    name = f"trusted.race_{lake.prefix.rpartition('/')[2]}"
    server = s3_server.endpoint, s3_server.credentials
    catalogue = s3_server.lake.access.catalogue if own_catalogue else None
    place = lake.prefix, home, name
    writers = [
        _PROCESSES.Process(target=_write, args=[server, catalogue, database, place, writer])
        for writer in range(_WRITERS)
    ]
    for process in writers:
        process.start()
    for process in writers:
        process.join(250)
    assert [process.exitcode for process in writers] == [0] * _WRITERS
    table = open_table(open_catalogue(s3_server.lake if own_catalogue else lake, home), name)
    rows = table.scan().to_arrow().to_pylist()
    assert sorted((row["writer"], row["number"]) for row in rows) == [
        (writer, number) for writer in range(_WRITERS) for number in range(_COMMITS)
    ]
    tags = {f"run-{writer}-{number}" for writer in range(_WRITERS) for number in range(_COMMITS)}
    assert set(table.refs()) == {"main", *tags}
    open_catalogue(s3_server.lake if own_catalogue else lake, home).purge_table(name)
