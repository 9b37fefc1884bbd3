"""What the tests of the embedded lake share: homes, their processes, and users of their lakes.

Every test has a home of its own, and ends by process id whatever was started for it.
"""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, seaweedfs
from bourne_assets.lake.embedded.seaweedfs import SUPERVISOR, LakeFolder, processes_of

BUCKET = "own-lake"
TEXT = "text/plain"
MEBIBYTE = 1024 * 1024
PATIENCE = 120.0

#: A process that uses the lake until its standard input ends, and never gives its share back.
USER = """
import sys
from pathlib import Path
from bourne_assets.lake import embedded
share = embedded.connect(Path(sys.argv[1]), sys.argv[2])
print(share.endpoint, flush=True)
sys.stdin.read()
"""
#: A process that connects, writes and leaves, again and again.
VISITOR = """
import sys
from pathlib import Path
from bourne_assets.lake import embedded
for number in range(int(sys.argv[4])):
    with embedded.connect(Path(sys.argv[1]), sys.argv[2]) as share:
        share.lake.write(f"{sys.argv[3]}-{number}", b"data", "text/plain")
"""

User = subprocess.Popen[str]
Users = Callable[[Path], User]


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.03)
    return bool(condition())


def folder_of(home: Path) -> LakeFolder:
    return LakeFolder(home.resolve() / "lake")


def servers_of(folder: LakeFolder) -> list[psutil.Process]:
    return [each for each in processes_of(folder) if SUPERVISOR not in each.info["cmdline"]]


def server_pids(home: Path) -> list[int]:
    return sorted(process.pid for process in servers_of(folder_of(home)))


def listening_ports(folder: LakeFolder) -> set[int]:
    """The ports of a lake's server by now: it opens some after it can be used."""
    (process,) = servers_of(folder)
    return {
        connection.laddr.port
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def listens_everywhere(server: EmbeddedLake) -> bool:
    """Whether all parts of a server have come up."""
    base_port = int(server.endpoint.rpartition(":")[2])
    return listening_ports(server._folder) >= set(seaweedfs.ports(base_port))


def supervisors(home: Path) -> list[psutil.Process]:
    found = processes_of(folder_of(home))
    return [each for each in found if SUPERVISOR in each.info["cmdline"]]


def is_gone(home: Path) -> bool:
    return not processes_of(folder_of(home))


def end_all(home: Path) -> None:
    for process in processes_of(folder_of(home)):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert until(lambda: is_gone(home))


def state_of(home: Path) -> dict[str, Any]:
    return dict(json.loads(folder_of(home).state.read_text()))


def endpoint_of(user: User) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def kept_lake(home: Path) -> EmbeddedLake:
    """A server that stays, with one object in its lake; the share in it is given back."""
    share = embedded.connect(home, BUCKET)
    share.lake.write("kept", b"data", TEXT)
    share.keep()
    share.release()
    return share


def read_again(home: Path, key: str = "kept") -> EmbeddedLake:
    """The share of a new connection that has read what `kept_lake` wrote; it is given back."""
    with embedded.connect(home, BUCKET) as share:
        assert share.lake.read(key)[0] == b"data"
        assert len(server_pids(home)) == 1
    return share
