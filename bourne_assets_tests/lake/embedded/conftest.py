"""Homes of the tests' own, and processes that use their lakes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bourne_assets.lake.embedded import share as shares
from bourne_assets_tests.lake.embedded.homes import BUCKET, PATIENCE, USER, User, Users, end_all


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own; what is left running there is ended.

    Whoever leaves it waits for the end of its server, however slow the machine is.
    """
    monkeypatch.setattr(shares, "_STOP_SECONDS", PATIENCE)
    yield tmp_path / "home"
    end_all(tmp_path / "home")


@pytest.fixture
def users() -> Iterator[Users]:
    """Starts processes that use the lake; they leave at the end of the test at the latest."""
    with ExitStack() as started:

        def start(home: Path) -> User:
            user = started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", USER, str(home), BUCKET],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            started.callback(user.kill)
            return user

        yield start
