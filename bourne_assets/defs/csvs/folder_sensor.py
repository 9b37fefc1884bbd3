"""A sensor that lands CSV files when they appear or change in BOURNE_CSV_DIR.

Not here: when a file is ready (`bourne_assets.csvs.intake.changes`).
"""

from datetime import UTC, datetime

import dagster as dg
from pydantic import BaseModel, Field, ValidationError

from bourne_assets.csvs.errors import CsvFolderError
from bourne_assets.csvs.intake.backlog import Backlog
from bourne_assets.csvs.intake.changes import FolderChanges, Known, changes_since
from bourne_assets.defs.csvs.landing_runs import (
    last_landed,
    outcome_of,
    tags_of,
    waiting_text,
    written,
)
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.translations import gettext

#: This many files are named in a reason.
_NAMED = 5


class FolderCursor(BaseModel):
    """What the sensor remembers: files that it has seen, and those that are not landed yet."""

    known: dict[str, Known] = Field(default_factory=dict)
    backlog: Backlog = Field(default_factory=Backlog)

    @classmethod
    def parse(cls, text: str | None) -> "FolderCursor":
        """The cursor of the last tick; one that this version cannot read is started again."""
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValidationError:
            return cls()


@dg.sensor(
    name="csv_folder_sensor",
    target=dg.AssetSelection.assets(RAW_CSVS),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=gettext(
        "Lands the CSV files of BOURNE_CSV_DIR when one appears or changes, once it has "
        "stopped growing. Where the run fails it is tried again, after pauses that grow. "
        "Assets that read what is new in them follow by the sensor follow_the_data."
    ),
)
def csv_folder_sensor(
    context: dg.SensorEvaluationContext, csv_folder: CsvFolderResource
) -> dg.SensorResult | dg.SkipReason:
    """Look at the folder; one run for all files that are due."""
    try:
        files = csv_folder.files()
    except CsvFolderError as error:
        return dg.SkipReason(str(error))
    now, cursor = datetime.now(UTC), FolderCursor.parse(context.cursor)
    backlog = cursor.backlog
    backlog.settle(lambda request: outcome_of(context.instance, request), now)
    changes = changes_since(files, cursor.known)
    backlog.keep(changes.known)
    landed = last_landed(context.instance) if changes.ready else {}
    for name, digest in changes.ready.items():
        if landed.get(name) != digest:  # else `bourne run` or `bourne land` was there first
            backlog.add(name, digest)
    cursor.known = changes.known
    due = sorted(backlog.due(now))
    if not due:
        context.update_cursor(written(cursor))
        return dg.SkipReason(_reason(changes, backlog))
    request = backlog.request_landing(due)
    run = dg.RunRequest(
        run_key=request,
        asset_selection=[RAW_CSVS],
        tags=tags_of(request, "csv_files", due),
    )
    return dg.SensorResult(run_requests=[run], cursor=written(cursor))


def _reason(changes: FolderChanges, backlog: Backlog) -> str:
    parts = [waiting_text(backlog)]
    if changes.growing:
        named, more = ", ".join(changes.growing[:_NAMED]), len(changes.growing) - _NAMED
        rest = gettext(" and {more} more.", more=more) if more > 0 else "."
        parts.append(
            gettext(
                "Waiting for files that are new or still growing: {named}{rest}",
                named=named,
                rest=rest,
            )
        )
    elif not backlog.waiting:
        parts.append(gettext("None of {count} files is new or changed.", count=len(changes.known)))
    return " ".join(filter(None, parts))
