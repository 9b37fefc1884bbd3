"""What people are alerted to when something is wrong: once, in words, and without secrets."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from bourne_assets.defs.operations import alerts
from bourne_assets.defs.operations.alert_messages import NotDelivered, Problem, marked_message, post
from bourne_assets.defs.operations.alerts import Memory, alerts_of_freshness, alerts_sensor
from bourne_assets.defs.operations.problems import problems_of_run
from bourne_assets.defs.shared.rules import Finding, result_of
from bourne_assets.errors import BourneError
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import QUIET
from bourne_assets_tests.support.dagster_runs import KeptLog
from bourne_assets_tests.support.webhook import Webhook

_KEY = dg.AssetKey("films")
_TITLES = {"bourne": "Jason Bourne"}


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Where the alerts go."""
    with Webhook() as webhook:
        yield webhook


class World:
    """A small platform whose asset and check do what the test says.

    Attributes:
        error: What the asset raises; None: it succeeds.
        offending: Rows that break the check.
        blocking: Whether the check blocks.
    """

    def __init__(self, webhook_url: str | None, token: str | None = None) -> None:
        self.error: Exception | None = None
        self.offending: list[dict[str, Any]] = []
        self.blocking = True
        self.instance = dg.DagsterInstance.ephemeral()
        self.log = KeptLog()
        self._cursor: str | None = None
        settings = Settings(alert_webhook_url=webhook_url, tmdb_read_access_token=token)
        self._sensor = alerts_sensor(settings, _TITLES)
        world = self

        @dg.asset(key=_KEY)
        def films() -> None:
            if world.error:
                raise world.error

        @dg.asset(deps=[_KEY])
        def answers() -> None:
            pass

        @dg.multi_asset_check(
            specs=[dg.AssetCheckSpec("budget_is_valid", asset=_KEY, blocking=True)]
        )
        def check() -> Iterator[dg.AssetCheckResult]:
            finding = Finding(world.offending, "films: 2")
            yield result_of(_KEY, "budget_is_valid", finding, is_error=world.blocking)

        self.defs = dg.Definitions(
            assets=[films, answers],
            asset_checks=[check],
            jobs=[dg.define_asset_job("refresh")],
            sensors=[self._sensor],
            executor=dg.in_process_executor,
        )

    def run(self) -> str:
        """Run the job; its id."""
        result = self.defs.resolve_job_def("refresh").execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            tags={"saga": "bourne"},
            run_config=QUIET,
        )
        return result.run_id

    def tick(self) -> str:
        """Let the sensor look; what it says."""
        context = dg.build_sensor_context(
            self.instance, cursor=self._cursor, repository_def=self.defs.get_repository_def()
        )
        context.log.addHandler(self.log)
        skipped = self._sensor(context)
        self._cursor = context.cursor
        assert isinstance(skipped, dg.SkipReason)
        return str(skipped.skip_message)


@pytest.fixture
def world(webhook: Webhook) -> World:
    """A platform whose alerts go to the webhook, after the sensor's first look."""
    world = World(webhook.url)
    assert world.tick() == "Watching runs from now on."
    return world


def test_a_run_that_went_well_sends_no_alert(world: World, webhook: Webhook) -> None:
    world.run()
    assert world.tick() == "Nothing new is wrong."
    assert webhook.texts == []


def test_a_failed_run_is_told_with_saga_asset_cause_and_link(
    world: World, webhook: Webhook
) -> None:
    world.error = BourneError("TMDB did not answer /search/movie: check the network.")
    run_id = world.run()
    assert "Sent 1 alert to BOURNE_ALERT_WEBHOOK_URL" in world.tick()
    assert webhook.texts == [
        ":red_circle: *Jason Bourne*\n"
        "• `films`: failed - TMDB did not answer /search/movie: check the network.\n"
        f"<http://127.0.0.1:3000/runs/{run_id}|Open the run>"
    ]


def test_the_same_problem_is_reported_once_and_again_after_it_went_away(
    world: World, webhook: Webhook
) -> None:
    world.error = BourneError("The lake is full.")
    for _ in range(3):
        world.run()
        world.tick()
    assert len(webhook.texts) == 1
    world.error = BourneError("The lake is gone.")  # another problem with the same asset
    world.run()
    world.tick()
    assert len(webhook.texts) == 2
    world.error = None
    world.run()
    world.tick()
    assert len(webhook.texts) == 2
    world.error = BourneError("The lake is gone.")
    world.run()
    world.tick()
    assert len(webhook.texts) == 3


