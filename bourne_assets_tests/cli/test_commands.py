"""The `bourne` command: what it prints, what it ends with, and what it leaves behind."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bourne_assets.cli import main
from bourne_assets.cli.answers import read_answers, read_history, read_report
from bourne_assets.errors import BourneError
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, servers_of
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.saga.definition import Saga
from bourne_assets_tests.standin import Film, InventedCatalogue, TmdbStandIn

Bourne = Callable[..., Result]
MATRIX = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the installed console script has run everything once."""
    folder = tmp_path_factory.mktemp("used")
    done = _script(folder, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def bourne(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bourne:
    """Calls the command in this process, with a home of its own unless told otherwise."""

    def call(*arguments: str, **variables: str) -> Result:
        monkeypatch.setenv("BOURNE_HOME", str(tmp_path / "home"))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return call


@pytest.mark.slow
def test_run_prints_the_six_answers_and_leaves_no_server_behind(used_home: Path) -> None:
    printed = " ".join((used_home / "run.txt").read_text(encoding="utf-8").split())
    for fact in (
        "$327,483,286.20",
        "$91,000,000.00",
        "+34.8%",
        "−46.2%",
        "r = −0.74",
        "r = 0.04",
    ):
        assert fact in printed
    assert "44 passed, 0 failed" in printed
    assert "figures of the bundled TMDB snapshot of September 2017" in printed
    assert "s3://bourne-lake/Refined/insight_metrics.json" in printed
    assert servers_of(LakeFolder(used_home.resolve() / ".bourne" / "lake")) == []


@pytest.mark.slow
def test_answers_as_json_are_the_stored_object_and_nothing_else(used_home: Path) -> None:
    done = _script(used_home, "answers", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert result["schema_version"] == 1
    assert result["source"] == "bundled-snapshot"
    assert result["answers"]["mean_budget"] == {
        "value": 91000000.0,
        "unit": "USD",
        "n": 5,
        "missing": [],
    }


@pytest.mark.slow
def test_answers_are_spoken_in_portuguese_too(used_home: Path) -> None:
    done = _called(used_home, "answers", "--lang", "pt")
    assert "US$ 327.483.286,20, em 5 filmes." in done.stdout
    assert "valores do snapshot TMDB" in done.stdout


@pytest.mark.parametrize("read", [read_answers, read_report, read_history])
def test_what_is_not_in_the_lake_yet_says_what_to_run(
    lake: Lake, read: Callable[[Lake, Saga], object]
) -> None:
    with pytest.raises(BourneError, match=r"no answers yet about The Matrix: run `bourne run --sa"):
        read(lake, MATRIX)


@pytest.mark.parametrize(
    ("read", "key"),
    [(read_answers, "insight_metrics.json"), (read_history, "saga_history.parquet")],
)
def test_an_object_that_cannot_be_read_is_named(
    lake: Lake, read: Callable[[Lake, Saga], object], key: str
) -> None:
    lake.write(f"Refined/matrix/{key}", b"{", "text/plain")
    with pytest.raises(
        BourneError, match=rf"matrix/{key} cannot be read: run `bourne run --saga m"
    ):
        read(lake, MATRIX)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (b"{}", "does not have the shape of answers"),
        (b"[]", "does not have the shape of answers"),
        (
            b'{"schema_version": 99}',
            "has schema_version 99, and this version of bourne_assets",
        ),
    ],
)
def test_answers_of_another_shape_or_version_end_in_one_sentence(
    lake: Lake, stored: bytes, says: str
) -> None:
    lake.write("Refined/matrix/insight_metrics.json", stored, JSON)
    with pytest.raises(BourneError) as refused:
        read_answers(lake, MATRIX)
    assert says in str(refused.value)
    assert str(refused.value).endswith("run `bourne run --saga matrix` to compute them again.")


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_report_that_cannot_be_written_is_named(used_home: Path) -> None:
    folder = used_home / ".bourne" / "reports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    done = _called(used_home, "answers", "--open")
    folder.unlink()
    assert done.returncode == 2
    assert "The report cannot be written to" in done.stderr
    assert "check BOURNE_HOME" in " ".join(done.stderr.split())


@pytest.mark.slow
def test_answers_of_an_earlier_day_come_from_the_history(used_home: Path) -> None:
    done = _called(used_home, "answers", "--as-of", "2024-12-31", "--json")
    result = json.loads(done.stdout)
    popularity = result["answers"]["popularity_vs_success"]
    assert result["as_of"] == "2024-11-19T00:00:00Z"
    assert popularity["most_popular"]["title"] == "The Bourne Identity"
    assert popularity["least_popular"]["title"] == "The Bourne Legacy"
    assert result["answers"]["mean_revenue"]["value"] is None, "not stated on that day"
    (named,) = result["inputs"]
    assert named["uri"] == "s3://bourne-lake/Refined/saga_history.parquet"
    with embedded.connect(used_home / ".bourne", "bourne-lake") as server:
        assert server.lake.digest("Refined/saga_history.parquet").sha256 == named["sha256"]
    too_early = _called(used_home, "answers", "--as-of", "2001-01-01")
    assert too_early.returncode == 1
    assert "the first is of 2017-09-01" in " ".join(too_early.stderr.split())


@pytest.mark.slow
@pytest.mark.exhaustive
def test_answers_of_the_day_of_the_snapshot_are_those_of_the_run(used_home: Path) -> None:
    stored = json.loads(_called(used_home, "answers", "--json").stdout)
    past = json.loads(_called(used_home, "answers", "--as-of", "2017-09-30", "--json").stdout)
    assert past["answers"] == stored["answers"]
    assert past["as_of"] == stored["as_of"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_two_days_are_compared_and_what_turns_over_is_said(used_home: Path) -> None:
    days = ("2017-09-01", "2024-11-19")
    told = " ".join(_called(used_home, "answers", "--compare", *days).stdout.split())
    assert told.count("Another conclusion") == 2
    assert told.count("Not comparable") == 4
    assert "Nov 19, 2024 A correlation cannot be computed; the most popular film is The" in told
    told = _called(used_home, "answers", "--compare", *days, "--lang", "pt").stdout
    assert told.count("Muda de conclusão") == 2
    found = json.loads(_called(used_home, "answers", "--compare", *days, "--json").stdout)
    outcomes = {turn["answer"]: turn["outcome"] for turn in found["turns"]}
    assert outcomes["popularity_vs_success"] == outcomes["year_vs_popularity"] == "reversed"
    assert found["former"]["as_of"] < found["latter"]["as_of"]


@pytest.mark.slow
def test_the_report_is_written_beside_the_lake_and_opened(
    used_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    done = _script(used_home, "answers", "--open")
    page = used_home.resolve() / ".bourne" / "reports" / "bourne_report.html"
    assert done.returncode == 0
    assert str(page) in done.stdout
    assert seen.read_text().strip() == page.as_uri()
    assert "$327,483,286.20" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_without_a_browser_the_report_is_named(
    used_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "/nowhere/browser")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "Open this file in a browser: " in _script(used_home, "answers", "--open").stdout


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_second_run_lands_nothing_twice(used_home: Path) -> None:
    with embedded.connect(used_home / ".bourne", "bourne-lake") as server:
        before = server.lake.list()
    assert _script(used_home, "run").returncode == 0
    with embedded.connect(used_home / ".bourne", "bourne-lake") as server:
        assert server.lake.list() == before


@pytest.mark.slow
def test_a_lake_killed_and_a_damaged_state_file_do_not_stop_the_next_command(
    used_home: Path,
) -> None:
    folder = LakeFolder(used_home.resolve() / ".bourne" / "lake")
    with embedded.connect(used_home / ".bourne", "bourne-lake"):
        for process in servers_of(folder):
            process.kill()
        folder.state.write_text("{", encoding="utf-8")
        done = _script(used_home, "answers", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["films"] == 5


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
            "'23.11.2026' is not a date; write it like 2026-11-23",
        ),
        (["land", "."], {}, "holds no CSV files"),
        (["lake", "purge", "--older-than", "soon"], {}, "write 180d or 26w"),
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
def test_an_outage_of_tmdb_is_a_failed_step_and_what_was_landed_stays(
    bourne: Bourne, tmp_path: Path
) -> None:
    result = bourne("run", TMDB_READ_ACCESS_TOKEN="token", TMDB_BASE_URL="http://127.0.0.1:9/3")
    assert result.exit_code == 1
    assert "TMDB cannot be reached at 127.0.0.1:9: it refused" in " ".join(result.output.split())
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        assert len(server.lake.list("Raw/Local/CSV")) == 2


@pytest.mark.slow
def test_live_answers_come_from_tmdb(bourne: Bourne, tmdb_server: TmdbStandIn) -> None:
    result = bourne(
        "run", TMDB_READ_ACCESS_TOKEN=tmdb_server.token, TMDB_BASE_URL=tmdb_server.base_url
    )
    assert result.exit_code == 0, result.output
    assert "5 films; figures of TMDB on" in result.output
    assert tmdb_server.token not in result.output


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_resumed_run_asks_tmdb_for_nothing_that_was_stored_today(
    bourne: Bourne, tmdb_server: TmdbStandIn
) -> None:
    live = {"TMDB_READ_ACCESS_TOKEN": tmdb_server.token, "TMDB_BASE_URL": tmdb_server.base_url}
    assert bourne("run", **live).exit_code == 0
    asked = len(tmdb_server.requests)
    again = bourne("run", "--resume", **live)
    assert again.exit_code == 0, again.output
    assert len(tmdb_server.requests) == asked
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
    with TmdbStandIn(InventedCatalogue.of(films, {2344: "The Matrix Collection"})) as server:
        live = {"TMDB_READ_ACCESS_TOKEN": server.token, "TMDB_BASE_URL": server.base_url}
        result = bourne("run", "--saga", "matrix", **live)
    assert result.exit_code == 0, result.output
    assert "$601,058,691.50, over 2 films." in result.output
    with embedded.connect(tmp_path / "home", "bourne-lake") as server_of_lake:
        refined = server_of_lake.lake.list("Refined")
    assert "Refined/matrix/insight_metrics.json" in refined
    assert "Refined/insight_metrics.json" not in refined


def test_a_purge_lists_first_and_deletes_old_answers_of_tmdb_alone(
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
def test_land_lands_what_it_is_given_and_names_what_it_rejects(
    bourne: Bourne, tmp_path: Path
) -> None:
    folder = tmp_path / "csv"
    (folder / "below").mkdir(parents=True)
    (folder / "good.csv").write_text("a|b\n1|2\n1|2|3\n")
    (folder / "below" / "more.csv").write_text("a,b\n1,2\n")
    partly = bourne("land", str(folder), "--date", "2026-01-02")
    assert partly.exit_code == 0, partly.output
    assert "good.csv  landed, 1 rows, 1 lines rejected: see s3://" in partly.output
    assert "2 landed, 0 unchanged, 0 rejected; 1 lines rejected" in partly.output
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
def test_doctor_tries_the_lake_the_clock_and_tmdb(bourne: Bourne, tmdb_server: TmdbStandIn) -> None:
    healthy = bourne("doctor")
    assert healthy.exit_code == 0
    assert healthy.output.count("allowed") == 9
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
    assert "does not run" in bourne("lake", "status").output
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
        ]
    finally:
        assert "The lake is stopped" in bourne("lake", "stop").output
    assert "does not run" in bourne("lake", "status").output


def _called(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, for what an interpreter of its own would only make slower."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def _script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed console script, as a user calls it, in a folder of its own."""
    script = Path(sys.executable).with_name("bourne")
    return subprocess.run(
        [script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
