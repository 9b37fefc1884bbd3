"""The address of `bourne dev`: a free port, one line when the UI responds, a sentence where not."""

import errno
import http.server
import socket
import threading
import tomllib
from collections.abc import Iterator

import pytest
import yaml

from bourne_assets.errors import ConfigurationError
from bourne_assets.webserver import address as module
from bourne_assets.webserver.address import Address, announce_when_ready
from bourne_assets_tests.support.ui import ROOT


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_without_options_the_next_free_port_is_taken(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PORT", taken)
    found = Address.free([])
    assert found.port > taken
    assert found.url == f"http://127.0.0.1:{found.port}"
    assert found.options == ["--host", "127.0.0.1", "--port", str(found.port)]


@pytest.mark.parametrize("options", [["--port", "{}"], ["-p", "{}"], ["--port={}"], ["-p{}"]])
def test_a_port_that_is_named_and_taken_is_refused_in_a_sentence(
    taken: int, options: list[str]
) -> None:
    with pytest.raises(ConfigurationError, match=f"Port {taken} is taken by another program"):
        Address.free([option.format(taken) for option in options])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "soon"], "'soon' is not a port"),
        (["--port", "70000"], "'70000' is not a port"),
        (["--port"], "needs a value"),
        (["--host", "no such host"], "not an address of this machine"),
        (["--host", "h" * 64], "not an address of this machine"),
        (["--host", "192.0.2.1"], "not an address of this machine"),  # no machine has this one
        (["--host", "192.0.2.1", "--port", "4000"], "not an address of this machine"),
        (["--host", "\udcff"], "not an address of this machine"),
    ],
)
def test_what_is_not_an_address_is_named(options: list[str], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        Address.free(options)


def test_a_port_that_is_not_for_this_user_is_not_called_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Probe(socket.socket):
        def bind(self, _: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Probe)
    with pytest.raises(ConfigurationError, match=r"^Port 80 cannot be used \(Permission denied\)"):
        Address.free(["--port", "80"])


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (["--host", "0.0.0.0", "-p", "4000"], "http://127.0.0.1:4000"),  # noqa: S104 - not bound
        (["-h", "::1", "-p", "4000"], "http://[::1]:4000"),
        (["--live-data-poll-rate", "2000"], "http://127.0.0.1:3000"),
    ],
)
def test_the_address_is_one_that_a_browser_opens(options: list[str], url: str) -> None:
    assert Address.named(options).url == url


def test_the_address_is_printed_once_when_the_ui_responds() -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:  # the tests' output is theirs
            pass

    printed: list[str] = []
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        announce_when_ready(Address("127.0.0.1", server.server_port), printed.append)
        server.shutdown()
    assert printed == [f"Dagster's UI is at http://127.0.0.1:{server.server_port}; Ctrl-C ends it."]


def test_the_code_location_has_one_name_however_it_is_started() -> None:
    project = tomllib.loads((ROOT / "dg.toml").read_text(encoding="utf-8"))["project"]
    names = {project["code_location_name"]}
    for path in ("workspace.yaml", "deploy/workspace.yaml"):
        (location,) = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["load_from"]
        names |= {settings["location_name"] for settings in location.values()}
    assert names == {"bourne_assets"}
