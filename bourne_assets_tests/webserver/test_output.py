"""Ctrl-C ends `bourne dev` in no traceback, wherever its processes are; a failure is reported."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

#: What `bourne dev` does, with a child that takes an interrupt as a program that loads does.
_PARENT = """
import signal, subprocess, sys, time
from bourne_assets.webserver.output import forward_until_interrupted
with forward_until_interrupted() as interrupts:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
    try:
        child.wait()
    except KeyboardInterrupt:
        child.wait()
        print("ended by an interrupt")
        print("of no interest", file=sys.stderr)
sys.exit(3 if interrupts.wait() else child.returncode)
"""
_INTERRUPTED = """
import time
print("the child is there", flush=True)
time.sleep(100)
"""
_FAILING = "print('half a line', end='', flush=True); raise SystemExit('this is why')"


def _start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT, code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_what_children_print_of_an_interrupt_is_not_passed_on() -> None:
    with _start(_INTERRUPTED) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "the child is there\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        stdout, errors = process.communicate(timeout=60)
    assert stdout == "ended by an interrupt\n"
    assert errors == ""
    assert process.returncode == 3


def test_the_output_of_a_child_that_fails_is_passed_on_to_its_end() -> None:
    with _start(_FAILING) as process:
        stdout, errors = process.communicate(timeout=60)
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
print("the child is there", flush=True)
parent = os.getppid()
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
        process.wait(60)
        child.wait(60)
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


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("streams", ["2>&1", ">&-", ">/dev/full"])
def test_an_interrupt_while_servers_load_ends_the_ui_quietly(tmp_path: Path, streams: str) -> None:
    """Also where nothing that is printed can be read, or there is nothing to print to."""
    command = f"{shlex.quote(sys.executable)} -m bourne_assets dev --port 3971"
    database = tmp_path / ".bourne" / "dagster" / "storage"
    with subprocess.Popen(
        ["sh", "-c", f"exec {command} {streams}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not database.exists():  # by Dagster, whose servers are started next
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        stdout, errors = process.communicate(timeout=100)
    assert "Traceback" not in stdout + errors
    assert process.returncode in {0, 130, -signal.SIGINT}
