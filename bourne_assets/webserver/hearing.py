"""What the processes of `bourne dev` print, passed on until an interrupt: then it is tracebacks.

Ctrl-C in a terminal reaches all of them at once, each wherever it is. Dagster's servers load for
seconds, and what they print about an interrupt meanwhile is useless; a server that fails to start
is reported.
Not here: what is started, and what `dagster dev` itself logs of its end (`servers`).
"""

import os
import select
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TextIO

_STDOUT, _STDERR = 1, 2
#: A child may print about an interrupt before this process has been woken to handle it.
_HELD_SECONDS = 0.2
#: Enough for what fits into a pipe; a child that has outlived this process would keep it open.
_DRAINED_SECONDS = 5.0
_CHUNK = 64 * 1024


class Interrupts:
    """Whether a signal has come that Python handles: SIGINT, or SIGTERM under `dagster dev`."""

    def __init__(self) -> None:
        # The system's own handler writes to it, at once: Python's waits for the main thread.
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self.have_come = False

    def listen(self) -> None:
        """Handle them from now on; called by the main thread."""
        signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)

    def come(self, *, within: float = 0.0) -> bool:
        """Whether one has come, or comes within this many seconds."""
        if not self.have_come:
            self.have_come = bool(select.select([self._heard], [], [], within)[0])
        return self.have_come


@contextmanager
def forward_until_interrupted() -> Iterator[Interrupts]:
    """Pass on what children print, and this process on standard error, until an interrupt comes.

    Standard output of this process itself is passed on beyond that. What cannot be written, as
    nobody reads it any more or a disk is full, is lost, and ends no server.
    """
    real = {number: os.dup(number) for number in (_STDOUT, _STDERR)}
    interrupts, streams = Interrupts(), (sys.stdout, sys.stderr)
    reading, writing = os.pipe()
    own = Thread(target=_pass_on, args=({reading: real[_STDOUT]}, None), daemon=True)
    sources = {_piped(number): target for number, target in real.items()}
    others = Thread(target=_pass_on, args=(sources, interrupts), daemon=True)
    sys.stdout, sys.stderr = _text(writing), _text(_STDERR)
    for thread in (own, others):
        thread.start()
    interrupts.listen()
    try:
        yield interrupts
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = streams
        for number, target in {**real, writing: os.open(os.devnull, os.O_WRONLY)}.items():
            os.dup2(target, number)
        own.join()
        if not interrupts.come():
            others.join(_DRAINED_SECONDS)


def _text(number: int) -> TextIO:
    """A stream for as long as this process lasts, as loggers keep it."""
    return open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _piped(number: int) -> int:
    """Put a pipe in place of a stream, and return the end to read from."""
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(writing)
    return reading


def _pass_on(sources: Mapping[int, int], interrupts: Interrupts | None) -> None:
    opened = dict(sources)
    while opened:
        for source in select.select([*opened], [], [])[0]:
            data = os.read(source, _CHUNK)
            if not data:
                os.close(source)
                del opened[source]
            elif interrupts is None or not interrupts.come(within=_HELD_SECONDS):
                with suppress(OSError):
                    _write(opened[source], data)


def _write(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]
