"""Which films TMDB's editors changed: each change is found once, whatever the clocks say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bourne_assets.tmdb.changes import FILMS_A_LOOK, OVERLAP, Round, Watch, changed_films
from bourne_assets_tests.standin import TmdbStandIn

_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_HOUR = timedelta(hours=1)
#: As the first versions wrote their cursors: the time alone.
_AN_HOUR_AGO = Watch.from_cursor(json.dumps({"since": (_NOON - _HOUR).isoformat()}))


def _change(field: str, time: object, change: object = "1") -> dict[str, Any]:
    item = {"id": change, "action": "updated", "time": time, "value": 1, "original_value": 0}
    return {"key": field, "items": [item]}


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _show(server: TmdbStandIn, tmdb_id: int, *changes: object) -> None:
    server.override(f"/movie/{tmdb_id}/changes", {"changes": list(changes)})


def test_only_changes_after_the_last_look_and_of_fields_that_are_read_count(
    tmdb_server: TmdbStandIn,
) -> None:
    _show(tmdb_server, 2501, _change("revenue", _at(_NOON - _HOUR / 2)))
    _show(tmdb_server, 2502, _change("revenue", _at(_NOON - 2 * _HOUR)))
    _show(tmdb_server, 2503, _change("images", _at(_NOON - _HOUR / 2)))
    ids = [2501, 2502, 2503, 5]
    changed, _ = changed_films(tmdb_server.client(), ids, _AN_HOUR_AGO, _NOON)
    assert changed == {2501: ["revenue"], 5: ["deleted"]}
    assert tmdb_server.requests[0].query == {"start_date": "2026-11-24", "end_date": "2026-11-24"}


def test_the_first_look_is_at_the_last_day(tmdb_server: TmdbStandIn) -> None:
    _show(tmdb_server, 2501, _change("revenue", _at(_NOON - 23 * _HOUR)))
    _show(tmdb_server, 2502, _change("revenue", _at(_NOON - 25 * _HOUR)))
    changed, _ = changed_films(tmdb_server.client(), [2501, 2502], Watch(), _NOON)
    assert changed == {2501: ["revenue"]}


@pytest.mark.parametrize(
    "time",
    [_at(_NOON - _HOUR / 2), _at(_NOON + 5 * _HOUR), "who knows", "", None, 17, "2026-11-24"],
    ids=["just-now", "ahead-of-our-clock", "odd", "empty", "null", "number", "day"],
)
def test_a_change_is_found_once_whatever_its_time(tmdb_server: TmdbStandIn, time: object) -> None:
    _show(tmdb_server, 2501, _change("budget", time))
    client, watch = tmdb_server.client(), _AN_HOUR_AGO
    found = []
    for look in range(3):
        changed, watch = changed_films(client, [2501], watch, _NOON + look * _HOUR)
        watch = Watch.from_cursor(watch.model_dump_json())
        found.append(changed)
    assert found == [{2501: ["budget"]}, {}, {}]


def test_a_change_that_tmdb_shows_late_is_found(tmdb_server: TmdbStandIn) -> None:
    client = tmdb_server.client()
    _, watch = changed_films(client, [2501], _AN_HOUR_AGO, _NOON)
    _show(tmdb_server, 2501, _change("budget", _at(_NOON - OVERLAP + _HOUR)))
    changed, _ = changed_films(client, [2501], watch, _NOON + _HOUR)
    assert changed == {2501: ["budget"]}


def test_two_changes_of_one_second_are_two(tmdb_server: TmdbStandIn) -> None:
    client, time = tmdb_server.client(), _at(_NOON - _HOUR / 2)
    _show(tmdb_server, 2501, _change("budget", time, "a"))
    first, watch = changed_films(client, [2501], _AN_HOUR_AGO, _NOON)
    _show(tmdb_server, 2501, _change("budget", time, "a"), _change("budget", time, "b"))
    second, _ = changed_films(client, [2501], watch, _NOON + _HOUR)
    assert first == second == {2501: ["budget"]}


def test_a_cursor_from_the_future_misses_nothing(tmdb_server: TmdbStandIn) -> None:
    """The clock was a year ahead when TMDB was last looked at, and is right again."""
    client = tmdb_server.client()
    _, watch = changed_films(client, [2501], Watch(), _NOON + timedelta(days=365))
    _show(tmdb_server, 2501, _change("budget", _at(_NOON - _HOUR)))
    changed, _ = changed_films(client, [2501], watch, _NOON)
    assert changed == {2501: ["budget"]}


def test_a_deleted_film_is_changed_once(tmdb_server: TmdbStandIn) -> None:
    first, watch = changed_films(tmdb_server.client(), [5], Watch(), _NOON)
    second, _ = changed_films(tmdb_server.client(), [5], watch, _NOON + _HOUR)
    assert (first, second) == ({5: ["deleted"]}, {})


@pytest.mark.parametrize(
    "changes",
    [None, "none", [None, 7, {"key": None}, {"key": "budget", "items": None}], {"key": "budget"}],
)
def test_odd_lists_are_read_item_by_item(tmdb_server: TmdbStandIn, changes: object) -> None:
    tmdb_server.override("/movie/2501/changes", {"changes": changes})
    _show(tmdb_server, 2502, "odd", _change("budget", _at(_NOON)))
    changed, _ = changed_films(tmdb_server.client(), [2501, 2502], _AN_HOUR_AGO, _NOON)
    assert changed == {2502: ["budget"]}


@pytest.mark.parametrize("cursor", [None, "", "{}", "[]", "nonsense", '{"since": "yesterday"}'])
def test_a_cursor_of_somebody_else_s_is_as_good_as_none(cursor: str | None) -> None:
    assert Watch.from_cursor(cursor) == Watch()


def test_what_is_known_does_not_grow_without_end(tmdb_server: TmdbStandIn) -> None:
    client, watch, length = tmdb_server.client(), Watch(), 0
    for day in range(40):
        now = _NOON + timedelta(days=day)
        _show(tmdb_server, 2501, _change("budget", _at(now), f"change {day}"))
        _, watch = changed_films(client, [2501], watch, now)
        length = max(length, len(watch.known or {}))
    assert length < 20


def test_the_window_is_never_longer_than_tmdb_allows() -> None:
    long_ago = Watch(since=_NOON - timedelta(days=99), known={})
    assert long_ago.start(_NOON) == _NOON - timedelta(days=13)


def test_a_round_of_many_looks_misses_no_change_of_its_time(tmdb_server: TmdbStandIn) -> None:
    """A film that is looked at first is looked at again from the beginning of the round on."""
    ids = range(7001, 7001 + FILMS_A_LOOK + 1)
    for tmdb_id in ids:
        _show(tmdb_server, tmdb_id)
    client, watch = tmdb_server.client(), Watch(since=_NOON - _HOUR, known={})
    _, watch = changed_films(client, ids, watch, _NOON)
    _show(tmdb_server, 7001, _change("budget", _at(_NOON + _HOUR)))
    found = []
    for day in (5, 6):
        watch = Watch.from_cursor(watch.model_dump_json())
        changed, watch = changed_films(client, ids, watch, _NOON + timedelta(days=day))
        found.append(changed)
    assert found == [{}, {7001: ["budget"]}]


def test_a_first_round_of_many_looks_is_at_the_last_day_in_each(tmdb_server: TmdbStandIn) -> None:
    ids = range(7001, 7001 + FILMS_A_LOOK + 1)
    for tmdb_id in ids:
        _show(tmdb_server, tmdb_id)
    _show(tmdb_server, ids[-1], _change("budget", _at(_NOON - 25 * _HOUR)))
    client = tmdb_server.client()
    _, watch = changed_films(client, ids, Watch(), _NOON)
    assert watch.round == Round(began=_NOON, since=_NOON - 24 * _HOUR, after=ids[-2])
    changed, _ = changed_films(client, ids, Watch.from_cursor(watch.model_dump_json()), _NOON)
    assert not changed


def test_changes_without_end_are_seen_and_not_all_remembered(tmdb_server: TmdbStandIn) -> None:
    client, watch, found = tmdb_server.client(), _AN_HOUR_AGO, []
    many = [{"id": str(n), "time": _at(_NOON - _HOUR / 2)} for n in range(20_000)]
    for items in (many, many, [*many, {"id": "one more", "time": _at(_NOON)}]):
        _show(tmdb_server, 2501, {"key": "budget", "items": items})
        changed, watch = changed_films(client, [2501], watch, _NOON)
        watch = Watch.from_cursor(watch.model_dump_json())
        found.append(changed)
    assert found == [{2501: ["budget"]}, {}, {2501: ["budget"]}]
    assert len(watch.model_dump_json()) < 1_000


def test_a_server_that_invents_changes_at_every_look_fills_no_cursor(
    tmdb_server: TmdbStandIn,
) -> None:
    client, watch = tmdb_server.client(), _AN_HOUR_AGO
    for look in range(30):
        items = [{"id": f"{look} {n}", "time": _at(_NOON)} for n in range(400)]
        _show(tmdb_server, 2501, {"key": "budget", "items": items})
        changed, watch = changed_films(client, [2501], watch, _NOON)
        assert changed
    assert len(watch.model_dump_json()) < 400_000
    again, _ = changed_films(client, [2501], watch, _NOON)
    assert not again, "the newest are remembered"
