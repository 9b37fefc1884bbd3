"""What was drawn, kept from run to run: a picture of the same figures is not drawn again.

A file for each call of the renderer, named by it and by the digest of all that decides its outcome,
so that nothing here ever has to be kept up to date. Not here: drawing (`render`).
"""

import contextlib
import hashlib
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from bourne_assets.errors import BourneError
from bourne_assets.lake.private_files import make_private_folder, write_private

#: Those of a hundred sagas, some 20 MB; of more, the ones that were not used for longest are drawn
#: again.
_MOST = 2_000


def kept_or_made(folder: Path | None, name: str, argument: str, make: Callable[[], str]) -> str:
    """What the renderer returned for this call before, or returns now.

    Args:
        folder: A private folder to keep it in; None, or one that is not there: it is not kept.
        name: The function of the renderer.
        argument: Its argument.
        make: Calls it.
    """
    kept_in = _private(folder) if folder is not None else None
    if kept_in is None:
        return make()
    path = kept_in / f"{name}-{_digest(version('vl-convert-python'), name, argument)}"
    known = _read(path)
    if known is not None:
        return known
    made = make()
    with contextlib.suppress(OSError):  # a full disk, say: it is made again
        write_private(path, f"{_digest(made)}\n{made}")
        _forget_oldest(kept_in)
    return made


def _private(folder: Path) -> Path | None:
    """None where others could have put something into it: a page would run what it holds."""
    kept_in = folder / "pictures"
    try:
        if not folder.is_dir():
            return None
        make_private_folder(kept_in)
    except (BourneError, OSError):
        return None
    return kept_in


def _read(path: Path) -> str | None:
    """What was kept, if all of it is there; its use is noted."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(text):
            os.utime(path)
            return text
    return None


def _forget_oldest(folder: Path) -> None:
    files = list(folder.iterdir())
    if len(files) > _MOST:
        by_use = sorted(files, key=lambda path: path.stat().st_mtime_ns)
        for path in by_use[: _MOST // 4]:
            path.unlink(missing_ok=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
