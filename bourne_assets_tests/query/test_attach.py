"""What other engines need to know about the catalogue."""

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


def test_no_setting_becomes_a_command_or_a_statement() -> None:
    """`AWS_REGION` and others may come from a file that somebody else has written."""
    odd = {
        "s3.region": "x'; DROP TABLE a; --",
        "s3.endpoint": "http://h/$(id)",
        "uri": "http://`id`",
    }
    properties = {**_REST, **odd, "warehouse": "s3://b/;id"}
    assert "REGION 'x''; DROP TABLE a; --', ENDPOINT 'h/$(id)'" in attach("duckdb", properties)
    spark = attach("spark", properties)
    for quoted in ("'s3://b/;id'", "'http://`id`'", "'http://h/$(id)'"):
        assert f"={quoted} " in spark


@pytest.mark.parametrize("engine", ["trino", "duckdb", "spark"])
def test_a_setting_of_several_lines_is_refused(engine: str) -> None:
    with pytest.raises(QueryRefused, match=r"s3\.region"):
        attach(engine, {**_REST, "s3.region": "x\nconnector.name=jmx"})
