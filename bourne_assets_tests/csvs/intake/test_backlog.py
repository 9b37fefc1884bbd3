"""Deliveries that are not landed yet: when, and with how many others, they are requested."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bourne_assets.csvs.intake.backlog import Backlog, RunOutcome

_NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
_FAILED = RunOutcome(is_over=True)
_FAILED_LATER = RunOutcome(is_over=True, landed=True)
_SUCCEEDED = RunOutcome(is_over=True, succeeded=True, landed=True)
_GOES_ON = RunOutcome(is_over=False)


def _backlog(*names: str) -> Backlog:
    backlog = Backlog()
    for name in names:
        backlog.add(name, f"version of {name}")
    return backlog


def test_what_is_new_is_due_until_its_landing_is_requested() -> None:
    backlog = _backlog("b", "a")
    assert backlog.due(_NOW) == ["a", "b"]
    backlog.request_landing(["a"])
    assert backlog.due(_NOW) == ["b"]
    assert backlog.in_flight == 1


def test_what_a_run_landed_waits_no_longer() -> None:
    backlog = _backlog("a", "b")
    backlog.request_landing(["a", "b"])
    assert backlog.settle(lambda _: _GOES_ON, _NOW) == {}
    assert backlog.in_flight == 2
    landed = backlog.settle(lambda _: _SUCCEEDED, _NOW)
    assert landed == {"a": "version of a", "b": "version of b"}
    assert backlog.waiting == {}


def test_what_a_landing_could_not_get_at_stays_due_with_the_pauses_of_a_failure() -> None:
    backlog = _backlog("a", "b")
    backlog.request_landing(["a", "b"])
    left = RunOutcome(is_over=True, succeeded=True, landed=True, left=frozenset({"b"}))
    assert list(backlog.settle(lambda _: left, _NOW)) == ["a"]
    assert backlog.due(_NOW) == []
    assert backlog.due(_NOW + timedelta(minutes=1)) == ["b"]


def test_pauses_double_up_to_six_hours() -> None:
    backlog, now, pauses = _backlog("a"), _NOW, []
    for _ in range(40):
        backlog.request_landing(["a"])
        backlog.settle(lambda _: _FAILED, now)
        again = backlog.next_try()
        assert again is not None
        pauses.append(again[1] - now)
        now = again[1]
        assert backlog.due(now - timedelta(seconds=1)) == []
        assert backlog.due(now) == ["a"]
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert all(longer >= shorter for shorter, longer in pairwise(pauses))
    assert pauses[-1] == timedelta(hours=6)


def test_no_delivery_waits_for_a_clock_that_was_ahead_when_it_failed() -> None:
    backlog = _backlog("a")
    backlog.request_landing(["a"])
    backlog.settle(lambda _: _FAILED, _NOW + timedelta(days=3650))
    assert backlog.due(_NOW) == ["a"]


def test_after_a_landing_that_failed_half_as_many_are_together_down_to_one() -> None:
    names = [f"{number:03}" for number in range(100)]
    backlog, sizes = _backlog(*names), []
    while True:
        together = backlog.waiting["007"].together
        batch = [name for name in names if name >= "007"][:together]
        sizes.append(len(batch))
        if len(batch) == 1:
            break
        backlog.request_landing(batch)
        backlog.settle(lambda _: _FAILED, _NOW)
    assert sizes == [93, 46, 23, 11, 5, 2, 1]


def test_what_fails_after_the_landing_takes_no_batch_apart() -> None:
    backlog = _backlog("a", "b")
    backlog.request_landing(["a", "b"])
    backlog.settle(lambda _: _FAILED_LATER, _NOW)
    assert {each.together for each in backlog.waiting.values()} == {100}


def test_new_content_starts_over_and_the_old_run_says_nothing_of_it() -> None:
    backlog = _backlog("a")
    backlog.request_landing(["a"])
    backlog.add("a", "another version")
    assert backlog.settle(lambda _: _SUCCEEDED, _NOW) == {}
    assert backlog.due(_NOW) == ["a"]


def test_what_is_gone_is_forgotten() -> None:
    backlog = _backlog("a", "b")
    backlog.keep({"b"})
    assert list(backlog.waiting) == ["b"]


def test_no_two_requests_have_one_key_and_the_same_state_gives_the_same() -> None:
    backlog = _backlog("a", "b")
    before = backlog.model_copy(deep=True)
    first = backlog.request_landing(["a", "b"])
    assert before.request_landing(["b", "a"]) == first
    backlog.settle(lambda _: _SUCCEEDED, _NOW)
    for name in ("a", "b"):
        backlog.add(name, f"version of {name}")
    assert backlog.request_landing(["a", "b"]) != first


def test_a_backlog_outlives_its_way_through_a_cursor() -> None:
    backlog = _backlog("a", "b")
    backlog.request_landing(["a"])
    backlog.settle(lambda _: _FAILED, _NOW)
    assert Backlog.model_validate_json(backlog.model_dump_json()) == backlog
