"""Days, times of the clock and of the week as users write them, and pauses between tries.

Not here: what happens then.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Self

from bourne_assets.translations import gettext

#: In cron's order, which counts from Sunday.
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def past_day(text: str) -> date:
    """A day of which something can be known: today, in UTC, or an earlier one.

    Raises:
        ValueError: It is not a date, or has not come yet.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            gettext("{text!r} is not a date; write it like 2017-09-01", text=text)
        ) from error
    today = datetime.now(UTC).date()
    if day > today:
        raise ValueError(
            gettext("{day} has not come yet; today is {today} (UTC)", day=day, today=today)
        )
    return day


@dataclass(frozen=True)
class DailyTime:
    """A time of every day.

    Attributes:
        minutes: Since midnight.
    """

    minutes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """A time such as `06:00`.

        Raises:
            ValueError: It is not a time of the clock.
        """
        found = _CLOCK.fullmatch(text.strip())
        if not found:
            raise ValueError(gettext("must be a time such as 06:00, not {text!r}", text=text))
        return cls(int(found[1]) * 60 + int(found[2]))

    def cron(self, later: int = 0, weekday: str = "*") -> str:
        """The time in cron's words, this many minutes later."""
        minutes = self.minutes + later
        return f"{minutes % 60} {minutes // 60 % 24} * * {weekday}"


@dataclass(frozen=True)
class WeeklyTime:
    """A time of every week.

    Attributes:
        weekday: Place in `WEEKDAYS`.
        time: The time of that day.
    """

    weekday: int
    time: DailyTime

    @classmethod
    def parse(cls, text: str) -> Self:
        """A day and time such as `sunday 05:00`.

        Raises:
            ValueError: It is not such a one.
        """
        day, _, clock = text.strip().lower().partition(" ")
        if day not in WEEKDAYS or not _CLOCK.fullmatch(clock.strip()):
            raise ValueError(
                gettext("must be a day and a time such as sunday 05:00, not {text!r}", text=text)
            )
        return cls(WEEKDAYS.index(day), DailyTime.parse(clock))

    @property
    def cron(self) -> str:
        """The time in cron's words."""
        return self.time.cron(weekday=str(self.weekday))


def nearest_time_zone(name: str) -> str | None:
    """The time zone of that name, or the one that is spelled most like it; None if none is."""
    from zoneinfo import available_timezones

    known = available_timezones()
    return name if name in known else next(iter(get_close_matches(name, known, n=1)), None)


def pause_after(failures: int) -> timedelta:
    """How long to wait for the next try; twice as long after each failure before the last."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(failures, 20)
    return min(pause, _LONGEST_PAUSE)


def pause_is_over(not_before: datetime | None, now: datetime) -> bool:
    """Whether a pause is over; one longer than any is of a clock that has been set back."""
    return not_before is None or not now < not_before <= now + _LONGEST_PAUSE
