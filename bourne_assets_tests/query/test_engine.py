"""SQL over the lake's tables: what it returns, what is refused, and what cannot be reached."""

import signal
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import ServerError
from pyiceberg.types import LongType

from bourne_assets.iceberg.errors import CatalogueFailed
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.query.engine import run_query
from bourne_assets.query.errors import NoSuchState, QueryFailed, QueryRefused, UnknownTable
from bourne_assets.query.execution import closed_after, executed
from bourne_assets.query.moments import Moment, parse_moment
from bourne_assets.query.sources import Sources
from bourne_assets_tests.query.conftest import MOVIES, RUN

_UNKNOWN_RUN = "ffffffff-0000-4000-8000-000000000000"


def rows(sql: str, sources: Sources, moment: Moment | None = None) -> list[dict[str, Any]]:
    with run_query(sql, sources, moment, Path("home")) as reader:
        found: list[dict[str, Any]] = reader.read_all().to_pylist()
    return found


def test_a_table_is_joined_with_what_an_asset_keeps(sources: Sources) -> None:
    found = rows(
        "SELECT m.title, a.budget FROM trusted.movies m JOIN assets.bourne_saga_table a"
        " USING (title) WHERE m.budget > 60",
        sources,
    )
    assert found == [{"title": "Supremacy", "budget": 75}]


def test_an_object_that_is_json_is_one_row_of_json(sources: Sources) -> None:
    found = rows("SELECT json->>'$.answers.n' AS n FROM assets.insight_metrics", sources)
    assert found == [{"n": "5"}]


def test_names_may_be_written_in_any_case_and_quoted(sources: Sources) -> None:
    assert rows('SELECT count(*) AS n FROM Trusted."MOVIES"', sources) == [{"n": 2}]


def test_the_past_is_queried_by_snapshot_and_by_run(catalog: Catalog, sources: Sources) -> None:
    table = catalog.load_table("trusted.movies")
    first = table.current_snapshot()
    assert first is not None
    table.append(MOVIES)
    count = "SELECT count(*) AS n FROM trusted.movies"
    assert rows(count, sources) == [{"n": 4}]
    for text in (str(first.snapshot_id), RUN):
        assert rows(count, sources, parse_moment(text, sources.tables())) == [{"n": 2}]


def test_a_day_before_the_first_snapshot_has_no_rows_to_show(sources: Sources) -> None:
    moment = parse_moment("2001-01-01", sources.tables())
    with pytest.raises(NoSuchState, match=r"trusted.movies has no snapshot as of 2001-01-01"):
        rows("SELECT * FROM trusted.movies", sources, moment)


def test_an_object_has_no_history_and_says_so(sources: Sources) -> None:
    moment = parse_moment("2024-01-01", sources.tables())
    with pytest.raises(NoSuchState, match=r"assets.insight_metrics has no history"):
        rows("SELECT * FROM assets.insight_metrics", sources, moment)


@pytest.mark.parametrize("text", ["yesterday", "2024-02-30", "9999-01-01", "1a2b"])
def test_what_names_no_moment_is_refused(text: str, sources: Sources) -> None:
    with pytest.raises(QueryRefused):
        parse_moment(text, sources.tables())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12345", "tem o snapshot 12345"),
        (_UNKNOWN_RUN, f"tem um snapshot da execução {_UNKNOWN_RUN}"),
    ],
)
def test_a_run_or_snapshot_that_no_table_knows_is_named(
    text: str, words: str, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSuchState, match=text):
        parse_moment(text, sources.tables())
    monkeypatch.setenv("BOURNE_LANG", "pt")
    with pytest.raises(NoSuchState, match=words):
        parse_moment(text, sources.tables())


def test_columns_that_came_later_are_null_in_older_rows(catalog: Catalog, sources: Sources) -> None:
    table = catalog.load_table("trusted.movies")
    with table.update_schema() as change:
        change.add_column("votes", LongType())
    table.append(MOVIES.append_column("votes", pa.array([7, 8], pa.int64())))
    found = rows("SELECT votes FROM trusted.movies ORDER BY votes NULLS FIRST", sources)
    assert [each["votes"] for each in found] == [None, None, 7, 8]


def test_a_table_without_rows_has_its_columns(catalog: Catalog, sources: Sources) -> None:
    catalog.create_table("trusted.empty", MOVIES.schema)
    fresh = Sources(catalog, sources.lake)
    assert rows("SELECT title FROM trusted.empty", fresh) == []


