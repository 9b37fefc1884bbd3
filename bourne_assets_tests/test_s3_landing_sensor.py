"""CSV files that others put into the lake: seen once each, whatever their times, and landed."""

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from bourne_assets.automation.s3_landing import s3_landing_sensor
from bourne_assets.definitions import build_defs
from bourne_assets.lake.store import CSV, Lake
from bourne_assets.lake.watching import Look, TooManyObjects, look_at
from bourne_assets.resources.lake import LakeResource
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import from_parquet, records

_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)


class Looks:
    """Looks at a lake, each with what the last one remembered."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._known: dict[str, str] = {}

    def __call__(self, most: int = 100) -> list[str]:
        look: Look = look_at(self._lake, ["Inbox"], self._known, most=most)
        self._known = json.loads(json.dumps(look.known))
        return [item.key for item in look.fresh]


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


def test_more_objects_than_can_be_remembered_are_said(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.lake.watching.MAXIMUM_OBJECTS", 2)
    _put(lake, *(f"Inbox/{number}" for number in range(4)))
    with pytest.raises(TooManyObjects, match="move landed ones away"):
        Looks(lake)()


class Ticks:
    """Ticks of the sensor, each with the last one's cursor."""

    def __init__(self, lake: LakeResource) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self.defs = build_defs(settings=Settings(), sagas=[_BOURNE], resources={"lake": lake})
        self._lake = lake
        self._cursor: str | None = None

    def __call__(self) -> Any:
        with dg.build_sensor_context(
            self.instance,
            cursor=self._cursor,
            repository_def=self.defs.get_repository_def(),
            resources={"lake": self._lake},
        ) as context:
            told = s3_landing_sensor(Settings())(context)
            self._cursor = getattr(told, "cursor", None) or context.cursor
        return told


def _put_by_others(lake: Lake, key: str, data: bytes) -> None:
    """As another program does: without the digest that the platform notes."""
    import obstore

    obstore.put(lake._store, lake._named(key), data)


def test_an_object_in_the_inbox_is_landed_by_the_run_that_is_asked_for(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put_by_others(lake, "Inbox/CSV/people.csv", b"id,name\n1,Ann\n")
    tick = Ticks(lake_resource)
    (request,) = tick().run_requests
    assert request.asset_selection == [dg.AssetKey("raw_csvs_s3")]
    result = tick.defs.resolve_job_def("full_refresh").execute_in_process(
        instance=tick.instance,
        asset_selection=request.asset_selection,
        run_config={
            **request.run_config,
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
    )
    assert result.success
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    assert lake.read(f"Raw/Local/CSV/People/{today}/people.csv")[0] == b"id,name\n1,Ann\n"
    (row,) = records(from_parquet(lake.read("Trusted/raw_csvs_s3.parquet")[0]))
    assert (row["file"], row["status"]) == ("Inbox/CSV/people.csv", "landed")
    assert "None of" in tick().skip_message  # its own landing is not somebody else's


def test_an_object_that_others_landed_keeps_its_day_and_is_not_sent_again(
    lake: Lake, lake_resource: LakeResource
) -> None:
    tick = Ticks(lake_resource)
    assert "None of 0 objects" in tick().skip_message
    key = "Raw/Local/CSV/People/2026/01/02/people.csv"
    _put_by_others(lake, key, b"id,name\n1,Ann\n")
    _put_by_others(lake, "Raw/Local/CSV/_rejects/People/2026/01/02/people.csv.jsonl", b"{}\n")
    (request,) = tick().run_requests
    config = request.run_config["ops"]["raw_csvs_s3"]["config"]
    assert config == {"objects": [key], "landed_on": "2026-01-02"}
    tick.defs.resolve_job_def("full_refresh").execute_in_process(
        instance=tick.instance,
        asset_selection=request.asset_selection,
        run_config={
            **request.run_config,
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
    )
    assert [found for found in lake.list("Raw/Local/CSV") if "_rejects" not in found] == [key]
    assert "Trusted/Local/People.parquet" in lake.list("Trusted")


def test_what_lies_there_at_the_first_look_counts_as_known(
    lake: Lake, lake_resource: LakeResource
) -> None:
    _put_by_others(lake, "Raw/Local/CSV/Old/2020/01/01/old.csv", b"id\n1\n")
    assert "None of 1 objects" in Ticks(lake_resource)().skip_message
