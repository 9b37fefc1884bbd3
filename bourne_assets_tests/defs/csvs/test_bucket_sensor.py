"""CSV files that others put into the lake: seen once each, whatever their times, and landed."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.definitions import build_defs
from bourne_assets.defs.csvs.bucket_sensor import s3_landing_sensor
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.errors import BourneError
from bourne_assets.lake.changes import TooManyObjects, changes_since
from bourne_assets.lake.store import CSV, Lake
from bourne_assets.settings import Settings
from bourne_assets.tables import from_parquet, records
from bourne_assets_tests.defs.definitions import BOURNE, QUIET
from bourne_assets_tests.support.aws import aws
from bourne_assets_tests.support.tables import dataset_in


class Looks:
    """Looks at a lake, each with what the last one remembered."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._known: dict[str, str] = {}

    def __call__(self, most: int = 100) -> list[str]:
        changes = changes_since(self._lake, ["Inbox"], self._known, {}, most=most)
        for item in changes.new:
            changes.remember(item)
        self._known = json.loads(json.dumps(changes.known))
        return [item.key for item in changes.new]


def _put(lake: Lake, *names: str, data: bytes = b"id\n1\n") -> None:
    for name in names:
        lake.write(name, data, CSV)


def test_objects_of_one_second_are_all_seen_and_each_once(lake: Lake) -> None:
    look = Looks(lake)
    _put(lake, "Inbox/a", "Inbox/b", "Inbox/c")
    assert look() == ["Inbox/a", "Inbox/b", "Inbox/c"]
    _put(lake, "Inbox/aa")
    assert look() == ["Inbox/aa"]
    assert look() == []


def test_an_overwritten_object_is_seen_again_and_one_with_the_same_bytes_is_not(
    lake: Lake,
) -> None:
    look = Looks(lake)
    _put(lake, "Inbox/a")
    look()
    _put(lake, "Inbox/a")
    assert look() == []
    _put(lake, "Inbox/a", data=b"id\n2\n")
    assert look() == ["Inbox/a"]


def test_a_deleted_object_is_forgotten_and_new_when_it_comes_back(lake: Lake) -> None:
    look = Looks(lake)
    _put(lake, "Inbox/a")
    look()
    lake.delete("Inbox/a")
    assert look() == []
    _put(lake, "Inbox/a")
    assert look() == ["Inbox/a"]


def test_a_look_reports_so_many_and_the_next_looks_the_others(lake: Lake) -> None:
    look = Looks(lake)
    _put(lake, *(f"Inbox/{number}" for number in range(5)))
    found = [look(most=2) for _ in range(4)]
    assert found == [["Inbox/0", "Inbox/1"], ["Inbox/2", "Inbox/3"], ["Inbox/4"], []]


