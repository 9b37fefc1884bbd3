"""Sensors of runs that would never go on: lost ones are ended, forgotten retries reported again.

Not here: how such runs are found (`runs.processes`, `runs.retries`).
"""

import dagster as dg

from bourne_assets.runs.processes import end_lost_runs
from bourne_assets.runs.retries import remind_of_retries
from bourne_assets.translations import gettext


@dg.sensor(
    name="lost_runs",
    description=gettext(
        "Ends runs whose process was killed, so that no other run waits for them forever."
    ),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lost_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look after the runs of this machine."""
    lost = end_lost_runs(context.instance)
    return dg.SkipReason(
        gettext("Ended because their processes are gone: {lost}.", lost=", ".join(lost))
        if lost
        else gettext("No run is lost.")
    )


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
