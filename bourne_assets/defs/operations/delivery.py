"""Where alerts go: to the routes of the alerts file, each in its own hours, or to one webhook.

Not here: what is wrong (`alerts`), and the file (`routes`).
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bourne_assets.defs.operations import email
from bourne_assets.defs.operations.alert_messages import (
    NotDelivered,
    Problem,
    message,
    plain_message,
    post,
    subject_of,
)
from bourne_assets.defs.operations.routes import EVERYTHING, AlertRoutes, Route
from bourne_assets.markup import in_slack
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext, ngettext

#: This many messages of a route wait for the end of its quiet hours, or for its server.
_MOST_WAITING = 50


@dataclass(frozen=True)
class Message:
    """What a route is sent.

    Attributes:
        subject: One line.
        plain: The text of an e-mail.
        marked: The text with the markup of Slack.
    """

    subject: str
    plain: str
    marked: str

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
            message(about, problems, link),
        )
        sendable = (text.encode("utf-8", "replace").decode() for text in texts)
        return cls(*(masked(text, secrets) for text in sendable))


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
    """Sends messages along routes; what cannot be sent now waits in a list that the caller keeps.

    Args:
        settings: The settings.
        routes: The alerts file.
        waiting: Messages of each route that wait; brought up to date.
        now: The time.
        seconds: How long messages are sent for; what has not been sent by then waits.
    """

    def __init__(
        self,
        settings: Settings,
        routes: AlertRoutes,
        waiting: Waiting,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = math.inf,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._waiting = waiting
        self._now = now
        self._end = time.monotonic() + seconds
        self._failed: dict[str, str] = {}

    def send_waiting(self) -> int:
        """Send what waits on routes that are not quiet; how many were sent.

        A route that fails goes to the end of those that wait: the next look begins with another,
        so that slow servers leave time for the rest.
        """
        sent = 0
        routes = {route.name: route for route in self._routes.routes}
        for name in list(self._waiting):
            route = routes.get(name)
            if route is None or route.is_quiet(self._now()) or self._is_late:
                continue
            queue = self._waiting.pop(name)
            while queue and not self._is_late and self._try(route, queue[0]):
                queue.pop(0)
                sent += 1
            if queue:
                self._waiting[name] = queue
        return sent

    def send(
        self,
        about: str,
        problems: Sequence[Problem],
        link: str | None,
        selected: Mapping[str, frozenset[str]],
    ) -> int:
        """Send problems to each route that they belong to.

        Args:
            about: What they are about.
            problems: The problems.
            link: Address of the run.
            selected: The assets of each route that selects some, by its name.

        Returns:
            How many messages were sent; others wait.
        """
        secrets = (*self._settings.secrets, *self._routes.secrets)
        sent = 0
        for route in self._routes.routes:
            mine = [each for each in problems if _belongs(each, route, selected)]
            if not mine:
                continue
            text = Message.of(about, mine, link, secrets)
            if self._waiting.get(route.name) or route.is_quiet(self._now()) or self._is_late:
                self._keep(route, text)
            elif self._try(route, text):
                sent += 1
            else:
                self._keep(route, text)
        return sent

    @property
    def state(self) -> str:
        """What waits and why, for people; nothing where nothing does."""
        failures = [f" {sentence}" for sentence in self._failed.values()]
        count = sum(map(len, self._waiting.values()))
        waits = " " + ngettext("{n} waits.", "{n} wait.", count) if count else ""
        return "".join([waits, *failures])

    def deliver(self, route: Route, text: Message) -> None:
        """Send a message along a route, whatever the time.

        Raises:
            NotDelivered: It was not taken.
        """
        if route.webhook:
            post(route.webhook, text.marked, gettext("the webhook of {route!r}", route=route.name))
        if route.email and self._routes.mail:
            email.send(
                self._routes.mail,
                self._settings.smtp_password,
                route.email,
                text.subject,
                text.plain,
            )

    @property
    def _is_late(self) -> bool:
        return time.monotonic() > self._end

    def _try(self, route: Route, text: Message) -> bool:
        try:
            self.deliver(route, text)
        except NotDelivered as error:
            self._failed[route.name] = str(error)
            return False
        return True

    def _keep(self, route: Route, text: Message) -> None:
        queue = self._waiting.setdefault(route.name, [])
        if len(queue) < _MOST_WAITING:
            queue.append(text)


def _belongs(problem: Problem, route: Route, selected: Mapping[str, frozenset[str]]) -> bool:
    if route.severity == "error" and not problem.is_error:
        return False
    return route.selection == EVERYTHING or problem.asset in selected.get(route.name, frozenset())
