"""What another user of the machine can do to the embedded lake: nothing.

The intruder runs as `nobody` where the tests run as root. Elsewhere it is a process of the same
user that has no credentials and cannot find the server's files: the ports cannot tell the two
apart, and only the tests of file modes need another user.
"""

import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.errors import CatalogueDenied
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, seaweedfs
from bourne_assets.lake.embedded.seaweedfs import LakeFolder
from bourne_assets.lake.embedded.security import self_signed_certificate
from bourne_assets.lake.errors import HomeUnusable
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.lake.embedded.homes import (
    PATIENCE,
    listening_ports,
    listens_everywhere,
    servers_of,
    until,
)

TEXT = "text/plain"
NOBODY = 65534
IS_ROOT = os.getuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")
#: SeaweedFS's ports, by their distance from the first; gRPC is another 10,000 further.
S3, MASTER, VOLUME, FILER, ADMIN, CATALOGUE = range(6)
GRPC = 10_000

#: Sends requests as somebody else and prints a list of [status, body]; status 0: no HTTP at all.
INTRUDER = """
import encodings.idna, http.client, json, os, sys
requests, uid = json.load(sys.stdin)
if uid is not None:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
os.chdir("/")
replies = []
for port, method, path in requests:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=b"intruder" if method in {"PUT", "POST"} else None)
        reply = connection.getresponse()
        replies.append([reply.status, reply.read().decode("latin-1")])
    except (http.client.HTTPException, OSError):
        replies.append([0, ""])
    finally:
        connection.close()
json.dump(replies, sys.stdout)
"""
#: Calls a method on a gRPC port and prints the status; UNAVAILABLE: the connection was refused.
GRPC_INTRUDER = """
import json, os, sys, grpc, grpc._channel
ports, uid, authority, certificate, key = json.load(sys.stdin)
if uid is not None:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
os.chdir("/")
def status(port):
    address = f"127.0.0.1:{port}"
    if authority:
        identity = [text.encode() if text else None for text in (authority, key, certificate)]
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(*identity))
    else:
        channel = grpc.insecure_channel(address)
    with channel:
        call = channel.unary_unary("/master_pb.Seaweed/GetMasterConfiguration")
        try:
            call(b"", timeout=60)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"
json.dump([status(port) for port in ports], sys.stdout)
"""


@pytest.fixture(autouse=True)
def _server_is_up_in_all_its_parts(s3_server: EmbeddedLake) -> None:
    assert until(lambda: listens_everywhere(s3_server))


def _base_port(s3_server: EmbeddedLake) -> int:
    return int(s3_server.endpoint.rpartition(":")[2])


def _run_intruder(program: str, *given: Any) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return list(json.loads(done.stdout))


def _replies(requests: list[tuple[int, str, str]]) -> list[tuple[int, str]]:
    uid = NOBODY if IS_ROOT else None
    return [(status, body) for status, body in _run_intruder(INTRUDER, requests, uid)]


def _connect(home: Path) -> EmbeddedLake:
    return embedded.connect(home, BUCKET)


@pytest.fixture
def stored(lake: Lake) -> Iterator[Lake]:
    """A lake with one object, which is still there and the only one afterwards."""
    before = lake.write("key", b"private", TEXT)
    yield lake
    assert lake.read("key") == (b"private", before)
    assert lake.list() == ["key"]


CLOSED_PATHS = {
    S3: [
        "/{bucket}/{prefix}/key",
        "/{bucket}/{prefix}/new",
        "/{bucket}?list-type=2",
        "/another-bucket",
        "/?Action=ListUsers&Version=2010-05-08",
    ],
    MASTER: [
        "/dir/assign",
        "/dir/lookup?volumeId=1",
        "/dir/status",
        "/submit",
        "/col/delete?collection={bucket}",
        "/vol/grow?count=1",
        "/vol/vacuum?garbageThreshold=0.1",
        "/vol/status",
        "/cluster/raft/status",
        "/stats/disk",
        "/debug/pprof/heap",
        "/debug/pprof/cmdline",
    ],
    VOLUME: [
        "/",
        "/1,0100000000",
        "/1/0100000000/name.txt",
        "/ui/index.html",
        "/stats/disk",
        "/debug/pprof/heap",
    ],
    FILER: [
        "/",
        "/buckets/",
        "/buckets/{bucket}/{prefix}/key",
        "/buckets/{bucket}/{prefix}/new",
        "/buckets/{bucket}/?recursive=true",
        "/etc/iam/identity.json",
        "/etc/s3/sse_kek",
        "/?proxyChunkId=1,0100000000",
        "/.tus/",
        "/debug/pprof/heap",
    ],
    ADMIN: [
        "/",
        "/login",
        "/api/users",
        "/api/s3/buckets",
        "/debug/pprof/heap",
    ],
    CATALOGUE: [
        "/",
        "/v1/namespaces",
        "/v1/bourne-tables/namespaces",
        "/v1/bourne-tables/namespaces/trusted/tables",
        "/v1/bourne-tables/namespaces/trusted/tables/movies",
        "/v1/bourne-tables/transactions/commit",
        "/v1/oauth/tokens",
        "/debug/pprof/heap",
        "/metrics",
    ],
}


