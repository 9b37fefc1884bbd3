"""Where alerts go: along the routes of the alerts file, each in its own hours.

Not here: what is wrong (`problems`), the file (`routes`), and the one webhook (`alerts`).
"""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from bourne_assets.defs.operations import email
from bourne_assets.defs.operations.alert_messages import (
    Alert,
    NotDelivered,
    Problem,
    marked_message,
    plain_message,
    post,
    subject_of,
)
from bourne_assets.defs.operations.routes import EVERYTHING, AlertRoutes, MailServer, Route
from bourne_assets.markup import in_slack
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext, ngettext

#: This many messages of a route wait for the end of its quiet hours, or for its server.
_MOST_WAITING = 50
#: Replies of a server of e-mail from here on are final.
_FOR_GOOD = 500
#: Stands for a route's webhook where its addresses stand for themselves; no address looks like it.
_WEBHOOK = "webhook"


@dataclass(frozen=True)
class Message:
    """What a route is sent.

    Attributes:
        subject: One line.
        plain: The text of an e-mail.
        marked: The text with the markup of Slack.
        reached: Who needs it no more: `webhook`, and the addresses that got it or never will.
    """

    subject: str
    plain: str
    marked: str
    reached: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, about: str, problems: Sequence[Problem], link: str | None, secrets: Sequence[str]
    ) -> "Message":
        """The message about problems, in which no secret is quoted.

        Secrets go before anything is shortened: of one that is cut, the beginning would be sent.
        Names of files may hold bytes that are not text (`os.fsdecode`), which nobody can be sent.
        """
        about = masked(about, secrets)
        problems = [_masked_problem(problem, secrets) for problem in problems]
        link = masked(link, secrets) if link else link
        texts = (
            subject_of(about, problems),
            plain_message(about, problems, link),
            marked_message(about, problems, link),
        )
        sendable = (text.encode("utf-8", "replace").decode() for text in texts)
        subject, plain, marked = (masked(text, secrets) for text in sendable)
        return cls(subject, plain, marked)


#: Messages that wait, by the name of their route.
Waiting = dict[str, list[Message]]


