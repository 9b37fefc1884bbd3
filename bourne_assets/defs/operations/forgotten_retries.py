"""The sensor that reminds of retries. Not here: which Dagster forgot (`runs.retries`)."""

import dagster as dg

from bourne_assets.runs.retries import remind_of_retries
from bourne_assets.translations import gettext


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
