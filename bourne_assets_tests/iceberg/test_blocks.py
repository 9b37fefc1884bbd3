"""Blocks that are kept on this machine: what is found again, and what is not."""

import os
import time
from pathlib import Path

import pytest

from bourne_assets.iceberg import blocks
from bourne_assets.iceberg.blocks import FOLDER, BlockCache, prune_blocks

FILE = "f" * 64


def kept(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def test_another_process_finds_what_was_kept(tmp_path: Path) -> None:
    BlockCache(tmp_path / "blocks").keep(FILE, 3, b"abc")
    other = BlockCache(tmp_path / "blocks")
    assert other.read(FILE, 3, 3) == b"abc"
    assert other.read(FILE, 4, 3) is None


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    BlockCache(tmp_path / "blocks").keep(FILE, 0, b"abc")
    assert (tmp_path / "blocks").stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in kept(tmp_path))


@pytest.mark.parametrize("text", [b"ab", b"abcd", b""])
def test_a_block_of_another_length_is_not_returned(tmp_path: Path, text: bytes) -> None:
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, text)
    assert cache.read(FILE, 0, 3) is None


def test_a_block_that_was_changed_is_not_returned(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, b"abc")
    (path,) = kept(tmp_path)
    path.write_bytes(b"abX" + path.read_bytes()[3:])
    assert cache.read(FILE, 0, 3) is None


def test_links_and_pipes_are_not_blocks(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, b"abc")
    (path,) = kept(tmp_path)
    aside = path.rename(tmp_path / "aside")
    path.symlink_to(aside)
    assert cache.read(FILE, 0, 3) is None
    path.unlink()
    os.mkfifo(path)
    assert cache.read(FILE, 0, 3) is None
    cache.keep(FILE, 0, b"abc")  # and takes its place
    assert cache.read(FILE, 0, 3) == b"abc"


@pytest.mark.parametrize("linked", ["blocks", "blocks/now", "blocks/before"])
def test_what_a_link_leads_to_is_left_alone(
    tmp_path: Path, linked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_boot", lambda: "now")
    other = tmp_path / "other"
    (other / "now").mkdir(mode=0o755, parents=True)
    (other / f"{FILE}-0").write_text("of somebody")
    (other / "now" / f"{FILE}-0").write_text("of somebody")
    (tmp_path / linked).parent.mkdir(exist_ok=True)
    (tmp_path / linked).symlink_to(other)
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 7, b"new")
    cache.prune()
    assert sorted(kept(other)) == [other / f"{FILE}-0", other / "now" / f"{FILE}-0"]
    assert (other / "now").stat().st_mode & 0o777 == 0o755


def test_files_that_are_not_blocks_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / "blocks" / "notes").mkdir(parents=True)
    (tmp_path / "blocks" / "notes" / "mine.txt").write_text("of the user")
    BlockCache(tmp_path / "blocks").prune()
    assert [each.name for each in kept(tmp_path)] == ["mine.txt"]


def test_after_a_boot_nothing_of_before_is_read_and_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BlockCache(tmp_path / "blocks").keep(FILE, 0, b"abc")
    monkeypatch.setattr(blocks, "_boot", lambda: "next")
    after = BlockCache(tmp_path / "blocks")
    assert after.read(FILE, 0, 3) is None
    after.keep(FILE, 1, b"new")
    after.prune()
    assert [each.name for each in kept(tmp_path)] == [f"{FILE}-1"]


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    before = BlockCache(tmp_path / "blocks")
    for number in range(3):
        before.keep(FILE, number, b"abc")
    for age, path in enumerate(sorted(kept(tmp_path))):
        os.utime(path, (time.time() - 100 + age,) * 2)
    small = BlockCache(tmp_path / "blocks", limit=9)
    assert small.read(FILE, 0, 3)  # the oldest, and used now
    small.keep(FILE, 9, b"new")
    small.prune()
    assert [number for number in (0, 1, 2, 9) if small.read(FILE, number, 3)] == [0, 2, 9]


def test_one_process_never_writes_more_than_the_limit(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "blocks", limit=10)
    for number in range(100):
        cache.keep(FILE, number, b"abc")
    assert len(kept(tmp_path)) == 3


def test_what_nobody_used_for_long_goes_and_so_does_what_a_killed_process_left(
    tmp_path: Path,
) -> None:
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, b"old")
    (path,) = kept(tmp_path)
    part, young = path.with_name("killed.part"), path.with_name("running.part")
    for each, days in ((path, 31), (part, 1)):
        each.write_bytes(b"abc")
        os.utime(each, (time.time() - days * 86_400,) * 2)
    young.write_bytes(b"abc")
    cache.keep(FILE, 1, b"new")
    cache.prune()
    assert {each.name for each in kept(tmp_path)} == {f"{FILE}-1", young.name}


def test_upkeep_removes_what_nobody_used_and_makes_no_folder(tmp_path: Path) -> None:
    prune_blocks(tmp_path)
    assert list(tmp_path.iterdir()) == []
    BlockCache(tmp_path / FOLDER).keep(FILE, 0, b"old")
    (path,) = kept(tmp_path)
    os.utime(path, (time.time() - 31 * 86_400,) * 2)
    prune_blocks(tmp_path)
    assert kept(tmp_path) == []


def test_without_room_on_the_disk_nothing_is_kept_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cache = BlockCache(tmp_path / "blocks")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        cache.keep(FILE, 0, b"abc")
    assert kept(tmp_path) == []
    assert cache.read(FILE, 0, 3) is None


def test_blocks_that_are_kept_are_read_though_there_is_room_for_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, b"kept")
    monkeypatch.setattr(Path, "replace", full)
    cache.keep(FILE, 1, b"lost")
    assert cache.read(FILE, 0, 4) == b"kept"
    assert cache.read(FILE, 1, 4) is None


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "blocks").write_text("a file")
    cache = BlockCache(tmp_path / "blocks")
    cache.keep(FILE, 0, b"abc")
    cache.prune()
    assert cache.read(FILE, 0, 3) is None
