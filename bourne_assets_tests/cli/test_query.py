"""`bourne query`, `bourne tables` and `bourne lake attach`: what they print and end with."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from bourne_assets.cli import main
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table
from bourne_assets.lake import embedded
from bourne_assets_tests.cli.conftest import Bourne

RUN = "0a1b2c3d-0000-4000-8000-00000000000a"
MOVIES = pa.table({"title": ["Identity", "\x1b[31mRed"], "budget": [60, None]})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose embedded lake has the table `trusted.movies`; its server stays on."""
    home = tmp_path_factory.mktemp("home")
    with embedded.connect(home, "bourne-lake") as server:
        table = ensure_table(open_catalogue(server.lake, home), "trusted.movies", MOVIES.schema)
        append_arrow(table, MOVIES, Provenance(RUN))
        yield home


@pytest.fixture
def bourne(home: Path, monkeypatch: pytest.MonkeyPatch) -> Bourne:
    """Calls the command in this process."""
    monkeypatch.setenv("BOURNE_HOME", str(home))
    return lambda *arguments: CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_a_query_prints_a_table_that_obeys_no_text(bourne: Bourne) -> None:
    done = bourne("query", "SELECT * FROM trusted.movies ORDER BY budget")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].split() == ["title", "budget"]
    assert lines[1].split() == ["Identity", "60"]
    assert lines[2].split() == ["\N{SYMBOL FOR ESCAPE}[31mRed", "\N{EN DASH}"]
    assert lines[3] == "2 rows."


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("table", "timestamp 'infinity'"),
        ("json", "[date '5000-01-01 (BC)']"),
        ("csv", "interval 1 month"),
        ("csv", "'\\xAA'::blob"),
    ],
)
def test_a_value_that_a_format_cannot_hold_is_one_sentence(
    bourne: Bourne, form: str, value: str
) -> None:
    done = bourne("query", f"SELECT {value} AS v", "--format", form)
    assert done.exit_code == 1
    assert "cannot be written in this format" in " ".join(done.output.split())
    assert bourne("query", f"SELECT ({value})::VARCHAR", "--format", form).exit_code == 0


def test_programs_get_csv_and_json(bourne: Bourne) -> None:
    sql = "SELECT budget, title FROM trusted.movies WHERE budget > 1"
    found = csv.DictReader(io.StringIO(bourne("query", sql, "--format", "csv").output))
    assert list(found) == [{"budget": "60", "title": "Identity"}]
    found_json = json.loads(bourne("query", sql, "--format", "json").output)
    assert found_json == [{"budget": 60, "title": "Identity"}]


def test_a_file_has_the_format_of_its_name(bourne: Bourne, tmp_path: Path) -> None:
    path = tmp_path / "movies.parquet"
    done = bourne("query", "FROM trusted.movies", "--output", str(path))
    assert "2 rows written to" in done.output
    assert pq.read_table(path).to_pylist() == MOVIES.to_pylist()


@pytest.mark.parametrize("text", [RUN, "day"])
def test_the_past_is_queried_with_as_of(bourne: Bourne, text: str) -> None:
    from datetime import UTC, datetime

    moment = f"{datetime.now(UTC):%Y-%m-%d}" if text == "day" else text
    done = bourne("query", "SELECT count(*) AS n FROM trusted.movies", "--as-of", moment)
    assert done.output.split()[:2] == ["n", "2"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("SELECT * FROM trusted.movie",), 1, "the nearest is trusted.movies"),
        (("SELECT titel FROM trusted.movies",), 1, '"title"'),
        (("DROP TABLE trusted.movies",), 2, "Queries only read"),
        (("SELECT 1", "--as-of", "yesterday"), 2, "not a day like 2024-11-30"),
        (("SELECT 1", "--as-of", "2001-01-01", "--output", "x.xls"), 2, "csv, json or parquet"),
        (("SELECT 1", "--format", "parquet"), 2, "--output"),
        (("SELECT * FROM trusted.movies", "--as-of", "2001-01-01"), 1, "no snapshot as of"),
    ],
)
def test_what_cannot_be_queried_ends_in_a_sentence(
    bourne: Bourne, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = bourne("query", *arguments)
    assert done.exit_code == code
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_tables_lists_what_there_is(bourne: Bourne) -> None:
    (listed,) = json.loads(bourne("tables", "--json").output)
    assert (listed["name"], listed["rows"], listed["snapshots"]) == ("trusted.movies", 2, 1)
    assert bourne("tables").output.splitlines()[1].split()[:2] == ["trusted.movies", "2"]


def test_other_engines_are_told_the_catalogue_and_no_secret(bourne: Bourne, home: Path) -> None:
    with embedded.connect(home, "bourne-lake") as server:
        secret = server.credentials.secret_key
    done = bourne("lake", "attach", "duckdb")
    assert done.exit_code == 0, done.output
    assert "ATTACH 's3://bourne-tables' AS lake" in done.output
    assert secret not in done.output
    assert bourne("lake", "attach", "athena").exit_code == 2


def test_without_a_lake_there_is_nothing_to_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_HOME", str(tmp_path / "fresh"))
    for arguments in (["query", "SELECT 1"], ["tables"]):
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert done.exit_code == 1
        assert "run `bourne run`" in done.output
