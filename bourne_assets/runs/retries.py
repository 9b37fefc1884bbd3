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

#: Tag of a run that was reported again: its own id, as a retry gets the tags of the run before it.
#: Hidden in Dagster's UI, as its prefix is Dagster's.
REMINDED_TAG = ".dagster/bourne_reminded"
#: The daemon has this long to retry a run on its own; after a day nobody expects a retry any more.
_PATIENCE = timedelta(seconds=30)
_OVER = timedelta(days=1)


def remind_of_retries(instance: dg.DagsterInstance) -> list[str]:
    """Report the failure of runs again that were to be retried and were not, once for each run.

    By then the status is stored, so that Dagster looks at it; one that is not retried even so never
    will be: its job is gone, say, or its backfill has ended.

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
    runs = [record.dagster_run for record in instance.get_run_records(owed)]
    forgotten = [
        run
        for run in runs
        if AUTO_RETRY_RUN_ID_TAG not in run.tags and run.tags.get(REMINDED_TAG) != run.run_id
    ]
    for run in forgotten:
        instance.add_run_tags(run.run_id, {REMINDED_TAG: run.run_id})
        instance.report_run_failed(
            run, gettext("This run was to be retried and was not: reported again.")
        )
    return [run.run_id for run in forgotten]
