"""Which CSV files are found, and that no two of them share a name."""

from datetime import date
from pathlib import Path

import pytest

from bourne_assets.csvs.intake.files import CsvFile, find_csv_files, with_distinct_names
from bourne_assets.csvs.landing import land_csv_files
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records


@pytest.mark.timeout(20)  # every file was once compared with every other: 29 seconds
def test_fifty_thousand_files_are_named_at_once() -> None:
    files = [CsvFile(Path(f"/batch/{n}.csv"), f"{n}.csv", Path("/batch")) for n in range(50_000)]
    again = [CsvFile(Path("/other/7.csv"), "7.csv", Path("/other"))]
    names = [file.name for file in with_distinct_names([*files, *again])]
    assert len(set(names)) == 50_001
    assert {"/batch/7.csv", "/other/7.csv", "8.csv"} <= set(names)


def test_a_file_that_is_given_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_bytes(b"id\n1\n")
    assert len(find_csv_files(tmp_path, tmp_path / "films.csv", tmp_path / ".")) == 1


def test_names_that_look_alike_when_they_are_printed_are_numbered(
    lake: Lake, tmp_path: Path
) -> None:
    folder = tmp_path / "batch"
    folder.mkdir()
    for name in ("bell\x07.csv", "bell\\x07.csv"):
        (folder / name).write_bytes(b"id\n1\n")
    landing = land_csv_files(find_csv_files(folder), lake, date(2026, 11, 23), journal=tmp_path)
    rows = {row["file"]: row["status"] for row in records(landing.manifest)}
    assert sorted(rows.values()) == ["landed", "rejected"]
    assert all(name.isprintable() for name in rows)
