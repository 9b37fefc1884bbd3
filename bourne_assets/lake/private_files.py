"""Folders and files that only their owner can read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter; one that is there and ours becomes so.

    The working folder, the user's home and what holds them are left as they are: they are more
    than the platform's.

    Raises:
        OSError: It cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.getuid() or not found.st_mode & 0o077:
        return
    if not any(place.is_relative_to(path.resolve()) for place in (Path.cwd(), Path.home())):
        path.chmod(0o700)
