"""Advisory file locks that the kernel frees when their holder ends, however it ends.

`flock` and not a library: the embedded lake needs shared locks (one for each user of the
server), which `filelock` does not have for plain files. Linux and macOS.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from bourne_assets.translations import gettext


class FileLock:
    """A lock on a file, taken with `acquire` or by `with` (exclusive, waiting)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, timeout: float = 0.0) -> bool:
        """Take the lock, waiting at most `timeout` seconds.

        Returns:
            Whether it was taken.

        Raises:
            OSError: The file cannot be opened.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        end = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, operation)
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(descriptor)
                    return False
                time.sleep(0.02)
            else:
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Give the lock back; once more does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        if not self.acquire(timeout=60.0):
            raise TimeoutError(
                gettext("The lock {path} was not free within 60 s.", path=self._path)
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
