"""What one file may cost: a bomb, or a copy that fills the disk, costs that file alone."""

import bz2
import gzip
import lzma
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED
from bourne_assets.csvs.reading import bounds
from bourne_assets.csvs.reading.content import decompress
from bourne_assets.lake.store import Lake
from bourne_assets_tests.csvs.landings import landed_rows
from bourne_assets_tests.support.tiers import in_every_run

_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"


@pytest.fixture
def folder(folder: Path) -> Path:
    """A folder with a file that is fine."""
    (folder / "good.csv").write_bytes(_FILMS)
    return folder


def test_a_bomb_is_rejected_when_it_has_grown_a_hundredfold(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_ALWAYS_ALLOWED_BYTES", 1_000_000)
    bomb = gzip.compress(b"id|title\n" + b"1|" + b"0" * 40_000_000)
    (folder / "bomb.csv.gz").write_bytes(bomb)
    rows = landed_rows(lake, folder)
    assert rows["good.csv"]["status"] == LANDED
    assert rows["bomb.csv.gz"]["status"] == REJECTED
    assert "more than 100 times its size" in rows["bomb.csv.gz"]["reason"]
    assert list((folder.parent / "journal").glob("*/*")) == []


@pytest.mark.parametrize("module", in_every_run([gzip, bz2, lzma]))
def test_a_stream_of_empty_parts_is_rejected_before_it_has_cost_minutes(
    folder: Path, tmp_path: Path, module: Any
) -> None:
    kind, empty = {gzip: "gzip", bz2: "bzip2", lzma: "xz"}[module], module.compress(b"")
    many = empty * (6_000_000 // len(empty))
    path = folder / "empty.csv.gz"
    path.write_bytes(module.compress(_FILMS) + many + module.compress(_FILMS))
    with pytest.raises(CsvRejected, match="decompress to almost nothing"):
        decompress(path, tmp_path / "copy", kind)
    path.write_bytes(module.compress(_FILMS) + empty * 1_000 + module.compress(_FILMS))
    decompress(path, tmp_path / "copy", kind)
    assert (tmp_path / "copy").read_bytes() == _FILMS * 2


def test_a_stream_from_which_nothing_comes_can_be_broken_off(folder: Path, tmp_path: Path) -> None:
    looks: list[None] = []

    def stop() -> None:
        looks.append(None)
        if len(looks) > 3:
            raise KeyboardInterrupt

    (folder / "empty.csv.gz").write_bytes(gzip.compress(b"") * 200_000)
    with pytest.raises(KeyboardInterrupt):
        decompress(folder / "empty.csv.gz", tmp_path / "copy", "gzip", stop)


@pytest.mark.exhaustive
def test_a_small_file_that_shrinks_well_is_read(lake: Lake, folder: Path) -> None:
    lines = b"id|title\n" + b"1|a\n" * 1_000_000
    packed = gzip.compress(lines)
    assert len(lines) > 200 * len(packed)
    (folder / "even.csv.gz").write_bytes(packed)
    row = landed_rows(lake, folder)["even.csv.gz"]
    assert (row["status"], row["rows"]) == (LANDED, 1_000_000)


def test_a_copy_that_would_fill_the_disk_rejects_its_file_alone(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(bounds, "_BETWEEN_LOOKS_BYTES", 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**8, 10**8))
    (folder / "large.csv.gz").write_bytes(gzip.compress(_FILMS * 40_000))
    (folder / "latin.csv").write_bytes("id|título\n".encode("latin-1") + b"1|a\n" * 500_000)
    rows = landed_rows(lake, folder)
    assert rows["good.csv"]["status"] == LANDED
    for name in ("large.csv.gz", "latin.csv"):
        assert rows[name]["status"] == REJECTED
        assert "disk space" in rows[name]["reason"]
