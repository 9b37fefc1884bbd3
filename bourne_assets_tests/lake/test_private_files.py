"""A home that another user of the machine could change is refused before anything is written."""

import os
import stat
from pathlib import Path

import pytest

from bourne_assets.lake import embedded, private_files
from bourne_assets.lake.errors import UnsafeFolder
from bourne_assets.lake.private_files import make_private_folder, write_private
from bourne_assets.runs.exclusive import exclusive_run
from bourne_assets.runs.instance import open_instance
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import Settings

NOBODY = 65534
#: A number that no account has, as the owner of a folder that is mounted from another machine.
A_STRANGER = 54_321
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


def _folder(path: Path, mode: int = 0o700, owner: int | None = None) -> Path:
    path.mkdir()
    path.chmod(mode)
    if owner is not None:
        os.chown(path, owner, owner)
    return path


@ROOT_ONLY
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_folder_of_somebody_else_is_refused_and_stays_as_it_is(
    tmp_path: Path, mode: int
) -> None:
    home = _folder(tmp_path / "home", mode, NOBODY)
    with pytest.raises(UnsafeFolder, match=r"belongs to another user \(nobody\).*BOURNE_HOME"):
        make_private_folder(home)
    assert stat.S_IMODE(home.stat().st_mode) == mode


@ROOT_ONLY
def test_root_takes_a_mounted_folder_whose_owner_has_no_account_here(tmp_path: Path) -> None:
    home = _folder(tmp_path / "home", 0o755, A_STRANGER)
    make_private_folder(home)
    assert home.stat().st_uid == A_STRANGER
    home.chmod(0o757)
    with pytest.raises(UnsafeFolder, match="other users may write"):
        make_private_folder(home)


@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    home = _folder(tmp_path / "home", mode)
    with pytest.raises(UnsafeFolder, match=f"write to {home}: run `chmod go-w {home}`") as refused:
        make_private_folder(home)
    assert refused.value.exit_code == 2
    assert stat.S_IMODE(home.stat().st_mode) == mode


@ROOT_ONLY
def test_a_folder_that_a_shared_group_may_write_to_is_refused(tmp_path: Path) -> None:
    home = _folder(tmp_path / "home", 0o770)
    os.chown(home, 0, NOBODY)
    with pytest.raises(UnsafeFolder, match="other users may write"):
        make_private_folder(home)
    os.chown(home, 0, 0)
    make_private_folder(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize("below", ["home", "deep/home"])
def test_a_folder_below_one_that_others_may_write_to_is_refused(tmp_path: Path, below: str) -> None:
    shared = _folder(tmp_path / "shared", 0o777)
    with pytest.raises(UnsafeFolder, match=f"other users may write to {shared}:"):
        make_private_folder(shared / below)
    assert list(shared.iterdir()) == []


def test_a_sticky_folder_keeps_what_one_made_in_it(tmp_path: Path) -> None:
    shared = _folder(tmp_path / "shared", 0o1777)
    make_private_folder(shared / "home")
    assert stat.S_IMODE((shared / "home").stat().st_mode) == 0o700


def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    shared = _folder(tmp_path / "shared", 0o777)
    (tmp_path / "home").symlink_to(shared)
    with pytest.raises(UnsafeFolder, match=f"other users may write to {shared}:"):
        make_private_folder(tmp_path / "home")


@ROOT_ONLY
def test_a_folder_that_somebody_made_in_the_last_moment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_it_first(path: Path) -> None:
        _folder(path, 0o755, NOBODY)

    monkeypatch.setattr(private_files, "ensure_safe", make_it_first)
    with pytest.raises(UnsafeFolder, match="belongs to another user"):
        make_private_folder(tmp_path / "home")


def test_neither_lake_nor_instance_is_opened_in_an_unsafe_home(tmp_path: Path) -> None:
    home = _folder(tmp_path / "home", 0o777)
    for opened in (
        lambda: embedded.connect(home, "lake"),
        lambda: embedded.stop(home),
        lambda: open_instance(Settings(home=home)),
        lambda: exclusive_run(
            home, known_sagas(Settings().sagas_file)["bourne"], pytest.fail
        ).__enter__(),
    ):
        with pytest.raises(UnsafeFolder):
            opened()
    assert list(home.iterdir()) == []


def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_private(tmp_path / "file", "begins well" * 10_000 + "\ud800")
    assert not list(tmp_path.iterdir())
