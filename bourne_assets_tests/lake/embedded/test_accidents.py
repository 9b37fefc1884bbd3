"""Killed servers, damaged files, a stepped clock: the next user finds the lake, and its data."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import seaweedfs
from bourne_assets.lake.embedded.seaweedfs import LakeFolder
from bourne_assets.lake.embedded.state import ServerState
from bourne_assets.lake.errors import LakeUnreachable
from bourne_assets.processes import ProcessIdentity
from bourne_assets_tests.lake.embedded.homes import (
    BUCKET,
    TEXT,
    folder_of,
    is_gone,
    kept_lake,
    read_again,
    server_pids,
    servers_of,
    state_of,
    supervisors,
    until,
)

# After an accident


def test_a_server_that_dies_in_use_is_replaced_for_the_next(home: Path) -> None:
    with embedded.connect(home, BUCKET) as unlucky:
        unlucky.lake.write("kept", b"data", TEXT)
        (process,) = servers_of(folder_of(home))
        process.kill()
        assert until(lambda: not process.is_running())
        with pytest.raises(LakeUnreachable, match=unlucky.endpoint):
            unlucky.lake.read("kept")
        with embedded.connect(home, BUCKET) as lucky:
            assert lucky.lake.read("kept")[0] == b"data"
            assert len(server_pids(home)) == 1
    assert until(lambda: is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_was_killed_is_named_with_its_log_and_not_a_setting(home: Path) -> None:
    with embedded.connect(home, BUCKET) as share:
        (process,) = servers_of(folder_of(home))
        process.kill()
        for failing in (lambda: share.lake.read("key"), lambda: share.lake.list("")):
            with pytest.raises(LakeUnreachable) as caught:
                failing()
            assert "run the command again" in str(caught.value)
            assert str(folder_of(home).log) in str(caught.value)
            assert "AWS" not in str(caught.value)


@pytest.mark.exhaustive
def test_a_server_whose_supervisor_was_killed_is_ended_and_replaced(home: Path) -> None:
    stray = kept_lake(home)
    (process,) = servers_of(folder_of(home))
    os.kill(state_of(home)["supervisor"]["pid"], signal.SIGKILL)
    assert until(lambda: not supervisors(home))
    assert not embedded.status(home).running
    assert read_again(home).endpoint != stray.endpoint
    assert until(lambda: not process.is_running())
    assert until(lambda: is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_whose_home_is_taken_away_ends(home: Path) -> None:
    kept_lake(home)
    home.rename(home.with_name("elsewhere"))
    assert until(lambda: is_gone(home))
    assert embedded.stop(home)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_no_state_file_names_is_ended_and_replaced(home: Path) -> None:
    kept_lake(home)
    assert embedded.stop(home)
    with _orphan(home) as orphan:
        assert read_again(home).endpoint != orphan


def test_stopping_ends_a_server_that_no_state_file_names(home: Path) -> None:
    kept_lake(home)
    assert embedded.stop(home)
    with _orphan(home) as orphan:
        assert embedded.stop(home)
        assert not seaweedfs.is_healthy(orphan)
        assert is_gone(home)


@contextmanager
def _orphan(home: Path) -> Iterator[str]:
    """Endpoint of a healthy server on this home's data, started by nobody who would watch it."""
    folder, port = folder_of(home), seaweedfs.free_base_port()
    with (
        folder.log.open("ab") as log,
        subprocess.Popen(
            seaweedfs.command(folder, port, BUCKET),
            stdout=log,
            stderr=log,
            env=seaweedfs.environment(folder),
            cwd=folder.root,
        ) as process,
    ):
        try:
            assert until(lambda: seaweedfs.is_healthy(f"http://127.0.0.1:{port}"))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


DAMAGED_STATES = {
    "empty": b"",
    "cut": b'{"endpoint": "http://127',
    "not text": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"1",
    "without processes": b'{"endpoint": "http://127.0.0.1:1"}',
    "no ids": json.dumps({"server": {}, "supervisor": None}).encode(),
    "nested without end": b"[" * 200_000,
    "of another release": json.dumps(
        {
            "endpoint": "http://127.0.0.1:1",
            "base_port": 1,
            "access_key": "",
            "server": {"pid": 1, "created": 1.5},
            "supervisor": {"pid": 1, "created": 1.5},
        }
    ).encode(),
    "odd ids": json.dumps(
        {
            "endpoint": "http://127.0.0.1:1",
            "base_port": 1,
            "access_key": "",
            "server": {"pid": -5, "started": 1, "boot": ""},
            "supervisor": {"pid": 10**30, "started": 1, "boot": ""},
        }
    ).encode(),
}


