"""A day with the platform: `bourne dev` with two sagas, a watched folder, TMDB and a webhook.

In order: everything is made, a file is dropped, its rejected line is corrected and queried in
SQL, a film changes, TMDB refuses, somebody is alerted, the run is executed again, and the report is
read on a phone.
"""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bourne_assets.lake import embedded
from bourne_assets.tmdb.changes import FIELDS
from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn, refusal
from bourne_assets_tests.support.ui import (
    CHROMIUM,
    DevServer,
    bourne_dev,
    browser_window,
    keep,
    wait_for,
)
from bourne_assets_tests.support.webhook import Webhook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.exhaustive,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

_FILMS = [
    Film(2501, "The Bourne Identity", 60_000_000, 214_034_224, "2002-06-14", 15.1, "tt0258463",
         collection_id=31562),
    Film(2502, "The Bourne Supremacy", 75_000_000, 288_500_217, "2004-07-23", 9.8, "tt0372183",
         collection_id=31562),
    Film(2503, "The Bourne Ultimatum", 70_000_000, 442_824_138, "2007-08-03", 9.1, "tt0440963",
         collection_id=31562),
    Film(603, "The Matrix", 63_000_000, 463_517_383, "1999-03-31", 25.5, "tt0133093",
         collection_id=2344),
    Film(604, "The Matrix Reloaded", 150_000_000, 738_600_000, "2003-05-15", 12.3, "tt0234215",
         collection_id=2344),
]  # fmt: skip
_COLLECTIONS = {31562: "The Bourne Collection", 2344: "The Matrix Collection"}
_TABLES = ("tmdb_search", "tmdb_external_ids", "tmdb_details", "insight_metrics", "saga_history")


