"""Babel's functions for dates, whatever the variable TZ says.

Babel looks for the local time zone when it is imported, in the variable TZ and in a file of that
name in the working folder, and a text that is not a zone ends the import. The platform writes dates
alone, which have no zone. Not here: what is written (`language`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_zone() -> Iterator[None]:
    zone = os.environ.get("TZ")
    if zone is None:
        yield
        return
    os.environ["TZ"] = "Etc/UTC"
    try:
        yield
    finally:
        os.environ["TZ"] = zone


with _without_zone():
    from babel.dates import format_date, format_skeleton

__all__ = ["format_date", "format_skeleton"]
