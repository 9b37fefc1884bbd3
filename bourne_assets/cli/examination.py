"""What `bourne doctor` tries: would a run reach its lake and TMDB with these settings?

Not here: repairs, and what is printed (`console`).
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import requests

from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.iceberg.catalogue import WAREHOUSE, open_catalogue
from bourne_assets.lake.access import is_loopback
from bourne_assets.lake.errors import AccessDenied
from bourne_assets.lake.keys import REFINED, REJECTED_LINES, TRUSTED
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.runs.outcomes import Diagnosis, tried
from bourne_assets.settings import Settings
from bourne_assets.tmdb.client import tmdb_client
from bourne_assets.tmdb.deadlines import DirectSession, LimitedAdapter, Limits, limited
from bourne_assets.tmdb.snapshot import snapshot_time
from bourne_assets.translations import gettext, plain

#: S3 refuses a signature whose time is further off than this.
_MAXIMUM_SKEW_SECONDS = 15 * 60
#: For all headers of the response whose date is compared.
_CLOCK_SECONDS, _CLOCK_BYTES = 15, 256 * 1024


def examine(settings: Settings, connect: Callable[[], Lake]) -> Iterator[Diagnosis]:
    """Try the lake, which `connect` gives, its clock, and TMDB, one after the other."""
    if settings.s3_bucket:
        name = gettext("lake (bucket {bucket})", bucket=settings.s3_bucket)
    else:
        name = gettext("lake (embedded server)")
    try:
        lake = connect()
    except BourneError as error:
        yield Diagnosis(name, False, str(error))
    else:
        yield Diagnosis(
            name,
            True,
            gettext("{uri} at {server}", uri=lake.uri(""), server=lake.endpoint or "AWS"),
        )
        permissions = list(_permissions(lake))
        yield from permissions
        if all(each.healthy for each in permissions):
            yield from _tables(lake, settings.home)
        yield tried(gettext("clock"), lambda: _clock(lake))
    yield tried("TMDB", lambda: _tmdb(settings))


def _permissions(lake: Lake) -> Iterator[Diagnosis]:
    """Each permission on its own, on an object that is removed again where that is allowed."""
    probe = f"_doctor/{uuid.uuid4().hex}.json"
    lacking = set()
    for permission, key, attempt in _attempts(lake, probe):
        name = gettext("lake: {permission}", permission=permission)
        if key != probe:
            name = gettext("lake: {permission} below {key}", permission=permission, key=key)
        if permission == "s3:GetObject" and "s3:PutObject" in lacking:
            yield Diagnosis(name, False, gettext("not tried, as nothing could be written"))
            continue
        diagnosis = tried(name, partial(_allowed, lake, permission, key, attempt))
        if not diagnosis.healthy:
            lacking.add(permission)
        yield diagnosis


def _attempts(lake: Lake, probe: str) -> list[tuple[str, str, Callable[[], object]]]:
    """What to try: a permission, where, and the attempt.

    Removing or aborting what does not exist needs the same permission.
    """
    folders = (REJECTED_LINES, TRUSTED, REFINED, WAREHOUSE)
    removed = [probe, *(f"{folder}/" for folder in folders)]
    return [
        ("s3:ListBucket", probe, lambda: lake.list(REFINED)),
        ("s3:PutObject", probe, lambda: lake.write(probe, b"{}\n", JSON)),
        ("s3:GetObject", probe, lambda: lake.read(probe)),
        *(("s3:DeleteObject", key, partial(lake.delete, _below(key, probe))) for key in removed),
        ("s3:AbortMultipartUpload", probe, lambda: lake.abort_upload(probe, uuid.uuid4().hex)),
        ("s3:ListBucketMultipartUploads", probe, lambda: lake.incomplete_uploads(probe)),
    ]


def _tables(lake: Lake, home: Path) -> Iterator[Diagnosis]:
    """Each right on the tables on its own: on one that is made for it, and dropped again."""
    from bourne_assets.iceberg import trial

    try:
        attempts = trial.attempts(open_catalogue(lake, home))
    except BourneError as error:
        yield Diagnosis(gettext("tables"), False, str(error))
        return
    for right, attempt in attempts:
        found = tried(gettext("tables: {right}", right=plain(right)), attempt)
        yield found
        if not found.healthy and right != trial.DROP:
            yield tried(
                gettext("tables: {right}", right=plain(trial.DROP)), dict(attempts)[trial.DROP]
            )
            return


def _below(key: str, probe: str) -> str:
    return f"{key}{probe}" if key.endswith("/") else key


def _allowed(lake: Lake, permission: str, key: str, attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except AccessDenied as error:
        where = lake.uri(key if key.endswith("/") else "")
        raise ConfigurationError(
            gettext(
                "the credentials lack {permission} on {where}, or are wrong: deploy/aws has the "
                "policy.",
                permission=permission,
                where=where,
            )
        ) from error
    return gettext("allowed")


def _clock(lake: Lake) -> str:
    """The server's clock against this machine's, by the Date header of any response."""
    address = lake.endpoint or "https://s3.amazonaws.com"
    limits = Limits(_CLOCK_SECONDS, _CLOCK_BYTES, threading.Event())
    try:
        with DirectSession() as session, limited(limits):
            for scheme in ("http://", "https://"):
                session.mount(scheme, LimitedAdapter())
            session.trust_env = not is_loopback(lake.endpoint)  # no proxy for this machine
            session.auth = lambda request: request  # nor a password of ~/.netrc
            with session.head(address, timeout=10, stream=True) as response:
                stated = response.headers.get("Date", "")
    except requests.RequestException as error:
        raise BourneError(
            gettext("{address} does not respond: check the network.", address=address)
        ) from error
    try:
        theirs = parsedate_to_datetime(stated)
        # A date in -0000 has no time zone for Python, and is one of UTC.
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        skew = abs((datetime.now(UTC) - theirs).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return gettext("the server sends no Date header that can be read")
    if skew > _MAXIMUM_SKEW_SECONDS:
        raise BourneError(
            gettext("this machine's clock is {skew:.0f} s off the server's: correct it.", skew=skew)
        )
    return gettext("{skew:.0f} s off the server's", skew=skew)


def _tmdb(settings: Settings) -> str:
    if not settings.has_tmdb_credential:
        return gettext(
            "no credential: the bundled snapshot of {month} is used, which has Jason Bourne only; "
            "set TMDB_READ_ACCESS_TOKEN for live figures",
            month=f"{snapshot_time():%Y-%m}",
        )
    tmdb_client(settings).authentication()
    if settings.tmdb_read_access_token:
        return gettext("{address} accepts the read access token", address=settings.tmdb_base_url)
    return gettext("{address} accepts the v3 key", address=settings.tmdb_base_url)
