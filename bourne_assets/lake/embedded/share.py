"""The embedded lake: one S3 server for a `BOURNE_HOME`, there while somebody uses it.

`connect` is the one function for everything that needs the lake. Not here: how
the server is started, watched and ended (`supervisor`), and its flags (`seaweedfs`).
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bourne_assets.lake.embedded import seaweedfs
from bourne_assets.lake.embedded.state import ServerState, read_state
from bourne_assets.lake.errors import EmbeddedLakeFailed, HomeUnusable
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import ensure_safe, make_private_folder, real
from bourne_assets.translations import gettext, system_words

_MINIMUM_FREE_BYTES = 64 * 1024 * 1024
_START_LOCK_SECONDS = 60.0
_STOP_SECONDS = 15.0
_PATIENCE_SECONDS = 20.0
#: Supervisors outlive the call that starts them; Python warns of a forgotten child otherwise.
_SUPERVISORS: list[subprocess.Popen[bytes]] = []


class EmbeddedLake:
    """A running server and this process's share in it; `release` it, or use `with`.

    Attributes:
        lake: The connected lake.
        endpoint: Address of the S3 server.
        credentials: Keys that it accepts.
        region: Region that requests are signed for.
    """

    def __init__(
        self,
        folder: seaweedfs.LakeFolder,
        state: ServerState,
        usage_lock: FileLock,
        bucket: str,
        prefix: str,
    ) -> None:
        self._folder = folder
        self._state = state
        self._usage_lock = usage_lock
        self.endpoint = state.endpoint
        self.region = seaweedfs.REGION
        self.credentials = seaweedfs.credentials(folder)
        self.lake = seaweedfs.connect_server(
            self.endpoint,
            self.credentials,
            bucket,
            prefix,
            log=folder.log,
            catalogue=state.catalogue,
        )

    def keep(self) -> None:
        """Leave the server running when nobody uses it, until `stop`."""
        self._folder.keep_marker.touch(mode=0o600)

    def release(self, *, wait: bool = False) -> None:
        """Give this process's share back; the last one ends the server.

        Args:
            wait: Return only when the server has ended, unless others use it or it is kept.
        """
        self._usage_lock.release()
        if wait:
            _wait_for_end(self._folder, self._state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release(wait=True)


@dataclass(frozen=True)
class Status:
    """What `bourne lake status` prints.

    Attributes:
        running: Whether a healthy server runs.
        endpoint: Its address, while it runs.
        kept: Whether it stays when nobody uses it.
        in_use: Whether a process uses it now.
        bytes_on_disk: Size of the data folder.
    """

    running: bool
    endpoint: str | None
    kept: bool
    in_use: bool
    bytes_on_disk: int


def connect(home: Path, bucket: str, prefix: str = "") -> EmbeddedLake:
    """The lake of this home: its running server if healthy, else a new one on the same data.

    Safe when several processes call it at once: one starts the server, the others wait for it.

    Args:
        home: `BOURNE_HOME`; made if missing.
        bucket: Bucket that the server creates at its start.
        prefix: Folder inside the bucket.

    Raises:
        EmbeddedLakeFailed: The folder cannot be used, or no server could be started.
    """
    folder = _folder(home)
    start_lock, usage_lock = FileLock(folder.start_lock), FileLock(folder.usage_lock)
    try:
        with _usable(folder):
            _acquire(start_lock, folder)
            _acquire(usage_lock, folder, shared=True)
            state = _running(folder) or _started(folder, bucket)
            return EmbeddedLake(folder, state, usage_lock, bucket, prefix)
    except BaseException:
        usage_lock.release()
        raise
    finally:
        start_lock.release()


def exists(home: Path) -> bool:
    """Whether this home has a lake, running or not.

    Raises:
        HomeUnusable: The folder cannot be read.
    """
    folder = seaweedfs.LakeFolder(real(home) / "lake")
    with _usable(folder):
        return folder.data.is_dir()


def stop(home: Path) -> bool:
    """End the server that is kept; one that is in use ends when its last user does.

    Returns:
        Whether no server runs any more.

    Raises:
        HomeUnusable: The folder cannot be used.
        UnsafeFolder: Others may write to it.
    """
    folder = seaweedfs.LakeFolder(real(home) / "lake")
    with _usable(folder):
        ensure_safe(folder.root)  # its state names the process that is ended
        return _stop(folder)


def _stop(folder: seaweedfs.LakeFolder) -> bool:
    if not folder.root.is_dir():  # removed under a running server, perhaps
        _end_strays(folder)
        return True
    folder.keep_marker.unlink(missing_ok=True)
    state = read_state(folder.state)
    if state is not None:
        _wait_for_end(folder, state)
    with FileLock(folder.start_lock):
        if _running(folder) is not None:
            return False
        _end_strays(folder)
    return True


def status(home: Path) -> Status:
    """What runs for this home, without starting anything.

    Raises:
        HomeUnusable: The folder cannot be read.
    """
    folder = seaweedfs.LakeFolder(real(home) / "lake")
    with _usable(folder):
        return _status(folder)


def _status(folder: seaweedfs.LakeFolder) -> Status:
    state = _running(folder)
    return Status(
        running=state is not None,
        endpoint=state.endpoint if state else None,
        kept=state is not None and folder.keep_marker.exists(),
        in_use=state is not None and _is_used(folder),
        bytes_on_disk=_size(folder.data),
    )


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a running server removes files
            total += path.stat().st_size if path.is_file() else 0
    return total


@contextmanager
def _usable(folder: seaweedfs.LakeFolder) -> Iterator[None]:
    """Say that the folder cannot be used where the operating system says so."""
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise HomeUnusable(
            gettext(
                "The folder {root} of the embedded lake cannot be used ({error}): correct or "
                "remove it, or set BOURNE_HOME to a folder of your own.",
                root=folder.root,
                error=f"{place}{system_words(error)}",
            )
        ) from error


def _acquire(lock: FileLock, folder: seaweedfs.LakeFolder, *, shared: bool = False) -> None:
    """Take a lock, once nobody else starts or stops the server."""
    if not lock.acquire(shared=shared, timeout=_START_LOCK_SECONDS):
        raise EmbeddedLakeFailed(
            gettext(
                "Another process has been starting or stopping the embedded lake in {root} for "
                "more than {lock_seconds:.0f} s: end that process and try again.",
                root=folder.root,
                lock_seconds=_START_LOCK_SECONDS,
            )
        )


def _ensure_nameable(root: Path) -> None:
    """Refuse a name that SeaweedFS would take for two, or end at.

    Raises:
        HomeUnusable: It is such a one.
    """
    if "," in str(root):
        raise HomeUnusable(
            gettext(
                "The embedded lake cannot be kept in {root}, as SeaweedFS takes a comma for the "
                "end of a folder's name: set BOURNE_HOME to a folder without one.",
                root=root,
            )
        )
    try:
        os.fsencode(root).decode("utf-8")
    except UnicodeDecodeError as error:
        raise HomeUnusable(
            gettext(
                "The embedded lake cannot be kept in {root}, as SeaweedFS takes names that are "
                "UTF-8 only: set BOURNE_HOME to a folder with such a name.",
                root=root,
            )
        ) from error


def _folder(home: Path) -> seaweedfs.LakeFolder:
    """The lake's folder, private and writable, with some room on its disk."""
    folder = seaweedfs.LakeFolder(real(home) / "lake")
    _ensure_nameable(folder.root)
    try:
        for private in (folder.root.parent, folder.root):
            make_private_folder(private)
        folder.start_lock.touch(mode=0o600)
    except OSError as error:
        raise HomeUnusable(
            gettext(
                "The folder {root} of the embedded lake cannot be used ({value}): set BOURNE_HOME "
                "to a folder that you can write to.",
                root=folder.root,
                value=system_words(error),
            )
        ) from error
    return folder