def test_a_blocking_check_is_told_with_the_offending_rows(world: World, webhook: Webhook) -> None:
    world.offending = [{"title": f"Film {number}"} for number in range(12)]
    world.run()
    world.tick()
    (text,) = webhook.texts
    assert ":red_circle: *Jason Bourne*" in text
    assert "`films`: check budget_is_valid failed\n    Film 0\n    Film 1\n" in text
    assert "\n    Film 9\n    and 2 more\n" in text


def test_a_warning_is_told_as_such_and_told_again_only_when_its_rows_change(
    world: World, webhook: Webhook
) -> None:
    world.blocking, world.offending = False, [{"title": "Jason Bourne"}]
    for _ in range(2):
        world.run()
        world.tick()
    (text,) = webhook.texts
    assert text.startswith(":warning: *Jason Bourne*")
    assert "failed (warning)\n    Jason Bourne\n" in text
    world.offending = [{"title": "The Bourne Legacy"}]
    world.run()
    world.tick()
    assert len(webhook.texts) == 2


def test_runs_before_the_first_tick_send_no_alert(webhook: Webhook) -> None:
    world = World(webhook.url)
    world.error = BourneError("Long ago.")
    world.run()
    world.tick()
    world.tick()
    assert webhook.texts == []


def test_without_a_webhook_it_is_logged() -> None:
    world = World(None)
    world.tick()
    world.error = BourneError("The lake is full.")
    world.run()
    assert "Sent 1 alert to its own log" in world.tick()
    assert "`films`: failed - The lake is full." in "".join(world.log.texts)


def test_a_webhook_that_fails_is_tried_again_and_nothing_is_lost(
    world: World, webhook: Webhook
) -> None:
    world.error = BourneError("The lake is full.")
    world.run()
    webhook.status = 503
    with pytest.raises(NotDelivered, match="HTTP 503") as caught:
        world.tick()
    assert "secret" not in str(caught.value)
    webhook.status = 200
    world.tick()
    assert len(webhook.texts) == 1


def test_what_was_told_before_the_webhook_failed_is_not_told_again(
    world: World, webhook: Webhook
) -> None:
    world.error = BourneError("The first cause.")
    world.run()
    world.error = BourneError("The second cause.")
    world.run()
    webhook.room = 1
    assert world.tick().endswith("_WEBHOOK_URL; the next one failed.")
    webhook.room = None
    assert world.tick() == "Sent 1 alert to BOURNE_ALERT_WEBHOOK_URL."
    assert world.tick() == "Nothing new is wrong."
    first, second = webhook.texts
    assert "The first cause." in first
    assert "The second cause." in second


