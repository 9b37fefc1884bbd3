"""What the servers of `bourne dev` print, forwarded until an interrupt: then only tracebacks come.

Ctrl-C in a terminal reaches all of them at once, each wherever it is. Dagster's servers load for
seconds, and what they print about an interrupt meanwhile is useless; a server that fails to start
is reported. A code server outlives `bourne dev` while its runs go on: what they print from then on
is read by a process that is left behind for it, as printing into a pipe that nobody reads fails.
Not here: what is started, and what `dagster dev` itself logs of its end (`servers`).
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
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
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self._previous, self._is_closed = -1, False
        self.has_arrived = False

    def listen(self) -> None:
        """Handle them from now on; called by the main thread."""
        self._previous = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)

    def wait(self, timeout: float = 0.0) -> bool:
        """Whether one has arrived, or does within this many seconds."""
        if not self.has_arrived and not self._is_closed:
            self.has_arrived = bool(select.select([self._read_end], [], [], timeout)[0])
        return self.has_arrived

    def ignore(self) -> None:
        """Handle no more of them; called by the main thread."""
        signal.set_wakeup_fd(self._previous)

    def close(self) -> None:
        """Close what was opened; what has arrived stays known."""
        self.wait()
        self._is_closed = True
        os.close(self._read_end)
        os.close(self._write_end)


@contextmanager
def forward_until_interrupted() -> Iterator[Interrupts]:
    """Forward what children print, and this process on standard error, until an interrupt arrives.

    Standard output of this process itself is forwarded beyond that. What cannot be written, as
    nobody reads it any more or a disk is full, is lost, and ends no server.
    """
    real = {number: os.dup(number) for number in (_STDOUT, _STDERR)}
    interrupts, streams = Interrupts(), (sys.stdout, sys.stderr)
    reading, writing = os.pipe()
    stopping, stop = os.pipe()
    own = Thread(target=_forward, args=({reading: real[_STDOUT]}, stopping), daemon=True)
    sources = {_piped(number): target for number, target in real.items()}
    alive = _leave_a_reader([*sources])
    others = Thread(target=_forward, args=(sources, stopping, interrupts), daemon=True)
    own_streams = _text(writing), _text(_STDERR)
    sys.stdout, sys.stderr = own_streams
    for thread in (own, others):
        thread.start()
    interrupts.listen()
    try:
        yield interrupts
    finally:
        for stream in own_streams:
            stream.flush()
        sys.stdout, sys.stderr = streams
        for number, target in real.items():
            os.dup2(target, number)
        # Loggers keep the streams: what they still write is lost.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, writing)
        own.join()
        if not interrupts.wait():
            others.join(_DRAINED_SECONDS)
        os.close(stop)
        others.join(_DRAINED_SECONDS)
        interrupts.ignore()
        os.close(alive)
        if not others.is_alive():  # it may wait for a terminal that is paused
            interrupts.close()
            for number in (nowhere, stopping, *real.values()):
                os.close(number)


def _text(number: int) -> TextIO:
    """A stream for as long as this process lasts, as loggers keep it."""
    return open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _piped(number: int) -> int:
    """Put a pipe in place of a stream, and return the end to read from."""
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(writing)
    return reading


def _forward(
    sources: Mapping[int, int], stopping: int, interrupts: Interrupts | None = None
) -> None:
    """Forward each source until it ends, or nobody holds the other end of `stopping`."""
    opened = dict(sources)
    while opened:
        ready = select.select([*opened, stopping], [], [])[0]
        if stopping in ready:
            break
        for source in ready:
            data = os.read(source, _CHUNK)
            if not data:
                os.close(source)
                del opened[source]
            elif interrupts is None or not interrupts.wait(_HELD_SECONDS):
                with suppress(OSError):
                    _write(opened[source], data)
    for source in opened:
        os.close(source)


def _write(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


def _leave_a_reader(sources: Sequence[int]) -> int:
    """Start a process that reads the sources when this one is gone, however it ended.

    Returns:
        What this process holds open for as long as it reads them itself.
    """
    ended, alive = os.pipe()
    numbers = (ended, *sources)
    # A group of its own: Ctrl-C is not for it.
    subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, *map(str, numbers)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=numbers,
        cwd="/",
        start_new_session=True,
    )
    os.close(ended)
    return alive


def _read_what_is_left() -> None:
    ended, *sources = map(int, sys.argv[1:])
    os.read(ended, 1)
    while sources:
        for source in select.select(sources, [], [])[0]:
            if not os.read(source, _CHUNK):
                sources.remove(source)


if __name__ == "__main__":
    _read_what_is_left()
