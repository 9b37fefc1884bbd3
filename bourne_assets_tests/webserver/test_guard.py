"""The guard before Dagster's webserver: what people and programs do passes, other pages do not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bourne_assets.webserver.guard import Allowed, Guard

_UI = "127.0.0.1:3000"
#: Callers through a Unix socket have been identified by the kernel.
_SOCKET_FILE = {"server": ("/run/ui.sock", None)}
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    text: str


async def _takes_everything(scope: Scope, receive: Receive, send: Send) -> None:
    """As Dagster's webserver does."""
    del receive
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"taken"})


def _exchange(scope: Scope, headers: Mapping[str, str], allowed: Allowed) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    whole = {**scope, **_SOCKET_FILE, "headers": pairs}
    asyncio.run(Guard(_takes_everything, allowed)(whole, receive, send))
    return sent


def _request(
    method: str,
    path: str,
    headers: Mapping[str, str],
    *hosts: str,
    ui_url: str = f"http://{_UI}",
) -> _Response:
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    start, *rest = _exchange(scope, headers, Allowed.of(ui_url, hosts))
    return _Response(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(each.get("body", b"") for each in rest).decode(),
    )


def _status(method: str, path: str, headers: Mapping[str, str], *hosts: str) -> int:
    return _request(method, path, headers, *hosts).status


def _socket(headers: Mapping[str, str]) -> str:
    scope = {"type": "websocket", "path": "/graphql", "query_string": b""}
    first = _exchange(scope, headers, Allowed.of(f"http://{_UI}", ()))[0]
    return str(first["type"])


@pytest.mark.parametrize("host", [_UI, "localhost:3000", "[::1]:3000", "127.0.0.1", "LOCALHOST"])
def test_the_ui_is_served_on_every_loopback_name(host: str) -> None:
    assert _status("GET", "/runs", {"host": host}) == 200
    own = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert _status("POST", "/graphql", {**own, **_JSON}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil@127.0.0.1",
        "10.0.0.1:3000",
        "[",
        "127.0.0.1:99999",
        "",
    ],
)
def test_a_foreign_host_is_refused(host: str) -> None:
    response = _request("GET", "/runs", {"host": host})
    assert response.status == 403
    assert "BOURNE_UI_ALLOWED_HOSTS" in response.text


def test_a_probe_of_the_version_needs_no_host_name() -> None:
    assert _status("GET", "/server_info", {"host": "10.0.0.1:80"}) == 200
    assert _status("POST", "/server_info", {"host": "10.0.0.1:80", **_JSON}) == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:8000",
        "http://localhost:3000",
        f"http://{_UI}.evil.example",
        "file://",
        "",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    headers = {"host": _UI, "origin": origin, **_JSON}
    assert _status("POST", "/graphql", headers) == 403
    assert _status("GET", "/runs", headers) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/prefix/graphql", "/graphql/", "/GraphQL"])
def test_graphql_by_get_is_refused(method: str, path: str) -> None:
    query = f"{path}?query=mutation{{launchRun}}"
    assert _status(method, query, {"host": _UI}) == 403


def test_graphql_by_post_with_json_is_taken() -> None:
    assert _status("POST", "/graphql", {"host": _UI, **_JSON}) == 200
    with_charset = {"content-type": "Application/JSON; charset=utf-8"}
    assert _status("POST", "/graphql", {"host": _UI, **with_charset}) == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/plain; application/json",
        "application/graphql",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/graphql?query=mutation{x}", "/report_asset_materialization/a"])
def test_a_form_is_refused(kind: str, path: str) -> None:
    assert _status("POST", path, {"host": _UI, "content-type": kind}) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_may_only_link_here(site: str) -> None:
    link = {"host": _UI, "sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert _status("GET", "/runs/x", {**link, "sec-fetch-dest": "document"}) == 200
    for path in ("/graphql", "/notebook?path=/downloads/x.ipynb", "/dagit/notebook"):
        assert _status("GET", path, {**link, "sec-fetch-dest": "document"}) == 403
    assert _status("GET", "/runs/x", {**link, "sec-fetch-dest": "iframe"}) == 403
    image = {"host": _UI, "sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert _status("GET", "/runs/x", {**image, "sec-fetch-dest": "image"}) == 403
    assert _status("POST", "/graphql", {**image, **_JSON}) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
def test_a_websocket_of_another_site_is_refused(headers: dict[str, str]) -> None:
    assert _socket({"host": _UI, **headers}) == "websocket.close"


def test_a_websocket_of_the_ui_and_of_a_program_is_taken() -> None:
    assert _socket({"host": _UI}) == "websocket.accept"
    assert _socket({"host": _UI, "origin": f"http://{_UI}"}) == "websocket.accept"


def test_hosts_of_the_settings_are_served_to_themselves_alone() -> None:
    hosts = ("dagster.example.com", "lab:8443")
    for host in ("dagster.example.com", "Dagster.Example.com:80", "lab:8443"):
        assert _status("GET", "/runs", {"host": host}, *hosts) == 200
    assert _status("GET", "/runs", {"host": "lab:8444"}, *hosts) == 403
    behind_proxy = {"host": _UI, "origin": "https://dagster.example.com", **_JSON}
    assert _status("POST", "/graphql", behind_proxy, *hosts) == 200
    assert _status("POST", "/graphql", {**behind_proxy, "origin": "https://lab"}, *hosts) == 403


def test_the_host_of_the_ui_address_is_served() -> None:
    own = {"host": "ui.example.com"}
    assert _request("GET", "/runs", own, ui_url="https://ui.example.com").status == 200
    other_port = {"host": "127.0.0.1:3001", "origin": f"http://{_UI}", **_JSON}
    assert _status("POST", "/graphql", other_port) == 403


def test_no_page_leads_the_browser_to_other_servers_images_or_into_a_frame() -> None:
    headers = _request("GET", "/runs", {"host": _UI}).headers
    assert "img-src 'self' data: blob:" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