def test_what_was_told_before_anything_else_failed_is_not_told_again(
    world: World, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.error = BourneError("The first cause.")
    world.run()
    world.error = BourneError("The second cause.")
    broken = world.run()
    read = world.instance.all_logs

    def all_logs(run_id: str, **filters: Any) -> Any:
        if run_id == broken:
            raise OSError("database is locked")
        return read(run_id, **filters)

    with monkeypatch.context() as patch:
        patch.setattr(world.instance, "all_logs", all_logs)
        world.tick()
        with pytest.raises(OSError, match="locked"):
            world.tick()
    world.tick()
    assert ["The first" in webhook.texts[0], "The second" in webhook.texts[1]] == [True, True]
    assert len(webhook.texts) == 2


def test_a_success_is_not_looked_at_before_the_failures_that_went_before_it(
    world: World, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "_RUNS_A_TICK", 2)
    for cause in ("First.", "Second.", "Third."):
        world.error = BourneError(cause)
        world.run()
    world.error = None
    world.run()
    for _ in range(3):
        world.tick()
    assert len(webhook.texts) == 3
    world.error = BourneError("Third.")
    world.run()
    world.tick()
    assert "Third." in webhook.texts[3]


def test_a_tick_that_takes_long_leaves_the_rest_to_the_next(
    world: World, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "_SECONDS_A_TICK", -1)
    for cause in ("First.", "Second."):
        world.error = BourneError(cause)
        world.run()
    for expected in (1, 2, 2):
        world.tick()
        assert len(webhook.texts) == expected


def test_no_alert_has_a_secret_or_a_traceback(webhook: Webhook) -> None:
    world = World(webhook.url, token="token.of.tmdb")
    world.tick()
    world.error = RuntimeError(f"token.of.tmdb at {webhook.url}\nTraceback (most recent call last)")
    world.run()
    world.tick()
    (text,) = webhook.texts
    assert "token.of.tmdb" not in text
    assert webhook.url not in text
    assert "Traceback" not in text
    assert "`films`: failed - *** at ***" in text


def test_a_secret_where_an_alert_ends_is_masked_before_the_rest_is_left_out(
    webhook: Webhook,
) -> None:
    world = World(webhook.url, token="token.of.tmdb" * 10)
    world.tick()
    world.error = RuntimeError("x" * 250 + "token.of.tmdb" * 10)
    world.run()
    world.tick()
    (text,) = webhook.texts
    assert "token" not in text


def test_data_that_becomes_overdue_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {_KEY: "FAIL"}

    class Record:
        def __init__(self, state: str) -> None:
            self.freshness_state = dg._core.definitions.freshness.FreshnessState(state)

    with dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setattr(
            dg.DagsterInstance,
            "get_freshness_state_records",
            lambda _, keys: {key: Record(states[key]) for key in keys},
        )
        memory = Memory()
        (alert,) = alerts_of_freshness(instance, memory, [_KEY])
        assert marked_message(alert.about, alert.problems, None) == (
            ":red_circle: *Freshness*\n• `films`: is overdue - its freshness policy is broken"
        )
        assert alerts_of_freshness(instance, Memory.read(memory.write()), [_KEY]) == []
        states[_KEY] = "PASS"
        assert alerts_of_freshness(instance, memory, [_KEY]) == []
        states[_KEY] = "FAIL"
        assert len(alerts_of_freshness(instance, memory, [_KEY])) == 1


def test_words_cannot_break_out_of_the_markup() -> None:
    problem = Problem("a<b", "failed", "x & y > <http://evil|click>\nnew line", ("<!channel>",), 1)
    text = marked_message("*Saga*", [problem], None)
    assert "<" not in text
    assert len(text.splitlines()) == 3  # the title, the problem, its row


def test_a_long_message_is_cut_and_keeps_its_link() -> None:
    problems = [Problem(f"asset_{number}", "failed", "x" * 500) for number in range(50)]
    text = marked_message("Saga", problems, "http://127.0.0.1:3000/runs/1")
    assert len(text) < 4000
    assert text.endswith("<http://127.0.0.1:3000/runs/1|Open the run>")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret", "http://[", "http://"])
def test_a_webhook_that_is_not_there_is_told_without_its_address(url: str) -> None:
    with pytest.raises(NotDelivered) as caught:
        post(url, "text")
    assert "secret" not in str(caught.value)


def test_a_step_of_several_assets_that_fails_is_a_problem_of_each_and_settled_by_each() -> None:
    fails = [True]

    @dg.multi_asset(
        name="films__together",
        specs=[dg.AssetSpec(["matrix", "details"]), dg.AssetSpec(["matrix", "ids"])],
    )
    def together() -> Any:
        if fails:
            raise BourneError("The cause.")
        for name in ("details", "ids"):
            yield dg.MaterializeResult(asset_key=["matrix", name])

    job = dg.Definitions(assets=[together]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        problems, _ = problems_of_run(instance, run.dagster_run, failed=True)
        assert [problem.asset for problem in problems] == ["matrix/details", "matrix/ids"]
        fails.clear()
        run = job.execute_in_process(instance=instance)
        _, settled = problems_of_run(instance, run.dagster_run, failed=False)
        assert {problem.subject for problem in problems} <= settled


def test_a_check_that_raises_is_a_problem_of_its_asset_until_it_passes() -> None:
    fails = [True]

    @dg.asset
    def films() -> None:
        pass

    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec(name, asset=films) for name in ("ids", "lines_are_equal")]
    )
    def checks() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=True, asset_key="films", check_name="ids")
        if fails:
            raise BourneError("The lake is gone.")
        yield dg.AssetCheckResult(passed=True, asset_key="films", check_name="lines_are_equal")

    defs = dg.Definitions(assets=[films], asset_checks=[checks])
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        memory = Memory()
        for expected in (1, 0):
            run = job.execute_in_process(instance=instance, raise_on_error=False).dagster_run
            found = problems_of_run(instance, run, failed=True)
            problem = Problem("films", "check lines_are_equal failed", "The lake is gone.")
            assert found[0] == [problem]
            assert len(memory.take_new(*found)) == expected
        fails.clear()
        run = job.execute_in_process(instance=instance).dagster_run
        assert memory.take_new(*problems_of_run(instance, run, failed=False)) == []
        assert memory.open == {}
