"""What people are sent when something is wrong, and how it reaches a webhook.

Plain values and one POST. Not here: how problems are found (`problems`), and e-mail (`email`).
"""

import hashlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import requests

from bourne_assets.errors import BourneError
from bourne_assets.markup import in_mail, in_slack
from bourne_assets.tmdb.deadlines import DirectSession, LimitedAdapter, Limits, limited
from bourne_assets.tmdb.session import filter_http_logs
from bourne_assets.translations import gettext, grouped, retold

#: Seconds to connect, and between two pieces of the response's headers.
_TIMEOUT_SECONDS = 10
#: Seconds and bytes for all of its headers.
_WHOLE_SECONDS, _MOST_BYTES = 15, 256 * 1024
_NAMED = 10
_LONGEST_SENTENCE = 300
#: Slack shows the first 4,000 characters of a text.
_LONGEST_TEXT = 3_500
_LONGEST_MAIL = 20_000
_POSTING: ContextVar[bool] = ContextVar("_POSTING", default=False)


class NotDelivered(BourneError):
    """A message did not reach its recipients."""


@dataclass(frozen=True)
class Problem:
    """Something that a person should know.

    Attributes:
        asset: What it is about: `bourne_saga_table`; a step's name where no asset is known.
        what: What is wrong, in English words that stay the same while it is:
            `check budget_is_valid failed`.
        detail: One sentence: the cause, or what it means.
        rows: Names of the first offending rows.
        count: How many rows offend.
        is_error: Whether what is downstream stopped for it.
        concerns: The assets whose routes it takes, where it is about no asset.
    """

    asset: str
    what: str
    detail: str = ""
    rows: tuple[str, ...] = ()
    count: int = 0
    is_error: bool = True
    concerns: frozenset[str] = frozenset()

    @property
    def subject(self) -> str:
        """Identifies the problem; only one problem is open per subject."""
        return f"{self.asset} {self.what}"

    @property
    def fingerprint(self) -> str:
        """Changes when there is something new to report about the subject."""
        text = "\n".join([self.subject, self.detail, *self.rows, str(self.count)])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Alert:
    """Problems that one message tells of.

    Attributes:
        about: Name of the saga, or of what else is concerned.
        problems: The problems.
        run_id: The run that had them; None where no run did.
    """

    about: str
    problems: Sequence[Problem]
    run_id: str | None = None

    def link(self, ui_url: str) -> str | None:
        """Address of the run in Dagster's UI."""
        return f"{ui_url}/runs/{self.run_id}" if self.run_id else None


def marked_message(saga: str, problems: Sequence[Problem], link: str | None) -> str:
    """One text for people, in the markup of Slack: title, a line for each problem, a link."""
    worst = ":red_circle:" if any(problem.is_error for problem in problems) else ":warning:"
    lines = [f"{worst} *{in_slack(saga)}*", *(_line(problem) for problem in problems)]
    text = "\n".join(lines)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]} ..."
    invitation = gettext("Open the run")
    return text if link is None else f"{text}\n<{link}|{invitation}>"


def plain_message(saga: str, problems: Sequence[Problem], link: str | None) -> str:
    """The same text without markup, for an e-mail."""
    lines = [in_mail(saga), "", *(_plain_line(problem) for problem in problems)]
    text = "\n".join(lines)
    if len(text) > _LONGEST_MAIL:
        text = f"{text[:_LONGEST_MAIL]} ..."
    return text if link is None else f"{text}\n\n" + gettext("The run: {link}", link=link)


def subject_of(saga: str, problems: Sequence[Problem]) -> str:
    """One line for the list of a mailbox: how bad, about what, and the first problem."""
    is_error = any(problem.is_error for problem in problems)
    worst = gettext("Error") if is_error else gettext("Warning")
    first, more = problems[0], len(problems) - 1
    rest = gettext(" and {rest} more", rest=grouped(more)) if more else ""
    return in_mail(f"[{worst}] {saga}: {first.asset} {retold(first.what)}{rest}")


def post(webhook_url: str, text: str, name: str = "BOURNE_ALERT_WEBHOOK_URL") -> None:
    """Send a text as JSON, as Slack's incoming webhooks and their kin take it.

    Raises:
        NotDelivered: Nobody took it. The address is a secret: errors name the webhook by `name`.
    """
    try:
        status = _status(webhook_url, {"text": text, "unfurl_links": False, "unfurl_media": False})
    except (requests.RequestException, ValueError) as error:
        # The cause quotes the address.
        raise NotDelivered(
            gettext(
                "The alert did not reach {place} ({kind}); it is tried again.",
                place=name,
                kind=type(error).__name__,
            )
        ) from None
    if not requests.codes.ok <= status < requests.codes.multiple_choices:
        raise NotDelivered(
            gettext(
                "An alert got HTTP {status} from {place}; it is tried again.",
                place=name,
                status=status,
            )
        )


def _status(url: str, content: dict[str, str | bool]) -> int:
    """The status of the response to a POST; what else the server sends is not waited for."""
    limits = Limits(_WHOLE_SECONDS, _MOST_BYTES, threading.Event())
    with DirectSession() as session, limited(limits), _unlogged():
        for scheme in ("http://", "https://"):
            session.mount(scheme, LimitedAdapter())
        with session.post(
            url, json=content, timeout=_TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as response:
            return response.status_code


class _Silence(logging.Filter):
    """Drops what is logged while a message is posted: it would quote the address."""

    def filter(self, _: logging.LogRecord) -> bool:
        """Whether this thread posts nothing."""
        return not _POSTING.get()


@contextmanager
def _unlogged() -> Iterator[None]:
    """Within the block, nothing that this thread sends by HTTP is logged."""
    filter_http_logs(_Silence())
    token = _POSTING.set(True)
    try:
        yield
    finally:
        _POSTING.reset(token)


def _line(problem: Problem) -> str:
    """What is wrong, and below it the offending rows, for Slack."""
    mark = "" if problem.is_error else gettext(" (warning)")
    line = f"• `{in_slack(problem.asset)}`: {in_slack(retold(problem.what))}{mark}"
    if problem.detail:
        line += f" - {in_slack(retold(problem.detail)[:_LONGEST_SENTENCE])}"
    return "\n".join([line, *(in_slack(row) for row in _rows(problem))])


def _plain_line(problem: Problem) -> str:
    mark = "" if problem.is_error else gettext(" (warning)")
    line = f"- {problem.asset}: {retold(problem.what)}{mark}"
    if problem.detail:
        line += f" - {retold(problem.detail)[:_LONGEST_SENTENCE]}"
    return "\n".join(in_mail(each) for each in [line, *_rows(problem)])


def _rows(problem: Problem) -> list[str]:
    """The first offending rows, a line each, and how many there are beside them."""
    rows = [f"    {name}" for name in problem.rows[:_NAMED]]
    rest = problem.count - len(rows)
    if rows and rest > 0:
        rows.append("   " + gettext(" and {rest} more", rest=grouped(rest)))
    return rows
