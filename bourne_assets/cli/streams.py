"""Standard streams that are closed, or cannot be written: no traceback, and no silent loss.

Not here: what is written (`console`).
"""

import codecs
import io
import os
import sys
from typing import IO, Any, BinaryIO

from bourne_assets.errors import BourneError
from bourne_assets.text import printable
from bourne_assets.translations import gettext


class OutputFailed(BourneError):
    """Standard output cannot be written: its disk is full, say."""


class Output(io.TextIOWrapper):
    """A stream that fails in a sentence, at this and every later line, and quietly at the end.

    A reader that has left is a BrokenPipeError, as everywhere.
    """

    def __init__(self, stream: BinaryIO, *, can_fail: bool = True) -> None:
        super().__init__(stream, encoding="utf-8", errors="replace", line_buffering=True)
        self._can_fail = can_fail
        self._failure: tuple[type[OSError], int | None, str | None] | None = None

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            OutputFailed: It cannot be written, or an earlier one could not.
            BrokenPipeError: Nobody reads it any more.
        """
        self._raise()
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered; errors as `write`."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Point the stream at nothing, so that what is still buffered fails no more."""
        # Not the error itself, whose traceback would keep alive whatever was being written.
        self._failure = type(error), error.errno, error.strerror
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)
        self._raise()

    def _raise(self) -> None:
        if self._failure is None or not self._can_fail:
            return
        kind, number, why = self._failure
        if issubclass(kind, BrokenPipeError):
            raise BrokenPipeError(number, why)
        raise OutputFailed(gettext("Standard output cannot be written: {why}.", why=why))


class TextSink(io.RawIOBase):
    """Takes UTF-8 bytes for a text stream; a terminal gets them unable to move or colour anything.

    Args:
        stream: Where the text goes.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._is_terminal = stream, stream.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Write bytes; errors as the stream's."""
        text = self._decoder.decode(bytes(data))
        if self._is_terminal:
            text = "\n".join(map(printable, text.split("\n")))
        self._stream.write(text)
        return len(data)


def open_standard_streams() -> None:
    """Point streams that the caller closed at nothing, and make the others fail in sentences.

    Otherwise the first file that is opened gets the number of a closed stream, and what is printed
    is written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It takes the lowest free number, which is this one. A command in whose place another
            # runs (`dev`, `exec`) hands it on.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = Output(open(1, "wb", closefd=False))  # noqa: SIM115 - as above
    sys.stderr = Output(open(2, "wb", closefd=False), can_fail=False)  # noqa: SIM115 - as above
