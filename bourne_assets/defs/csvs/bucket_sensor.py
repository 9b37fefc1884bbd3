"""A sensor that lands CSV files which others put into the lake itself.

Two places: the inbox `Inbox/CSV/`, and `Raw/Local/CSV/` where another program lands by the same
convention. Not here: which objects are new (`bourne_assets.lake.changes`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import groupby

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bourne_assets.csvs.intake.backlog import MOST_TOGETHER, Backlog
from bourne_assets.csvs.intake.inbox import day_of
from bourne_assets.defs.csvs.landing_runs import outcome_of, tags_of, waiting_text, written
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.errors import BourneError
from bourne_assets.lake import keys
from bourne_assets.lake.changes import (
    MAXIMUM_OBJECTS,
    BucketChanges,
    TooManyObjects,
    changes_since,
    remember,
    version_of,
)
from bourne_assets.lake.errors import BucketMissing, LakeError, LakeUnreachable
from bourne_assets.lake.listing import ListedObject, passed_over_text
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext

#: Objects in runs that are not over; beyond these no new one is requested.
_MOST_IN_FLIGHT = 1_000
_PREFIXES = (keys.INBOX, keys.LANDED_CSVS)

_DESCRIPTION = gettext(
    "Lands CSV files that others put under {inbox}/ or {landed_csvs}/ of the lake. What is in "
    "the latter at the sensor's first check counts as known. Objects whose run fails are "
    "tried again, after pauses that grow and in smaller runs. Assets that read what is new in "
    "them follow by the sensor follow_the_data.",
    inbox=keys.INBOX,
    landed_csvs=keys.LANDED_CSVS,
)
_OFF = gettext(
    " It is off for the embedded lake, which would have to be started for each check: turn it "
    "on where other programs use that lake."
)


class BucketCursor(BaseModel):
    """What the sensor remembers: objects that it has seen, and those that are not landed yet.

    Attributes:
        known: Versions of objects, as `lake.changes` keeps them; None before the first check.
        backlog: Objects that were found and are not landed yet.
    """

    model_config = ConfigDict(extra="forbid")

    known: dict[str, str] | None = None
    backlog: Backlog = Field(default_factory=Backlog)

    @classmethod
    def parse(cls, text: str | None) -> "BucketCursor":
        """The cursor of the last tick.

        Raises:
            BourneError: Somebody wrote another one.
        """
        if not text:
            return cls()
        with suppress(ValidationError):
            return cls.model_validate_json(text)
        try:  # that of an earlier version was the known objects alone
            return cls(known=TypeAdapter(dict[str, str]).validate_json(text))
        except ValidationError as error:
            raise BourneError(
                gettext(
                    "The cursor of s3_landing_sensor is not one that it wrote: reset it in the UI."
                )
            ) from error


def s3_landing_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor; it runs where the lake is a bucket."""
    running = settings.s3_bucket is not None

    @dg.sensor(
        name="s3_landing_sensor",
        target=dg.AssetSelection.assets(RAW_CSVS),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING
        if running
        else dg.DefaultSensorStatus.STOPPED,
        description=_DESCRIPTION if running else _DESCRIPTION + _OFF,
    )
    def look(
        context: dg.SensorEvaluationContext, lake: LakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        now, cursor = datetime.now(UTC), BucketCursor.parse(context.cursor)
        landed = cursor.backlog.settle(lambda request: outcome_of(context.instance, request), now)
        try:
            changes = _changes(lake.connect(), cursor, landed)
        except TooManyObjects as error:
            return dg.SkipReason(str(error))
        batches = list(_batches(cursor.backlog, now))
        runs = [_request(cursor.backlog, batch, now.date()) for batch in batches]
        text = written(cursor)
        if not runs:
            context.update_cursor(text)
            return dg.SkipReason(_reason(changes, cursor.backlog))
        return dg.SensorResult(run_requests=runs, cursor=text)

    return look


def is_foreign(lake: Lake, item: ListedObject) -> bool:
    """Whether an object is somebody else's CSV file: the platform notes the SHA-256 of its own.

    One that cannot be checked counts as such: its landing says what is wrong with it.

    Raises:
        LakeError: The lake does not respond.
    """
    if not item.key.lower().endswith(keys.CSV_EXTENSIONS) or item.key.startswith(
        keys.REJECTED_LINES
    ):
        return False
    try:
        found = lake.head(item.key)
    except (BucketMissing, LakeUnreachable):
        raise
    except LakeError:
        return True
    return found is not None and (item.key.startswith(keys.INBOX) or found.sha256 is None)


def _changes(lake: Lake, cursor: BucketCursor, landed: Mapping[str, str]) -> BucketChanges:
    """Look at the lake, and note in the cursor what was found."""
    backlog = cursor.backlog
    if cursor.known is None:
        first = changes_since(lake, [keys.LANDED_CSVS], {}, {}, most=MAXIMUM_OBJECTS)
        cursor.known = {}
        for item in first.new:
            remember(cursor.known, item.key, version_of(item))
    for key, version in landed.items():
        remember(cursor.known, key, version)
    waiting = {key: delivery.version for key, delivery in backlog.waiting.items()}
    most = min(MOST_TOGETHER, max(0, _MOST_IN_FLIGHT - backlog.in_flight))
    changes = changes_since(lake, _PREFIXES, cursor.known, waiting, most=most)
    backlog.keep(changes.waiting)
    for item in changes.new:
        if is_foreign(lake, item):
            backlog.add(item.key, version_of(item))
        else:
            changes.remember(item)
    cursor.known = changes.known
    return changes


def _batches(backlog: Backlog, now: datetime) -> Iterator[list[str]]:
    """Keys that are landed by one run each: those of a day, and one run of what failed before."""
    due = backlog.due(now)
    today = now.date()

    def day_of_landing(key: str) -> str:
        return _day(key, today)

    new = sorted(key for key in due if not backlog.waiting[key].failures)
    for _, batch in groupby(sorted(new, key=day_of_landing), day_of_landing):
        yield list(batch)
    again = [key for key in due if backlog.waiting[key].failures]
    if again:
        first = again[0]
        together = backlog.waiting[first].together
        alike = [
            key
            for key in again
            if day_of_landing(key) == day_of_landing(first)
            and backlog.waiting[key].together == together
        ]
        yield alike[:together]


def _day(key: str, today: date) -> str:
    """The day under which an object is landed, empty for that of the landing.

    A key may have a day that has not come, by a clock ahead of UTC or a slip: no landing takes it.
    """
    day = day_of(key)
    return day.isoformat() if day and day <= today else ""


def _request(backlog: Backlog, batch: list[str], today: date) -> dg.RunRequest:
    request = backlog.request_landing(batch)
    config = {"objects": batch, "landed_on": _day(batch[0], today) or None}
    return dg.RunRequest(
        run_key=request,
        asset_selection=[RAW_CSVS],
        run_config={"ops": {RAW_CSVS.to_python_identifier(): {"config": config}}},
        tags=tags_of(request, "csv_objects", batch),
    )


def _reason(changes: BucketChanges, backlog: Backlog) -> str:
    parts = [waiting_text(backlog)]
    if not backlog.waiting:
        parts.append(
            gettext("None of {count} objects was put there by others.", count=len(changes.known))
        )
    if changes.passed_over:
        parts.append(passed_over_text(changes.passed_over))
    return " ".join(filter(None, parts))
