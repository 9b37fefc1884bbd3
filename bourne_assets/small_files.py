"""Files of settings and secrets, read within bounds: a pipe or a device never ends.

Not here: what the files mean.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bourne_assets.translations import gettext, grouped


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file; a pipe, a device or a folder is refused without waiting for it.

    Raises:
        OSError: It cannot be opened, or it is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, gettext("it is not a regular file"), str(path))
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_open_file(file: BinaryIO, most_bytes: int) -> bytes:
    """All bytes of an open file.

    Raises:
        OSError: It cannot be read, or holds more than `most_bytes`.
    """
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(
            errno.EFBIG,
            gettext("it is larger than {most_bytes} bytes", most_bytes=grouped(most_bytes)),
        )
    return data


def read_small_file(path: Path, most_bytes: int) -> bytes:
    """All bytes of a small regular file; errors as `open_regular` and `read_open_file`."""
    with open_regular(path) as file:
        return read_open_file(file, most_bytes)
