"""`bourne run` of an installed command, and what `bourne answers` prints afterwards."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bourne_assets.cli import main
from bourne_assets.cli.stored import read_answers, read_history, read_report
from bourne_assets.errors import BourneError
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded.seaweedfs import LakeFolder
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.saga.definition import Saga
from bourne_assets_tests.lake.embedded.homes import servers_of

MATRIX = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the installed console script has run everything once."""
    folder = tmp_path_factory.mktemp("used")
    done = _script(folder, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    return folder


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
    assert "42 passed, 0 failed" in printed
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
    assert "valores do snapshot do TMDB" in done.stdout


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
@pytest.mark.exhaustive
def test_answers_of_an_earlier_day_come_from_the_history(used_home: Path) -> None:
    done = _called(used_home, "answers", "--as-of", "2024-12-31", "--json")
    result = json.loads(done.stdout)
    popularity = result["answers"]["popularity_vs_success"]
    assert result["as_of"] == "2024-11-19T00:00:00Z"
    assert popularity["most_popular"]["title"] == "The Bourne Identity"
    assert popularity["least_popular"]["title"] == "The Bourne Legacy"
    assert result["answers"]["mean_revenue"]["value"] == pytest.approx(327_483_286.2)
    assert result["money_of"] == "2017-09-01", "that day states no revenue"
    assert [each["table"] for each in result["inputs"]] == [
        "refined.fact_film_day",
        "refined.dim_film",
    ]
    assert result["inputs"][0]["uri"].startswith("s3://bourne-tables/refined/fact_film_day/")
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
def test_two_days_are_compared_and_reversals_are_named(used_home: Path) -> None:
    days = ("2017-09-01", "2024-11-19")
    shown = " ".join(_called(used_home, "answers", "--compare", *days).stdout.split())
    assert shown.count("Another conclusion") == 2
    assert shown.count("The same on both days") == 4
    assert "Nov 19, 2024 Inconclusive, as 5 films are too few for significance; the most" in shown
    assert "Budgets and revenues are of September 1, 2017" in shown
    shown = _called(used_home, "answers", "--compare", *days, "--lang", "pt").stdout
    assert shown.count("A conclusão muda") == 2
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
@pytest.mark.exhaustive
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
    today = f"/{datetime.now(UTC):%Y/%m/%d}/"
    if any(today in key for key in before):  # no midnight since
        with embedded.connect(used_home / ".bourne", "bourne-lake") as server:
            assert server.lake.list() == before


@pytest.mark.slow
@pytest.mark.exhaustive
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