@pytest.mark.parametrize("offset", [S3, MASTER, VOLUME, FILER, ADMIN, CATALOGUE])
def test_no_http_port_serves_another_user(
    s3_server: EmbeddedLake, stored: Lake, offset: int
) -> None:
    port = _base_port(s3_server) + offset
    requests = [
        (port, method, path.format(bucket=BUCKET, prefix=stored.prefix))
        for path in CLOSED_PATHS[offset]
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE")
    ]
    # A missing chunk is "not found" to those who may read: only a refusal proves anything there.
    refused = {400, 401} if offset == VOLUME else {400, 403, 404, 405}
    statuses = [status for status, _ in _replies(requests)]
    served = [
        (method, path, status)
        for (_, method, path), status in zip(requests, statuses, strict=True)
        if status not in refused
    ]
    assert served == []


#: What every user of the machine may read. None of it names an object or holds a secret.
OPEN_PAGES = [
    (S3, "/status"),
    (S3, "/healthz"),
    (MASTER, "/"),
    (MASTER, "/ui/index.html"),
    (MASTER, "/healthz"),
    (MASTER, "/cluster/status"),
    (MASTER, "/cluster/healthz"),
    (VOLUME, "/status"),
    (VOLUME, "/healthz"),
    (ADMIN, "/health"),
    (ADMIN, "/metrics"),
    (CATALOGUE, "/v1/config"),
]


def test_the_pages_that_stay_open_tell_sizes_and_no_more(
    s3_server: EmbeddedLake, stored: Lake
) -> None:
    base = _base_port(s3_server)
    replies = _replies([(base + offset, "GET", path) for offset, path in OPEN_PAGES])
    folder = s3_server._folder
    secrets = [s3_server.credentials.secret_key, s3_server.credentials.access_key]
    secrets += [
        line.split('"')[1] for line in (folder.root / "security.toml").read_text().splitlines()
        if line.startswith("key") and "server.key" not in line
    ]  # fmt: skip
    assert len(secrets) == 6
    for status, body in replies:
        assert status == 200
        assert not [text for text in [*secrets, stored.prefix] if text in body]


def test_no_grpc_port_accepts_a_client_without_the_servers_own_certificate(
    s3_server: EmbeddedLake, stored: Lake
) -> None:
    assert stored
    listening = listening_ports(s3_server._folder)
    base, uid = _base_port(s3_server), NOBODY if IS_ROOT else None
    ports = sorted(port for port in listening if port >= base + GRPC)
    assert ports == [base + GRPC + offset for offset in range(5)]
    authority = ssl.get_server_certificate(("127.0.0.1", ports[0]))
    certificate, key = self_signed_certificate()
    for identity in (("", "", ""), (authority, "", ""), (authority, certificate, key)):
        assert set(_run_intruder(GRPC_INTRUDER, ports, uid, *identity)) == {"UNAVAILABLE"}


def test_the_owner_of_the_certificate_is_accepted_by_every_grpc_port(
    s3_server: EmbeddedLake,
) -> None:
    """The counterpart: what is refused above is refused for want of the certificate."""
    root, base = s3_server._folder.root, _base_port(s3_server)
    certificate = (root / "server.crt").read_text()
    identity = (certificate, certificate, (root / "server.key").read_text())
    ports = [base + GRPC + offset for offset in range(5)]
    assert "UNAVAILABLE" not in _run_intruder(GRPC_INTRUDER, ports, None, *identity)


def test_seaweedfs_own_shell_prints_nothing_to_another_user(
    s3_server: EmbeddedLake, stored: Lake, tmp_path: Path
) -> None:
    base, secret = _base_port(s3_server), s3_server.credentials.secret_key
    printed = tmp_path / "printed"
    with printed.open("wb") as output:
        shell = subprocess.Popen(
            [
                seaweedfs.program(),
                "shell",
                f"-master=127.0.0.1:{base + MASTER}.{base + MASTER + GRPC}",
                f"-filer=127.0.0.1:{base + FILER}.{base + FILER + GRPC}",
            ],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"HOME": "/nonexistent"},
            user=NOBODY if IS_ROOT else None,
        )
        assert shell.stdin is not None
        commands = f"s3.configure\nfs.ls /buckets/{BUCKET}\ncollection.list\n"
        try:
            shell.communicate(commands.encode(), timeout=4)
        except subprocess.TimeoutExpired:
            shell.kill()
            shell.wait()
    text = printed.read_text(errors="replace")
    assert secret not in text
    assert stored.prefix not in text
    assert BUCKET not in text.replace(commands, "")


