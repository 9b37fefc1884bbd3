"""A file is opened once: what was checked is what is read and sent, whoever swaps it meanwhile."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.intake.files import CsvFile, find_csv_files
from bourne_assets.csvs.intake.opening import open_csv
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.csvs.landings import land
from bourne_assets_tests.support.tables import dataset_in
from bourne_assets_tests.support.tiers import in_every_run

_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"
_SECRET = b"id|title\n9|the secret of somebody else\n8|which nobody may see\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, and a secret outside of it."""
    path = tmp_path / "batch"
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "films.csv").write_bytes(_FILMS)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "films.csv").write_bytes(_SECRET)
    return path


def _file(folder: Path) -> CsvFile:
    return CsvFile(folder / "deep" / "films.csv", "deep/films.csv", folder)


def _swap_file(folder: Path) -> None:
    link = folder.parent / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.parent / "secrets" / "films.csv")
    link.rename(folder / "deep" / "films.csv")


def _swap_folder(folder: Path) -> None:
    (folder / "deep").rename(folder.parent / "moved")
    (folder / "deep").symlink_to(folder.parent / "secrets")


_SWAPS = pytest.mark.parametrize("swap", [_swap_file, _swap_folder], ids=["file", "folder"])


def test_an_opened_file_is_read_from_its_beginning_as_often_as_it_is_wanted(folder: Path) -> None:
    with open_csv(_file(folder)) as opened:
        assert opened.path.read_bytes() == _FILMS
        assert opened.path.read_bytes() == _FILMS
        assert opened.stamp.size == len(_FILMS)
        assert not opened.has_changed()


def test_a_file_that_was_written_to_has_changed(folder: Path) -> None:
    with open_csv(_file(folder)) as opened:
        (folder / "deep" / "films.csv").write_bytes(b"other")
        assert opened.has_changed()


@_SWAPS
def test_a_file_that_is_swapped_after_it_was_opened_stays_the_one_that_was_checked(
    folder: Path, swap: Callable[[Path], None]
) -> None:
    with open_csv(_file(folder)) as opened:
        swap(folder)
        assert opened.path.read_bytes() == _FILMS


@_SWAPS
def test_a_file_that_is_swapped_between_look_and_open_is_rejected(
    folder: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path], None]
) -> None:
    looked = Path.resolve

    def swap_afterwards(path: Path, **options: Any) -> Path:
        found = looked(path, **options)
        if path.name == "films.csv":
            swap(folder)
        return found

    monkeypatch.setattr(Path, "resolve", swap_afterwards)
    with pytest.raises(CsvRejected, match=r"not a regular file|replaced by a link"):
        open_csv(_file(folder))


def test_of_thousands_of_tries_to_swap_a_link_in_none_shows_what_lies_outside(folder: Path) -> None:
    done = threading.Event()
    path, films = folder / "deep" / "films.csv", folder.parent / "films.csv"
    films.write_bytes(_FILMS)

    def swap() -> None:
        while not done.is_set():
            _swap_file(folder)
            os.link(films, folder.parent / "again")
            (folder.parent / "again").rename(path)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen, tries = set[bytes](), 0
    try:
        while tries < 3_000 or not seen:  # the swapper may stand still with the link in place
            tries += 1
            try:
                with open_csv(_file(folder)) as opened:
                    seen.add(opened.path.read_bytes())
            except (CsvRejected, OSError):
                continue
    finally:
        done.set()
        swapper.join()
    assert seen == {_FILMS}


@pytest.mark.parametrize("size", in_every_run([1, 500_000]), ids=["in one request", "in parts"])
@_SWAPS
def test_bytes_digest_and_table_of_a_file_swapped_while_it_is_landed_are_those_of_one_file(
    lake: Lake,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    swap: Callable[[Path], None],
    size: int,
) -> None:
    films = _FILMS + b"3|The Bourne Ultimatum\n" * size
    (folder / "deep" / "films.csv").write_bytes(films)
    swapped: list[bool] = []

    def swapping(function: Callable[..., Any]) -> Callable[..., Any]:
        def swap_first(*arguments: Any, **options: Any) -> Any:
            if not swapped:
                swapped.append(True)
                swap(folder)
            return function(*arguments, **options)

        return swap_first

    monkeypatch.setattr(
        "bourne_assets.csvs.landing.batch.scan", swapping(land_csv_files.__globals__["scan"])
    )
    (row,) = records(land(lake, folder).manifest)
    assert swapped
    assert (row["status"], row["rows"]) == (LANDED, size + 2)
    assert lake.read(lake.key(row["uri"]))[0] == films
    table = dataset_in(lake, row["dataset"])
    assert "the secret of somebody else" not in set(table["title"])
    assert len(table) == size + 2


def test_a_file_that_cannot_be_opened_is_rejected_with_the_systems_reason(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "good.csv").write_bytes(_FILMS)
    opened = os.open

    def deny(path: Any, *arguments: Any, **options: Any) -> int:
        if path == "films.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", deny)
    films, good = records(land(lake, folder).manifest)
    assert (films["status"], good["status"]) == (REJECTED, LANDED)
    assert films["reason"] == "it cannot be read (Permission denied)"


# Names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 245 + ".csv", "its name is longer than 240 bytes"),
        ("ŉ-" * 78 + ".csv", "the name of its dataset is longer than 240 bytes"),
        ("ΐ-" * 60 + ".csv", "the name of its dataset is longer than 240 bytes"),
        ("..csv", "its name is not the name of a dataset"),
        ("...csv", "its name is not the name of a dataset"),
        ("bell\x07.csv", "its name contains characters that are not allowed in object keys"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_a_file_whose_objects_could_not_be_named_is_rejected_alone(
    lake: Lake, folder: Path, name: str, reason: str
) -> None:
    odd = folder / name
    odd.write_bytes(_FILMS)
    files = [*find_csv_files(folder), CsvFile.of(odd)]
    rows = records(land(lake, folder, files).manifest)
    by_status = {row["status"]: row for row in rows}
    assert by_status[LANDED]["file"] == "deep/films.csv"
    assert by_status[REJECTED]["reason"] == reason
    assert len(rows) == 2


@pytest.mark.parametrize("name", ["x" * 236 + ".csv", "ŉ-" * 59 + "a.csv"], ids=ascii)
def test_the_longest_names_have_room_for_everything_that_is_appended(
    lake: Lake, folder: Path, name: str
) -> None:
    path = folder / name
    for data in (_FILMS, _FILMS + b"ragged\n"):
        path.write_bytes(data)
        (row,) = records(land(lake, folder, [path]).manifest)
        assert row["status"] == LANDED
    assert row["rejects_uri"]
