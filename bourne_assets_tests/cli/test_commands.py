"""The `bourne` command: what it prints, what it ends with, and what it leaves behind."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table
from bourne_assets.lake import embedded
from bourne_assets.settings import DATA_DIR, EMBEDDED_BUCKET
from bourne_assets_tests.cli.conftest import Bourne
from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn
from bourne_assets_tests.support.tiers import in_every_run

CATALOGUE_VARIABLES = [
    "TYPE",
    "URI",
    "WAREHOUSE",
    "CREDENTIAL",
    "OAUTH2_SERVER_URI",
    "PY_IO_IMPL",
    "S3__ENDPOINT",
    "S3__REGION",
    "S3__ACCESS_KEY_ID",
    "S3__SECRET_ACCESS_KEY",
]


def test_answers_without_a_lake_say_what_to_run(bourne: Bourne, tmp_path: Path) -> None:
    result = bourne("answers")
    assert result.exit_code == 1
    assert "There are no answers yet: run `bourne run`" in result.output
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (["run", "--saga", "rocky"], {}, "The saga 'rocky' is not in the sagas file"),
        (["run"], {"TMDB_REQUESTS_PER_SECOND": "fast"}, "TMDB_REQUESTS_PER_SECOND must be"),
        (["run"], {"BOURNE_SAGAS_FILE": "/nowhere.yaml"}, "check BOURNE_SAGAS_FILE"),
        (["land", "x.csv"], {}, "The folder x.csv of CSV files cannot be read"),
        (
            ["land", ".", "--date", "23.11.2026"],
            {},
            "'23.11.2026' is not a date; write it like 2017-09-01",
        ),
        (["land", "."], {}, "holds no CSV files"),
        (["lake", "purge", "--older-than", "soon"], {}, "write it like 180d or 26w"),
        (
            ["answers", "--as-of", "yesterday"],
            {},
            "'yesterday' is not a date; write it like 2017-09-01",
        ),
        (["answers", "--compare", "2017-09-01", "x"], {}, "'x' is not a date"),
        (
            ["answers", "--as-of", "2017-09-01", "--compare", "2017-09-01", "2024-11-19"],
            {},
            "--as-of and --compare exclude each other",
        ),
        (["answers", "--json", "--open"], {}, "--json and --open exclude each other"),
        (["lake", "start"], {"BOURNE_S3_BUCKET": "a-lake"}, "the embedded lake is not used"),
        (["dev"], {"DAGSTER_HOME": "relative"}, "DAGSTER_HOME must be the absolute path"),
    ],
)
def test_bad_configuration_ends_in_one_sentence_and_exit_code_2(
    bourne: Bourne, arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    result = bourne(*arguments, **variables)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_home_that_cannot_be_written_is_named(bourne: Bourne, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = bourne("run", BOURNE_HOME=str(tmp_path / "file" / "home"))
    assert result.exit_code in {1, 2}
    assert "BOURNE_HOME" in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_a_folder_without_csv_files_is_bad_configuration(bourne: Bourne, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = bourne("run", "--select", "raw_csvs_s3", BOURNE_CSV_DIR=str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert "holds no CSV files" in " ".join(result.output.split())
    assert "Not reached" not in result.output


@pytest.mark.slow
def test_a_refused_credential_is_bad_configuration_and_is_not_shown(
    bourne: Bourne, tmdb_server: TmdbStandIn
) -> None:
    result = bourne(
        "run", TMDB_READ_ACCESS_TOKEN="not-the-token", TMDB_BASE_URL=tmdb_server.base_url
    )
    assert result.exit_code == 2
    assert "check TMDB_READ_ACCESS_TOKEN" in result.output
    assert "not-the-token" not in result.output
    assert "Not reached: bourne_saga_table" in result.output


@pytest.mark.slow
@pytest.mark.usefixtures("no_naps")
@pytest.mark.exhaustive
def test_an_outage_of_tmdb_is_a_failed_step_and_what_was_landed_stays(
    bourne: Bourne, tmp_path: Path
) -> None:
    result = bourne("run", TMDB_READ_ACCESS_TOKEN="token", TMDB_BASE_URL="http://127.0.0.1:9/3")
    assert result.exit_code == 1
    assert "TMDB cannot be reached at 127.0.0.1:9: it refused" in " ".join(result.output.split())
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        assert len(server.lake.list("Raw/Local/CSV")) == 2


@pytest.mark.slow
@pytest.mark.exhaustive
def test_live_figures_come_from_tmdb(bourne: Bourne, tmdb_server: TmdbStandIn) -> None:
    result = bourne(
        "run", TMDB_READ_ACCESS_TOKEN=tmdb_server.token, TMDB_BASE_URL=tmdb_server.base_url
    )
    assert result.exit_code == 0, result.output
    assert "5 films; figures of TMDB on" in result.output
    assert tmdb_server.token not in result.output


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_resumed_run_requests_nothing_that_was_stored_today(
    bourne: Bourne, tmdb_server: TmdbStandIn
) -> None:
    live = {"TMDB_READ_ACCESS_TOKEN": tmdb_server.token, "TMDB_BASE_URL": tmdb_server.base_url}
    day = datetime.now(UTC).date()
    assert bourne("run", **live).exit_code == 0
    requested = len(tmdb_server.requests)
    again = bourne("run", "--resume", **live)
    assert again.exit_code == 0, again.output
    if datetime.now(UTC).date() == day:  # no midnight between
        assert len(tmdb_server.requests) == requested
    part = bourne("run", "--resume", "--select", "raw_csvs_s3", **live)
    assert part.exit_code == 0, part.output


@pytest.mark.slow
@pytest.mark.exhaustive
def test_another_saga_runs_beside_under_its_own_name(bourne: Bourne, tmp_path: Path) -> None:
    films = [
        Film(603, "The Matrix", 63_000_000, 463_517_383, "1999-03-31", 80.0, collection_id=2344),
        Film(
            604,
            "The Matrix Reloaded",
            150_000_000,
            738_600_000,
            "2003-05-15",
            60.0,
            collection_id=2344,
        ),
        Film(9, "Matrix Analysis", 1, 1, "1985-01-01"),
    ]
    with TmdbStandIn(InventedFilms.of(films, {2344: "The Matrix Collection"})) as server:
        live = {"TMDB_READ_ACCESS_TOKEN": server.token, "TMDB_BASE_URL": server.base_url}
        result = bourne("run", "--saga", "matrix", **live)
    assert result.exit_code == 0, result.output
    assert "$601,058,691.50, over 2 films." in result.output
    with embedded.connect(tmp_path / "home", "bourne-lake") as server_of_lake:
        refined = server_of_lake.lake.list("Refined")
    assert "Refined/matrix/insight_metrics.json" in refined
    assert "Refined/insight_metrics.json" not in refined


@pytest.mark.exhaustive
def test_a_purge_lists_first_and_deletes_only_old_responses_of_tmdb(
    bourne: Bourne, tmp_path: Path
) -> None:
    assert "has no lake" in bourne("lake", "purge").output
    kept = "Raw/Local/CSV/A/2020/01/01/a.csv"
    old = "Raw/TMDB/JSON/2020/01/01/collection/1.json"
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        for key in (kept, old):
            server.lake.write(key, b"[]", "application/json")
        nothing = bourne("lake", "purge")
        assert "0 objects of 0 bytes" in nothing.output
        listed = bourne("lake", "purge", "--older-than", "0d")
        assert listed.exit_code == 0
        assert old in listed.output
        assert "1 objects of 2 bytes older, and nothing was deleted" in listed.output
        assert server.lake.list("Raw") == [kept, old]
        assert "deleted." in bourne("lake", "purge", "--older-than", "0w", "--yes").output
        assert server.lake.list("Raw") == [kept]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_warning_check_is_told_and_does_not_fail_the_run(bourne: Bourne, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "good.csv").write_text("a|b\n1|2\n1|2|3\n")
    assert bourne("run", "--select", "raw_csvs_s3", BOURNE_CSV_DIR=str(folder)).exit_code == 0


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_file_that_is_rejected_whole_is_told_by_the_exit_code_and_stops_no_other(
    bourne: Bourne, tmp_path: Path
) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "good.csv").write_text("a|b\n1|2\n1|2|3\n")
    (folder / "empty.csv").write_text("")
    result = bourne("run", "--select", "raw_csvs_s3", BOURNE_CSV_DIR=str(folder))
    assert result.exit_code == 1
    assert "raw_csvs_s3: no_file_was_rejected failed (empty.csv)" in result.output
    assert "raw_csvs_s3: no_line_was_rejected failed (good.csv line 3: " in result.output
    assert "1. What is" not in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("readme", "language"), in_every_run([("README.md", "en"), ("README.pt.md", "pt")])
)
def test_land_prints_what_the_readme_shows(
    bourne: Bourne, tmp_path: Path, readme: str, language: str
) -> None:
    folder = tmp_path / "batch"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.csv").write_text("a,b\n1,2\n3\n")
    (folder / "empty.csv").touch()
    shutil.copy(DATA_DIR / "sample_csvs" / "movies.csv", folder)
    called = "$ .venv/bin/bourne land batch\n"
    shown = (
        (DATA_DIR.parent.parent / readme)
        .read_text(encoding="utf-8")
        .split(called)[1]
        .split("```")[0]
    )
    options = {"BOURNE_LANG": language, "COLUMNS": "100"}
    result = bourne("land", str(folder), "--date", "2026-11-24", **options)
    assert result.exit_code == 1
    progress = "  Landing: " if language == "en" else "  Carga: "
    printed = [line for line in result.output.splitlines() if not line.startswith(progress)]
    assert printed[: len(shown.splitlines())] == shown.splitlines()


@pytest.mark.slow
def test_land_lands_what_it_is_given_and_names_what_it_rejects(
    bourne: Bourne, tmp_path: Path
) -> None:
    folder = tmp_path / "csv"
    (folder / "below").mkdir(parents=True)
    (folder / "good.csv").write_text("a|b\n1|2\n1|2|3\n")
    (folder / "below" / "more.csv").write_text("a,b\n1,2\n")
    partly = bourne("land", str(folder), "--date", "2026-01-02")
    assert partly.exit_code == 0, partly.output
    assert "good.csv  landed, 1 row, 1 line rejected: see s3://" in partly.output
    assert "2 landed, 0 unchanged, 0 rejected; 1 line rejected" in partly.output
    (folder / "empty.csv").write_text("")
    again = bourne("land", str(folder / "empty.csv"), str(folder / "good.csv"))
    assert again.exit_code == 1
    assert "empty.csv  rejected: it is empty" in again.output
    assert "1 landed, 0 unchanged, 1 rejected" in again.output
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        keys = server.lake.list("Raw/Local/CSV")
        rejected = server.lake.read("Raw/Local/CSV/_rejects/Good/2026/01/02/good.csv.jsonl")[0]
    assert "Raw/Local/CSV/More/2026/01/02/more.csv" in keys
    assert json.loads(rejected) == {
        "file": "good.csv",
        "line": 3,
        "reason": "it has more than 2 fields",
        "text": "1|2|3",
    }
    assert len([key for key in keys if key.endswith("/good.csv")]) == 2  # both days


@pytest.mark.slow
def test_a_selection_that_selects_nothing_names_what_there_is(bourne: Bourne) -> None:
    result = bourne("run", "--select", "nothing_of_the_kind")
    assert result.exit_code == 2
    assert "bourne_saga_table" in result.output


@pytest.mark.slow
@pytest.mark.exhaustive
def test_doctor_tries_the_lake_the_clock_and_tmdb(bourne: Bourne, tmdb_server: TmdbStandIn) -> None:
    healthy = bourne("doctor")
    assert healthy.exit_code == 0
    assert healthy.output.count("allowed") == 13
    assert "tables: create" in healthy.output
    assert "the bundled snapshot of 2017-09" in healthy.output
    refused = bourne("doctor", TMDB_READ_ACCESS_TOKEN="wrong", TMDB_BASE_URL=tmdb_server.base_url)
    assert refused.exit_code == 2
    assert "check TMDB_READ_ACCESS_TOKEN" in refused.output


def test_doctor_says_which_part_of_a_real_lake_is_wrong(
    bourne: Bourne, s3_server: embedded.EmbeddedLake
) -> None:
    keys = {
        "AWS_ACCESS_KEY_ID": s3_server.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.credentials.secret_key,
        "AWS_ENDPOINT_URL_S3": s3_server.endpoint,
        "AWS_REGION": "us-east-1",
    }
    absent = bourne("doctor", BOURNE_S3_BUCKET="no-such-bucket", **keys)
    assert absent.exit_code == 2
    assert "The bucket 'no-such-bucket' does not exist" in absent.output
    present = bourne("doctor", BOURNE_S3_BUCKET="test-lake", BOURNE_S3_PREFIX="doctor", **keys)
    assert present.exit_code == 0
    assert "s3://test-lake/doctor/" in present.output
    assert s3_server.credentials.secret_key not in present.output


def test_doctor_names_missing_aws_credentials(bourne: Bourne) -> None:
    result = bourne("doctor", BOURNE_S3_BUCKET="somebodys-bucket")
    assert result.exit_code == 2
    assert "No AWS credentials were found" in result.output


@pytest.mark.slow
def test_a_kept_lake_serves_other_clients_until_it_is_stopped(bourne: Bourne) -> None:
    assert "is not running" in bourne("lake", "status").output
    assert bourne("lake", "env").exit_code == 1
    try:
        assert "The lake runs at http://127.0.0.1:" in bourne("lake", "start").output
        assert "until `bourne lake stop`" in bourne("lake", "status").output
        exports = bourne("lake", "env").output.splitlines()
        assert [line.partition("=")[0] for line in exports] == [
            "export AWS_ACCESS_KEY_ID",
            "export AWS_SECRET_ACCESS_KEY",
            "export AWS_ENDPOINT_URL_S3",
            "export AWS_REGION",
            "export AWS_DEFAULT_REGION",
            *(f"export PYICEBERG_CATALOG__BOURNE__{name}" for name in CATALOGUE_VARIABLES),
        ]
        program = """
