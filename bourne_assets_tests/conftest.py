"""Fixtures of all tests: isolation from the shell, a real S3 server, and TMDB's stand-in.

One SeaweedFS runs for each pytest process; every test has a prefix of its own in its bucket.
"""

import gc
import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
import tenacity
from dagster._core.storage.event_log import in_memory as events_in_memory
from dagster._core.storage.runs import in_memory as runs_in_memory
from dagster_aws.s3 import S3Resource
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.store import Lake
from bourne_assets_tests.standin import TmdbStandIn
from bourne_assets_tests.support.tables import HOME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

BUCKET = "test-lake"
_STRIPPED = ("LC_", "LANG", "AWS_", "TMDB_", "BOURNE_", "DAGSTER_", "PYICEBERG_", "S3_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def pytest_configure() -> None:
    """Strip what the shell may hold before anything is imported by a test or started by one."""
    for name in list(os.environ):
        if name.startswith(_STRIPPED) or name.upper() in _PROXIES:
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in a background job of a shell: what the tests start would get no interrupt either.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A test process holds a million objects until it ends: to look through them for garbage after
    # every few hundred new ones takes a tenth of the time.
    gc.set_threshold(100_000, 50, 100)
    # botocore's description of S3 is a megabyte of JSON, which every session would read again.
    botocore.session.create_loader = cache(botocore.session.create_loader)
    # A database in memory is as new as it can be: to look through sixty migrations for that takes
    # as long as the rest of an instance.
    for storage in (runs_in_memory, events_in_memory):
        vars(storage)["stamp_alembic_rev"] = lambda *_: None
    # How long an example takes is the machine's affair.
    hypothesis_settings.register_profile(
        "any-machine",
        hypothesis_settings(),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    hypothesis_settings.load_profile("any-machine")
    # As in an activated environment, whose shell finds `bourne`.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["BOURNE_ENV_FILE"] = os.devnull  # and not the developer's own
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"FIGURES {report.nodeid}: {value}")


@pytest.fixture(autouse=True)
def _own_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path, such as the default `.bourne`, leads into the test's own folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """What a test or an import of its changed of this process, the next one does not find.

    Libraries raise and silence loggers when they are imported (Kubernetes' client, Alembic).
    """
    environment = dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    levels = {each: (each.level, each.disabled, each.propagate) for each in _loggers()}
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
    for logger in _loggers():
        as_made = (logger.level, False, logger.propagate)  # a logger of this test's imports
        level, logger.disabled, logger.propagate = levels.get(logger, as_made)
        if logger.level != level:
            logger.setLevel(level)
    logging.disable(logging.NOTSET)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value and name != "PYTEST_CURRENT_TEST":
            os.environ[name] = value


def _loggers() -> list[logging.Logger]:
    root = logging.getLogger()
    known = list(root.manager.loggerDict.values())
    return [root, *(each for each in known if isinstance(each, logging.Logger))]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedLake]:
    """A SeaweedFS of this pytest process."""
    with embedded.connect(tmp_path_factory.mktemp("s3"), BUCKET) as server:
        yield server


@pytest.fixture
def lake(s3_server: embedded.EmbeddedLake) -> Lake:
    """An empty lake: a fresh prefix on the real server."""
    prefix = f"test/{uuid.uuid4().hex}"
    return connect_server(s3_server.endpoint, s3_server.credentials, BUCKET, prefix)


@pytest.fixture
def catalogue(lake: Lake, tmp_path: Path) -> "Catalog":
    """An empty SQL catalogue in SQLite, whose tables are in the test's own folder of the bucket."""
    return open_catalogue(lake, tmp_path / "home")


@pytest.fixture
def lake_resource(s3_server: embedded.EmbeddedLake, lake: Lake) -> LakeResource:
    """The same lake as a Dagster resource, configured as a user's own S3 server would be."""
    return resource_of(s3_server, lake.prefix)


def resource_of(server: embedded.EmbeddedLake, prefix: str) -> LakeResource:
    """A folder of the test server's bucket as a Dagster resource."""
    s3 = S3Resource(
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.credentials.access_key,
        aws_secret_access_key=server.credentials.secret_key,
    )
    return LakeResource(s3=s3, bucket=BUCKET, prefix=prefix, home=str(HOME))


@pytest.fixture
def tmdb_server() -> Iterator[TmdbStandIn]:
    """A TMDB of the test's own on loopback; what goes wrong there, the test scripts."""
    with TmdbStandIn() as server:
        yield server


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens, and nobody can while the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def no_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries at TMDB follow one another at once; the waits themselves are tested by the clock."""
    monkeypatch.setattr("bourne_assets.tmdb.retry.BACKOFF", tenacity.wait_none())
