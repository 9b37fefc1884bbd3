"""Which CSV files are found, and that no two of them share a name."""

import os
import subprocess
from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvFolderError
from bourne_assets.csvs.intake.files import CsvFile, find_csv_files, with_distinct_names
from bourne_assets.lake.store import Lake
from bourne_assets_tests.csvs.landings import landed_rows
from bourne_assets_tests.support.tiers import in_every_run


def _written(folder: Path, name: str, data: bytes = b"id\n1\n") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_csv_files_are_found_in_order_of_their_names_whatever_their_case(folder: Path) -> None:
    for name in ("b.csv", "A.CSV", "c.Csv", "notes.txt", "csv", "d.csv.gz", "e.gz"):
        _written(folder, name)
    assert [file.name for file in find_csv_files(folder)] == [
        "A.CSV",
        "b.csv",
        "c.Csv",
        "d.csv.gz",
    ]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.csv",
        ".csv",
        "~$films.csv",
        "films.csv~",
        ".#films.csv",
        "#films.csv#",
        "._films.csv",
    ],
)
def test_hidden_files_and_what_editors_leave_are_left_out(folder: Path, name: str) -> None:
    _written(folder, name)
    _written(folder, "films.csv")
    (folder / "folder.csv").mkdir()
    (folder / ".git").mkdir()
    _written(folder / ".git", "deep.csv")
    (folder / "__MACOSX").mkdir()
    _written(folder / "__MACOSX", "films.csv")
    assert [file.name for file in find_csv_files(folder)] == ["films.csv"]


def test_files_at_any_depth_are_named_by_their_path_below_the_folder(
    folder: Path,
) -> None:
    (folder / "b" / "c").mkdir(parents=True)
    _written(folder / "b" / "c", "deep.csv")
    _written(folder, "films.csv")
    assert [file.name for file in find_csv_files(folder)] == ["b/c/deep.csv", "films.csv"]


def test_files_of_several_places_are_told_apart(folder: Path) -> None:
    for place in ("a", "b"):
        (folder / place).mkdir()
        _written(folder / place, "films.csv")
    places = [folder / "a", folder / "b", folder / "a" / "films.csv"]
    assert [file.name for file in find_csv_files(*places)] == [
        str(folder / "a" / "films.csv"),
        str(folder / "b" / "films.csv"),
    ]


def test_pipes_and_dangling_links_are_found_so_that_the_manifest_names_them(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "link.csv").symlink_to("nowhere.csv")
    assert [file.name for file in find_csv_files(folder)] == ["link.csv", "pipe.csv"]


@pytest.mark.parametrize("names", [[], ["notes.txt"], [".hidden.csv"]])
def test_a_folder_without_csv_files_is_an_error_of_configuration(
    folder: Path, names: list[str]
) -> None:
    for name in names:
        _written(folder, name)
    with pytest.raises(CsvFolderError, match="holds no CSV files") as raised:
        find_csv_files(folder)
    assert raised.value.exit_code == 2
    assert str(folder) in str(raised.value)
    assert "BOURNE_CSV_DIR" in str(raised.value)


def test_a_missing_folder_is_an_error_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(CsvFolderError, match="cannot be read") as raised:
        find_csv_files(tmp_path / "missing")
    assert raised.value.exit_code == 2
    assert "No such file" in str(raised.value)
    assert "BOURNE_CSV_DIR" in str(raised.value)


def test_a_file_that_is_named_is_landed_whatever_its_extension(tmp_path: Path) -> None:
    (file,) = find_csv_files(_written(tmp_path, "films.txt"))
    assert (file.name, file.path) == ("films.txt", tmp_path / "films.txt")


@pytest.mark.timeout(60)  # every file was once compared with every other: two minutes
@pytest.mark.parametrize(
    "alike", in_every_run([False, True]), ids=["distinct", "alike when printed"]
)
def test_sixty_thousand_files_are_named_at_once(alike: bool) -> None:
    names = [
        "".join("\x07" if number >> bit & 1 else "\\x07" for bit in range(16)) if alike else number
        for number in range(60_000)
    ]
    paths = [Path(f"/batch/{name}.csv") for name in names]
    files = [CsvFile(path, path.name, path.parent) for path in paths]
    again = [CsvFile(Path("/other/7.csv"), "7.csv", Path("/other"))]
    found = [file.name for file in with_distinct_names([*files, *again])]
    assert len(set(found)) == 60_001
    assert alike or {"/batch/7.csv", "/other/7.csv", "8.csv"} <= set(found)


def test_folders_nested_in_thousands_hide_no_file(tmp_path: Path) -> None:
    (tmp_path / "good.csv").touch()
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_100):
        os.mkdir("d", dir_fd=inner)
        outer, inner = inner, os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(os.open("deep.csv", os.O_CREAT, dir_fd=inner))
    os.close(inner)
    try:
        found = [file.path.name for file in find_csv_files(tmp_path)]
    finally:  # pytest, which removes the folders of its tests one day, cannot reach so deep
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    assert found == ["deep.csv", "good.csv"]


def test_a_file_that_is_given_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_bytes(b"id\n1\n")
    assert len(find_csv_files(tmp_path, tmp_path / "films.csv", tmp_path / ".")) == 1


def test_names_that_look_alike_when_they_are_printed_are_numbered(lake: Lake, folder: Path) -> None:
    for name in ("bell\x07.csv", "bell\\x07.csv"):
        (folder / name).write_bytes(b"id\n1\n")
    rows = landed_rows(lake, folder)
    assert sorted(row["status"] for row in rows.values()) == ["landed", "rejected"]
    assert all(name.isprintable() for name in rows)
