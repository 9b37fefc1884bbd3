"""One server for all who use a home, there while it is used or kept, and its data for good."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import EmbeddedLake, Status
from bourne_assets.lake.embedded import share as shares
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.store import Lake
from bourne_assets_tests.lake.embedded.homes import (
    BUCKET,
    MEBIBYTE,
    PATIENCE,
    TEXT,
    VISITOR,
    Users,
    end_all,
    endpoint_of,
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

# Coming and going


@pytest.mark.slow
def test_a_server_is_shared_while_it_is_used_and_its_data_outlive_it(home: Path) -> None:
    assert not embedded.exists(home)
    with embedded.connect(home, BUCKET, "films") as first:
        first.lake.write("key", b"data", TEXT)
        with embedded.connect(home, BUCKET, "films") as second:
            assert second.endpoint == first.endpoint
            assert second.lake.read("key")[0] == b"data"
        assert len(server_pids(home)) == 1, "the first user is still there"
        assert first.lake.list() == ["key"]
    assert is_gone(home)
    assert embedded.exists(home)
    with embedded.connect(home, BUCKET, "films") as later:
        assert later.lake.read("key")[0] == b"data"
        assert later.credentials == first.credentials
    assert is_gone(home)
    assert not folder_of(home).state.exists()


@pytest.mark.slow
def test_only_a_server_that_has_written_is_given_time_to_finish(home: Path) -> None:
    def finished() -> bool:
        return "Gracefully stopping" in folder_of(home).log.read_text()

    with embedded.connect(home, BUCKET) as writer:
        writer.lake.write("key", b"data", TEXT)
    assert finished()
    with embedded.connect(home, BUCKET) as reader:
        assert reader.lake.list() == ["key"]
        assert reader.lake.read("key")[0] == b"data"
    assert not finished()
    with embedded.connect(home, BUCKET) as remover:
        remover.lake.delete("key")
    assert finished()
    assert len(list(folder_of(home).data.glob("m[0-9]*"))) == 1, "one a start, of the last start"


@pytest.mark.exhaustive
def test_processes_that_come_at_once_get_one_server_and_the_last_to_leave_ends_it(
    home: Path, users: Users
) -> None:
    crowd = [users(home) for _ in range(3)]
    assert len({endpoint_of(user) for user in crowd}) == 1
    assert len(server_pids(home)) == len(supervisors(home)) == 1
    for user in crowd:
        assert len(server_pids(home)) == 1
        assert user.stdin is not None
        user.stdin.close()
        user.wait(PATIENCE)
    assert until(lambda: is_gone(home))


def test_the_server_of_a_user_that_was_killed_ends(home: Path, users: Users) -> None:
    user = users(home)
    assert endpoint_of(user)
    user.kill()
    assert until(lambda: is_gone(home))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_user_that_is_killed_while_its_server_starts_does_not_disturb_the_next(
    home: Path, users: Users
) -> None:
    hasty = users(home)
    assert until(lambda: servers_of(folder_of(home)))
    hasty.kill()
    with embedded.connect(home, BUCKET) as share:
        share.lake.write("key", b"data", TEXT)
        assert until(lambda: len(server_pids(home)) == len(supervisors(home)) == 1)
        assert share.lake.read("key")[0] == b"data"
    assert until(lambda: is_gone(home))


def test_a_user_that_is_killed_while_its_server_starts_leaves_none_behind(
    home: Path, users: Users
) -> None:
    hasty = users(home)
    assert until(lambda: servers_of(folder_of(home)))
    hasty.kill()
    assert until(lambda: is_gone(home))


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
        assert [visitor.wait(250) for visitor in visitors] == [0] * 4
    with embedded.connect(home, BUCKET) as share:
        assert len(share.lake.list()) == 12
    assert until(lambda: is_gone(home))


@pytest.mark.exhaustive
def test_a_server_that_is_about_to_be_ended_is_not_taken_for_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = embedded.connect(home, BUCKET)
    start_lock, usage_lock = (
        FileLock(path) for path in (folder_of(home).start_lock, folder_of(home).usage_lock)
    )
    # As the supervisor, in the moment before it removes the state.
    assert start_lock.acquire(timeout=PATIENCE)
    share.release()
    assert usage_lock.acquire()

    def go_on(seconds: float) -> None:
        usage_lock.release()
        start_lock.release()
        time.sleep(seconds)

    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=go_on)
    monkeypatch.setattr(shares, "time", waiting)
    share.release(wait=True)
    assert is_gone(home)


@pytest.mark.exhaustive
def test_a_share_may_be_given_back_twice(home: Path) -> None:
    share = embedded.connect(home, BUCKET)
    share.release()
    share.release(wait=True)
    assert until(lambda: is_gone(home))


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
            assert until(lambda: is_gone(homes[0]))
            two.lake.write("other", b"still there", TEXT)
            assert two.lake.read("other")[0] == b"still there"
    finally:
        for home in homes:
            end_all(home)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_home_may_have_an_odd_name_and_may_be_moved(tmp_path: Path) -> None:
    home = tmp_path / "two words ü 100% a=b $HOME"
    moved = tmp_path / "moved" / home.name
    try:
        kept_lake(home)
        assert embedded.stop(home)
        moved.parent.mkdir()
        home.rename(moved)
        read_again(moved)
        assert not home.exists()
    finally:
        end_all(home)
        end_all(moved)


def test_the_shell_does_not_reach_into_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TMDB_API_KEY", "WEED_JWT_KEY"):
        monkeypatch.setenv(name, "of-the-shell")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with embedded.connect(home, BUCKET) as share:
        share.lake.write("key", b"data", TEXT)
        (process,) = servers_of(folder_of(home))
        assert "of-the-shell" not in process.environ().values()
        assert "GOMEMLIMIT" in process.environ()


# Keeping


def test_a_kept_server_stays_until_it_is_stopped(home: Path) -> None:
    share = kept_lake(home)
    assert not until(lambda: is_gone(home), seconds=1.0)
    assert embedded.status(home) == Status(
        running=True,
        endpoint=share.endpoint,
        kept=True,
        in_use=False,
        bytes_on_disk=embedded.status(home).bytes_on_disk,
    )
    for ignored in (signal.SIGINT, signal.SIGHUP):
        os.kill(state_of(home)["supervisor"]["pid"], ignored)
    assert read_again(home).endpoint == share.endpoint
    assert not until(lambda: is_gone(home), seconds=0.5)
    assert embedded.stop(home)
    assert is_gone(home)
    assert embedded.stop(home), "once more does nothing"


@pytest.mark.exhaustive
def test_stopping_leaves_a_server_to_those_who_use_it(home: Path, users: Users) -> None:
    kept_lake(home)
    user = users(home)
    assert endpoint_of(user)
    assert embedded.status(home).in_use
    assert not embedded.stop(home)
    assert len(server_pids(home)) == 1
    assert not embedded.status(home).kept
    user.kill()
    assert until(lambda: is_gone(home))


@pytest.mark.exhaustive
def test_a_server_that_was_kept_and_died_is_not_kept_when_it_starts_again(home: Path) -> None:
    first = kept_lake(home)
    (process,) = servers_of(folder_of(home))
    process.kill()
    assert until(lambda: is_gone(home))
    assert not embedded.status(home).running
    assert read_again(home).endpoint != first.endpoint
    assert until(lambda: is_gone(home))


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
    status = embedded.status(s3_server._folder.root.parent)
    assert (status.running, status.endpoint, status.kept, status.in_use) == (
        True,
        s3_server.endpoint,
        False,
        True,
    )
    assert status.bytes_on_disk > MEBIBYTE
