"""How far a landing is. Not here: where that is shown."""

import time
from threading import Lock

from bourne_assets.translations import byte_size, gettext, grouped


class Progress:
    """Counts files and bytes of a landing; threads may count at once.

    Args:
        files: How many files there are.
        size: Bytes of all of them.
    """

    def __init__(self, files: int, size: int) -> None:
        self._files, self._size = files, size
        self._lock = Lock()
        self._done_files = self._sent = self._scanned = 0
        self._begun = time.monotonic()

    def count_scanned(self, size: int) -> None:
        """This many more bytes have been scanned."""
        with self._lock:
            self._scanned += size

    def count_sent(self, size: int) -> None:
        """This many more bytes are in the lake, or need not be sent."""
        with self._lock:
            self._sent += size

    def end_file(self) -> None:
        """A file is done."""
        with self._lock:
            self._done_files += 1

    def line(self) -> str:
        """One line: files, bytes, speed, and the time that is left.

        Every byte is scanned and sent: half of the way each.
        """
        with self._lock:
            files, size = self._done_files, (self._scanned + self._sent) / 2
        taken = max(time.monotonic() - self._begun, 1e-9)
        pace = size / taken
        left = max(self._size - size, 0)
        if left == 0:
            ending = gettext("reading the rest")
        elif pace:
            ending = gettext("{seconds} s left", seconds=grouped(round(left / pace)))
        else:
            ending = gettext("starting")
        return gettext(
            "Landing: {files} of {all_files} files, {size} of {whole_size}, {pace}/s, {ending}",
            files=grouped(files),
            all_files=grouped(self._files),
            size=byte_size(size),
            whole_size=byte_size(self._size),
            pace=byte_size(pace),
            ending=ending,
        )