def test_a_mistyped_table_is_told_the_nearest(sources: Sources) -> None:
    with pytest.raises(
        UnknownTable, match=r"no table 'trusted.moveis': the nearest is trusted.movies"
    ):
        rows("SELECT * FROM trusted.moveis", sources)


def test_a_mistyped_column_is_told_the_nearest(sources: Sources) -> None:
    with pytest.raises(QueryFailed, match=r'No table .* column "titel": the nearest .*"title"'):
        rows("SELECT titel FROM trusted.movies", sources)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE trusted.movies",
        "INSERT INTO trusted.movies VALUES ('x', 1)",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "-- nothing",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'out.csv'",
        "EXPLAIN ANALYZE CREATE TABLE films AS SELECT 1",
        "EXPLAIN (ANALYZE, FORMAT json) DELETE FROM trusted.movies",
        "EXPLAIN /* SELECT */ ANALYZE CREATE TABLE films AS SELECT 1",
    ],
)
def test_what_is_not_one_query_is_refused(sql: str, sources: Sources) -> None:
    with pytest.raises(QueryRefused):
        rows(sql, sources)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 's3://test-lake/x.parquet'",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM sources",  # a Python variable
        "SELECT * FROM sqlite_scan('x.db', 't')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql("
        "'SELECT * FROM read_text(''/etc/passwd'')'))",
        "SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/log')",
        "SELECT * FROM enable_profiling(save_location = '/tmp/profile.json')",
        "SELECT * FROM destroy_external_resource('f', 'x')",
        "SELECT getenv('HOME')",
        "SELECT * FROM read_text('bourne:///etc/passwd')",
    ],
)
def test_nothing_outside_of_the_lake_can_be_read(sql: str, sources: Sources) -> None:
    with pytest.raises(QueryFailed):
        rows(sql, sources)


@pytest.mark.parametrize(
    "address",
    [
        "bourne://tables/../../../../etc/passwd",
        "bourne://tables//etc/passwd",
        "bourne://tables/*",
        "bourne://tables/0",
    ],
)
def test_no_file_is_served_but_those_of_tables_that_the_query_names(
    address: str, sources: Sources
) -> None:
    assert rows(f"SELECT * FROM read_text('{address}')", sources) == []
    with pytest.raises(QueryFailed):
        rows(f"SELECT * FROM read_parquet('{address}')", sources)


@pytest.mark.parametrize("sql", ["EXPLAIN SELECT 1", "explain analyze FROM range(3)"])
def test_the_plan_of_a_select_can_be_queried(sql: str, sources: Sources) -> None:
    assert rows(sql, sources)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(range) FROM range(1_000_000_000)",
        "WITH RECURSIVE more AS (SELECT repeat('x', 1000000) AS a UNION ALL "
        "SELECT a FROM more) SELECT count(DISTINCT a || uuid()) FROM more",
    ],
)
def test_a_query_that_takes_more_memory_than_it_may_have_ends_in_a_sentence(
    sql: str, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.query.engine.COUNTED_MEGABYTES", 64)
    monkeypatch.setattr("bourne_assets.csvs.reading.duckdb_session.free_room", lambda _: 0)
    with pytest.raises(QueryFailed, match="The query failed"):
        rows(sql, sources)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 3000000000)",
        "SELECT list_resize([1], 500000000)",
        "SELECT repeat('x', range) FROM range(3000000000, 3000000002)",
    ],
)
def test_one_value_larger_than_memory_is_refused_before_it_is_made(
    sql: str, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.query.execution.WHOLE_MEGABYTES", 512)
    with pytest.raises(QueryFailed, match=r"more memory than it may.*: ask for fewer rows"):
        rows(sql, sources)


def test_what_fails_after_the_first_rows_is_blamed_on_the_data_and_not_on_a_file(
    sources: Sources,
) -> None:
    with pytest.raises(QueryFailed, match="The query failed: Invalid Input Error: too late"):
        rows(
            "SELECT CASE WHEN range > 200000 THEN error('too late') ELSE range END"
            " FROM range(300000)",
            sources,
        )


def test_a_file_that_cannot_be_read_is_reported_as_such(lake: Lake, sources: Sources) -> None:
    (key,) = (each for each in lake.list("Warehouse/") if each.endswith(".parquet"))
    lake.delete(key)
    with pytest.raises(LakeError, match=r"The work on the table trusted\.movies failed: .*"):
        rows("SELECT * FROM trusted.movies", sources)


def test_an_interrupt_ends_a_query_that_looks_at_no_signal() -> None:
    connection = duckdb.connect()
    sql = "SELECT count(*) FROM range(100000000000000) WHERE hash(range) = 1"
    main = threading.main_thread().ident
    assert main is not None
    waking = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))

    def interrupted() -> None:
        waking.start()
        executed(connection, sql)

    with pytest.raises(KeyboardInterrupt), closed_after(connection):
        interrupted()
    waking.join()


