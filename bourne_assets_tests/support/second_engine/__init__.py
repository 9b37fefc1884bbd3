"""A second engine: DuckDB 1.5.5 with its own Iceberg reader, in an environment of its own.

The environment is made once for each machine, below the user's cache folder, from a lock with
hashes. Not here: what is read with it.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from bourne_assets.lake.locks import FileLock

_FOLDER = Path(__file__).parent
_LOCK, _PROGRAM = _FOLDER / "requirements.lock", _FOLDER / "read.py"
_LONGEST_INSTALLATION = 240


def read_with_it(preparation: str, queries: Sequence[str]) -> list[list[list[Any]]]:
    """The rows of queries, their values as `plain` of `read` makes them.

    Args:
        preparation: What to execute first, such as `ATTACH`.
        queries: A SELECT each.
    """
    given = json.dumps({"preparation": preparation, "queries": list(queries)})
    done = subprocess.run(
        [_python(), _PROGRAM], input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    rows: list[list[list[Any]]] = json.loads(done.stdout)
    return rows


def _python() -> Path:
    """The environment's interpreter; the environment is made where this machine has none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bourne_assets"
    cache.mkdir(parents=True, exist_ok=True)
    version = "{}.{}".format(*sys.version_info)
    place = cache / f"second-engine-{version}-{sha256(_LOCK.read_bytes()).hexdigest()[:12]}"
    python, complete = place / "bin" / "python", place / "complete"
    lock = FileLock(cache / "second-engine.lock")
    assert lock.acquire(timeout=_LONGEST_INSTALLATION), "another process does not finish to install"
    try:
        if not complete.is_file():
            venv.create(place, clear=True, with_pip=False)
            options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(_LOCK)]
            pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
            subprocess.run(pip, check=True, timeout=_LONGEST_INSTALLATION)
            complete.touch()
    finally:
        lock.release()
    return python
