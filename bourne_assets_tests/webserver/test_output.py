"""Ctrl-C ends `bourne dev` in no traceback, wherever its processes are; a failure is reported."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bourne_assets_tests.support.services import free_port
from bourne_assets_tests.support.tiers import in_every_run

#: What `bourne dev` does, with a child that takes an interrupt as a program that loads does.
#: On a busy machine a process may hear late of an interrupt, or be slow to forward what is left.
_PARENT = """
import signal, subprocess, sys
from bourne_assets.webserver import output
output._HELD_SECONDS, output._DRAINED_SECONDS = float(sys.argv[1]), 60.0
with output.forward_until_interrupted() as interrupts:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen([sys.executable, "-c", *sys.argv[2:]], stdin=subprocess.PIPE)
    try:
        child.communicate()  # the child goes on when its standard input ends
    except KeyboardInterrupt:
        child.wait()
        print("ended by an interrupt")
        print("of no interest", file=sys.stderr)
sys.exit(3 if interrupts.wait() else child.returncode)
"""
_INTERRUPTED = """
import sys, time
from pathlib import Path
sys.stdin.read()
Path("begun").touch()
time.sleep(600)
"""
_FAILING = "print('half a line', end='', flush=True); raise SystemExit('this is why')"


def _start(code: str, *, held_seconds: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(held_seconds), code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a process has made a file or a folder."""
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)


def test_what_children_print_of_an_interrupt_is_not_passed_on(tmp_path: Path) -> None:
    with _start(_INTERRUPTED, held_seconds=60) as process:
        _wait_for(tmp_path / "begun", process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        stdout, errors = process.communicate(timeout=250)
    assert stdout == "ended by an interrupt\n"
    assert errors == ""
    assert process.returncode == 3


def test_the_output_of_a_child_that_fails_is_passed_on_to_its_end() -> None:
    with _start(_FAILING, held_seconds=0.2) as process:
        stdout, errors = process.communicate(timeout=250)
    assert stdout == "half a line"
    assert errors == "this is why\n"
    assert process.returncode == 1


#: `bourne dev` with a run that prints before and after it has ended: more than a pipe holds.
_OUTLIVED = """
import subprocess, sys
from bourne_assets.webserver.output import forward_until_interrupted
with forward_until_interrupted():
    subprocess.Popen([sys.executable, "-c", *sys.argv[1:]]).wait()
"""
_OUTLIVING = """
import os, sys, time
from pathlib import Path
parent = os.getppid()
print("the child is there", flush=True)
while os.getppid() == parent:
    time.sleep(0.01)
for stream in (sys.stdout, sys.stderr):
    print("more than a pipe holds" * 10_000, file=stream, flush=True)
Path(sys.argv[1]).touch()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_outlives_the_ui_can_print_all_the_same(tmp_path: Path, how: signal.Signals) -> None:
    printed = tmp_path / "printed"
    with subprocess.Popen(
        [sys.executable, "-c", _OUTLIVED, _OUTLIVING, str(printed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "the child is there\n"
        (child,) = (
            each
            for each in psutil.Process(process.pid).children()
            if os.getpgid(each.pid) == process.pid
        )
        process.send_signal(how)
        process.wait(250)
        child.wait(250)
    assert printed.exists()


def test_what_was_opened_is_closed_in_the_end() -> None:
    code = """
import os, signal
from bourne_assets.webserver.output import forward_until_interrupted
with forward_until_interrupted():
    pass
def opened():
    return len(os.listdir("/dev/fd"))
before = opened()
with forward_until_interrupted():
    pass
print(opened() - before, signal.set_wakeup_fd(-1))
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"1 -1\n"  # standard output of this process, which loggers keep


#: `bourne`, which makes its process that of the servers: it may hear late of an interrupt there.
_PATIENT = """
import runpy
from bourne_assets.webserver import output
output._HELD_SECONDS = 60.0
runpy.run_module("bourne_assets.webserver.services", run_name="__main__", alter_sys=True)
"""
_DEV = f"""
import os
from bourne_assets.__main__ import main
execve = os.execve
def execute(program, command, environment):
    assert command[1:3] == ["-m", "bourne_assets.webserver.services"]
    execve(program, [command[0], "-c", {_PATIENT!r}, *command[3:]], environment)
os.execve = execute
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("streams", in_every_run(["2>&1", ">&-", ">/dev/full"]))
def test_an_interrupt_while_servers_load_ends_the_ui_quietly(tmp_path: Path, streams: str) -> None:
    """Also where nothing that is printed can be read, or there is nothing to print to."""
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(_DEV)} dev --port {free_port()}"
    database = tmp_path / ".bourne" / "dagster" / "storage"
    with subprocess.Popen(
        ["sh", "-c", f"exec {command} {streams}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        _wait_for(database, process)  # made by Dagster, whose servers are started next
        os.killpg(process.pid, signal.SIGINT)
        stdout, errors = process.communicate(timeout=250)
    assert "Traceback" not in stdout + errors
    assert process.returncode in {0, 130, -signal.SIGINT}
