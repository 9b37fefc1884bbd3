"""When a file of the watched folder is landed: new or changed, and no longer growing."""

import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.automation.csv_folder import csv_folder_sensor
from bourne_assets.automation.following import what_follows
from bourne_assets.csvs.intake.changes import Known, Look, look_at
from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.definitions import build_defs
from bourne_assets.resources.csvs import CsvFolderResource
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings

_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The watched folder, with one file."""
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "a.csv").write_text("id\n1\n")
    return folder


class Looks:
    """Looks at a folder, each with what the last one remembered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Known] = {}

    def __call__(self) -> Look:
        look = look_at(find_csv_files(self._folder), self._known)
        self._known = json.loads(json.dumps(look.known))
        return look


def test_a_file_is_ready_when_it_is_the_same_at_two_looks_and_only_once(folder: Path) -> None:
    look = Looks(folder)
    assert look().ready == {}
    assert look().ready.keys() == {"a.csv"}
    assert look().ready == {}


def test_a_file_that_grows_waits(folder: Path) -> None:
    look = Looks(folder)
    look()
    for number in range(3):
        with (folder / "a.csv").open("a") as file:
            file.write(f"{number}\n")
        found = look()
        assert (found.ready, found.growing) == ({}, ["a.csv"])
    assert look().ready.keys() == {"a.csv"}


def test_a_file_of_the_same_size_that_changed_is_ready_again(folder: Path) -> None:
    look = Looks(folder)
    look()
    first = look().ready["a.csv"]
    (folder / "a.csv").write_text("id\n2\n")
    os.utime(folder / "a.csv", ns=(1, 1))
    look()
    assert look().ready["a.csv"] != first


def test_a_file_that_was_touched_is_not_ready_again(folder: Path) -> None:
    look = Looks(folder)
    look()
    look()
    os.utime(folder / "a.csv", ns=(1, 1))
    assert look().growing == ["a.csv"]
    assert look().ready == {}


def test_a_file_that_went_away_and_came_back_is_ready_again(folder: Path) -> None:
    look = Looks(folder)
    (folder / "b.csv").write_text("id\n1\n")
    look()
    look()
    (folder / "b.csv").unlink()
    assert look().known.keys() == {"a.csv"}
    (folder / "b.csv").write_text("id\n1\n")
    look()
    assert look().ready.keys() == {"b.csv"}


def test_the_key_of_a_run_is_that_of_the_content_and_not_of_the_time(folder: Path) -> None:
    first, second = Looks(folder), Looks(folder)
    first()
    os.utime(folder / "a.csv", ns=(5, 5))
    second()
    first()
    assert first().content_key == second().content_key


def test_what_cannot_be_landed_starts_nothing(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "out.csv").symlink_to("/etc/hostname")
    look = Looks(folder)
    look()
    assert look().ready.keys() == {"a.csv"}


def test_a_look_reads_so_much_and_leaves_the_rest_to_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.csvs.intake.changes.MAXIMUM_BYTES", 1)
    (folder / "b.csv").write_text("id\n1\n")
    look = Looks(folder)
    look()
    found = look()
    assert (list(found.ready), found.waiting) == (["a.csv"], ["b.csv"])
    assert look().ready.keys() == {"b.csv"}


# What follows


def test_what_follows_is_made_where_its_other_inputs_are_there() -> None:
    parents = {"csv": [], "tmdb": [], "table": ["csv", "tmdb"], "answers": ["table"]}
    assert what_follows(["csv"], parents, lambda _: False) == ["csv"]
    assert what_follows(["csv"], parents, {"tmdb"}.__contains__) == ["csv", "table", "answers"]
    assert what_follows(["table"], parents, lambda _: False) == ["table", "answers"]


# The sensor


class Ticks:
    """Ticks of the sensor, each with the last one's cursor."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self._folder = folder
        self._instance = instance
        self._cursor: str | None = None
        self._defs = build_defs(settings=Settings(), sagas=[_BOURNE])

    def __call__(self) -> Any:
        with dg.build_sensor_context(
            self._instance,
            cursor=self._cursor,
            repository_def=self._defs.get_repository_def(),
            resources={"csv_folder": CsvFolderResource(folder=str(self._folder))},
        ) as context:
            told = csv_folder_sensor(context)
            self._cursor = getattr(told, "cursor", None) or context.cursor
        return told


def test_a_new_file_asks_for_one_run_of_the_landing_on_a_fresh_instance(folder: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tick = Ticks(folder, instance)
        assert "it waits: a.csv" in tick().skip_message
        (request,) = tick().run_requests
        assert request.asset_selection == [dg.AssetKey("raw_csvs_s3")]
        assert request.tags == {"csv_files": "a.csv"}
        assert len(request.run_key) == 64
        assert "None of 1 files is new or changed" in tick().skip_message


def test_a_new_file_makes_what_follows_where_tmdb_was_asked_before(folder: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for name in ("tmdb_search", "tmdb_details", "tmdb_external_ids"):
            instance.report_runless_asset_event(dg.AssetMaterialization(name))
        tick = Ticks(folder, instance)
        tick()
        (request,) = tick().run_requests
    made = [key.to_user_string() for key in request.asset_selection]
    assert made[:3] == ["raw_csvs_s3", "bourne_saga_table", "insight_metrics"]


def test_a_folder_that_is_missing_is_said_and_starts_nothing(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert "check BOURNE_CSV_DIR" in Ticks(tmp_path / "nowhere", instance)().skip_message
