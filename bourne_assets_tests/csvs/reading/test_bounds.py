"""What one file may cost: a bomb, or a copy that fills the disk, costs that file alone."""

import gzip
import shutil
from collections import namedtuple
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED
from bourne_assets.csvs.reading import bounds
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import tables_of

_DAY = date(2026, 11, 23)
_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"


def _land(lake: Lake, folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted(folder.glob("*.csv*"))
    landing = land_csv_files(
        files, lake, _DAY, tables=tables_of(lake), journal=folder.parent / "journal"
    )
    return {row["file"]: row for row in records(landing.manifest)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file that is fine."""
    path = tmp_path / "batch"
    path.mkdir()
    (path / "good.csv").write_bytes(_FILMS)
    return path


def test_a_bomb_is_rejected_when_it_has_grown_a_hundredfold(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_ALWAYS_ALLOWED_BYTES", 1_000_000)
    bomb = gzip.compress(b"id|title\n" + b"1|" + b"0" * 40_000_000)
    (folder / "bomb.csv.gz").write_bytes(bomb)
    rows = _land(lake, folder)
    assert rows["good.csv"]["status"] == LANDED
    assert rows["bomb.csv.gz"]["status"] == REJECTED
    assert "more than 100 times its size" in rows["bomb.csv.gz"]["reason"]
    assert list((folder.parent / "journal").glob("*/*")) == []


def test_a_small_file_that_shrinks_well_is_read(lake: Lake, folder: Path) -> None:
    lines = b"id|title\n" + b"1|a\n" * 1_000_000
    packed = gzip.compress(lines)
    assert len(lines) > 200 * len(packed)
    (folder / "even.csv.gz").write_bytes(packed)
    row = _land(lake, folder)["even.csv.gz"]
    assert (row["status"], row["rows"]) == (LANDED, 1_000_000)


def test_a_copy_that_would_fill_the_disk_rejects_its_file_alone(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(bounds, "_BETWEEN_LOOKS_BYTES", 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**8, 10**8))
    (folder / "large.csv.gz").write_bytes(gzip.compress(_FILMS * 40_000))
    (folder / "latin.csv").write_bytes("id|título\n".encode("latin-1") + b"1|a\n" * 500_000)
    rows = _land(lake, folder)
    assert rows["good.csv"]["status"] == LANDED
    for name in ("large.csv.gz", "latin.csv"):
        assert rows[name]["status"] == REJECTED
        assert "free disk" in rows[name]["reason"]
