"""Dagster's UI as a person uses it: plain `dagster dev`, a browser, and "Materialize all"."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bourne_assets.definitions import build_defs
from bourne_assets.settings import Settings
from bourne_assets_tests.support.ui import (
    CHROMIUM,
    DevServer,
    browser_window,
    dagster_dev,
    wait_for,
)

ASSETS = (
    "raw_csvs_s3",
    "tmdb_search",
    "tmdb_external_ids",
    "tmdb_details",
    "bourne_saga_table",
    "insight_metrics",
    "saga_history",
    "fact_answer",
    "saga_report",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """Plain `dagster dev`, with nothing else started and no DAGSTER_HOME."""
    with dagster_dev(tmp_path_factory.mktemp("project"), {}) as server:
        yield server


@pytest.fixture(scope="module")
def page(dev: DevServer) -> Iterator[Page]:
    """A browser window on the lineage."""
    with browser_window(f"{dev.url}/asset-groups") as window:
        yield window


def test_materialize_all_makes_all_assets_with_green_checks(page: Page, dev: DevServer) -> None:
    page.get_by_role("button", name="Materialize all").click()
    wait_for(
        lambda: (
            [
                run["status"]
                for run in dev.runs()
                if not run["assets"] or len(run["assets"]) == len(ASSETS)
            ]
            == ["SUCCESS"]
        ),
        400,
        "the run of all assets succeeds",
    )
    # A run of the sensor may land the files once more meanwhile, and its checks be in progress.
    checks = wait_for(lambda: _green_checks(dev), 400, "every check has passed")
    defs = build_defs(settings=Settings())
    assert len(checks) == len(defs.resolve_asset_graph().asset_check_keys)
    page.goto(f"{dev.url}/assets/bourne_saga_table?view=overview")
    expect(page.get_by_text("Films of the saga, with figures of TMDB")).to_be_visible()
    uri = page.get_by_text("s3://bourne-lake/Refined/bourne_saga_table.parquet").first
    expect(uri).to_be_visible()


def _green_checks(dev: DevServer) -> list[str]:
    """The states of all checks, once each is the one that they should have."""
    checks = [status for name in ASSETS for status in dev.checks(name)]
    return checks if set(checks) == {"SUCCEEDED"} else []


def test_the_answers_and_the_picture_stand_in_the_metadata(page: Page, dev: DevServer) -> None:
    page.goto(f"{dev.url}/assets/insight_metrics?view=events")
    links = page.get_by_text("[Show Markdown]")
    links.nth(0).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("$327,483,286.20, over 5 films.")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    links.nth(2).click()
    picture = page.get_by_role("img", name=re.compile("^Revenue and its mean"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 300


def test_what_the_ui_materialised_the_command_line_shows(page: Page, dev: DevServer) -> None:
    assert page.url
    done = subprocess.run(
        [Path(sys.executable).with_name("bourne"), "answers", "--json"],
        cwd=dev.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"value": 327483286.2' in done.stdout