@pytest.mark.parametrize("damaged", DAMAGED_STATES.values(), ids=DAMAGED_STATES)
def test_a_state_file_that_cannot_be_understood_is_not_a_running_server(
    home: Path, damaged: bytes
) -> None:
    folder = folder_of(home)
    folder.root.mkdir(parents=True)
    folder.state.write_bytes(damaged)
    assert not embedded.status(home).running
    assert embedded.stop(home)


def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(home: Path) -> None:
    folder = folder_of(home)
    folder.root.mkdir(parents=True)
    for path in (folder.state, folder.identities):
        os.mkfifo(path)
    assert not embedded.status(home).running
    assert seaweedfs.known_credentials(folder) is None


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_running_server_whose_state_file_is_damaged_is_replaced(home: Path) -> None:
    first = kept_lake(home)
    folder_of(home).state.write_bytes(DAMAGED_STATES["odd ids"])
    assert read_again(home).endpoint != first.endpoint


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b"[" * 200_000, b"\xff", b'{"identities": [{}]}']
)
def test_credentials_that_cannot_be_read_are_replaced(tmp_path: Path, damaged: bytes) -> None:
    folder = LakeFolder(tmp_path)
    first = seaweedfs.credentials(folder)
    assert seaweedfs.credentials(folder) == first
    folder.identities.write_bytes(damaged)
    fresh = seaweedfs.credentials(folder)
    assert fresh != first
    assert seaweedfs.credentials(folder) == fresh
    assert stat.S_IMODE(folder.identities.stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
@pytest.mark.exhaustive
def test_a_lake_whose_credentials_are_damaged_gets_new_ones_and_keeps_its_data(
    home: Path,
    running: bool,
) -> None:
    first = kept_lake(home)
    if not running:
        assert embedded.stop(home)
    folder_of(home).identities.write_text("{")
    assert read_again(home).credentials != first.credentials


@pytest.mark.exhaustive
def test_a_server_of_a_version_without_a_catalogue_is_replaced_and_its_lake_gets_one(
    home: Path,
) -> None:
    kept_lake(home)
    state = state_of(home)
    del state["catalogue"]
    folder_of(home).state.write_text(json.dumps(state))
    before = server_pids(home)
    with embedded.connect(home, BUCKET) as share:
        assert server_pids(home) != before
        assert share.lake.read("kept")[0] == b"data"
        assert open_catalogue(share.lake, home).properties["type"] == "rest"


def test_a_process_that_only_has_the_id_of_a_server_is_neither_trusted_nor_ended(
    home: Path,
) -> None:
    kept_lake(home)
    assert embedded.stop(home)
    own = ProcessIdentity.own()
    other = replace(own, started=own.started - 1000)
    key = seaweedfs.credentials(folder_of(home)).access_key
    ServerState("http://127.0.0.1:1", 1, "http://127.0.0.1:6", key, other, other).write(
        folder_of(home).state
    )
    assert not embedded.status(home).running
    with embedded.connect(home, BUCKET) as share:
        assert share.lake.read("kept")[0] == b"data"
        assert state_of(home)["server"]["pid"] != os.getpid()


@pytest.mark.exhaustive
def test_a_step_of_the_clock_ends_no_server_that_is_in_use(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.connect(home, BUCKET) as first:
        # What psutil gives after a step, as it adds the wall time of the boot.
        create_time = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600)
        with embedded.connect(home, BUCKET) as second:
            assert second.endpoint == first.endpoint
            assert len(server_pids(home)) == 1


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_is_slow_to_respond_is_not_ended_under_its_users(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.connect(home, BUCKET) as busy:
        busy.lake.write("key", b"data", TEXT)
        (process,) = servers_of(folder_of(home))
        process.suspend()
        healthy, looks = seaweedfs.is_healthy, []

        def is_healthy(endpoint: str) -> bool:
            looks.append(healthy(endpoint))
            process.resume()  # it was too slow for the first look
            return looks[-1]

        monkeypatch.setattr(seaweedfs, "is_healthy", is_healthy)
        try:
            with embedded.connect(home, BUCKET) as patient:
                assert patient.endpoint == busy.endpoint
        finally:
            process.resume()
        assert (looks[0], looks[-1]) == (False, True)
        assert busy.lake.read("key")[0] == b"data"
