"""The reports of the lake as pages of the UI's address: `/reports/bourne`, `/reports/bourne/<day>`.

An address names a saga and a day, and never a key: nothing else of the lake can be read. What is
served may have been written by anyone who may write to the lake, so the page has no part in the
UI's origin. Not here: the pages (`answers.report`), and who may use it (`guard`).
"""

import io
import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bourne_assets.asset_names import SAGA_REPORT
from bourne_assets.errors import BourneError
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.opening import lake_exists, open_lake
from bourne_assets.saga.definition import DEFAULT_SLUG
from bourne_assets.settings import Settings

_PATH = re.compile(r"/reports/(?P<slug>[a-z][a-z0-9_]{0,39})(/(?P<day>\d{4}-\d{2}-\d{2}))?")
_FOLDER = "/reports/"
#: Far more than a report has; more than that would be somebody else's object under its key.
_MOST_BYTES = 64 * 1024 * 1024
#: The page's own scripts and pictures alone, without the origin of the UI, and no network.
_HEADERS = {
    "content-security-policy": (
        "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline' 'unsafe-eval'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Page(NamedTuple):
    """Which report is requested.

    Attributes:
        slug: Its saga.
        day: Of which day it is; None for the current one.
    """

    slug: str
    day: date | None = None

    @classmethod
    def of(cls, path: str) -> "Page | None":
        """The page of a path; None where it is not one."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        try:
            return cls(found["slug"], date.fromisoformat(found["day"]) if found["day"] else None)
        except ValueError:  # a day that no month has
            return None

    @property
    def key(self) -> str:
        """The report's key in the lake."""
        prefix = () if self.slug == DEFAULT_SLUG else (self.slug,)
        if self.day is None:
            return keys.table(keys.REFINED, (*prefix, SAGA_REPORT), "html")
        return keys.report_of(prefix, self.day)


class Reports:
    """The middleware that serves them.

    Args:
        app: What responds to everything else.
        read: Gives the bytes of a key.
        prefix: What paths of the UI begin with, where it has a folder of a host.
    """

    def __init__(self, app: ASGIApp, read: Callable[[str], bytes], prefix: str = "") -> None:
        self._app = app
        self._read = read
        self._prefix = prefix.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with a report, or leave it to the app."""
        path = str(scope.get("path", ""))
        own = path.removeprefix(self._prefix)
        if scope["type"] != "http" or not own.startswith(_FOLDER):
            await self._app(scope, receive, send)
            return
        await (await self._response(scope["method"], Page.of(own)))(scope, receive, send)

    async def _response(self, method: str, page: Page | None) -> Response:
        if method not in {"GET", "HEAD"}:
            return _plain_response(405, "Reports can only be read.")
        if page is None:
            return _plain_response(
                404, "A report's address is /reports/SAGA or /reports/SAGA/YYYY-MM-DD."
            )
        try:
            data = await run_in_threadpool(self._read, page.key)
        except ObjectMissing:
            return _plain_response(404, "There is no such report yet: materialise saga_report.")
        except BourneError as error:
            return _plain_response(502, str(error))
        return Response(data, media_type="text/html; charset=utf-8", headers=_HEADERS)


def reader_of(settings: Settings) -> Callable[[str], bytes]:
    """Reads objects of the lake of these settings; a lake that was never made is not made.

    The webserver holds what it reads in memory, so an object that is too large is refused.
    """

    def read(key: str) -> bytes:
        if not lake_exists(settings.home, settings.s3_bucket):
            raise ObjectMissing(f"{settings.home} has no lake.")
        opened = open_lake(settings.home, settings.s3_bucket, settings.s3_prefix)
        try:
            held = io.BytesIO()
            opened.lake.download(key, held, most_bytes=_MOST_BYTES)
            return held.getvalue()
        finally:
            opened.release()

    return read


def _plain_response(status: int, sentence: str) -> Response:
    headers = {**_HEADERS, "content-security-policy": "default-src 'none'"}
    return PlainTextResponse(f"{sentence}\n", status_code=status, headers=headers)