from pyiceberg.catalog import load_catalog
load_catalog("bourne").create_namespace("seen_from_elsewhere")
print(load_catalog("bourne").list_namespaces())
"""
        variables = dict(shlex.split(line)[1].split("=", 1) for line in exports)
        elsewhere = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "seen_from_elsewhere" in elsewhere.stdout
    finally:
        assert "The lake is stopped" in bourne("lake", "stop").output
    assert "is not running" in bourne("lake", "status").output


def test_there_is_nothing_to_maintain_where_there_is_no_lake(bourne: Bourne) -> None:
    result = bourne("lake", "maintain")
    assert (result.exit_code, result.output.count("There is nothing to maintain")) == (1, 1)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_tables_are_maintained_and_old_runs_deleted(bourne: Bourne, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with embedded.connect(home, EMBEDDED_BUCKET) as share:
        table = ensure_table(
            open_catalogue(share.lake, home), "trusted.kept", pa.schema([("n", pa.int64())])
        )
        for number in range(12):
            append_arrow(table, pa.table({"n": [number]}), Provenance())
        result = bourne("lake", "maintain", "--runs-older-than", "90d")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "trusted.kept: 0 snapshots expired, 12 small files became one, 0 files of 0 bytes removed.",
        "1 table maintained.",
        "0 runs deleted.",
    ]
