"""Which catalogue is used: the user's own, the embedded lake's, or one in a database."""

import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog

from bourne_assets.iceberg.catalogue import catalogue_properties, open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.errors import CatalogueFailed, CatalogueMisconfigured
from bourne_assets.iceberg.files import append_arrow, send_file, storage_of
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets_tests.support.services import needs_postgres, postgres_database

ROWS = pa.table({"a": [1, 2]})


def _works(catalogue: Catalog, name: str = "trusted.tried") -> str:
    table = ensure_table(catalogue, name, ROWS.schema)
    append_arrow(table, ROWS, Provenance("run"))
    assert open_table(catalogue, name).scan().to_arrow().num_rows == 2
    location = table.location()
    catalogue.drop_table(name)
    return location


def test_the_embedded_lake_has_a_catalogue_of_its_own(
    s3_server: EmbeddedLake, tmp_path: Path
) -> None:
    catalogue = open_catalogue(s3_server.lake, tmp_path)
    assert isinstance(catalogue, RestCatalog)
    assert _works(catalogue).startswith("s3://bourne-tables/")
    assert not list(tmp_path.iterdir())


def test_a_proxy_of_the_shell_is_not_used_for_the_embedded_catalogue(
    s3_server: EmbeddedLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "intranet")
    _works(open_catalogue(s3_server.lake, tmp_path))


def test_a_bucket_has_its_catalogue_in_a_private_file_of_the_home(
    lake: Lake, tmp_path: Path
) -> None:
    home = tmp_path / "a home #1"
    catalogue = open_catalogue(lake, home)
    assert isinstance(catalogue, SqlCatalog)
    assert _works(catalogue).startswith(lake.uri("Warehouse/"))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(list(home.glob("catalogue-*.db"))) == 1


def test_a_home_whose_path_sqlite_would_misread_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(CatalogueMisconfigured, match="set BOURNE_HOME"):
        open_catalogue(lake, tmp_path / "home?")


@needs_postgres
def test_a_bucket_has_its_catalogue_in_dagsters_postgres_where_there_is_one(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_database() as url:
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
        catalogue = open_catalogue(lake, tmp_path)
        assert isinstance(catalogue, SqlCatalog)
        _works(catalogue)
        catalogue.engine.dispose()
    assert not list(tmp_path.iterdir())


def test_what_a_user_configured_for_pyiceberg_is_obeyed_in_everything(
    s3_server: EmbeddedLake, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYICEBERG_CATALOG__BOURNE__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__BOURNE__URI", f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__BOURNE__WAREHOUSE", f"file://{tmp_path}/own")
    catalogue = open_catalogue(s3_server.lake, tmp_path)
    ensure_table(catalogue, "trusted.own", ROWS.schema)
    assert (tmp_path / "own.db").is_file()
    assert (tmp_path / "own/trusted/own/metadata").is_dir()
    assert not [name for name in catalogue.properties if name.startswith("s3.")]
    assert lake.list() == []


@pytest.mark.parametrize(
    "prefix", ["AWS_", "PYICEBERG_CATALOG__BOURNE__S3__", "PYICEBERG_CATALOG__BOURNE__CLIENT__"]
)
def test_files_are_sent_to_the_storage_that_the_catalogue_names(
    s3_server: EmbeddedLake,
    lake: Lake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prefix: str,
) -> None:
    for name, value in {
        "PYICEBERG_CATALOG__BOURNE__TYPE": "sql",
        "PYICEBERG_CATALOG__BOURNE__URI": f"sqlite:///{tmp_path}/own.db",
        "PYICEBERG_CATALOG__BOURNE__WAREHOUSE": lake.uri("Warehouse"),
        "PYICEBERG_CATALOG__BOURNE__S3__ENDPOINT": s3_server.endpoint,
        "PYICEBERG_CATALOG__BOURNE__S3__REGION": s3_server.region,
        f"{prefix}ACCESS_KEY_ID": s3_server.credentials.access_key,
        f"{prefix}SECRET_ACCESS_KEY": s3_server.credentials.secret_key,
    }.items():
        monkeypatch.setenv(name, value)
    table = ensure_table(open_catalogue(lake, tmp_path), "trusted.sent", ROWS.schema)
    pq.write_table(ROWS, tmp_path / "sent.parquet")
    uri = send_file(table, tmp_path / "sent.parquet")
    assert uri in {lake.uri(key) for key in lake.list("Warehouse/")}


def test_a_storage_that_is_open_to_all_needs_no_credentials(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ensure_table(open_catalogue(lake, tmp_path), "trusted.open", ROWS.schema)
    stated = {"s3.endpoint": "http://127.0.0.1:9", "s3.anonymous": "true"}
    monkeypatch.setattr(table.io, "properties", stated)
    storage, _ = storage_of(table, table.location())
    assert storage.access.endpoint == "http://127.0.0.1:9"
    assert storage.access.credentials is None


def test_pyicebergs_own_file_is_read(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    (tmp_path / ".pyiceberg.yaml").write_text(
        f"catalog:\n  bourne:\n    type: sql\n    uri: sqlite:///{tmp_path}/of-the-file.db\n"
        f"    warehouse: file://{tmp_path}/own\n"
    )
    open_catalogue(lake, tmp_path)
    assert (tmp_path / "of-the-file.db").is_file()


def test_a_file_of_the_folder_that_one_stands_in_is_not_obeyed(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / ".pyiceberg.yaml").write_text(
        "catalog:\n  bourne:\n    type: rest\n    uri: http://127.0.0.1:9\n    s3.proxy-uri: evil\n"
    )
    catalogue = open_catalogue(lake, tmp_path / "home")
    assert isinstance(catalogue, SqlCatalog)
    assert "s3.proxy-uri" not in catalogue.properties


@pytest.mark.parametrize(
    "text", ["catalog: [", "catalog:\n  bourne: text\n", "catalog:\n  bourne:\n    type: none\n"]
)
def test_a_configuration_that_cannot_be_used_is_reported(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    (tmp_path / ".pyiceberg.yaml").write_text(text)
    with pytest.raises(CatalogueMisconfigured):
        open_catalogue(lake, tmp_path)


def test_a_database_that_is_away_is_named_without_its_password(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://me:hidden@127.0.0.1:9/none")
    with pytest.raises(CatalogueFailed, match="database") as caught:
        open_catalogue(lake, tmp_path)
    assert "hidden" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_temporary_credentials_reach_the_storage(lake: Lake, tmp_path: Path) -> None:
    access = lake.access
    given = {"access_key_id": "key", "secret_access_key": "secret", "token": "token"}
    temporary = type(access)(None, "eu-west-1", lambda: given)
    known = catalogue_properties(connect_s3(temporary, "bucket", "a/b"), tmp_path)
    assert known["s3.session-token"] == "token"
    assert known["s3.region"] == "eu-west-1"
    assert known["warehouse"] == "s3://bucket/a/b/Warehouse"
    assert "s3.endpoint" not in known


def test_definitions_load_without_pyiceberg() -> None:
    program = """
import sys
import bourne_assets.definitions
print([name for name in sys.modules if name.split(".")[0] == "pyiceberg"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
