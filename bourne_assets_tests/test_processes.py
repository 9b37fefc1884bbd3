"""Which process is meant: the same one whatever the clock says, and never its successor."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bourne_assets.processes import ProcessIdentity


def test_a_process_is_itself_and_its_identity_survives_being_written_down() -> None:
    own = ProcessIdentity.own()
    assert own.pid == os.getpid()
    assert own.is_alive
    assert ProcessIdentity.parse(str(own)) == own == ProcessIdentity.of(os.getpid())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux counts from the boot")
def test_the_identity_does_not_follow_the_clock() -> None:
    """What psutil gives is the start in ticks plus the wall time of the boot."""
    own, ticks = ProcessIdentity.own(), os.sysconf("SC_CLK_TCK")
    since_boot = psutil.Process().create_time() - psutil.boot_time()
    assert abs(own.started / ticks - since_boot) < 2.0
    assert len(own.boot) == 36


@pytest.mark.parametrize("other", [{"started": 1}, {"boot": "another-boot"}])
def test_a_process_that_only_has_the_same_id_is_another(other: dict[str, str]) -> None:
    assert not replace(ProcessIdentity.own(), **other).is_alive  # type: ignore[arg-type]


def test_a_process_that_has_ended_is_not_alive_though_its_parent_has_not_looked() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = ProcessIdentity.of(process.pid)
        alive_before = identity.is_alive
        process.kill()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        alive_after = identity.is_alive
        with pytest.raises(psutil.NoSuchProcess):
            ProcessIdentity.of(process.pid)
    assert alive_before
    assert not alive_after


def test_a_name_with_spaces_and_parentheses_does_not_mislead(tmp_path: Path) -> None:
    program = tmp_path / "a ) 1 2 (b"
    program.symlink_to(sys.executable)
    with subprocess.Popen([program, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert ProcessIdentity.of(process.pid).started >= ProcessIdentity.own().started
        process.kill()


@pytest.mark.parametrize("pid", [-5, 0x7FFFFFFF, 10**30])
def test_an_id_that_no_process_has_is_nobody(pid: int) -> None:
    assert not ProcessIdentity(pid, 1, "").is_alive
    with pytest.raises(psutil.NoSuchProcess):
        ProcessIdentity.of(pid)


@pytest.mark.parametrize("text", ["", "1", "1:2", "1:2:3:4", "a:2:c"])
def test_what_is_not_an_identity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ProcessIdentity.parse(text)
