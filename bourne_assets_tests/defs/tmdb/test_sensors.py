"""The sensor of changes at TMDB, on a real lake and TMDB's stand-in."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.tags import RUN_KEY_TAG

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb import sensors
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.defs.tmdb.sensors import tmdb_changes_sensor
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.settings import Settings
from bourne_assets.tables import to_parquet
from bourne_assets.tmdb.errors import TmdbUnavailable
from bourne_assets_tests.defs.definitions import BOURNE
from bourne_assets_tests.standin import Reply, TmdbStandIn

_LIVE = Settings(tmdb_read_access_token="token")
_Tick = Callable[[str | None], Any]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def tick(
    tmdb_server: TmdbStandIn, lake_resource: LakeResource, instance: dg.DagsterInstance
) -> _Tick:
    """Evaluates the sensor once; what it returns always has the cursor."""
    tmdb = TmdbResource(
        read_access_token=tmdb_server.token,
        base_url=tmdb_server.base_url,
        requests_per_second=1000,
    )

    def evaluate(cursor: str | None = None) -> Any:
        resources = {"tmdb": tmdb, "lake": lake_resource}
        with dg.build_sensor_context(instance, cursor=cursor, resources=resources) as context:
            outcome = tmdb_changes_sensor(_LIVE, BOURNE)(context)
            if isinstance(outcome, dg.SkipReason):
                return dg.SensorResult(skip_reason=outcome, cursor=context.cursor)
            return outcome

    return evaluate


def _films(lake: Lake, *ids: int) -> None:
    frame = pd.DataFrame({"tmdb_id": ids})
    lake.write("Refined/bourne_saga_table.parquet", to_parquet(frame), PARQUET)


def _change(server: TmdbStandIn, tmdb_id: int, name: str) -> None:
    """An editor changed a field of a film a minute ago."""
    time = f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%d %H:%M:%S} UTC"
    item = {"id": "1", "action": "updated", "time": time, "value": 1, "original_value": 2}
    changes = {"changes": [{"key": name, "items": [item]}]}
    server.override(f"/movie/{tmdb_id}/changes", changes)


def _run(instance: dg.DagsterInstance, request: dg.RunRequest, *, succeeds: bool) -> None:
    """The run that was requested, with the tags that Dagster's daemon gives it."""

    @dg.op
    def refresh() -> None:
        if not succeeds:
            raise dg.Failure("TMDB answered 503")

    @dg.job
    def ask_tmdb() -> None:
        refresh()

    tags = {**request.tags, RUN_KEY_TAG: str(request.run_key)}
    ask_tmdb.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def _later(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    """The sensor's clock is ahead from now on."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(**time)

    monkeypatch.setattr(sensors, "datetime", Later)


def test_a_lake_without_films_sends_no_request(tick: _Tick, tmdb_server: TmdbStandIn) -> None:
    assert "No film of Jason Bourne is in the lake yet" in tick(None).skip_reason.skip_message
    assert tmdb_server.requests == []


def test_nothing_changed_is_said_and_the_look_is_remembered(tick: _Tick, lake: Lake) -> None:
    _films(lake, 2501, 2502)
    outcome = tick(None)
    assert "None of 2 films changed since" in outcome.skip_reason.skip_message
    assert outcome.cursor


def test_a_change_requests_one_run_of_the_saga(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake, instance: dg.DagsterInstance
) -> None:
    _films(lake, 2501, 2502)
    _change(tmdb_server, 2502, "budget")
    outcome = tick(None)
    (request,) = outcome.run_requests
    assert request.tags == {"saga": "bourne", "changed": "2502: budget"}
    _run(instance, request, succeeds=True)
    again = tick(outcome.cursor)
    assert "None of 2 films changed" in again.skip_reason.skip_message
    assert json.loads(again.cursor)["refreshes"]["requested"] == {}


def test_a_change_whose_run_failed_is_requested_again_after_a_pause(
    tick: _Tick,
    tmdb_server: TmdbStandIn,
    lake: Lake,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _films(lake, 2501, 2502)
    _change(tmdb_server, 2502, "budget")
    first = tick(None)
    _run(instance, first.run_requests[0], succeeds=False)
    paused = tick(first.cursor)
    assert "after 1 failed run." in paused.skip_reason.skip_message
    _later(monkeypatch, minutes=2)
    second = tick(paused.cursor)
    (request,) = second.run_requests
    assert request.tags["changed"] == "2502: budget"
    assert request.run_key != first.run_requests[0].run_key
    _run(instance, request, succeeds=True)
    _later(monkeypatch, days=1)
    assert not tick(second.cursor).run_requests


def test_a_run_that_is_lost_before_it_begins_is_requested_again(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _films(lake, 2501)
    _change(tmdb_server, 2501, "budget")
    paused = tick(tick(None).cursor)
    _later(monkeypatch, minutes=2)
    assert len(tick(paused.cursor).run_requests) == 1


def test_a_change_during_a_run_requests_one_of_its_own(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake, instance: dg.DagsterInstance
) -> None:
    _films(lake, 2501, 2502)
    _change(tmdb_server, 2502, "budget")
    first = tick(None)
    key = first.run_requests[0].run_key
    _begin(instance, key)
    assert "1 refresh for earlier changes is not over" in (
        tick(first.cursor).skip_reason.skip_message
    )
    _change(tmdb_server, 2501, "revenue")
    second = tick(first.cursor)
    assert second.run_requests[0].tags["changed"] == "2501: revenue"
    _run(instance, second.run_requests[0], succeeds=True)
    after = json.loads(tick(second.cursor).cursor)["refreshes"]
    assert after["requested"] == {}, "a later run has fetched what the earlier one was to"


def _begin(instance: dg.DagsterInstance, key: str) -> None:
    @dg.job
    def ask_tmdb() -> None:
        pass

    instance.create_run_for_job(
        ask_tmdb, status=dg.DagsterRunStatus.STARTED, tags={RUN_KEY_TAG: key}
    )


def test_films_beyond_those_of_one_look_are_looked_at_in_the_next(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake
) -> None:
    ids = range(7001, 7451)
    _films(lake, *ids)
    for tmdb_id in ids:
        tmdb_server.override(f"/movie/{tmdb_id}/changes", {"changes": []})
    _change(tmdb_server, 7450, "budget")
    first = tick(None)
    second = tick(first.cursor)
    assert "None of 200 films changed" in second.skip_reason.skip_message
    third = tick(second.cursor)
    assert third.run_requests[0].tags["changed"] == "7450: budget"
    asked = [int(request.path.split("/")[-2]) for request in tmdb_server.requests]
    assert asked == list(ids)
    tick(third.cursor)
    assert tmdb_server.requests[450].path.endswith("/movie/7001/changes")


def test_a_cursor_of_an_earlier_version_is_read(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake
) -> None:
    _films(lake, 2501)
    _change(tmdb_server, 2501, "budget")
    stated = json.loads(tick(None).cursor)
    earlier = json.dumps({"since": stated["since"], "known": stated["known"]})
    assert "None of 1 films changed" in tick(earlier).skip_reason.skip_message


def test_an_outage_fails_the_tick_and_the_look_is_not_remembered(
    tick: _Tick, tmdb_server: TmdbStandIn, lake: Lake, no_naps: None
) -> None:
    del no_naps
    _films(lake, 2501)
    tmdb_server.script("/movie/2501/changes", [Reply(503)] * 20)
    with pytest.raises(TmdbUnavailable, match="503"):
        tick(None)