def test_more_objects_than_can_be_remembered_are_reported(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.lake.changes.MAXIMUM_OBJECTS", 2)
    _put(lake, *(f"Inbox/{number}" for number in range(4)))
    with pytest.raises(TooManyObjects, match="move landed ones away"):
        Looks(lake)()


class Ticks:
    """Ticks of the sensor, each with the last one's cursor, and the runs that they request."""

    def __init__(self, lake: LakeResource, cursor: str | None = None, **settings: Any) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self._settings = Settings(**settings)
        self._defs = build_defs(settings=self._settings, sagas=[BOURNE], resources={"lake": lake})
        self._lake = lake
        self.cursor = cursor

    def __call__(self) -> Any:
        with dg.build_sensor_context(
            self.instance,
            cursor=self.cursor,
            repository_def=self._defs.get_repository_def(),
            resources={"lake": self._lake},
        ) as context:
            result = s3_landing_sensor(Settings())(context)
            self.cursor = getattr(result, "cursor", None) or context.cursor
        return result

    def skip(self) -> str:
        """What a tick says that requests no run."""
        return str(self().skip_message)

    def objects(self) -> list[list[str]]:
        """The objects of each run that a tick requests; the runs are not there."""
        return [_config(request)["objects"] for request in getattr(self(), "run_requests", ())]

    def run(self) -> list[bool]:
        """Execute the runs that a tick requests; whether each succeeded."""
        return [self.execute(request) for request in getattr(self(), "run_requests", ())]

    def execute(self, request: dg.RunRequest) -> bool:
        """Execute a run as the daemon does, with its tags."""
        return (
            self._defs.resolve_job_def("full_refresh")
            .execute_in_process(
                instance=self.instance,
                asset_selection=request.asset_selection,
                run_config={**request.run_config, **QUIET},
                tags=request.tags,
                raise_on_error=False,
            )
            .success
        )


def _config(request: dg.RunRequest) -> dict[str, Any]:
    return dict(request.run_config["ops"]["raw_csvs_s3"]["config"])


def _put_by_others(lake: Lake, key: str, data: bytes = b"id,name\n1,Ann\n") -> None:
    """As another program does: without the digest that the platform notes."""
    import obstore

    obstore.put(lake._store, lake._named(key), data)


def _manifest(lake: Lake) -> dict[str, dict[str, Any]]:
    rows = records(from_parquet(lake.read("Trusted/raw_csvs_s3.parquet")[0]))
    return {row["file"]: row for row in rows}


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is due again at the next tick; how pauses grow is tested by itself."""
    monkeypatch.setattr("bourne_assets.times._FIRST_PAUSE", timedelta(0))


def test_an_object_in_the_inbox_is_landed_by_the_run_that_is_requested(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put_by_others(lake, "Inbox/CSV/people.csv")
    tick = Ticks(lake_resource)
    (request,) = tick().run_requests
    assert request.asset_selection == [dg.AssetKey("raw_csvs_s3")]
    assert "1 are in runs that are not over" in _while_it_runs(tick, request)
    assert tick.execute(request)
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    assert lake.read(f"Raw/Local/CSV/People/{today}/people.csv")[0] == b"id,name\n1,Ann\n"
    assert _manifest(lake)["Inbox/CSV/people.csv"]["status"] == "landed"
    assert "None of" in tick.skip()  # its own landing is not somebody else's


def _while_it_runs(tick: Ticks, request: dg.RunRequest) -> str:
    """What a tick says while the run is queued."""
    job = tick._defs.resolve_job_def("full_refresh")
    run = tick.instance.create_run_for_job(job, tags=request.tags)
    message = tick.skip()
    tick.instance.delete_run(run.run_id)
    return message


def test_an_object_that_others_landed_keeps_its_day_and_is_not_sent_again(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tick = Ticks(lake_resource)
    assert "None of 0 objects" in tick.skip()
    key = "Raw/Local/CSV/People/2026/01/02/people.csv"
    _put_by_others(lake, key)
    _put_by_others(lake, "Raw/Local/CSV/_rejects/People/2026/01/02/people.csv.jsonl", b"{}\n")
    (request,) = tick().run_requests
    assert _config(request) == {"objects": [key], "landed_on": "2026-01-02"}
    assert tick.execute(request)
    assert [found for found in lake.list("Raw/Local/CSV") if "_rejects" not in found] == [key]
    assert len(dataset_in(lake, "People")) == 1
    assert "None of" in tick.skip()


def test_objects_with_a_day_that_has_not_come_are_landed_today(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tick = Ticks(lake_resource)
    tick.skip()
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # where the clocks are ahead of UTC
    for day in (f"{tomorrow:%Y/%m/%d}", "2062/01/02"):
        _put_by_others(lake, f"Raw/Local/CSV/People/{day}/people.csv")
    (request,) = tick().run_requests
    assert tick.execute(request)
    assert _config(request)["landed_on"] is None
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    assert lake.head(f"Raw/Local/CSV/People/{today}/people.csv")
    assert "None of" in tick.skip()


def test_what_lies_there_at_the_first_look_counts_as_known(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put_by_others(lake, "Raw/Local/CSV/Old/2020/01/01/old.csv", b"id\n1\n")
    assert "None of 1 objects" in Ticks(lake_resource).skip()


def test_a_cursor_of_an_earlier_version_is_taken_over(
    lake: Lake, lake_resource: LakeResource
) -> None:
    key = "Inbox/CSV/known.csv"
    _put_by_others(lake, key)
    (item,) = lake.list_objects("Inbox").objects
    name = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
    tick = Ticks(lake_resource, cursor=json.dumps({name: str(item.etag)[:12]}))
    assert "None of 1 objects" in tick.skip()


@pytest.mark.parametrize("cursor", ["[]", "no JSON", '{"known": 3}'])
def test_a_cursor_that_somebody_wrote_is_refused_in_one_sentence(
    lake_resource: LakeResource, cursor: str
) -> None:
    with pytest.raises(BourneError, match="reset it in the UI"):
        Ticks(lake_resource, cursor=cursor)()


# One odd object stops no other


def test_an_object_with_a_name_of_300_letters_is_rejected_alone() -> None:
    odd = f"Inbox/CSV/{'n' * 300}.csv"
    with aws("long-names") as server:  # SeaweedFS has no such names
        server_lake = server.lake()
        _put_by_others(server_lake, "Inbox/CSV/people.csv")
        _put_by_others(server_lake, odd)
        tick = Ticks(server.resource())
        assert tick.run() == [True]
        rows = _manifest(server_lake)
        assert rows["Inbox/CSV/people.csv"]["status"] == "landed"
        assert rows[odd]["status"] == "rejected"
        assert rows[odd]["reason"] == "its name is longer than 240 bytes"
        assert "None of" in tick.skip()


def test_an_object_that_is_removed_before_the_run_is_rejected_alone(
    lake: Lake, lake_resource: LakeResource
) -> None:
    for name in ("gone", "people"):
        _put_by_others(lake, f"Inbox/CSV/{name}.csv")
    tick = Ticks(lake_resource)
    (request,) = tick().run_requests
    lake.delete("Inbox/CSV/gone.csv")
    assert tick.execute(request)
    rows = _manifest(lake)
    assert rows["Inbox/CSV/people.csv"]["status"] == "landed"
    assert "removed from the lake" in rows["Inbox/CSV/gone.csv"]["reason"]
    assert "None of" in tick.skip()


@pytest.mark.usefixtures("no_pauses")
def test_an_object_that_may_not_be_read_is_rejected_alone_and_stays_due() -> None:
    with aws("forbidden") as server:
        whole = server.lake()
        for name in ("people", "secret"):
            _put_by_others(whole, f"Inbox/CSV/{name}.csv")
        forbidden = {
            "Effect": "Deny",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::forbidden/Inbox/CSV/secret.csv",
        }
        user = server.user([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, forbidden])
        server.enforce()
        tick = Ticks(server.resource(user))
        assert tick.run() == [True]
        rows = _manifest(whole)
        assert rows["Inbox/CSV/people.csv"]["status"] == "landed"
        assert "Access to" in rows["Inbox/CSV/secret.csv"]["reason"]
        assert tick.run() == [False]  # alone, and nothing else is in its run
        assert tick.objects() == [["Inbox/CSV/secret.csv"]]


# A run that fails loses nothing


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.exhaustive
def test_objects_of_a_failed_run_are_due_until_a_run_with_them_succeeds(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    datasets = tmp_path / "datasets.yaml"
    datasets.write_text("datasets: {}\n")
    keys_put = [f"Inbox/CSV/{name}.csv" for name in "abcd"]
    for key in keys_put:
        _put_by_others(lake, key)
    tick = Ticks(lake_resource, csv_datasets=datasets)
    datasets.write_text("datasets: 3\n")
    assert tick.run() == [False]
    assert tick.run() == [False]  # again, and half as many at once
    datasets.write_text("datasets: {}\n")
    landed: list[str] = []
    for _ in range(6):
        for request in getattr(tick(), "run_requests", ()):
            assert tick.execute(request)
            landed += _config(request)["objects"]
    assert sorted(landed) == keys_put
    assert "None of" in tick.skip()
    assert lake.folders("Raw/Local/CSV") == {"A", "B", "C", "D"}


def test_what_failed_waits_and_what_is_new_does_not(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put_by_others(lake, "Inbox/CSV/a.csv")
    tick = Ticks(lake_resource)
    assert tick.objects() == [["Inbox/CSV/a.csv"]]  # a run that never comes to be
    assert "'Inbox/CSV/a.csv' is tried again at" in tick.skip()
    _put_by_others(lake, "Inbox/CSV/b.csv")
    assert tick.objects() == [["Inbox/CSV/b.csv"]]


@pytest.mark.exhaustive
def test_an_object_that_gets_its_first_content_back_is_landed_again(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tick, seen = Ticks(lake_resource), set()
    for content in (b"id\n1\n", b"id\n2\n", b"id\n1\n"):
        _put_by_others(lake, "Inbox/CSV/a.csv", content)
        (request,) = tick().run_requests
        assert tick.execute(request)
        seen.add(request.run_key)
    assert len(seen) == 3  # Dagster runs each key once
    assert "None of" in tick.skip()
