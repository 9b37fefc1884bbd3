"""The reports at the UI's address: those of the lake, read-only, and nothing else of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bourne_assets.lake import embedded
from bourne_assets.lake.errors import LakeFailed, ObjectMissing
from bourne_assets.lake.store import HTML
from bourne_assets.settings import Settings
from bourne_assets.webserver import reports
from bourne_assets.webserver.guard import Allowed, Guard
from bourne_assets.webserver.reports import Reports, reader_of

_LAKE = {
    "Refined/saga_report.html": b"<h1>Bourne</h1>",
    "Refined/matrix/saga_report.html": b"<h1>Matrix</h1>",
    "Refined/reports/2024-11-30.html": b"<h1>Bourne in 2024</h1>",
    "Refined/insight_metrics.json": b"{}",
}


def _read(key: str) -> bytes:
    if key not in _LAKE:
        raise ObjectMissing(key)
    return _LAKE[key]


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    text: str


def _request(
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    *,
    prefix: str = "",
    read: Callable[[str], bytes] = _read,
) -> _Response:
    """Send a request to the UI, with guard and reports before it."""
    app = Starlette(
        routes=[Route("/{path:path}", lambda _: PlainTextResponse("the UI"))],
        middleware=[
            Middleware(Guard, allowed=Allowed()),
            Middleware(Reports, read=read, prefix=prefix),
        ],
    )
    given = {"host": "127.0.0.1:3000", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "server": ("/run/ui.sock", None),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    start, *rest = sent
    found = {name.decode(): value.decode() for name, value in reversed(start["headers"])}
    return _Response(
        start["status"], found, b"".join(each.get("body", b"") for each in rest).decode()
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/reports/bourne", "<h1>Bourne</h1>"),
        ("/reports/matrix", "<h1>Matrix</h1>"),
        ("/reports/bourne/2024-11-30", "<h1>Bourne in 2024</h1>"),
    ],
)
def test_a_report_is_served_without_the_origin_of_the_ui_and_without_a_network(
    path: str, text: str
) -> None:
    response = _request(path)
    assert (response.status, response.text) == (200, text)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts allow-popups; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/reports/",
        "/reports/../insight_metrics.json",
        "/reports/%2e%2e/insight_metrics.json",
        "/reports/bourne/../../insight_metrics",
        "/reports/bourne/2024-02-30",
        "/reports/bourne/2024-11-30.html",
        "/reports/Bourne",
        "/reports/bourne%00",
        "/reports/bond",
        "/reports/bourne/2024-12-01",
    ],
)
def test_nothing_else_of_the_lake_is_served(path: str) -> None:
    assert _request(path).status == 404


def test_reports_are_read_and_nothing_more(tmp_path: Path) -> None:
    assert _request("/reports/bourne", "POST", {"content-type": "application/json"}).status == 405
    assert _request("/reports/bourne", "HEAD").status == 200
    with pytest.raises(ObjectMissing):
        reader_of(Settings(home=tmp_path / "home"))("Refined/saga_report.html")
    assert not (tmp_path / "home").exists()


def test_the_guard_stands_before_the_reports() -> None:
    assert _request("/reports/bourne", headers={"host": "evil.example"}).status == 403
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    assert _request("/reports/bourne", headers=foreign).status == 403


def test_a_ui_below_a_folder_of_its_host_has_its_reports_there() -> None:
    below = _request("/dagster/reports/bourne", prefix="/dagster")
    assert below.text == "<h1>Bourne</h1>"
    assert _request("/elsewhere/reports/bourne", prefix="/dagster").text == "the UI"


def test_a_lake_that_does_not_respond_is_named() -> None:
    def fails(key: str) -> bytes:
        raise LakeFailed(f"Nobody answers for {key}.")

    response = _request("/reports/bourne", read=fails)
    assert (response.status, response.text) == (
        502,
        "Nobody answers for Refined/saga_report.html.\n",
    )


def test_credentials_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mistyped")
    read = reader_of(Settings(home=tmp_path, s3_bucket="films"))
    response = _request("/reports/bourne", read=read)
    assert response.status == 502
    assert "mistyped" in response.text


def test_a_report_of_a_real_lake_is_read_through_the_resource(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with embedded.connect(home, "bourne-lake") as shared:
        shared.lake.write("Refined/saga_report.html", b"<h1>Bourne</h1>", HTML)
        assert reader_of(Settings(home=home))("Refined/saga_report.html") == b"<h1>Bourne</h1>"


def test_an_object_that_is_too_large_for_a_report_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reports, "_MOST_BYTES", 1_000, raising=False)
    home = tmp_path / "home"
    with embedded.connect(home, "bourne-lake") as shared:
        shared.lake.write("Refined/saga_report.html", bytes(1_001), HTML)
        shared.lake.write("Refined/matrix/saga_report.html", bytes(1_000), HTML)
        read = reader_of(Settings(home=home))
        refused = _request("/reports/bourne", read=read)
        assert _request("/reports/matrix", read=read).status == 200
    assert refused.status == 502
    assert "saga_report.html has 1,001 bytes" in refused.text
