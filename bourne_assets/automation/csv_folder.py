"""A sensor that lands CSV files when they appear or change in BOURNE_CSV_DIR.

What must not be put here: when a file is ready (`bourne_assets.csvs.intake.changes`).
"""

import json

import dagster as dg

from bourne_assets.assets.common import RAW_CSVS
from bourne_assets.automation.following import what_follows
from bourne_assets.csvs.errors import CsvFolderError
from bourne_assets.csvs.intake.changes import look_at
from bourne_assets.resources.csvs import CsvFolderResource

#: So many files are named in a reason.
_NAMED = 5


@dg.sensor(
    name="csv_folder_sensor",
    target=dg.AssetSelection.assets(RAW_CSVS).downstream().materializable(),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Lands the CSV files of BOURNE_CSV_DIR when one appears or changes, once it has stopped "
        "growing, and makes what follows."
    ),
)
def csv_folder_sensor(
    context: dg.SensorEvaluationContext, csv_folder: CsvFolderResource
) -> dg.SensorResult | dg.SkipReason:
    """Look at the folder; one run for all files that are ready."""
    try:
        files = csv_folder.files()
    except CsvFolderError as error:
        return dg.SkipReason(str(error))
    look = look_at(files, json.loads(context.cursor) if context.cursor else {})
    cursor = json.dumps(look.known)
    if not look.ready:
        context.update_cursor(cursor)
        if look.growing:
            named, more = ", ".join(look.growing[:_NAMED]), len(look.growing) - _NAMED
            rest = f" and {more} more." if more > 0 else "."
            return dg.SkipReason(f"New or still growing, so that it waits: {named}{rest}")
        return dg.SkipReason(f"None of {len(look.known)} files is new or changed.")
    request = dg.RunRequest(
        run_key=look.content_key,
        asset_selection=landing_and_what_follows(context),
        tags={"csv_files": ", ".join(sorted(look.ready))[:200]},
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def landing_and_what_follows(context: dg.SensorEvaluationContext) -> list[dg.AssetKey]:
    """The landing, and what follows from it and can be made on this instance."""
    repository = context.repository_def
    if repository is None:
        return [RAW_CSVS]
    graph = repository.asset_graph
    parents = {key: sorted(graph.get(key).parent_keys) for key in graph.toposorted_asset_keys}

    def is_there(key: dg.AssetKey) -> bool:
        return context.instance.get_latest_materialization_event(key) is not None

    wanted = graph.materializable_asset_keys
    return [key for key in what_follows([RAW_CSVS], parents, is_there) if key in wanted]
