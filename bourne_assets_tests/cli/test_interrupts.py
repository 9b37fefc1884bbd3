"""Ctrl-C ends a command whenever it comes."""

import signal
import time

import pytest

from bourne_assets.cli.common import with_exit_codes
from bourne_assets.errors import INTERRUPTED


class _InterruptedWhenDropped:
    """An object whose finaliser is what an interrupt strikes: Python drops what is raised there."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_in_a_finaliser_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    @with_exit_codes
    def command() -> None:
        del_me = _InterruptedWhenDropped()
        del del_me
        time.sleep(60)

    with pytest.raises(SystemExit) as end:
        command()
    assert end.value.code == INTERRUPTED
    assert capsys.readouterr().err == "Error: Interrupted.\n"


def test_other_errors_in_a_finaliser_are_told_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def __del__(self) -> None:
            raise ValueError("broken")

    @with_exit_codes
    def command() -> None:
        Broken()

    with pytest.raises(SystemExit) as end:
        command()
    assert end.value.code == 0
    assert "ValueError: broken" in capsys.readouterr().err
