"""What runs by itself: schedules, conditions, freshness, and what a tick decides."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from bourne_assets.definitions import build_defs
from bourne_assets.defs.operations.freshness import OF_TMDB
from bourne_assets.defs.shared.following import EAGER_AFTER_CHECKS, EAGER_AFTER_RATINGS
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings, read_settings
from bourne_assets_tests.defs.definitions import BOURNE

_MATRIX = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)
_LIVE = Settings(tmdb_read_access_token="token")
#: The function has a credential of its own.
_ON_LAMBDA = Settings(tmdb_runs_on="lambda", s3_bucket="a-bucket")
_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def _defs(settings: Settings = _LIVE) -> dg.Definitions:
    return build_defs(settings=settings, sagas=[BOURNE, _MATRIX])


# Schedules


def test_each_saga_has_a_daily_schedule_and_all_have_a_weekly_one() -> None:
    schedules = {schedule.name: schedule for schedule in _defs().schedules or []}
    assert schedules.keys() == {
        "daily_saga_refresh",
        "daily_saga_refresh_of_matrix",
        "weekly_full_refresh",
        "weekly_upkeep",
    }
    crons = {name: schedule.cron_schedule for name, schedule in schedules.items()}  # type: ignore[union-attr]
    assert crons == {
        "daily_saga_refresh": "0 6 * * *",
        "daily_saga_refresh_of_matrix": "15 6 * * *",
        "weekly_full_refresh": "0 5 * * 0",
        "weekly_upkeep": "0 3 * * 0",
    }


def test_hours_and_time_zone_of_the_schedules_are_settings() -> None:
    settings = read_settings(
        {
            "BOURNE_DAILY_AT": "23:50",
            "BOURNE_WEEKLY_AT": "Monday 7:05",
            "BOURNE_UPKEEP_AT": "saturday 01:30",
            "BOURNE_TIME_ZONE": "Europe/Lisbon",
        }
    )

    schedules = {schedule.name: schedule for schedule in _defs(settings).schedules or []}

    crons = {name: schedule.cron_schedule for name, schedule in schedules.items()}  # type: ignore[union-attr]
    assert crons == {
        "daily_saga_refresh": "50 23 * * *",
        "daily_saga_refresh_of_matrix": "5 0 * * *",
        "weekly_full_refresh": "5 7 * * 1",
        "weekly_upkeep": "30 1 * * 6",
    }
    zones = {schedule.execution_timezone for schedule in schedules.values()}  # type: ignore[union-attr]
    assert zones == {"Europe/Lisbon"}


def test_a_daily_refresh_fetches_from_tmdb_and_makes_all_that_follows_of_its_saga_alone() -> None:
    job = _defs().resolve_job_def("ask_tmdb_for_bourne")
    made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert {"tmdb_search", "tmdb_details", "tmdb_external_ids", "insight_metrics"} <= made
    assert "raw_csvs_s3" not in made
    assert not any(name.startswith("matrix/") for name in made)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (_LIVE, "RUNNING"),
        (Settings(), "STOPPED"),
        (Settings(tmdb_api_key="k"), "RUNNING"),
        (_ON_LAMBDA, "RUNNING"),
    ],
)
def test_schedules_run_where_tmdb_can_be_reached_and_say_why_where_not(
    settings: Settings, status: str
) -> None:
    for name in ("daily_saga_refresh", "weekly_full_refresh"):
        schedule = _defs(settings).resolve_schedule_def(name)
        assert schedule.default_status.value == status
        assert ("no TMDB credential is set" in str(schedule.description)) == (status == "STOPPED")
        assert schedule.execution_timezone == "America/Sao_Paulo"


def test_two_ticks_of_one_time_request_one_run() -> None:
    schedule = _defs().resolve_schedule_def("daily_saga_refresh")
    keys = set()
    for _ in range(2):
        context = dg.build_schedule_context(scheduled_execution_time=_NOON)
        (request,) = schedule.evaluate_tick(context).run_requests or []
        keys.add(request.run_key)
        assert request.tags["saga"] == "bourne"
    assert keys == {_NOON.isoformat()}


# Freshness and conditions


@pytest.mark.parametrize("settings", [_LIVE, _ON_LAMBDA], ids=["with-a-credential", "on-lambda"])
def test_what_comes_from_tmdb_must_be_fresh_which_is_declared_in_one_place(
    settings: Settings,
) -> None:
    for spec in _defs(settings).resolve_all_asset_specs():
        expected = None if spec.key == dg.AssetKey("raw_csvs_s3") else OF_TMDB
        assert spec.freshness_policy == expected, spec.key


def test_what_comes_from_the_snapshot_is_never_overdue() -> None:
    """Nothing refreshes it, and its figures stay as they are."""
    for spec in _defs(Settings()).resolve_all_asset_specs():
        assert spec.freshness_policy is None, spec.key


def test_the_saga_table_and_what_is_downstream_are_made_automatically() -> None:
    conditions = {
        spec.key.to_user_string(): spec.automation_condition
        for spec in _defs().resolve_all_asset_specs()
    }
    requested = {"raw_csvs_s3", "tmdb_search", "tmdb_external_ids", "tmdb_details"}
    for name, condition in conditions.items():
        follows = name.rpartition("/")[2] not in requested
        reads_csvs = name.endswith("saga_table")
        expected = EAGER_AFTER_RATINGS if reads_csvs else EAGER_AFTER_CHECKS
        assert condition == (expected if follows else None), name


def test_every_sensor_says_what_it_does_and_whether_it_runs() -> None:
    for sensor in _defs(_LIVE.model_copy(update={"s3_bucket": "a-bucket"})).sensors or []:
        assert isinstance(sensor, dg.SensorDefinition)
        assert sensor.description, sensor.name
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING, sensor.name
    stopped = {
        sensor.name
        for sensor in _defs(Settings()).sensors or []
        if sensor.default_status == dg.DefaultSensorStatus.STOPPED
    }
    assert stopped == {"s3_landing_sensor", "tmdb_changes", "tmdb_changes_matrix"}


def test_changes_are_looked_at_with_a_credential_of_dagsters_own_where_tmdb_runs_on_lambda() -> (
    None
):
    """The sensor sends its requests itself."""
    for settings, status in (
        (_ON_LAMBDA, "STOPPED"),
        (_ON_LAMBDA.model_copy(update={"tmdb_api_key": "k"}), "RUNNING"),
    ):
        sensor = _defs(settings).resolve_sensor_def("tmdb_changes")
        assert sensor.default_status.value == status


class TestFollowing:
    """The condition, evaluated tick by tick on a small graph with a blocking check."""

    @pytest.fixture
    def defs(self) -> dg.Definitions:
        @dg.asset
        def source() -> None:
            pass

        @dg.asset(deps=[source], automation_condition=EAGER_AFTER_CHECKS)
        def result() -> None:
            pass

        @dg.asset_check(asset=source, blocking=True)
        def is_good() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        return dg.Definitions(assets=[source, result], asset_checks=[is_good])

    def _check(self, instance: dg.DagsterInstance, *, passed: bool) -> None:
        severity = dg.AssetCheckSeverity.ERROR
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey("source"),
                check_name="is_good",
                passed=passed,
                severity=severity,
                metadata={},
            )
        )

    def _update(self, instance: dg.DagsterInstance, key: str) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(key))

    def test_an_input_that_changed_and_passed_its_checks_is_followed_once(
        self, defs: dg.Definitions
    ) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            self._update(instance, "result")
            tick = dg.evaluate_automation_conditions(defs, instance)
            self._update(instance, "source")
            self._check(instance, passed=True)
            tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
            assert tick.total_requested == 1
            # The run that was requested fails: nothing is stored, and nothing is requested again.
            for _ in range(3):
                tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
                assert tick.total_requested == 0

    def test_an_input_that_failed_a_blocking_check_is_not_followed(
        self, defs: dg.Definitions
    ) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            self._update(instance, "result")
            tick = dg.evaluate_automation_conditions(defs, instance)
            self._update(instance, "source")
            self._check(instance, passed=False)
            tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
            assert tick.total_requested == 0

    def test_a_part_that_is_made_after_everything_was_in_the_same_tick_is_followed_once(
        self, defs: dg.Definitions
    ) -> None:
        part = dg.AssetSelection.assets("source")
        everything = defs.resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            tick = dg.evaluate_automation_conditions(defs, instance)
            everything.execute_in_process(instance=instance)
            tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
            assert tick.total_requested == 0
            everything.execute_in_process(instance=instance)
            everything.get_subset(asset_selection=part.resolve(defs.assets)).execute_in_process(  # type: ignore[arg-type]
                instance=instance
            )
            requested = []
            for _ in range(3):
                tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
                requested.append(tick.total_requested)
            assert requested == [1, 0, 0]

    def test_a_part_that_was_made_before_everything_in_the_same_tick_is_not_followed(
        self, defs: dg.Definitions
    ) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            self._update(instance, "result")
            tick = dg.evaluate_automation_conditions(defs, instance)
            self._update(instance, "source")
            self._check(instance, passed=True)
            self._update(instance, "result")
            for _ in range(2):
                tick = dg.evaluate_automation_conditions(defs, instance, cursor=tick.cursor)
                assert tick.total_requested == 0
