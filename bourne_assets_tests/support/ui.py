"""Dagster's UI as tests and the README's pictures use it: a server, a browser, requests to both.

Screenshots go to the git-ignored folder `screenshots/`, which CI may keep.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, expect, sync_playwright

from bourne_assets.lake.embedded.seaweedfs import LakeFolder, processes_of
from bourne_assets_tests.support.services import free_port

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_POLL_SECONDS = 0.3
#: What a browser has for each step: the machine may be busy.
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class DevServer:
    """A running `dagster dev`.

    Attributes:
        url: Its address.
        folder: The folder that it was started in.
    """

    url: str
    folder: Path

    def query(self, query: str) -> Any:
        """The data of a GraphQL response."""
        response = requests.post(f"{self.url}/graphql", json={"query": query}, timeout=120)
        return response.json()["data"]

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first: id, job, status, tags by name, names of the assets."""
        data = self.query(
            "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } "
            "assetSelection { path } } } } }"
        )
        return [
            {
                "id": run["runId"],
                "job": run["jobName"],
                "status": run["status"],
                "tags": {tag["key"]: tag["value"] for tag in run["tags"]},
                "assets": ["/".join(key["path"]) for key in run["assetSelection"] or []],
            }
            for run in data["runsOrError"]["results"]
        ]

    def checks(self, *path: str) -> list[str]:
        """The states of an asset's checks for its latest materialisation."""
        names = ", ".join(f'"{part}"' for part in path)
        query = f"""{{ assetNodeOrError(assetKey: {{path: [{names}]}}) {{ ... on AssetNode {{
            assetChecksOrError {{ ... on AssetChecks {{ checks {{
            executionForLatestMaterialization {{ status }} }} }} }} }} }} }}"""
        found = self.query(query)["assetNodeOrError"]["assetChecksOrError"]["checks"]
        latest = [check["executionForLatestMaterialization"] for check in found]
        return [check["status"] if check else "none" for check in latest]


@contextmanager
def dagster_dev(folder: Path, variables: Mapping[str, str]) -> Iterator[DevServer]:
    """Plain `dagster dev` in a folder like a fresh clone, as far as Dagster looks at it."""
    with _dev([sys.executable, "-m", "dagster", "dev"], folder, variables) as server:
        yield server


@contextmanager
def bourne_dev(folder: Path, variables: Mapping[str, str]) -> Iterator[DevServer]:
    """`bourne dev` in such a folder."""
    with _dev([str(Path(sys.executable).with_name("bourne")), "dev"], folder, variables) as server:
        yield server


@contextmanager
def _dev(words: list[str], folder: Path, variables: Mapping[str, str]) -> Iterator[DevServer]:
    for name in ("dagster.yaml", "workspace.yaml", "dg.toml"):
        shutil.copy(ROOT / name, folder)
    port = free_port()
    command = [*words, "--port", str(port)]
    with (folder / "dev.log").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: _responds(url), 300, "dagster dev responds")
            yield DevServer(url, folder)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(120)
    lake = LakeFolder(folder / ".bourne" / "lake")
    wait_for(lambda: not processes_of(lake), 120, "dagster dev leaves no server behind")


@contextmanager
def browser_window(url: str) -> Iterator[Page]:
    """A window of Chromium on an address."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        window = browser.new_page(viewport={"width": 1600, "height": 900})
        window.set_default_timeout(_PATIENCE_SECONDS * 1_000)
        expect.set_options(timeout=_PATIENCE_SECONDS * 1_000)
        window.goto(url)
        yield window
        browser.close()


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """What the condition gives, once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(_POLL_SECONDS)
    return found


def keep(page: Page, name: str) -> None:
    """Keep a picture of a window."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def _responds(url: str) -> bool:
    try:
        return requests.get(f"{url}/server_info", timeout=10).ok
    except requests.RequestException:
        return False
