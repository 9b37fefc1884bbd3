"""The edges of the `bourne` command: interrupts at its start, streams that are closed or full."""

import os
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import bourne_assets
from bourne_assets_tests.support.tiers import in_every_run

FULL = Path("/dev/full")
BOURNE = f"{shlex.quote(sys.executable)} -m bourne_assets"
needs_dev_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def _shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, **variables},
    )


def test_the_console_script_begins_where_an_interrupt_is_expected() -> None:
    project = Path(bourne_assets.__file__).parents[1] / "pyproject.toml"
    scripts = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts["bourne"] == "bourne_assets.__main__:main"


#: It does not end by itself, as the interrupt may come late on a busy machine.
_TELLING = """
import signal
from bourne_assets import __main__ as program
set_handler, leave = signal.signal, program._leave
def tell(*arguments):
    set_handler(*arguments)
    print("ready", flush=True)
def leave_when_interrupted(code):
    if code != 130:
        signal.pause()
    leave(code)
signal.signal, program._leave = tell, leave_when_interrupted
program.main()
"""


@pytest.mark.parametrize("delay", in_every_run([0.0, 0.05, 0.1, 0.2, 0.4, 0.8], first=2))
def test_an_interrupt_at_the_start_ends_in_no_traceback(delay: float) -> None:
    """From the first line of the program on: before it, an interrupt is the interpreter's."""
    command = [sys.executable, "-c", _TELLING, "run", "--select", "no_such_*"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=250)
    assert "Traceback" not in errors
    assert process.returncode in {-signal.SIGINT, 130}


def test_an_interrupt_that_the_caller_ignores_stays_ignored() -> None:
    code = (
        "import signal, sys; from bourne_assets import __main__, cli; cli.main = lambda: None; "
        "__main__.main(); sys.exit(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    )
    ignoring = f"trap '' INT; exec {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    assert _shell(ignoring).returncode == 0


@pytest.mark.parametrize("closed", in_every_run([">&-", "2>&-", "<&-", "<&- >&- 2>&-"]))
def test_a_closed_stream_is_one_that_nobody_reads(closed: str, tmp_path: Path) -> None:
    done = _shell(f"{BOURNE} lake status {closed}")
    assert done.returncode == 0
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())


@needs_dev_full
@pytest.mark.parametrize(
    "arguments", in_every_run(["lake status", "doctor", "--help", "--version", "run -h"])
)
def test_a_full_output_ends_in_a_sentence(arguments: str) -> None:
    done = _shell(f"{BOURNE} {arguments} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "Error: Standard output cannot be written: No space left on device.\n"


@needs_dev_full
def test_a_full_error_output_leaves_the_exit_code() -> None:
    assert _shell(f"{BOURNE} run --saga rocky 2> /dev/full").returncode == 2
    assert _shell(f"{BOURNE} no-such-command 2> /dev/full").returncode == 2


@needs_dev_full
@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_run_whose_progress_cannot_be_written_is_done_all_the_same(tmp_path: Path) -> None:
    done = _shell(f"{BOURNE} run > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "Error: Standard output cannot be written: No space left on device.\n"
    stored = _shell(f"{BOURNE} answers --json")
    assert stored.returncode == 0
    assert '"films": 5' in stored.stdout
    assert "$327,483,286.20" in _shell(f"{BOURNE} answers", COLUMNS="00").stdout
    assert _shell(f"{BOURNE} answers | head -n 1").stderr == ""
    assert (tmp_path / ".bourne").is_dir()


def test_a_mistake_is_one_sentence_and_nothing_of_the_libraries_follows(tmp_path: Path) -> None:
    done = _shell(f"{BOURNE} land {tmp_path / 'nothing'}")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: The folder ")
    assert done.stderr.count("\n") == 1


def test_a_mistyped_command_is_quoted_as_text() -> None:
    name = shlex.quote("a\x1b]0;title\x07.csv")
    done = _shell(f"{BOURNE} lake status {name}")
    assert done.returncode == 2
    assert "a␛]0;title␇.csv" in done.stderr
    assert "\x1b" not in done.stderr
