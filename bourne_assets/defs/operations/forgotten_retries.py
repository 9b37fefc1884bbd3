"""Retries that Dagster owes and forgot.

Its daemon looks at a failed run once, when the event of its failure is stored; where it looks in
the moment before the run's status follows, it takes the run for one that goes on, and never comes
back to it (seen with Dagster 1.13 on PostgreSQL: one failure in seven on a busy machine).
Not here: which runs are retried (`dagster.yaml`).
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, WILL_RETRY_TAG

from bourne_assets.translations import gettext

#: The daemon has this long to retry a run on its own; after a day nobody expects a retry any more.
_PATIENCE = timedelta(seconds=30)
_OVER = timedelta(days=1)


def remind_of_retries(instance: dg.DagsterInstance) -> list[str]:
    """Report the failure of runs again that were to be retried and were not.

    Returns:
        The ids of these runs.
    """
    now = datetime.now(UTC)
    owed = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=now - _OVER,
        updated_before=now - _PATIENCE,
    )
    forgotten = [
        record.dagster_run
        for record in instance.get_run_records(owed)
        if AUTO_RETRY_RUN_ID_TAG not in record.dagster_run.tags
    ]
    for run in forgotten:
        instance.report_run_failed(
            run, gettext("This run was to be retried and was not: reported again.")
        )
    return [run.run_id for run in forgotten]


@dg.sensor(
    name="forgotten_retries",
    description=gettext("Reminds Dagster of failed runs that it should have retried and did not."),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def forgotten_retries_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look after the retries of an instance of several machines."""
    found = remind_of_retries(context.instance)
    return dg.SkipReason(
        gettext("Reported again: {found}.", found=", ".join(found))
        if found
        else gettext("No retry is forgotten.")
    )
