"""What other engines are told about the catalogue."""

import pytest

from bourne_assets.query.attach import ENGINES, attach
from bourne_assets.query.errors import QueryRefused

_REST = {
    "type": "rest",
    "uri": "http://127.0.0.1:8181",
    "warehouse": "s3://bourne-tables",
    "credential": "an-access-key:a-secret-key",
    "s3.endpoint": "http://127.0.0.1:8333",
    "s3.region": "us-east-1",
    "s3.access-key-id": "an-access-key",
    "s3.secret-access-key": "a-secret-key",
}
_SQLITE = {"type": "sql", "uri": "sqlite:////home/me/.bourne/catalog.db", "warehouse": "s3://b/W"}
_POSTGRES = {"type": "sql", "uri": "postgresql://me:a-secret-key@db/x", "warehouse": "s3://b/W"}
_GLUE = {"type": "glue", "warehouse": "s3://b/W"}


@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"athena"}))
@pytest.mark.parametrize("properties", [_REST, _POSTGRES, _GLUE])
def test_no_engine_is_told_a_secret(engine: str, properties: dict[str, str]) -> None:
    text = attach(engine, properties)
    assert text
    assert "a-secret-key" not in text
    assert "an-access-key" not in text


def test_duckdb_reads_a_rest_catalogue_at_its_address() -> None:
    text = attach("duckdb", _REST)
    assert "ENDPOINT 'http://127.0.0.1:8181'" in text
    assert "ENDPOINT '127.0.0.1:8333', URL_STYLE 'path', USE_SSL false" in text


@pytest.mark.parametrize("engine", ["spark", "trino"])
def test_a_catalogue_in_a_file_of_this_machine_is_not_for_a_cluster(engine: str) -> None:
    with pytest.raises(QueryRefused, match="DAGSTER_POSTGRES_URL"):
        attach(engine, _SQLITE)


def test_athena_reads_only_glue() -> None:
    assert "AS OF" in attach("athena", _GLUE)
    with pytest.raises(QueryRefused, match="TYPE=glue"):
        attach("athena", _REST)
