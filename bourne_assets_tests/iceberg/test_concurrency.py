"""Several processes that commit to one table at once: no row is lost, none is doubled."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.tables import open_table
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.support.services import needs_postgres, postgres_database

_COMMITS = 5
_WRITER = """
import sys
from pathlib import Path
import pyarrow as pa
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table
from bourne_assets.lake.embedded import seaweedfs
endpoint, key, secret, catalogue, prefix, home, bucket, writer, commits, name = sys.argv[1:]
keys = seaweedfs.Credentials(key, secret)
lake = seaweedfs.connect_server(endpoint, keys, bucket, prefix, catalogue=catalogue or None)
schema = pa.schema([("writer", pa.int64()), ("number", pa.int64())])
table = ensure_table(open_catalogue(lake, Path(home)), name, schema)
for number in range(int(commits)):
    rows = pa.table({"writer": [int(writer)], "number": [number]})
    append_arrow(table, rows, Provenance(f"run-{writer}-{number}"))
"""


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
        _race(s3_server, lake, tmp_path, own_catalogue=kind == "embedded")


def _race(s3_server: EmbeddedLake, lake: Lake, tmp_path: Path, *, own_catalogue: bool) -> None:
    name = f"trusted.race_{lake.prefix.rpartition('/')[2]}"
    keys, address = s3_server.credentials, s3_server.lake.access.catalogue or ""
    given = [s3_server.endpoint, keys.access_key, keys.secret_key]
    given += [address if own_catalogue else "", lake.prefix, str(tmp_path), BUCKET]
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, *given, str(n), str(_COMMITS), name])
        for n in range(8)
    ]
    assert [writer.wait(250) for writer in writers] == [0] * 8
    table = open_table(open_catalogue(s3_server.lake if own_catalogue else lake, tmp_path), name)
    rows = table.scan().to_arrow().to_pylist()
    assert sorted((row["writer"], row["number"]) for row in rows) == [
        (writer, number) for writer in range(8) for number in range(_COMMITS)
    ]
    tags = {f"run-{writer}-{number}" for writer in range(8) for number in range(_COMMITS)}
    assert set(table.refs()) == {"main", *tags}
    open_catalogue(s3_server.lake if own_catalogue else lake, tmp_path).purge_table(name)