@dataclass(frozen=True)
class Platform:
    """Everything that a team would have, on loopback."""

    dev: DevServer
    tmdb: TmdbStandIn
    webhook: Webhook
    csvs: Path
    variables: dict[str, str]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`bourne dev` on a fresh home, with two sagas."""
    folder = tmp_path_factory.mktemp("platform")
    csvs = folder / "csv"
    csvs.mkdir()
    (csvs / "people.csv").write_text("id,name\n1,Ann\n")
    source = InventedFilms.of(_FILMS, _COLLECTIONS)
    with TmdbStandIn(source) as tmdb, Webhook() as webhook:
        variables = {
            "BOURNE_SAGAS": "bourne,matrix",
            "BOURNE_CSV_DIR": str(csvs),
            "BOURNE_ALERT_WEBHOOK_URL": webhook.url,
            "TMDB_READ_ACCESS_TOKEN": tmdb.token,
            "TMDB_BASE_URL": tmdb.base_url,
            "TMDB_CHANGES_SECONDS": "30",
        }
        with bourne_dev(folder, variables) as dev:
            yield Platform(dev, tmdb, webhook, csvs, variables)


@pytest.fixture(scope="module")
def page(platform: Platform) -> Iterator[Page]:
    """A window on the lineage."""
    with browser_window(f"{platform.dev.url}/asset-groups") as window:
        yield window


def _told(platform: Platform, mark: str) -> list[str]:
    return [text for text in platform.webhook.texts if text.startswith(mark)]


def _bourne(platform: Platform, *words: str, fails: bool = False) -> str:
    """What a command prints in a terminal of the same folder."""
    done = subprocess.run(
        [Path(sys.executable).with_name("bourne"), *words],
        cwd=platform.dev.folder,
        env={**platform.variables, "PATH": "/usr/bin:/bin", "HOME": str(platform.dev.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if fails else 0), done.stdout + done.stderr
    return done.stdout


def _ended(platform: Platform) -> bool:
    return all(run["status"] in {"SUCCESS", "FAILURE"} for run in platform.dev.runs())


def test_materialize_all_makes_both_sagas_with_green_checks(platform: Platform, page: Page) -> None:
    dev = platform.dev
    page.get_by_role("button", name="Materialize all").click()
    whole = wait_for(
        lambda: [run for run in dev.runs() if "matrix/insight_metrics" in run["assets"]
                 or run["job"] == "__ASSET_JOB"], 400, "the run is there"
    )  # fmt: skip
    wait_for(lambda: _ended(platform), 400, "the run ends")
    assert {run["status"] for run in dev.runs()} == {"SUCCESS"}, whole
    for prefix in ((), ("matrix",)):
        for name in _TABLES:
            assert set(dev.checks(*prefix, name)) <= {"SUCCEEDED"}, (prefix, name)
    page.goto(f"{dev.url}/asset-groups")
    expect(page.get_by_text("matrix_refined").first).to_be_visible()
    page.wait_for_timeout(2_000)
    keep(page, "two-sagas-lineage")


def test_the_page_of_the_answers_shows_a_picture_and_that_of_the_table_its_checks(
    platform: Platform, page: Page
) -> None:
    page.goto(f"{platform.dev.url}/assets/insight_metrics?view=events")
    page.get_by_text("[Show Markdown]").nth(2).click()
    picture = page.get_by_role("img", name=re.compile("^Revenue and its mean"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 300
    keep(page, "insight-metrics-picture")
    page.goto(f"{platform.dev.url}/assets/tmdb_details?view=checks")
    expect(page.get_by_text("budget_is_known_and_plausible").first).to_be_visible()
    keep(page, "checks-of-the-details")


def test_a_file_in_the_watched_folder_is_landed_by_a_run_of_its_own(platform: Platform) -> None:
    (platform.csvs / "cities.csv").write_text("id,city\n1,Berlin\n2,Tangier,Morocco\n")
    wait_for(
        lambda: [
            run for run in platform.dev.runs()
            if "cities.csv" in run["tags"].get("csv_files", "") and run["status"] == "SUCCESS"
        ], 400, "a run lands cities.csv"
    )  # fmt: skip
    with embedded.connect(platform.dev.folder / ".bourne", "bourne-lake") as server:
        (key,) = server.lake.list("Raw/Local/CSV/Cities")
        assert re.fullmatch(r"Raw/Local/CSV/Cities/20\d\d/\d\d/\d\d/cities\.csv", key)
        assert server.lake.read(key)[0] == (platform.csvs / "cities.csv").read_bytes()


def test_a_rejected_line_is_corrected_and_queried_in_sql(platform: Platform) -> None:
    (line,) = _bourne(platform, "rejects", "cities", "--json").splitlines()
    assert "2,Tangier,Morocco" in line
    corrected = platform.dev.folder / "corrected.jsonl"
    corrected.write_text(line.replace("2,Tangier,Morocco", "2,Tangier"))
    _bourne(platform, "rejects", "fix", str(corrected))
    query = (
        "SELECT city, count(*) AS films FROM trusted.cities, assets.bourne_saga_table "
        "GROUP BY city ORDER BY city"
    )
    printed = _bourne(platform, "query", query, "--format", "csv")
    assert list(csv.reader(printed.splitlines()))[1:] == [["Berlin", "3"], ["Tangier", "3"]]


def test_a_film_that_changed_at_tmdb_refreshes_its_saga_alone(platform: Platform) -> None:
    assert "revenue" in FIELDS
    film = _FILMS[2]
    source = platform.tmdb.source
    assert isinstance(source, InventedFilms)
    source.films[film.id] = replace(film, revenue=444_100_035)
    item = {"id": "1", "action": "updated", "time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    changes = {"changes": [{"key": "revenue", "items": [item]}]}
    platform.tmdb.override(f"/movie/{film.id}/changes", changes)
    wait_for(
        lambda: [
            run for run in platform.dev.runs()
            if "2503: revenue" in run["tags"].get("changed", "") and run["status"] == "SUCCESS"
        ], 400, "the saga is refreshed"
    )  # fmt: skip
    changed = [run for run in platform.dev.runs() if "changed" in run["tags"]]
    assert {run["tags"]["saga"] for run in changed} == {"bourne"}
    assert len(changed) == 1


def test_an_outage_of_tmdb_reaches_people_once_with_the_cause_and_a_link(
    platform: Platform,
) -> None:
    wait_for(lambda: _ended(platform), 400, "earlier runs end")
    platform.tmdb.override("/collection/31562", refusal(403, 45, "This user has been suspended."))
    _bourne(platform, "run", "--select", "tmdb_search", fails=True)
    (text,) = wait_for(lambda: _told(platform, ":red_circle:"), 400, "an alert arrives")
    failed = next(run for run in platform.dev.runs() if run["status"] == "FAILURE")
    assert text.startswith(":red_circle: *Jason Bourne*\n• `tmdb_search`: failed - TMDB refused")
    assert "/collection/31562 (HTTP 403, code 45: This user has been suspended)" in text
    assert f"/runs/{failed['id']}|Open the run>" in text
    assert platform.tmdb.token not in text


def test_the_failed_run_is_executed_again_from_its_page_once_tmdb_works_again(
    platform: Platform, page: Page
) -> None:
    (failed,) = (run for run in platform.dev.runs() if run["status"] == "FAILURE")
    platform.tmdb.restore("/collection/31562")
    page.goto(f"{platform.dev.url}/runs/{failed['id']}")
    expect(page.get_by_text("TMDB refused /collection/31562").first).to_be_visible()
    keep(page, "failed-run")
    page.get_by_role("button", name="Re-execute all (*)").click()
    wait_for(
        lambda: [
            run for run in platform.dev.runs()
            if run["tags"].get("dagster/parent_run_id") == failed["id"]
            and run["status"] == "SUCCESS"
        ], 400, "the run is executed again"
    )  # fmt: skip


def test_a_schedule_that_is_turned_on_shows_its_next_tick(platform: Platform, page: Page) -> None:
    page.goto(f"{platform.dev.url}/locations/bourne_assets/schedules/daily_saga_refresh_of_matrix")
    switch = page.get_by_role("checkbox").first
    expect(page.get_by_text("Next tick").first).to_be_visible()
    assert switch.is_checked()
    expect(page.get_by_text("6:15").first).to_be_visible()
    keep(page, "schedule")


def test_the_report_is_read_on_a_phone(platform: Platform, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{platform.dev.url}/reports/bourne")
    expect(page.get_by_role("heading", name="Jason Bourne: six questions")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("Português").check(force=True)
    expect(page.get_by_role("heading", name="Jason Bourne: seis perguntas")).to_be_visible()
    keep(page, "report-on-a-phone")


def test_nothing_else_ran_and_nobody_was_told_of_anything_else(platform: Platform) -> None:
    runs = platform.dev.runs()
    assert [run["status"] for run in runs].count("FAILURE") == 1
    assert len(_told(platform, ":red_circle:")) == 1
    line, drift = _told(platform, ":warning:")
    assert "`raw_csvs_s3`: check no_line_was_rejected failed (warning)\n    cities.csv" in line
    assert "2,Tangier,Morocco" in line
    assert "check figures_drifted failed (warning)\n    The Bourne Ultimatum" in drift
