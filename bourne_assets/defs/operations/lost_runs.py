"""The sensor that ends runs whose process is gone. Not here: how such a run is told (`runs`)."""

import dagster as dg

from bourne_assets.runs.processes import end_lost_runs
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
