"""Refreshes that changes call for: which are requested, and until when."""

from datetime import UTC, datetime, timedelta

import pytest

from bourne_assets.tmdb.refreshes import Refreshes

_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def _requested(*keys: str) -> Refreshes:
    """Each key is that of a run for a film of its own."""
    refreshes = Refreshes()
    for tmdb_id, key in enumerate(keys, 1):
        refreshes.add({tmdb_id: ["budget"]})
        refreshes.request(key)
    return refreshes


def test_a_run_that_succeeded_counts_for_what_was_found_before_it_and_no_more() -> None:
    refreshes = _requested("a", "b", "c")
    refreshes.settle({"a": None, "b": True, "c": False}.get, _NOON)
    assert refreshes.requested == {}
    assert refreshes.waiting == {3: ["budget"]}


def test_pauses_grow_with_each_failure_and_end_with_a_success() -> None:
    refreshes, pauses = _requested("first"), []
    for key in ("first", "second", "third"):
        refreshes.settle({key: False}.get, _NOON)
        assert refreshes.not_before is not None
        assert not refreshes.is_due(_NOON)
        assert refreshes.is_due(refreshes.not_before)
        pauses.append(refreshes.not_before - _NOON)
        refreshes.request({"first": "second", "second": "third"}.get(key, "last"))
    assert pauses == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    refreshes.settle({"last": True}.get, _NOON)
    assert refreshes == Refreshes()


def test_what_failed_is_requested_with_the_next_change_without_waiting() -> None:
    refreshes = _requested("a")
    refreshes.settle({"a": False}.get, _NOON)
    refreshes.add({1: ["revenue"], 2: ["title"]})
    assert refreshes.is_due(_NOON)
    assert refreshes.request("b") == {1: ["budget", "revenue"], 2: ["title"]}


def test_a_cursor_brings_them_back() -> None:
    refreshes = _requested("a", "b")
    refreshes.settle({"b": False}.get, _NOON)
    text = f'{{"since": null, "refreshes": {refreshes.model_dump_json()}}}'
    assert Refreshes.from_cursor(text) == refreshes


@pytest.mark.parametrize("cursor", [None, "", "[]", "nonsense", '{"refreshes": 7}', '{"since": 1}'])
def test_another_cursor_has_none(cursor: str | None) -> None:
    assert Refreshes.from_cursor(cursor) == Refreshes()
