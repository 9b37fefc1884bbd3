"""What `bourne dev` started ends with it, also where it was killed and could tell nobody."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bourne_assets_tests.support.services import free_port

#: What `bourne dev` does: it starts a module that is to end with it, and says its process id.
_PARENT = """
import os, subprocess, sys, time
watched = [sys.executable, "-m", "bourne_assets.webserver.orphans", str(os.getpid())]
child = subprocess.Popen([*watched, *sys.argv[1:]])
child.wait()
"""
_SERVER = """
import sys, time
try:
    print(__name__, *sys.argv[1:], flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("ended by an interrupt", flush=True)
"""


def test_a_server_whose_parent_is_killed_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(_SERVER)
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, "served", "--port", "3000"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "__main__ --port 3000\n"
        parent.kill()
        # The pipe ends when the server has ended, as the server holds the last end of it.
        assert parent.stdout.read() == "ended by an interrupt\n"


@pytest.mark.slow
def test_webserver_and_daemon_end_where_the_ui_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bourne_assets", "dev", "--port", str(free_port())],
        cwd=tmp_path,
        env={**os.environ, "BOURNE_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        watched: list[psutil.Process] = []
        while len(watched) < 2:
            assert process.poll() is None
            children = psutil.Process(process.pid).children()
            watched = [each for each in children if "bourne_assets.webserver.orphans" in _of(each)]
            time.sleep(0.05)
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        ended, _ = psutil.wait_procs(watched, timeout=200)
        for each in started:  # Dagster's code servers end after a while without calls
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    assert len(ended) == 2


def _of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
