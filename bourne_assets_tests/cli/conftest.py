"""The `bourne` command, called in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bourne_assets.cli import main

Bourne = Callable[..., Result]


@pytest.fixture
def bourne(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bourne:
    """Calls the command in this process, with a home of its own unless told otherwise."""

    def call(*arguments: str, **variables: str) -> Result:
        monkeypatch.setenv("BOURNE_HOME", str(tmp_path / "home"))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return call