def masked(text: str, secrets: Sequence[str]) -> str:
    """A text in which no secret is quoted."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be the beginning of another
        # An error that quotes it has been escaped by now.
        text = text.replace(in_slack(secret), "***").replace(secret, "***")
    return text


def _masked_problem(problem: Problem, secrets: Sequence[str]) -> Problem:
    return replace(
        problem,
        asset=masked(problem.asset, secrets),
        what=masked(problem.what, secrets),
        detail=masked(problem.detail, secrets),
        rows=tuple(masked(row, secrets) for row in problem.rows),
    )


class Delivery:
    """Sends alerts along routes; what cannot be sent now waits in a list that the caller keeps.

    Args:
        settings: The settings.
        routes: The alerts file.
        waiting: Messages of each route that wait; brought up to date.
        selected: The assets of each route that selects some, by its name.
        now: The time.
        seconds: How long messages are sent for; what has not been sent by then waits.
    """

    def __init__(
        self,
        settings: Settings,
        routes: AlertRoutes,
        waiting: Waiting,
        selected: Mapping[str, frozenset[str]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = math.inf,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._waiting = waiting
        self._selected = selected
        self._now = now
        self._end = time.monotonic() + seconds
        self._failed: dict[str, str] = {}
        self._broken: set[tuple[str, str]] = set()

    def send_waiting(self) -> int:
        """Send what waits on routes that are not quiet; how many went along some way.

        A route that fails goes to the end of those that wait: the next look begins with another,
        so that slow servers leave time for the rest.
        """
        self._broken.clear()
        self._failed.clear()
        sent = 0
        routes = {route.name: route for route in self._routes.routes}
        for name in list(self._waiting):
            route = routes.get(name)
            if route is None or route.is_quiet(self._now()) or self._is_late:
                continue
            for message in self._waiting.pop(name):
                sent += self._send_or_keep(route, message)
        return sent

    def send(self, alert: Alert) -> int:
        """Send the problems of an alert to each route that they belong to.

        Returns:
            How many messages were sent along some way; others wait.
        """
        secrets = (*self._settings.secrets, *self._routes.secrets)
        link = alert.link(self._settings.ui_url)
        sent = 0
        for route in self._routes.routes:
            mine = [each for each in alert.problems if self._belongs(each, route)]
            if mine:
                message = Message.of(alert.about, mine, link, secrets)
                sent += self._send_or_keep(route, message)
        return sent

    @property
    def state(self) -> str:
        """What waits and why, for people; nothing where nothing does."""
        failures = [f" {sentence}" for sentence in self._failed.values()]
        count = sum(map(len, self._waiting.values()))
        waits = " " + ngettext("{n} waits.", "{n} wait.", count) if count else ""
        return "".join([waits, *failures])

    def deliver(self, route: Route, message: Message) -> None:
        """Send a message along each way of a route, whatever the time.

        Raises:
            NotDelivered: Not everybody got it.
        """
        self._try(route, message)
        if route.name in self._failed:
            raise NotDelivered(self._failed[route.name])

    def _belongs(self, problem: Problem, route: Route) -> bool:
        if route.severity == "error" and not problem.is_error:
            return False
        mine = self._selected.get(route.name, frozenset())
        return route.selection == EVERYTHING or bool({problem.asset, *problem.concerns} & mine)

    @property
    def _is_late(self) -> bool:
        return time.monotonic() > self._end

    def _send_or_keep(self, route: Route, message: Message) -> bool:
        """Send a message along the ways of a route that work; whether it went along any."""
        rest = message
        if not route.is_quiet(self._now()) and not self._is_late:
            rest = self._try(route, message)
        queue = self._waiting.get(route.name, [])
        if not set(_ways(route)) <= set(rest.reached) and len(queue) < _MOST_WAITING:
            self._waiting[route.name] = [*queue, rest]
        return rest != message

    def _try(self, route: Route, message: Message) -> Message:
        """Send a message to those whom it has not reached; the same with those it reached now.

        A way that failed is left alone until the next look: its server is slow, or is not there.
        """
        reached = list(message.reached)
        ways = (
            (_WEBHOOK, [_WEBHOOK] if route.webhook else [], self._post),
            ("email", route.email, self._mail),
        )
        for way, all_of_it, send in ways:
            mine = [each for each in all_of_it if each not in reached]
            if not mine or (route.name, way) in self._broken:
                continue
            try:
                reached += send(route, message, mine)
            except NotDelivered as error:
                self._broken.add((route.name, way))
                self._note(route, str(error))
        return replace(message, reached=tuple(reached))

    def _post(self, route: Route, message: Message, to: Sequence[str]) -> Sequence[str]:
        post(
            str(route.webhook),
            message.marked,
            gettext("the webhook of {route!r}", route=route.name),
        )
        return to

    def _mail(self, route: Route, message: Message, to: Sequence[str]) -> Sequence[str]:
        """Send an e-mail; the addresses that need it no more."""
        # A file whose routes have addresses and that names no server is not read.
        server = cast("MailServer", self._routes.mail)
        password = self._settings.smtp_password
        refused = email.send(server, password, to, message.subject, message.plain)
        if refused:
            place, names = f"{server.server}:{server.port}", ", ".join(sorted(refused))
            sentence = gettext("{place} refused {names}.", place=place, names=names)
            if set(to) <= set(refused) and not _reached_anybody(message):
                raise NotDelivered(sentence)  # it may be the server's fault, and nobody knows yet
            self._note(route, sentence)
        return [
            each for each in to if refused.get(each, _FOR_GOOD) >= _FOR_GOOD
        ]  # got it, or never

    def _note(self, route: Route, sentence: str) -> None:
        known = self._failed.get(route.name)
        if sentence != known:
            self._failed[route.name] = f"{known} {sentence}" if known else sentence


def forget_removed_routes(
    waiting: Waiting, routes: AlertRoutes | None, log: logging.Logger
) -> None:
    """Log messages of routes that were renamed or removed, which would wait forever."""
    names = {route.name for route in routes.routes} if routes else set()
    for name in sorted(set(waiting) - names):
        for message in waiting.pop(name):
            log.warning(
                gettext(
                    "Not sent, as there is no route {route!r} any more: {subject}",
                    route=name,
                    subject=message.subject,
                )
            )


def _ways(route: Route) -> list[str]:
    """Whom a message on a route has to reach, as `Message.reached` writes it."""
    return [*([_WEBHOOK] if route.webhook else []), *route.email]


def _reached_anybody(message: Message) -> bool:
    """Whether the e-mail of a message has reached anybody."""
    return any(each != _WEBHOOK for each in message.reached)
