"""Dagster's UI as a person uses it: plain `dagster dev`, a browser, and "Materialize all"."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from bourne_assets.lake.server import LakeFolder, servers_of

ROOT = Path(__file__).resolve().parent.parent
ASSETS = (
    "raw_csvs_s3",
    "tmdb_search",
    "tmdb_external_ids",
    "tmdb_details",
    "bourne_saga_table",
    "insight_metrics",
    "saga_history",
    "saga_report",
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a fresh clone, as far as `dagster dev` looks at it."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dagster.yaml", "workspace.yaml", "dg.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    """Plain `dagster dev`, with nothing else started and no DAGSTER_HOME."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster", "dev", "--port", str(port)]
    log = project / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=project, stdout=output, stderr=output, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(lambda: _answers(url), 90, "dagster dev does not answer")
            yield url
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
    folder = LakeFolder(project / ".bourne" / "lake")
    _wait(lambda: not servers_of(folder), 15, "dagster dev left a server behind")


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    """A browser window on the lineage."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        window = browser.new_page(viewport={"width": 1600, "height": 900})
        window.goto(f"{address}/asset-groups")
        expect.set_options(timeout=30_000)
        yield window
        browser.close()


def test_materialize_all_makes_all_assets_with_green_checks(page: Page, address: str) -> None:
    page.get_by_role("button", name="Materialize all").click()
    _wait(lambda: _runs(address) == ["SUCCESS"], 90, "the run did not succeed")
    checks = [check for name in ASSETS for check in _checks(address, name)]
    assert len(checks) == 33
    assert {check["status"] for check in checks} == {"SUCCEEDED"}
    page.goto(f"{address}/assets/bourne_saga_table?view=overview")
    expect(page.get_by_text("Films of the saga, with figures of TMDB")).to_be_visible()
    uri = page.get_by_text("s3://bourne-lake/Refined/bourne_saga_table.parquet").first
    expect(uri).to_be_visible()


def test_the_answers_and_the_picture_stand_in_the_metadata(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/insight_metrics?view=events")
    links = page.get_by_text("[Show Markdown]")
    links.nth(0).click()
    expect(page.get_by_text("$327,483,286.20, over 5 films.")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    links.nth(2).click()
    picture = page.get_by_role("img", name=re.compile("^Revenue and its mean"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 300


def test_what_the_ui_materialised_the_command_line_shows(page: Page, project: Path) -> None:
    assert page.url
    done = subprocess.run(
        [Path(sys.executable).with_name("bourne"), "answers", "--json"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"value": 327483286.2' in done.stdout


def _wait(condition: Any, seconds: float, complaint: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/server_info", timeout=2).ok
    except requests.RequestException:
        return False


def _ask(url: str, query: str) -> Any:
    response = requests.post(f"{url}/graphql", json={"query": query}, timeout=10)
    return response.json()["data"]


def _runs(url: str) -> list[str]:
    data = _ask(url, "{ runsOrError { ... on Runs { results { status } } } }")
    return [run["status"] for run in data["runsOrError"]["results"]]


def _checks(url: str, asset: str) -> list[dict[str, str]]:
    query = f"""{{ assetNodeOrError(assetKey: {{path: ["{asset}"]}}) {{ ... on AssetNode {{
        assetChecksOrError {{ ... on AssetChecks {{ checks {{ executionForLatestMaterialization {{
        status }} }} }} }} }} }} }}"""
    found = _ask(url, query)["assetNodeOrError"]["assetChecksOrError"]["checks"]
    return [check["executionForLatestMaterialization"] or {"status": "none"} for check in found]
