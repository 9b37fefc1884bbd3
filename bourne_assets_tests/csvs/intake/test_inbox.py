"""Objects of the inbox are fetched as far as the disk has room; one that is too large is alone."""

from pathlib import Path

import pytest

from bourne_assets.csvs.intake import inbox
from bourne_assets.csvs.intake.inbox import fetched
from bourne_assets.csvs.reading.bounds import free_room
from bourne_assets.lake.errors import ObjectTooLarge
from bourne_assets.lake.store import CSV, Lake

_ROOM = 1_000


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has room for a thousand bytes, whatever is on it beside what is fetched."""

    def room(folder: Path) -> int:
        return _ROOM - sum(path.stat().st_size for path in folder.iterdir())

    monkeypatch.setattr(inbox, "free_room", room)


def _put(lake: Lake, **sizes: int) -> list[str]:
    for name, size in sizes.items():
        lake.write(f"Inbox/CSV/{name}.csv", b"x" * size, CSV)
    return [f"Inbox/CSV/{name}.csv" for name in sizes]


@pytest.mark.usefixtures("small_disk")
def test_an_object_that_the_disk_has_no_room_for_is_refused_alone(lake: Lake) -> None:
    with fetched(lake, _put(lake, first=400, large=601, last=600)) as files:
        first, large, last = files
        assert (first.problem, last.problem) == (None, None)
        assert (first.path.stat().st_size, last.path.stat().st_size) == (400, 600)
        assert not large.path.exists()
    assert large.problem is not None
    assert large.problem.startswith("it has 601 bytes, and the disk of ")
    assert "has room for 600: make room there, or set TMPDIR" in large.problem


@pytest.mark.usefixtures("small_disk")
def test_objects_none_of_which_has_room_fail_the_run_so_that_they_stay_due(lake: Lake) -> None:
    with (
        pytest.raises(ObjectTooLarge, match=r"large\.csv has 1,001 bytes, and there is no room"),
        fetched(lake, _put(lake, large=_ROOM + 1)),
    ):
        pass


def test_of_every_disk_some_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk:
        total, free = 100_000_000_000, 600 * 1024 * 1024

    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk)
    assert free_room(tmp_path) == 88 * 1024 * 1024
    Disk.total, Disk.free = 256_000_000, 100_000_000
    assert free_room(tmp_path) == 74_400_000
    Disk.free = 25_000_000
    assert free_room(tmp_path) == 0
