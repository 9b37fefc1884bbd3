"""DuckDB reads and writes in its own folder alone, whatever SQL it is given."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.reader import read_csv
from bourne_assets.sql import literal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session's folder, beside which is a secret."""
    path = tmp_path / "it's scratch"
    path.mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (path / "own.csv").write_text("a,b\n1,2\n")
    (path / "link.csv").symlink_to(tmp_path / "secret.csv")
    return path


@pytest.fixture
def session(folder: Path) -> Iterator[DuckDbSession]:
    """A session."""
    with DuckDbSession(folder) as opened:
        yield opened


def test_its_own_files_are_read_and_written(session: DuckDbSession, folder: Path) -> None:
    assert session.rows(f"FROM read_csv({literal(str(folder / 'own.csv'))})") == [(1, 2)]
    assert session.write_table("SELECT 1 AS a", folder / "table.parquet", 1) == 1
    with session.single_threaded():
        assert session.columns(folder / "table.parquet") == {"a": "INTEGER"}


@pytest.mark.parametrize(
    "name", ["../secret.csv", "link.csv", "/etc/hostname", "/proc/self/environ"]
)
def test_nothing_else_is_read(session: DuckDbSession, folder: Path, name: str) -> None:
    with pytest.raises(duckdb.PermissionException, match="disabled by configuration"):
        session.rows(f"FROM read_text({literal(str(folder / name))})")


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '/tmp/bourne-escape.csv'",
        "ATTACH '/tmp/bourne-escape.db'",
        "INSTALL httpfs",
        "LOAD '/tmp/bourne-escape.duckdb_extension'",
        "EXPORT DATABASE '/tmp/bourne-escape'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/hostname']",
        "SET allowed_configs = ['temp_directory']",
        "SET temp_directory = '/tmp'",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
    ],
)
def test_nothing_else_is_written_loaded_or_set(session: DuckDbSession, query: str) -> None:
    with pytest.raises(duckdb.Error):
        session.rows(query)
    assert not list(Path(tempfile.gettempdir()).glob("bourne-escape*"))


def test_one_file_elsewhere_may_be_named(folder: Path) -> None:
    secret = folder.parent / "secret.csv"
    (folder.parent / "other.csv").write_text("x\n")
    with DuckDbSession(folder, source=secret) as session:
        assert session.rows(f"FROM read_csv({literal(str(secret))})") == [(1, 2)]
        with pytest.raises(duckdb.PermissionException):
            session.rows(f"FROM read_csv({literal(str(folder.parent / 'other.csv'))})")


@pytest.mark.parametrize("hostile", ["'", "x') FROM read_text('/etc/hostname') --", "$$"])
def test_texts_of_files_and_options_are_never_sql(tmp_path: Path, hostile: str) -> None:
    path = tmp_path / f"a {hostile.replace('/', '_')}.csv"
    path.write_text(f'id;"{hostile.replace(chr(34), chr(34) * 2)}"\n1;{hostile!r}\n2;b\n')
    options = DatasetOptions(nulls=(hostile, "b"), delimiter=";", quote='"')
    with DuckDbSession(tmp_path, source=path) as session:
        reading = read_csv(path, tmp_path / "table.parquet", session=session, declared=options)
    assert reading.dialect.columns == ("id", hostile)
    assert reading.rows + len(reading.rejected) == 2
