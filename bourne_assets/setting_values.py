"""What the text of a setting may be: each function checks one kind, and gives its value.

What they raise follows the name of the variable. A value is quoted only where it cannot hold
a secret. Not here: which settings there are (`settings`).
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from bourne_assets.times import DailyTime, WeeklyTime, nearest_time_zone
from bourne_assets.translations import gettext

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
#: A name, an IPv4 address or a bracketed IPv6 address, and a port.
_HOST = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")
#: A team or a person, as Dagster takes them.
_OWNER = re.compile(r"team:[A-Za-z0-9_-]+|[A-Za-z0-9_.+%-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_FEWEST_SECONDS, _MOST_SECONDS = 30, 24 * 60 * 60
MAXIMUM_REQUESTS_PER_SECOND = 1000


def credential(value: str) -> str:
    """A secret that can be a header of a request."""
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError(
            gettext("contains characters that no TMDB credential has: copy it again, on one line")
        )
    return value


def address(url: str) -> str:
    """An http or https address."""
    if not _has_host(url, {"http", "https"}):
        raise ValueError(gettext("must be an http or https address with a host name"))
    return url


def base_url(url: str) -> str:
    """An address of an API, without a slash at its end."""
    parts = urlsplit(address(url))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            gettext(
                "must have no user, password, query or fragment: a credential belongs in "
                "TMDB_READ_ACCESS_TOKEN"
            )
        )
    return url.rstrip("/")


def redis_url(url: str) -> str:
    """An address of Redis."""
    if not _has_host(url, {"redis", "rediss"}):
        raise ValueError(
            gettext(
                "must be a redis or rediss address with a host name, such as "
                "redis://127.0.0.1:6379/0"
            )
        )
    return url


def _has_host(url: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket or a port that is not one
        return False


def pace(value: object) -> float:
    """Requests a second."""
    try:
        pace = float(str(value))
    except ValueError:
        pace = 0.0
    if not 0 < pace <= MAXIMUM_REQUESTS_PER_SECOND:
        raise ValueError(
            gettext(
                "must be a number above 0 and up to {maximum_requests_per_second}, not {value!r}",
                maximum_requests_per_second=MAXIMUM_REQUESTS_PER_SECOND,
                value=value,
            )
        )
    return pace


def seconds(value: object) -> int:
    """A whole number of seconds."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and _FEWEST_SECONDS <= int(text) <= _MOST_SECONDS):
        raise ValueError(
            gettext(
                "must be a whole number of seconds from {fewest_seconds} to {most_seconds}, not "
                "{value!r}",
                fewest_seconds=_FEWEST_SECONDS,
                most_seconds=_MOST_SECONDS,
                value=value,
            )
        )
    return int(text)


def bucket(name: str) -> str:
    """The name of a bucket."""
    if not _BUCKET.fullmatch(name):
        raise ValueError(
            gettext("must be the bare name of a bucket, such as my-lake, not {name!r}", name=name)
        )
    return name


def prefix(text: str) -> str:
    """A folder of a bucket, without slashes at its ends."""
    parts = [part for part in text.split("/") if part]
    if not text.isprintable() or any(part in {".", ".."} for part in parts):
        raise ValueError(
            gettext("must be printable, and no part of it '.' or '..': {text!r}", text=text)
        )
    return "/".join(parts)


def path(value: str | Path) -> Path:
    """A path on this machine, `~` included."""
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(gettext("names the home of a user that does not exist")) from error


def hosts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Host names, with commas between them."""
    hosts = tuple(host.lower() for host in _parts(value))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(
                gettext(
                    "must be host names, with or without a port, such as dagster.example.com, "
                    "with commas between them: {host!r} is not one",
                    host=host,
                )
            )
    return hosts


def owners(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Teams and e-mail addresses, with commas between them."""
    owners = _parts(value)
    for owner in owners:
        if not _OWNER.fullmatch(owner):
            raise ValueError(
                gettext(
                    "must be teams or addresses, such as team:films or ana@example.com, with "
                    "commas between them: {owner!r} is neither",
                    owner=owner,
                )
            )
    return owners


def time_zone(name: str) -> str:
    """A time zone's name."""
    near = nearest_time_zone(name)
    if near != name:
        raise ValueError(
            gettext(
                "must be a time zone such as {near}, not {name!r}",
                near=near or "America/Sao_Paulo",
                name=name,
            )
        )
    return name


def daily(value: str | DailyTime) -> DailyTime:
    """A time of day."""
    return DailyTime.parse(value) if isinstance(value, str) else value


def weekly(value: str | WeeklyTime) -> WeeklyTime:
    """A day of the week and a time."""
    return WeeklyTime.parse(value) if isinstance(value, str) else value


def slugs(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Sagas, with commas between them, each once."""
    slugs = tuple(dict.fromkeys(_parts(value)))
    if not slugs:
        raise ValueError(gettext("must name a saga, such as bourne, or be left out"))
    return slugs


def _parts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def one_of(*known: str) -> BeforeValidator:
    """A validator of the values that are known."""

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(
                gettext(
                    "must be one of {known}, not {value!r}", known=", ".join(known), value=value
                )
            )
        return value

    return BeforeValidator(check)
