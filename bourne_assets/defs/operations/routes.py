"""Who is alerted to what: the alerts file, read and checked.

Not here: what a selection selects (`alerts`), and how a message is sent (`delivery`).
"""

from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.access import LOOPBACK
from bourne_assets.text import ended_once, nearest, printable
from bourne_assets.times import nearest_time_zone
from bourne_assets.translations import gettext
from bourne_assets.yaml_files import read_yaml, why_unreadable

EVERYTHING = "*"
_MOST_ROUTES = 100


def _address(text: str) -> str:
    name, at, host = text.rpartition("@")
    if not (name and at and host and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(gettext("is not an e-mail address: write one as ann@example.com"))
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(gettext("must be an http or https address with a host name"))
    return text


def _known_time_zone(name: str) -> str:
    near = nearest_time_zone(name)
    if near != name:
        raise ValueError(
            gettext("{name!r} is not a time zone, did you mean {near}?", name=name, near=near)
            if near
            else gettext("{name!r} is not a time zone: write one as America/Sao_Paulo", name=name)
        )
    return name


Address = Annotated[str, AfterValidator(_address)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class QuietHours(_Part):
    """When a route sends nothing: what happens then is sent when they are over.

    Attributes:
        begin: Time of day at which they begin; `from` in the file.
        end: Time of day at which they end; `to` in the file.
        time_zone: Its name.
    """

    begin: time = Field(alias="from")
    end: time = Field(alias="to")
    time_zone: Annotated[str, AfterValidator(_known_time_zone)]

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _is_a_time(cls, value: object) -> time:
        # YAML 1.1 takes 22:00 for a number of base 60.
        text = f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) else str(value)
        try:
            moment = time.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:  # whose zone is `time_zone` alone
            raise ValueError(gettext("is not a time of day: write it as 22:00"))
        return moment

    def include(self, moment: datetime) -> bool:
        """Whether a moment lies in them."""
        now = moment.astimezone(ZoneInfo(self.time_zone)).time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


class MailServer(_Part):
    """The server that takes e-mail.

    Attributes:
        server: Its host name.
        port: Its port.
        sender: Who writes; `from` in the file.
        tls: `starttls`, or `none` for a server on this machine or one without a user.
        user: Who logs in, with the password of BOURNE_SMTP_PASSWORD; None: nobody.
    """

    server: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(default=587, ge=1, le=65_535, strict=True)
    sender: Address = Field(alias="from")
    tls: Literal["starttls", "none"] = "starttls"
    user: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _keeps_its_password(self) -> Self:
        if self.tls == "none" and self.user and self.server not in LOOPBACK:
            raise ValueError(
                gettext("tls: none would send the password in the clear: leave tls out")
            )
        return self


class Route(_Part):
    """Who is alerted to some assets.

    Attributes:
        name: What messages call it.
        selection: The assets, as Dagster's selections are written.
        severity: `error` for what stopped something, `warning` for everything.
        webhook: An address that takes messages as Slack does.
        email: Who gets an e-mail.
        quiet_hours: When nothing is sent.
    """

    name: str = Field(min_length=1, max_length=60)
    selection: str = Field(default=EVERYTHING, min_length=1)
    severity: Literal["error", "warning"] = "warning"
    webhook: Annotated[str, AfterValidator(_url)] | None = Field(default=None, repr=False)
    email: tuple[Address, ...] = ()
    quiet_hours: QuietHours | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.webhook or self.email):
            raise ValueError(gettext("leads nowhere: name a webhook or e-mail addresses"))
        return self

    def is_quiet(self, moment: datetime) -> bool:
        """Whether nothing is sent at a moment."""
        return self.quiet_hours is not None and self.quiet_hours.include(moment)


class AlertRoutes(_Part):
    """The alerts file.

    Attributes:
        routes: Each problem is sent to every route that matches it.
        mail: The server of those with e-mail addresses; `email` in the file.
    """

    routes: tuple[Route, ...] = Field(min_length=1, max_length=_MOST_ROUTES)
    mail: MailServer | None = Field(default=None, alias="email")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [route.name for route in self.routes]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(
                gettext("two routes are called {twice!r}: give each a name of its own", twice=twice)
            )
        if self.mail is None and any(route.email for route in self.routes):
            raise ValueError(gettext("a route has e-mail addresses: name the server under email"))
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no message."""
        return tuple(route.webhook for route in self.routes if route.webhook)


def load_routes(path: Path | None) -> AlertRoutes | None:
    """Read the file of BOURNE_ALERTS_FILE; None where none is set.

    Raises:
        ConfigurationError: It cannot be read, or something in it cannot be used.
    """
    if path is None:
        return None
    try:
        content, tree = read_yaml(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(
            gettext(
                "The alerts file {path} cannot be read ({detail}): check BOURNE_ALERTS_FILE.",
                path=path,
                detail=printable(why_unreadable(error)),
            )
        ) from error
    try:
        return AlertRoutes.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # A mistyped key is why another is missing.
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        place = first["loc"]
        # The cause would quote the value, which may be an address that is a secret.
        raise ConfigurationError(
            ended_once(
                gettext(
                    "The alerts file {path}, line {line}: {sentence}.",
                    path=path,
                    line=_line(tree, place),
                    sentence=_sentence(place, first),
                )
            )
        ) from None


def _sentence(place: Sequence[str | int], error: ErrorDetails) -> str:
    shown = printable(".".join(str(part) for part in place)) or gettext("the file")
    if error["type"] == "extra_forbidden":
        if near := _nearest_key(place):
            return gettext("{key} is not a key here, did you mean {near}?", key=shown, near=near)
        return gettext("{key} is not a key here", key=shown)
    if error["type"] == "missing":
        return gettext("{key} is missing", key=shown)
    if error["type"] == "literal_error":
        choices = error["ctx"]["expected"]
        return gettext("{key} must be one of {choices}", key=shown, choices=choices)
    detail = str(error["msg"]).removeprefix("Value error, ")
    return f"{shown} {detail}" if error["type"] == "value_error" else f"{shown}: {detail}"


def _nearest_key(place: Sequence[str | int]) -> str | None:
    """The key that a mistyped one was probably meant to be, among those of its part of the file."""
    parts: dict[str, type[_Part]] = {
        "": AlertRoutes,
        "email": MailServer,
        "routes": Route,
        "quiet_hours": QuietHours,
    }
    named = [name for name in place[:-1] if isinstance(name, str)]
    fields = parts[named[-1] if named else ""].model_fields
    return nearest(str(place[-1]), [field.alias or name for name, field in fields.items()])


def _line(tree: yaml.Node | None, place: Sequence[str | int]) -> int:
    """The line of a part of the file, or of the nearest part around it that is there."""
    node, line = tree, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
