"""The weekly upkeep of the Iceberg tables, and of Dagster's own runs.

Not here: what is done (`bourne_assets.answers.upkeep`, `bourne_assets.runs`).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field

from bourne_assets.answers.errors import NothingToMaintain
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.run_config import RunConfig
from bourne_assets.runs.pruning import prune_runs
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext


class UpkeepConfig(RunConfig):
    """What a run of the upkeep may be given."""

    runs_older_than_days: int | None = Field(
        default=None,
        ge=1,
        description=gettext(
            "Also delete Dagster's runs that ended more days ago, except those of each asset's "
            "newest events."
        ),
    )


@dg.op(
    name="maintain_tables_and_runs",
    description=gettext("Maintains every Iceberg table, and prunes runs where configured."),
    config_schema=UpkeepConfig.fields_of_a_run(),
)
@fails_in_one_sentence
def _maintain(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    from bourne_assets.answers.upkeep import maintain_lake

    config = UpkeepConfig.read(context.op_config or {})
    now = datetime.now(UTC)
    try:
        for done in maintain_lake(Path(lake.home), lake.bucket, lake.connect, now):
            context.log.info(
                "%s: %d snapshots expired, %d small files became one, "
                "%d files of %d bytes removed.",
                done.table,
                done.expired,
                done.merged,
                done.removed,
                done.freed,
            )
    except NothingToMaintain as nothing:
        context.log.info("%s", nothing)
    if config.runs_older_than_days is not None:
        deleted = prune_runs(context.instance, now - timedelta(days=config.runs_older_than_days))
        context.log.info("%d old runs deleted.", deleted)


@dg.job(
    description=gettext(
        "Expires snapshots of tables older than 90 days, except those that are tagged or that "
        "stored answers name, merges small files, and removes files that no snapshot names."
    ),
)
def maintain_tables() -> None:
    """One op, as the tables are maintained one after the other."""
    _maintain()


def weekly_upkeep(settings: Settings) -> dg.ScheduleDefinition:
    """The schedule of the upkeep."""
    return dg.ScheduleDefinition(
        name="weekly_upkeep",
        job=maintain_tables,
        cron_schedule=settings.upkeep_at.cron,
        execution_timezone=settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=gettext("Looks after the Iceberg tables once a week."),
    )
