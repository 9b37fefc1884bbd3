"""Secrets in files and in AWS Secrets Manager: found, missing, and never in an error."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import load_secrets
from bourne_assets.settings import read_settings

_HIDDEN = "hidden-word"
BOURNE = str(Path(sys.executable).with_name("bourne"))


class _SecretsManager(ThreadingHTTPServer):
    """AWS Secrets Manager's GetSecretValue on loopback."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.requested: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _SecretsManager

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
        name = request["SecretId"]
        self.server.requested.append(name)
        known = self.server.secrets.get(name)
        response: dict[str, Any] = {"Name": name, "SecretString": known}
        if known is None:
            response = {"__type": "ResourceNotFoundException", "message": "no such secret"}
        body = json.dumps(response).encode()
        self.send_response(200 if known is not None else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[_SecretsManager]:
    """A Secrets Manager that boto3 calls."""
    with _SecretsManager() as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield server
        server.shutdown()


def test_a_secret_is_read_from_the_file_that_is_named_and_a_set_variable_wins(
    tmp_path: Path,
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{_HIDDEN}\n")
    environment = {"TMDB_READ_ACCESS_TOKEN_FILE": str(file), "TMDB_API_KEY": "set"}
    environment["TMDB_API_KEY_FILE"] = str(file)
    load_secrets(environment)
    assert environment["TMDB_READ_ACCESS_TOKEN"] == _HIDDEN
    assert environment["TMDB_API_KEY"] == "set"


def test_the_settings_find_what_a_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(_HIDDEN)
    monkeypatch.setenv("TMDB_READ_ACCESS_TOKEN", "")  # remembered, so that it is taken back
    monkeypatch.setenv("TMDB_READ_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    assert read_settings().tmdb_read_access_token == _HIDDEN


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"/nowhere/x that TMDB_API_KEY_FILE names .* No such file"
    ):
        load_secrets({"TMDB_API_KEY_FILE": "/nowhere/x"})


@pytest.mark.parametrize("target", ["/dev/zero", "fifo"])
def test_a_file_that_never_ends_is_refused_at_once(tmp_path: Path, target: str) -> None:
    path = tmp_path / "token"
    if target == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    with pytest.raises(ConfigurationError, match="cannot be read: it is not a regular file"):
        load_secrets({"TMDB_API_KEY_FILE": str(path)})


def test_a_large_or_binary_file_is_refused_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "large").write_text(_HIDDEN * 10_000)
    (tmp_path / "binary").write_bytes(_HIDDEN.encode() + b"\xff")
    (tmp_path / "nul").write_text(f"{_HIDDEN}\0{_HIDDEN}")
    for name, why in {
        "large": "it is larger than 65,536 bytes",
        "binary": "it is not UTF-8",
        "nul": "it contains a NUL character",
    }.items():
        with pytest.raises(ConfigurationError, match=why) as caught:
            load_secrets({"TMDB_API_KEY_FILE": str(tmp_path / name)})
        assert _HIDDEN not in str(caught.value)


def test_aws_secrets_manager_gives_variables_once_and_no_others(manager: _SecretsManager) -> None:
    manager.secrets = {"one": json.dumps({"TMDB_API_KEY": _HIDDEN, "PATH": "/evil"}), "two": "{}"}
    environment = {"BOURNE_SECRETS_ID": "one, two", "AWS_REGION": "eu-west-1"}
    load_secrets(environment)
    assert environment["TMDB_API_KEY"] == _HIDDEN
    assert "PATH" not in environment
    load_secrets(environment)
    assert manager.requested == ["one", "two"]


def test_a_null_in_a_secret_is_no_value(manager: _SecretsManager) -> None:
    fields = {"TMDB_READ_ACCESS_TOKEN": None, "TMDB_API_KEY": _HIDDEN}
    manager.secrets = {"one": json.dumps(fields)}
    environment = {"BOURNE_SECRETS_ID": "one", "AWS_REGION": "eu-west-1"}
    load_secrets(environment)
    assert "TMDB_READ_ACCESS_TOKEN" not in environment
    assert environment["TMDB_API_KEY"] == _HIDDEN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, r"did not return the secret 'one' \(ResourceNotFoundException\)"),
        (_HIDDEN, "must be a JSON object"),
        ('["TMDB_API_KEY"]', "must be a JSON object"),
        ("[" * 60_000, "must be a JSON object"),
        (f'{{"TMDB_API_KEY": "{_HIDDEN}\\u0000"}}', "has a TMDB_API_KEY with characters that no"),
        (f'{{"TMDB_API_KEY": "{_HIDDEN}\\ud800"}}', "has a TMDB_API_KEY with characters that no"),
        (f'{{"TMDB_API_KEY": ["{_HIDDEN}"]}}', "has a TMDB_API_KEY that is not text"),
        ('{"TMDB_API_KEY": true}', "has a TMDB_API_KEY that is not text"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_without_its_value(
    manager: _SecretsManager, text: str | None, words: str
) -> None:
    manager.secrets = {"one": text} if text is not None else {}
    with pytest.raises(ConfigurationError, match=words) as caught:
        load_secrets({"BOURNE_SECRETS_ID": "one", "AWS_REGION": "eu-west-1"})
    assert _HIDDEN not in str(caught.value)


def test_aws_secrets_manager_without_a_region_or_a_response_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be reached: You must specify a region"):
        load_secrets({"BOURNE_SECRETS_ID": "one"})
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with pytest.raises(ConfigurationError, match="EndpointConnectionError"):
        load_secrets({"BOURNE_SECRETS_ID": "one", "AWS_REGION": "eu-west-1"})


def test_exec_becomes_a_command_that_finds_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(_HIDDEN)
    code = "import os; print(os.environ['TMDB_API_KEY'])"
    command = [BOURNE, "exec", sys.executable, "-c", code]
    environment = {**os.environ, "TMDB_API_KEY_FILE": str(tmp_path / "token")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{_HIDDEN}\n"


def test_exec_of_a_command_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    command = [BOURNE, "exec", "no-such-command"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'no-such-command' cannot be started: No such file or directory" in done.stderr
