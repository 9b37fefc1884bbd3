"""Two `bourne run` of one saga at once: the second waits, says so, and can be interrupted."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bourne_assets.errors import ConfigurationError
from bourne_assets.runs.exclusive import exclusive_run
from bourne_assets.runs.instance import open_instance
from bourne_assets.saga.definition import Saga, known_sagas
from bourne_assets.settings import Settings

BOURNE = Path(sys.executable).with_name("bourne")


@pytest.fixture
def bourne() -> Saga:
    return known_sagas(Settings().sagas_file)["bourne"]


@pytest.fixture
def matrix() -> Saga:
    return known_sagas(Settings().sagas_file)["matrix"]


def _run(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [BOURNE, "run", "--select", "raw_csvs_s3"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.exhaustive
def test_two_runs_at_once_come_one_after_the_other(tmp_path: Path, bourne: Saga) -> None:
    with exclusive_run(tmp_path / ".bourne", bourne, pytest.fail):
        pair = [_run(tmp_path), _run(tmp_path)]
        time.sleep(1)  # both wait by now, or are still starting
    printed = [process.communicate(timeout=250) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], printed
    with open_instance(Settings(home=tmp_path / ".bourne")) as instance:
        first, second = sorted(
            instance.get_run_records(), key=lambda record: record.create_timestamp
        )
    assert first.end_time is not None
    assert second.start_time is not None
    assert first.end_time <= second.start_time


@pytest.mark.slow
def test_a_waiting_run_says_so_and_ends_by_one_interrupt(tmp_path: Path, bourne: Saga) -> None:
    with exclusive_run(tmp_path / ".bourne", bourne, pytest.fail):
        waiting = _run(tmp_path)
        assert waiting.stdout is not None
        assert (
            waiting.stdout.readline().strip()
            == "Waiting for another `bourne run` of Jason Bourne in .bourne to end."
        )
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=250)
    assert waiting.returncode == 130
    assert errors == "Error: Interrupted.\n"


def test_other_sagas_and_other_homes_do_not_wait(
    tmp_path: Path, bourne: Saga, matrix: Saga
) -> None:
    with (
        exclusive_run(tmp_path / "home", bourne, pytest.fail),
        exclusive_run(tmp_path / "home", matrix, pytest.fail),
        exclusive_run(tmp_path / "other", bourne, pytest.fail),
    ):
        pass
    with exclusive_run(tmp_path / "home", bourne, pytest.fail):
        pass


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, bourne: Saga) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match="set BOURNE_HOME to a folder that you can write"),
        exclusive_run(tmp_path / "file" / "home", bourne, pytest.fail),
    ):
        pass
