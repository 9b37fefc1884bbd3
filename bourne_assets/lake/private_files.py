"""Folders and files that only their owner can read."""

import os
from contextlib import suppress
from pathlib import Path

from bourne_assets.lake.errors import UnsafeFolder
from bourne_assets.ownership import (
    has_account,
    is_own,
    may_be_written_by_others,
    user_name,
)
from bourne_assets.translations import gettext


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except BaseException:  # a full disk, say, which the rest of a file would keep full
        with suppress(OSError):
            part.unlink()
        raise


def real(path: Path) -> Path:
    """The absolute path without links. Unlike `Path.resolve`, it leaves one that leads to itself.

    The system reports that to whoever opens it.
    """
    return Path(os.path.realpath(path))


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter; one that is there and ours becomes so.

    The working folder, the user's home and what holds them are left as they are: they are more
    than the platform's.

    Raises:
        UnsafeFolder: Somebody else could change what is in it; nothing was made.
        OSError: It cannot be made.
    """
    ensure_safe(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = _ensure_own(path, path.stat())
    if found.st_uid != os.getuid() or not found.st_mode & 0o077:
        return
    if not any(place.is_relative_to(real(path)) for place in (Path.cwd(), Path.home())):
        path.chmod(0o700)


def ensure_safe(path: Path) -> None:
    """Refuse a folder that somebody else may put files into, or may put another in the place of.

    Raises:
        UnsafeFolder: It is such a one.
        OSError: It cannot be looked at.
    """
    whole = real(path)
    for folder in (whole, *whole.parents):
        try:
            found = folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if folder == whole:
            _ensure_own(path, found)
        if may_be_written_by_others(found):
            raise UnsafeFolder(
                gettext(
                    "The folder {path} is not safe, as other users may write to {folder}: run "
                    "`chmod go-w {folder}` if nobody else put anything there, or set BOURNE_HOME "
                    "to a folder of your own.",
                    path=path,
                    folder=folder,
                )
            )


def _ensure_own(path: Path, found: os.stat_result) -> os.stat_result:
    """Refuse the folder of another user; root's container may well get one from its host.

    Such a one belongs to nobody who has an account where the process runs.
    """
    if is_own(found) or (os.geteuid() == 0 and not has_account(found.st_uid)):
        return found
    raise UnsafeFolder(
        gettext(
            "The folder {path} belongs to another user ({user_name}), who could change what is in "
            "it: run as that user, take it over with `chown`, or set BOURNE_HOME to a folder of "
            "your own.",
            path=path,
            user_name=user_name(found.st_uid),
        )
    )