def test_sql_that_cannot_be_parsed_says_where(sources: Sources) -> None:
    with pytest.raises(QueryFailed, match=r"not valid SQL.*SELEC"):
        rows("SELEC 1", sources)


def test_sql_that_is_not_text_is_reported_as_such(sources: Sources) -> None:
    with pytest.raises(QueryFailed, match="The query is not UTF-8 text"):
        rows("SELECT '\udcff'", sources)


def test_a_failure_on_the_data_is_one_sentence(sources: Sources) -> None:
    with pytest.raises(QueryFailed, match="The query failed: Conversion Error") as caught:
        rows("SELECT title::INTEGER FROM trusted.movies", sources)
    assert "\n" not in str(caught.value)


def test_what_there_is_is_listed_with_its_size_and_age(sources: Sources, lake: Lake) -> None:
    listed = {each.name: each for each in sources.listed()}
    assert list(listed) == ["trusted.movies", "assets.bourne_saga_table", "assets.insight_metrics"]
    assert (listed["trusted.movies"].rows, listed["trusted.movies"].snapshots) == (2, 1)
    assert all(each.size and each.changed_at for each in listed.values())


@pytest.mark.parametrize(
    "twin", ["Trusted/bourne_saga_table.json", "Refined/Bourne/saga_table.parquet"]
)
def test_a_name_of_two_objects_is_refused_where_a_query_means_it_and_nowhere_else(
    sources: Sources, lake: Lake, twin: str
) -> None:
    lake.write(twin, b"{}", "application/json")
    listed = [each.name for each in sources.listed()]
    assert listed.count("assets.bourne_saga_table") == 2
    assert rows("SELECT json->>'$.answers.n' AS n FROM assets.insight_metrics", sources)
    with pytest.raises(QueryFailed, match=f"assets.bourne_saga_table .* {lake.uri(twin)}"):
        rows("SELECT * FROM assets.bourne_saga_table", sources)


def test_a_name_within_another_word_is_not_meant(sources: Sources, lake: Lake) -> None:
    lake.write("Refined/film.parquet", b"not Parquet", PARQUET)
    assert rows("SELECT count(*) AS films FROM assets.bourne_saga_table", sources) == [{"films": 2}]


@pytest.mark.parametrize("name", ["odd.parquet", "odd.json"])
def test_an_object_that_is_not_what_its_name_says_is_named(
    sources: Sources, lake: Lake, name: str
) -> None:
    lake.write(f"Refined/{name}", b"\xff\xfe\xfd not what it says", PARQUET)
    with pytest.raises(LakeError, match=f"The object {lake.uri('Refined/')}{name} is not"):
        rows("SELECT * FROM assets.odd", sources)


def test_a_table_that_is_dropped_after_it_was_listed_is_passed_over_or_reported(
    catalog: Catalog, sources: Sources
) -> None:
    assert "trusted.movies" in sources.names()
    catalog.drop_table("trusted.movies")
    assert [each.name for each in sources.listed()][:1] == ["assets.bourne_saga_table"]
    assert list(sources.tables()) == []
    with pytest.raises(LakeError, match=r"There is no table trusted\.movies"):
        rows("SELECT * FROM trusted.movies", sources)


def test_a_catalogue_that_fails_is_reported_as_such(
    catalog: Catalog, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.names()
    monkeypatch.setattr(catalog, "load_table", Mock(side_effect=ServerError("away")))
    for doing in (sources.listed, sources.tables):
        with pytest.raises(CatalogueFailed, match="away"):
            list(doing())
    with pytest.raises(CatalogueFailed, match="away"):
        rows("SELECT * FROM trusted.movies", sources)
    monkeypatch.setattr(catalog, "list_tables", Mock(side_effect=ServerError("away")))
    with pytest.raises(CatalogueFailed, match="away"):
        Sources(catalog, sources.lake).names()