# Files


@needs_root
def test_another_user_can_open_no_file_and_no_socket_of_the_lake(s3_server: EmbeddedLake) -> None:
    root = s3_server._folder.root
    (process,) = servers_of(s3_server._folder)
    sockets = {
        str(connection.laddr)
        for connection in process.net_connections("unix")
        if str(connection.laddr).startswith("/")
    }
    assert sockets
    files = [str(path) for path in [root, *root.rglob("*")]]
    program = """
import json, os, socket, sys
files, sockets, uid = json.load(sys.stdin)
os.setgroups([]); os.setgid(uid); os.setuid(uid)
opened = []
for path in files:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
        opened.append(path)
    except PermissionError:
        pass
for path in sockets:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
            opened.append(path)
        except PermissionError:
            pass
json.dump(opened, sys.stdout)
"""
    assert _run_intruder(program, files, sorted(sockets), NOBODY) == []


def test_the_servers_keys_are_in_files_of_their_owner_and_nowhere_else(
    s3_server: EmbeddedLake,
) -> None:
    folder = s3_server._folder
    (process,) = servers_of(folder)
    for name in ("security.toml", "server.crt", "server.key"):
        assert stat.S_IMODE((folder.root / name).stat().st_mode) == 0o600
    keys = [
        line.split('"')[1]
        for line in (folder.root / "security.toml").read_text().splitlines()
        if line.startswith("key") and "server.key" not in line
    ]
    assert len(set(keys)) == 4
    assert all(len(key) >= 40 for key in keys)
    shown = " ".join([*process.cmdline(), *process.environ().values(), folder.log.read_text()])
    assert not [key for key in keys if key in shown]


@needs_root
@pytest.mark.parametrize("call", [embedded.exists, embedded.status, embedded.stop, _connect])
def test_the_home_of_another_user_is_reported_as_unusable(
    tmp_path: Path, call: Callable[[Path], object]
) -> None:
    home = tmp_path / "home"
    (home / "lake" / "data").mkdir(parents=True)
    home.chmod(0o700)
    for folder in home.parents:
        if folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o011)
    os.seteuid(NOBODY)
    try:
        with pytest.raises(HomeUnusable, match=r"cannot be used .*set BOURNE_HOME to a folder"):
            call(home)
    finally:
        os.seteuid(0)


# Lakes that were made without the keys


def test_a_client_with_another_secret_gets_no_token_of_the_catalogue(
    s3_server: EmbeddedLake, tmp_path: Path
) -> None:
    access = s3_server.lake.access
    given = {"access_key_id": s3_server.credentials.access_key, "secret_access_key": "guessed"}
    guesser = connect_s3(replace(access, credentials=lambda: given), BUCKET)
    with pytest.raises(CatalogueDenied, match="denied"):
        open_catalogue(guesser, tmp_path)


@pytest.mark.exhaustive
def test_a_lake_that_was_made_without_these_keys_opens_and_is_closed_to_others(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    folder = LakeFolder(home.resolve() / "lake")
    folder.data.mkdir(parents=True, mode=0o700)
    keys, port = seaweedfs.credentials(folder), seaweedfs.free_base_port()
    endpoint = f"http://127.0.0.1:{port}"
    with folder.log.open("ab") as log:
        old = subprocess.Popen(
            seaweedfs.command(folder, port, BUCKET),
            stdout=log,
            stderr=log,
            env=seaweedfs.environment(folder),
            cwd=tmp_path,
        )
    try:
        while not seaweedfs.has_bucket(endpoint, keys, BUCKET):
            assert old.poll() is None
        before = seaweedfs.connect_server(endpoint, keys, BUCKET).write("key", b"data", TEXT)
        with socket.create_connection(("127.0.0.1", port + VOLUME)):
            open_to_all = _replies([(port + VOLUME, "GET", "/1,0100000000")])
    finally:
        old.terminate()
        old.wait(PATIENCE)
    assert open_to_all[0][0] == 404, "that server requires a signature from nobody"
    with embedded.connect(home, BUCKET) as share:
        assert share.lake.read("key") == (b"data", before)
        assert _replies([(_base_port(share) + VOLUME, "GET", "/1,0100000000")])[0][0] == 401