def _ensure_room(folder: seaweedfs.LakeFolder) -> None:
    disk = shutil.disk_usage(folder.root)
    # SeaweedFS writes nothing to a disk that is filled to more than 99 per cent.
    needed = max(_MINIMUM_FREE_BYTES, disk.total // 100 + _MINIMUM_FREE_BYTES // 4)
    if disk.free < needed:
        raise HomeUnusable(
            gettext(
                "The disk of {root} has {free} MiB left, and the embedded lake needs {needed}: "
                "free some space, or set BOURNE_HOME to another disk.",
                root=folder.root,
                free=disk.free // 2**20,
                needed=needed // 2**20,
            )
        )


def _running(folder: seaweedfs.LakeFolder) -> ServerState | None:
    """State of the server if it and its supervisor are alive, and it responds on ports of its own.

    Root may use a folder of another user (`private_files`), and then joins that user's server. A
    busy machine makes a server slow: one that is alive is given time before it counts as dead, for
    others may be using it.
    """
    state = read_state(folder.state)
    known = seaweedfs.known_credentials(folder)
    if state is None or known is None or state.access_key != known.access_key:
        return None
    owner = folder.root.stat().st_uid
    end = time.monotonic() + _PATIENCE_SECONDS
    while state.server.is_alive and state.supervisor.is_alive:
        if seaweedfs.is_healthy(state.endpoint) and seaweedfs.is_own(state.base_port, owner):
            return state
        if time.monotonic() > end:
            return None
        time.sleep(0.05)  # a port that refuses does so at once
    return None


def _started(folder: seaweedfs.LakeFolder, bucket: str) -> ServerState:
    """State of a new server; the caller holds the start lock, so that nobody else starts one."""
    _ensure_room(folder)
    _end_strays(folder)
    with folder.log.open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", seaweedfs.SUPERVISOR, str(folder.root), bucket],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    folder.log.chmod(0o600)
    _SUPERVISORS.append(supervisor)
    assert supervisor.stdout is not None  # noqa: S101 - PIPE was given above
    with supervisor.stdout:
        line = supervisor.stdout.readline()
    reply = json.loads(line) if line else {"error": _crash(folder)}
    if "error" in reply:
        supervisor.wait()
        raise EmbeddedLakeFailed(str(reply["error"]))
    return ServerState.from_json(reply)


def _crash(folder: seaweedfs.LakeFolder) -> str:
    return gettext(
        "The embedded lake's supervisor ended without an error message: see {log}.", log=folder.log
    )


def _end_strays(folder: seaweedfs.LakeFolder) -> None:
    """End what killed processes left: supervisors of this lake, then servers on its data.

    Two servers on one data folder would damage it, and a stray would block it for good. A
    supervisor first, as it would start its server again.
    """
    for process in seaweedfs.processes_of(folder):
        seaweedfs.end(process)
    if folder.root.is_dir():  # it may be gone under its server
        folder.state.unlink(missing_ok=True)


def _is_used(folder: seaweedfs.LakeFolder) -> bool:
    usage_lock = FileLock(folder.usage_lock)
    if usage_lock.acquire():
        usage_lock.release()
        return False
    return True


def _wait_for_end(folder: seaweedfs.LakeFolder, state: ServerState) -> None:
    end = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < end and state.supervisor.is_alive:
        if folder.keep_marker.exists() or _is_left_to_others(folder):
            return
        time.sleep(0.03)


def _is_left_to_others(folder: seaweedfs.LakeFolder) -> bool:
    """Whether a running server has other users.

    With the start lock, so that it is no user's, but the supervisor's or a leaver's, that the
    usage lock is not taken for: the supervisor takes it before it removes the state.
    """
    start_lock = FileLock(folder.start_lock)
    if not folder.state.exists() or not start_lock.acquire():
        return False
    try:
        return folder.state.exists() and _is_used(folder)
    finally:
        start_lock.release()
