"""When a file of the watched folder is landed: new or changed, and no longer growing."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.csvs.intake.changes import FolderChanges, Known, changes_since
from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.definitions import build_defs
from bourne_assets.defs.csvs.folder_sensor import csv_folder_sensor
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import BOURNE, QUIET

_TABLE = dg.AssetSelection.assets("bourne_saga_table")


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

    def __call__(self) -> FolderChanges:
        changes = changes_since(find_csv_files(self._folder), self._known)
        self._known = changes.known
        return changes


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


# The sensor


class Ticks:
    """Ticks of the sensor, each with the last one's cursor, and the runs that they request."""

    def __init__(self, folder: Path, lake: LakeResource, cursor: str | None = None) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self._folder = CsvFolderResource(folder=str(folder))
        self.cursor = cursor
        self._followed: Any = None
        self._defs = build_defs(
            settings=Settings(),
            sagas=[BOURNE],
            resources={"csv_folder": self._folder, "lake": lake},
        )

    def __call__(self) -> Any:
        with dg.build_sensor_context(
            self.instance,
            cursor=self.cursor,
            repository_def=self._defs.get_repository_def(),
            resources={"csv_folder": self._folder},
        ) as context:
            result = csv_folder_sensor(context)
            self.cursor = getattr(result, "cursor", None) or context.cursor
        return result

    def request(self) -> dg.RunRequest:
        """The run that the second of two ticks requests."""
        self()
        requests: list[dg.RunRequest] = self().run_requests
        (request,) = requests
        return request

    def report(self, *names: str) -> None:
        """Assets that others made, whose blocking checks passed."""
        checks = self._defs.resolve_asset_graph().asset_check_keys
        for name in names:
            key = dg.AssetKey(name)
            self.instance.report_runless_asset_event(dg.AssetMaterialization(key))
            for check in checks:
                if check.asset_key == key:
                    self.instance.report_runless_asset_event(
                        dg.AssetCheckEvaluation(key, check.name, passed=True, metadata={})
                    )

    def followed(self) -> set[str]:
        """What the automation sensor requests now: nothing for missing assets."""
        tick = dg.evaluate_automation_conditions(
            self._defs, self.instance, cursor=self._followed, asset_selection=_TABLE
        )
        self._followed = tick.cursor
        return {
            result.key.to_user_string()
            for result in tick.results
            if not result.true_subset.is_empty
        }

    def execute(self, request: dg.RunRequest) -> bool:
        """Execute a run as the daemon does, with its tags."""
        job = self._defs.resolve_job_def("full_refresh")
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=request.asset_selection,
            run_config=QUIET,
            tags=request.tags,
            raise_on_error=False,
        ).success


def test_a_file_that_another_run_landed_already_requests_no_run_until_it_changes(
    folder: Path, lake_resource: LakeResource, lake: Lake
) -> None:
    first = Ticks(folder, lake_resource)
    assert first.execute(first.request())
    fresh = Ticks(folder, lake_resource)
    fresh.instance = first.instance
    fresh()
    assert "None of 1 files is new or changed" in fresh().skip_message
    (folder / "a.csv").write_text("id\n1\n2\n")
    assert fresh.request().tags["csv_files"] == "a.csv"


def test_a_new_file_requests_one_run_of_the_landing_on_a_fresh_instance(
    folder: Path, lake_resource: LakeResource, lake: Lake
) -> None:
    tick = Ticks(folder, lake_resource)
    assert "new or still growing: a.csv" in tick().skip_message
    (request,) = tick().run_requests
    assert request.asset_selection == [dg.AssetKey("raw_csvs_s3")]
    assert request.tags["csv_files"] == "a.csv"
    assert len(request.run_key) == 64
    assert tick.execute(request)
    assert "None of 1 files is new or changed" in tick().skip_message
    assert lake.folders("Raw/Local/CSV") == {"A"}


def test_what_reads_ratings_follows_new_ratings_and_no_other_file(
    folder: Path, lake_resource: LakeResource
) -> None:
    tick = Ticks(folder, lake_resource)
    tick.report("tmdb_search", "tmdb_details", "tmdb_external_ids", "bourne_saga_table")
    assert tick.execute(tick.request())
    assert tick.followed() == set()
    (folder / "box_office.csv").write_text("film,gross\nA,1\n")
    assert tick.execute(tick.request())
    assert tick.followed() == set()
    (folder / "movies.csv").write_text(
        "id|tituloPincipal|notaMedia|numeroVotos|nomeArtista\ntt1|A|7.1|5|B\n"
    )
    assert tick.execute(tick.request())
    assert tick.followed() == {"bourne_saga_table"}
    assert tick.followed() == set()


def test_a_folder_that_is_missing_is_said_and_starts_nothing(
    tmp_path: Path, lake_resource: LakeResource
) -> None:
    assert "check BOURNE_CSV_DIR" in Ticks(tmp_path / "nowhere", lake_resource)().skip_message


def test_files_of_a_failed_run_are_due_until_a_run_with_them_succeeds(
    folder: Path, lake: Lake, lake_resource: LakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.times._FIRST_PAUSE", timedelta(0))
    tick = Ticks(folder, lake_resource)
    request = tick.request()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("bourne_assets.defs.csvs.assets.land_csv_files", _no_room)
        assert not tick.execute(request)
    (folder / "b.csv").write_text("id\n2\n")
    (again,) = tick().run_requests
    assert again.tags["csv_files"] == "a.csv"
    assert again.run_key != request.run_key
    assert tick.execute(again)
    assert lake.folders("Raw/Local/CSV") == {"A", "B"}
    assert "None of 2 files is new or changed" in tick().skip_message  # b.csv was landed with it


def _no_room(*_: object, **__: object) -> None:
    raise LakeFailed("The lake has no room.")


def test_what_failed_is_named_with_the_time_of_the_next_try(
    folder: Path, lake_resource: LakeResource
) -> None:
    tick = Ticks(folder, lake_resource)
    tick.request()  # and the run never comes to be
    assert "'a.csv' is tried again at 20" in tick().skip_message


def test_a_file_with_a_name_that_cannot_be_landed_holds_nothing_up(
    folder: Path, lake: Lake, lake_resource: LakeResource
) -> None:
    (folder / f"{'n' * 250}.csv").write_text("id\n1\n")
    (folder / "bell\x07.csv").write_text("id\n1\n")
    tick = Ticks(folder, lake_resource)
    assert tick.execute(tick.request())
    assert lake.folders("Raw/Local/CSV") == {"A"}
    assert "None of 3 files" in tick().skip_message


def test_a_cursor_that_cannot_be_read_is_started_over(
    folder: Path, lake_resource: LakeResource
) -> None:
    assert Ticks(folder, lake_resource, cursor="no JSON").request().tags["csv_files"] == "a.csv"


def test_the_page_of_the_sensor_can_break_the_lines_of_its_cursor(
    folder: Path, lake_resource: LakeResource
) -> None:
    (folder / "ação.csv").write_text("id\n1\n")
    tick = Ticks(folder, lake_resource)
    tick.request()
    assert tick.cursor is not None
    assert "ação.csv" in tick.cursor
    assert max(map(len, tick.cursor.split(" "))) < 80  # a SHA-256 has 64


def test_its_description_is_plain_text_as_dagster_shows_it() -> None:
    assert "`" not in str(csv_folder_sensor.description)
