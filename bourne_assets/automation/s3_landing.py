"""A sensor that lands CSV files which others put into the lake itself.

Two places: the inbox `Inbox/CSV/`, and `Raw/Local/CSV/` where another program lands by the same
convention. What must not be put here: which objects are fresh (`bourne_assets.lake.watching`).
"""

import json
from collections.abc import Sequence
from itertools import groupby

import dagster as dg

from bourne_assets.assets.common import RAW_CSVS
from bourne_assets.automation.csv_folder import landing_and_what_follows
from bourne_assets.csvs.intake.inbox import day_of
from bourne_assets.lake import keys
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import Lake
from bourne_assets.lake.watching import MAXIMUM_OBJECTS, TooManyObjects, fingerprint, look_at
from bourne_assets.resources.lake import LakeResource
from bourne_assets.settings import Settings

#: Objects a tick: each costs a question to the server, and all are landed by one run a day.
_OBJECTS_A_TICK = 100
_EXTENSIONS = (".csv", ".csv.gz")
_PREFIXES = (keys.INBOX, keys.LANDED_CSVS)


_DESCRIPTION = (
    f"Lands CSV files that others put under {keys.INBOX}/ or {keys.LANDED_CSVS}/ of the lake, and "
    "makes what follows. What lies in the latter when the sensor first looks counts as known."
)
_OFF = (
    " It is off for the embedded lake, which would have to be started for each look: turn it on "
    "where other programs use that lake."
)


def s3_landing_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor; it runs where the lake is a bucket."""
    running = settings.s3_bucket is not None

    @dg.sensor(
        name="s3_landing_sensor",
        target=dg.AssetSelection.assets(RAW_CSVS).downstream().materializable(),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING
        if running
        else dg.DefaultSensorStatus.STOPPED,
        description=_DESCRIPTION if running else _DESCRIPTION + _OFF,
    )
    def look(
        context: dg.SensorEvaluationContext, lake: LakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        connected = lake.connect()
        known = json.loads(context.cursor) if context.cursor else None
        try:
            if known is None:
                known = look_at(connected, [keys.LANDED_CSVS], {}, most=MAXIMUM_OBJECTS).known
            look = look_at(connected, _PREFIXES, known, most=_OBJECTS_A_TICK)
        except TooManyObjects as error:
            return dg.SkipReason(str(error))
        cursor = json.dumps(look.known)
        foreign = [item for item in look.fresh if is_foreign(connected, item)]
        if not foreign:
            context.update_cursor(cursor)
            return dg.SkipReason(f"None of {len(look.known)} objects was put there by others.")
        follows = landing_and_what_follows(context)
        return dg.SensorResult(
            run_requests=[_request(list(items), follows) for _, items in groupby(foreign, _day)],
            cursor=cursor,
        )

    return look


def is_foreign(lake: Lake, item: ListedObject) -> bool:
    """Whether an object is somebody else's CSV file: the platform notes the SHA-256 of its own.

    Raises:
        LakeError: The lake refused or failed.
    """
    if not item.key.lower().endswith(_EXTENSIONS) or item.key.startswith(keys.REJECTED_LINES):
        return False
    found = lake.find(item.key)
    return found is not None and (item.key.startswith(keys.INBOX) or found.sha256 is None)


def _day(item: ListedObject) -> str:
    day = day_of(item.key)
    return day.isoformat() if day else ""


def _request(items: Sequence[ListedObject], follows: list[dg.AssetKey]) -> dg.RunRequest:
    config = {"objects": [item.key for item in items], "landed_on": _day(items[0]) or None}
    return dg.RunRequest(
        run_key=fingerprint(items),
        asset_selection=follows,
        run_config={"ops": {RAW_CSVS.to_python_identifier(): {"config": config}}},
        tags={"csv_objects": ", ".join(item.key for item in items)[:200]},
    )
