"""When assets are materialised automatically: jobs, schedules, and the automation sensor.

See https://docs.dagster.io/guides/automate/schedules and
https://docs.dagster.io/guides/automate/declarative-automation. Not here: sensors of new data, which
are with their sources.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.defs.shared.naming import (
    BY_HAND_TAG,
    RAW_CSVS,
    saga_job_name,
    saga_key,
    tmdb_job_name,
)
from bourne_assets.saga.definition import DEFAULT_SLUG, Saga
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext

if TYPE_CHECKING:  # its name is not among Dagster's public ones
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

#: Minutes between the refreshes of two sagas: they use TMDB one after the other anyway.
_STAGGER_MINUTES = 15
_STOPPED = gettext(
    "It is off because no TMDB credential is set: the bundled snapshot does not change. Set "
    "TMDB_READ_ACCESS_TOKEN, or turn it on here."
)
#: The main job: every asset and check of every saga in the lineage; no saga can take its name.
full_refresh = dg.define_asset_job(
    "full_refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.tag(BY_HAND_TAG, ""),
    description=gettext("Land the CSV files, and refresh every saga of the lineage."),
)
#: What `bourne land` runs: the same job whichever sagas there are, so that the UI knows its runs.
land_csv_files = dg.define_asset_job(
    "land_csv_files",
    selection=dg.AssetSelection.assets(RAW_CSVS),
    description=gettext("Land the CSV files, and check them."),
)
#: Rematerialises assets whose inputs changed; the condition is the assets' (`shared.following`).
#: Dagster's own sensor is off until somebody turns it on.
follow_the_data = dg.AutomationConditionSensorDefinition(
    "follow_the_data",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description=gettext(
        "Rematerialises the saga table and what is downstream when their inputs changed and no "
        "blocking check on these failed. A failed run is not repeated until an input changes."
    ),
)


def saga_job(saga: Saga) -> "UnresolvedAssetJobDefinition":
    """A saga's own job: all its assets and checks, and the CSV files that they join."""
    return dg.define_asset_job(
        saga_job_name(saga),
        selection=dg.AssetSelection.tag(SAGA_TAG, saga.slug).upstream(),
        description=gettext(
            "{title}: land the CSV files, fetch from TMDB, build the saga table, answer the "
            "six questions.",
            title=saga.title,
        ),
        tags={SAGA_TAG: saga.slug},
    )


def saga_schedules(settings: Settings, sagas: Sequence[Saga]) -> list[dg.ScheduleDefinition]:
    """A daily schedule for each saga, and a weekly one for everything."""
    daily = [_daily(settings, saga, place) for place, saga in enumerate(sagas)]
    return [*daily, _weekly(settings)]


def _daily(settings: Settings, saga: Saga, place: int) -> dg.ScheduleDefinition:
    name = "daily_saga_refresh"
    job = dg.define_asset_job(
        tmdb_job_name(saga),
        selection=dg.AssetSelection.assets(saga_key(saga, "tmdb_search")).downstream(),
        description=gettext(
            "{title}: fetch from TMDB, and make everything downstream.", title=saga.title
        ),
        tags={SAGA_TAG: saga.slug},
    )

    @dg.schedule(
        name=name if saga.slug == DEFAULT_SLUG else f"{name}_of_{saga.slug}",
        job=job,
        cron_schedule=settings.daily_at.cron(later=place * _STAGGER_MINUTES),
        execution_timezone=settings.time_zone,
        default_status=_status(settings),
        description=_described(
            settings,
            gettext(
                "Refreshes {title} from TMDB every day, with everything downstream.",
                title=saga.title,
            ),
        ),
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return _once(context, {SAGA_TAG: saga.slug})

    return daily


def _weekly(settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="weekly_full_refresh",
        job=full_refresh,
        cron_schedule=settings.weekly_at.cron,
        execution_timezone=settings.time_zone,
        default_status=_status(settings),
        description=_described(
            settings, gettext("Refreshes every saga once a week, and lands the CSV files.")
        ),
    )
    def weekly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return _once(context, {})

    return weekly


def _once(context: dg.ScheduleEvaluationContext, tags: dict[str, str]) -> dg.RunRequest:
    """A run that a second tick of the same time cannot start again: Dagster keeps its key."""
    time = context.scheduled_execution_time
    return dg.RunRequest(run_key=time.isoformat(), tags={**tags, "scheduled": f"{time:%Y-%m-%d}"})


def _status(settings: Settings) -> dg.DefaultScheduleStatus:
    status = dg.DefaultScheduleStatus
    return status.STOPPED if settings.uses_snapshot else status.RUNNING


def _described(settings: Settings, text: str) -> str:
    return f"{text} {_STOPPED}" if settings.uses_snapshot else text
