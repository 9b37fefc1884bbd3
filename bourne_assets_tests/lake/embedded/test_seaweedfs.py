"""The SeaweedFS process: its privacy, its ports and sockets, and its end."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, seaweedfs, supervisor
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, processes_of
from bourne_assets.lake.errors import EmbeddedLakeFailed
from bourne_assets_tests.lake.embedded.homes import (
    BUCKET,
    PATIENCE,
    listens_everywhere,
    servers_of,
    until,
)

NOBODY = 65534
#: Such that neither they nor those 10,000 further are given to clients, of which there are always
#: new ones on a busy machine.
_QUIET_PORTS = range(20_000, 22_000, 10)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")

# Privacy


@pytest.mark.skipif(
    sys.platform == "darwin" and os.getuid() != 0, reason="macOS shows sockets to root alone"
)
def test_the_server_listens_on_the_loopback_interface_alone(s3_server: EmbeddedLake) -> None:
    assert until(lambda: listens_everywhere(s3_server))
    (process,) = servers_of(s3_server._folder)
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    base_port = int(s3_server.endpoint.rpartition(":")[2])
    expected = {base_port + step + offset for step in range(5) for offset in (0, 10_000)}
    expected.add(base_port + 5)  # the Iceberg catalogue's, which has no gRPC beside it
    assert listening == {("127.0.0.1", port) for port in expected}


def test_only_their_owner_can_read_the_files_of_the_lake(s3_server: EmbeddedLake) -> None:
    folder = s3_server._folder
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.root.iterdir()}
    assert modes.pop("data") == 0o700
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert set(modes) >= {"s3.json", "state.json", "server.log", "gate.lock", "users.lock"}
    assert set(modes.values()) == {0o600}


def test_the_secret_stands_in_its_file_and_nowhere_else(s3_server: EmbeddedLake) -> None:
    secret, folder = s3_server.credentials.secret_key, s3_server._folder
    assert secret in folder.identities.read_text()
    assert secret not in folder.state.read_text()
    assert secret not in folder.log.read_text(encoding="utf-8", errors="replace")
    (process,) = servers_of(folder)
    assert secret not in " ".join(process.cmdline())
    assert secret not in process.environ().values()


def test_secrets_are_long_and_never_the_same(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(seaweedfs.credentials(LakeFolder(tmp_path / name)))
    assert len({keys.secret_key for keys in made} | {keys.access_key for keys in made}) == 4
    assert all(len(keys.secret_key) >= 40 for keys in made)


def test_the_servers_own_upkeep_of_tables_is_off(s3_server: EmbeddedLake) -> None:
    """It would expire snapshots by rules of its own, and has damaged tables before."""
    jobs = s3_server._folder.data / "admin" / "plugin" / "job_types"
    config = jobs / "iceberg_maintenance" / "config.json"

    def is_enabled() -> bool | None:
        with suppress(OSError, ValueError):  # it is not there yet, or not whole
            return bool(json.loads(config.read_text())["adminRuntime"]["enabled"])
        return None

    assert until(lambda: is_enabled() is not None)
    assert is_enabled() is False


# Ports, sockets and locks


@pytest.mark.parametrize("taken", [0, 4, 5, 10_000, 10_003])
def test_ports_are_taken_only_where_all_are_free(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", _QUIET_PORTS)
    first, second = seaweedfs.free_base_port(), seaweedfs.free_base_port()
    while second == first:
        second = seaweedfs.free_base_port()
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", (first, second))
    with socket.create_server(("127.0.0.1", first + taken)):
        assert {seaweedfs.free_base_port() for _ in range(10)} == {second}


def test_a_lack_of_free_ports_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", _QUIET_PORTS)
    base = seaweedfs.free_base_port()
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", (base,))
    with (
        socket.create_server(("127.0.0.1", base + 2)),
        pytest.raises(EmbeddedLakeFailed, match="no free ports"),
    ):
        seaweedfs.free_base_port()


@ROOT_ONLY
def test_ports_whose_sockets_another_user_has_made_are_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", _QUIET_PORTS)
    base = seaweedfs.free_base_port()
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", (base,))
    planted = Path(f"/tmp/seaweedfs-filer-grpc-{base + 10_003}.sock")  # noqa: S108
    planted.touch()
    try:
        assert seaweedfs.free_base_port() == base, "one's own is replaced"
        os.chown(planted, NOBODY, NOBODY)
        with pytest.raises(EmbeddedLakeFailed, match=r"seaweedfs-\*\.sock of other users"):
            seaweedfs.free_base_port()
    finally:
        planted.unlink()


@ROOT_ONLY
def test_a_process_of_another_user_is_never_taken_for_the_server(tmp_path: Path) -> None:
    folder = LakeFolder(tmp_path)
    # The shell, for another user may not read the environment that the tests run in.
    pretends = ["/bin/sh", "-c", "read line", "mini"]
    arguments = [*pretends, seaweedfs.data_flag(folder), seaweedfs.SUPERVISOR, str(folder.root)]
    with (
        subprocess.Popen(arguments, cwd="/", stdin=subprocess.PIPE, user=NOBODY) as other,
        subprocess.Popen(arguments, cwd="/", stdin=subprocess.PIPE) as own,
    ):
        try:
            assert [each.pid for each in processes_of(folder)] == [own.pid]
        finally:
            other.kill()
            own.kill()


def test_configuration_of_other_servers_is_not_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "user" / ".seaweedfs"
    planted.mkdir(parents=True)
    (planted / "filer.toml").write_text("[memory]\nenabled = true\n[redis2]\nenabled = true\n")
    for name in ("admin", "credential", "master", "notification", "volume"):
        (planted / f"{name}.toml").write_text("this is [no TOML")
    monkeypatch.setenv("HOME", str(planted.parent))
    with embedded.connect(home, BUCKET) as share:
        share.lake.write("kept", b"data", "text/plain")
        assert (home / "lake" / "data" / "filerldb2").is_dir()
        log = (home / "lake" / "server.log").read_text(encoding="utf-8")
    assert "redis" not in log
    assert ".seaweedfs" not in log


def test_a_server_that_ends_takes_its_sockets_with_it_and_nobody_elses() -> None:
    # Ports beyond all real ones, so that no lake of another test can have these sockets.
    own = [Path(f"/tmp/seaweedfs-{name}.sock") for name in ("s3-70000", "filer-grpc-80003")]  # noqa: S108
    others = [Path(f"/tmp/seaweedfs-{name}.sock") for name in ("s3-90000", "x-70006", "y-none")]  # noqa: S108
    try:
        for path in own + others:
            path.touch()
        supervisor._remove_sockets(70_000)
        assert [path.exists() for path in own] == [False, False]
        assert [path.exists() for path in others] == [True, True, True]
    finally:
        for path in own + others:
            path.unlink(missing_ok=True)


def test_a_lake_that_ended_leaves_no_socket_in_the_folder_for_temporary_files(home: Path) -> None:
    with embedded.connect(home, BUCKET) as share:
        port = share.endpoint.rpartition(":")[2]
        assert list(Path("/tmp").glob(f"seaweedfs-s3-{port}.sock"))  # noqa: S108
    assert not list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))  # noqa: S108


def test_a_server_is_healthy_only_where_it_requires_credentials(s3_server: EmbeddedLake) -> None:
    assert seaweedfs.is_healthy(s3_server.endpoint, timeout=60.0)
    port = int(s3_server.endpoint.rpartition(":")[2])
    assert not seaweedfs.is_healthy(f"http://127.0.0.1:{port + 1}"), (
        "the master needs no credentials"
    )
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not seaweedfs.is_healthy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        silent.listen()
        assert not seaweedfs.is_healthy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)


def test_a_process_that_ignores_a_request_to_end_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seaweedfs, "_KILLED_SECONDS", PATIENCE)
    script = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(999)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        seaweedfs.end(psutil.Process(stubborn.pid), grace=0.2)
        assert stubborn.wait(timeout=PATIENCE) == -signal.SIGKILL


def test_ending_a_process_that_has_ended_is_not_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        process = psutil.Process(child.pid)
        child.wait()
        seaweedfs.end(process)
