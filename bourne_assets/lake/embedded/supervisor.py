"""The small process that starts the embedded server, watches it, and ends it when nobody uses it.

It exists because no user of the lake can be trusted to end the server: a run may be killed, and
Dagster's workers leave without running exit handlers. The kernel frees a dead user's share of
the usage lock; the supervisor sees that the lock is free, and stops the server.

Run as `python -m bourne_assets.lake.embedded.supervisor <folder> <bucket>` by `share.connect`,
which holds the start lock meanwhile and reads one line of JSON from it: the state, or the error.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bourne_assets.lake.access import EMBEDDED_TABLES_BUCKET
from bourne_assets.lake.embedded import seaweedfs
from bourne_assets.lake.embedded.security import write_server_keys
from bourne_assets.lake.embedded.state import ServerState
from bourne_assets.lake.errors import EmbeddedLakeFailed
from bourne_assets.lake.locks import FileLock
from bourne_assets.processes import ProcessIdentity
from bourne_assets.translations import gettext

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
_READY_POLL_SECONDS = 0.01
_ATTEMPTS = 3

_Stored = frozenset[tuple[str, int, int]]


def main(arguments: list[str]) -> int:
    """Start the server, say so on standard output, then watch until it is no longer needed."""
    # Ctrl+C in the terminal is meant for the user of the lake, who may still be writing.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder = seaweedfs.LakeFolder(Path(arguments[0]))
    try:
        process, state = _start(folder, arguments[1])
    except (EmbeddedLakeFailed, OSError) as error:
        _say(json.dumps({"error": str(error)}))
        return 1
    untouched = _stored(folder)
    _say(state.to_json())
    try:
        _watch(folder, process, untouched)
    finally:  # also where the folder is removed under the server: nobody could find it any more
        _end(process)
        _remove_sockets(state.base_port)
    return 0


def _say(line: str) -> None:
    """Tell the process that waits; it may be gone, and then the watch ends the server."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _start(
    folder: seaweedfs.LakeFolder, bucket: str
) -> tuple[subprocess.Popen[bytes], ServerState]:
    """A healthy server and its state file; another process may take a port first: try again."""
    folder.data.mkdir(mode=0o700, exist_ok=True)
    folder.keep_marker.unlink(missing_ok=True)
    keys = seaweedfs.credentials(folder)
    write_server_keys(folder.root)
    seaweedfs.write_configuration(folder)
    for left in folder.data.glob("m[0-9]*"):  # each start on a port of its own makes one
        shutil.rmtree(left, ignore_errors=True)
    for _ in range(_ATTEMPTS):
        base_port = seaweedfs.free_base_port()
        with folder.log.open("ab") as log:
            process = subprocess.Popen(
                seaweedfs.command(folder, base_port, bucket),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=seaweedfs.environment(folder),
                cwd=folder.root,  # its configuration is read from here
                umask=0o077,
            )
        if _is_ready(process, base_port, keys, bucket):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may have died since
                state = ServerState(
                    endpoint=seaweedfs.endpoint_of(base_port),
                    base_port=base_port,
                    catalogue=seaweedfs.catalogue_of(base_port),
                    access_key=keys.access_key,
                    server=ProcessIdentity.of(process.pid),
                    supervisor=ProcessIdentity.own(),
                )
                state.write(folder.state)
                return process, state
        _end(process)
    raise EmbeddedLakeFailed(
        gettext(
            "The embedded lake in {root} does not start: {last_words} The whole log is in {log}.",
            root=folder.root,
            last_words=_last_words(folder),
            log=folder.log,
        )
    )


def _is_ready(
    process: subprocess.Popen[bytes], base_port: int, keys: seaweedfs.Credentials, bucket: str
) -> bool:
    endpoint = seaweedfs.endpoint_of(base_port)
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if (
            seaweedfs.is_healthy(endpoint)
            and seaweedfs.is_own(base_port)
            and seaweedfs.has_bucket(endpoint, keys, bucket)
            and seaweedfs.has_bucket(endpoint, keys, EMBEDDED_TABLES_BUCKET)
        ):
            return True
        time.sleep(_READY_POLL_SECONDS)
    return False


def _watch(
    folder: seaweedfs.LakeFolder, process: subprocess.Popen[bytes], untouched: _Stored | None
) -> None:
    """Return when the server has ended: on its own, or here because nobody needs it.

    Asked to end, it waits a second for streams between its own parts. One that has written nothing
    since it was ready has nothing to finish, and is spared that.
    """
    start_lock, usage_lock = FileLock(folder.start_lock), FileLock(folder.usage_lock)
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        if folder.keep_marker.exists():
            untouched = None  # clients that take no share may be in the middle of a request
            continue
        if not start_lock.acquire():
            continue
        if usage_lock.acquire():
            folder.state.unlink(missing_ok=True)
            _end(process, at_once=_stored(folder) == untouched)
            usage_lock.release()
        start_lock.release()


def _stored(folder: seaweedfs.LakeFolder) -> _Stored:
    """Size and time of the files that hold objects and their names: any write changes one."""
    found = set()
    for pattern in ("*.dat", "*.idx", f"{seaweedfs.NAMES}/*/*"):
        for path in folder.data.glob(pattern):
            with contextlib.suppress(FileNotFoundError):  # the server removes files
                found.add((str(path), path.stat().st_size, path.stat().st_mtime_ns))
    return frozenset(found)


def _end(process: subprocess.Popen[bytes], *, at_once: bool = False) -> None:
    if process.poll() is not None:
        return
    if at_once:
        process.kill()
    else:
        seaweedfs.end(psutil.Process(process.pid))
    process.wait()


def _remove_sockets(base_port: int) -> None:
    """SeaweedFS leaves its unix sockets, named by port, in the folder for temporary files."""
    for port in seaweedfs.ports(base_port):
        for path in seaweedfs.sockets_of(port):
            with contextlib.suppress(OSError):  # another user's, who may put anything there
                path.unlink()


def _last_words(folder: seaweedfs.LakeFolder) -> str:
    lines = folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines[-60:] if line[:1] in {"F", "E"} or "no space" in line.lower()]
    return (telling or lines or ["it printed nothing"])[-1].strip()[:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
