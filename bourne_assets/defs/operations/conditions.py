"""What follows by itself: assets that are made anew when what they are made from is.

The condition itself is a property of the assets (`shared.naming.FOLLOWS`); here is the sensor that
evaluates it. Dagster's own one is off until somebody turns it on.
See https://docs.dagster.io/guides/automate/declarative-automation
"""

import dagster as dg

follow_the_data = dg.AutomationConditionSensorDefinition(
    "follow_the_data",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description=(
        "Makes the saga table and all that follows anew when their inputs changed and no blocking "
        "check on these failed. A run that failed is not asked for again until an input changes."
    ),
)
