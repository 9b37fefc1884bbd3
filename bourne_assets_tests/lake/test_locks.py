"""Locks that the kernel frees, and files that appear whole."""

import stat
import threading
from pathlib import Path

import pytest

from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import write_private


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


def test_waiting_for_a_lock_that_never_comes_free_ends(
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
