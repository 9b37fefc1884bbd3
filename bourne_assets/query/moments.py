"""Which snapshot of each table a query about the past means: of a day, a run, or a snapshot.

Not here: reading data (`sources`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from bourne_assets.iceberg.commits import run_of
from bourne_assets.query.errors import NoSuchState, QueryRefused
from bourne_assets.times import past_day
from bourne_assets.translations import gettext

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SNAPSHOT = re.compile(r"\d{1,19}")
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Moment:
    """A state of the whole lake: for each table the last snapshot up to `milliseconds`.

    Attributes:
        milliseconds: Of the Unix epoch, UTC.
        text: What was given, for messages.
    """

    milliseconds: int
    text: str


def parse_moment(text: str, tables: Iterable[Table]) -> Moment:
    """The moment that a day, a run's id, or a snapshot's id means.

    A day means its end in UTC. A run or a snapshot means the time at which it was committed last.

    Args:
        text: `2024-11-30`, `6f0c...-...`, or `2183746123987123`.
        tables: Where runs and snapshots are looked for.

    Raises:
        QueryRefused: The text is not one of the three.
        NoSuchState: No table has a snapshot of that run, or of that id.
    """
    if _DAY.fullmatch(text):
        return Moment(_end_of_day(text), text)
    snapshots = (each for table in tables for each in table.snapshots())
    if _SNAPSHOT.fullmatch(text):
        committed = [each.timestamp_ms for each in snapshots if each.snapshot_id == int(text)]
        unknown = gettext(
            "No table has the snapshot {text}: `bourne tables` lists the newest ones.", text=text
        )
    elif _RUN.fullmatch(text.lower()):
        committed = [each.timestamp_ms for each in snapshots if run_of(each) == text.lower()]
        unknown = gettext(
            "No table has a snapshot of the run {text}: `bourne tables` lists the newest ones.",
            text=text,
        )
    else:
        raise QueryRefused(
            gettext(
                "--as-of {text!r} is not a day like 2024-11-30, a run's id, or a snapshot's "
                "number.",
                text=text,
            )
        )
    if not committed:
        raise NoSuchState(unknown)
    return Moment(max(committed), text)


def snapshot_at(table: Table, name: str, moment: Moment | None) -> Snapshot | None:
    """The snapshot of a table at a moment; None where the table is new and has none at all.

    Args:
        table: The table.
        name: Its name in SQL, for the message.
        moment: None for now.

    Raises:
        NoSuchState: Its first snapshot is later.
    """
    if moment is None:
        return table.current_snapshot()
    found = table.snapshot_as_of_timestamp(moment.milliseconds)
    if found is None:
        first = min((each.timestamp_ms for each in table.history()), default=None)
        known = (
            gettext("its first is of {day}", day=_day(first)) if first else gettext("it has none")
        )
        raise NoSuchState(
            gettext(
                "{name} has no snapshot as of {text}: {known}.",
                name=name,
                text=moment.text,
                known=known,
            )
        )
    return found


def _end_of_day(text: str) -> int:
    try:
        day = past_day(text)
    except ValueError as error:
        raise QueryRefused(f"{error}.") from error
    return int(datetime.combine(day, time.max, UTC).timestamp() * 1000)


def _day(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"
