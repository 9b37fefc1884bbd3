"""The settings of the platform, read from the environment in this one module.

Dagster's own DAGSTER_HOME is `instance`'s, and a child process's environment that of its starter.

Every setting is optional; README lists them. What must not be put here: validation that needs
the network, and anything of Dagster.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import load_secrets

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
#: A name, an IPv4 address or a bracketed IPv6 address, and a port.
_HOST = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")
DATA_DIR = Path(__file__).parent / "data"
DEFAULT_TMDB_BASE_URL = "https://api.themoviedb.org/3"
DEFAULT_REQUESTS_PER_SECOND = 39.0
_FEWEST_SECONDS, _MOST_SECONDS = 30, 24 * 60 * 60
DEFAULT_UI_URL = "http://127.0.0.1:3000"
MAXIMUM_REQUESTS_PER_SECOND = 1000
#: The embedded lake has one bucket, and always the same, so that URIs are known before it runs.
EMBEDDED_BUCKET = "bourne-lake"
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")
TMDB_PLACES = ("dagster", "lambda")
#: The variables of the platform; README has a row for each.
VARIABLES = frozenset(
    {
        "TMDB_READ_ACCESS_TOKEN",
        "TMDB_API_KEY",
        "TMDB_BASE_URL",
        "TMDB_REQUESTS_PER_SECOND",
        "TMDB_CHANGES_SECONDS",
        "BOURNE_S3_BUCKET",
        "BOURNE_S3_PREFIX",
        "BOURNE_HOME",
        "BOURNE_CSV_DIR",
        "BOURNE_CSV_DATASETS",
        "BOURNE_SAGAS_FILE",
        "BOURNE_SAGAS",
        "BOURNE_ALERT_WEBHOOK_URL",
        "BOURNE_UI_ALLOWED_HOSTS",
        "BOURNE_UI_URL",
        "BOURNE_EXECUTOR",
        "BOURNE_REDIS_URL",
        "BOURNE_TMDB_RUNS_ON",
        "BOURNE_LAMBDA_FUNCTION",
        "BOURNE_SECRETS_ID",
    }
)


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked, with the defaults filled in.

    Attributes:
        tmdb_read_access_token: TMDB's API read access token, sent as a Bearer header.
        tmdb_api_key: TMDB's v3 key, used where there is no token.
        tmdb_base_url: Root of TMDB's API, without a trailing slash.
        tmdb_requests_per_second: Upper bound of the pace of requests.
        s3_bucket: Bucket of the real lake; None for the embedded one.
        s3_prefix: Folder inside the bucket, without slashes at its ends; may be empty.
        home: Folder of the embedded lake and of the Dagster instance.
        csv_dir: Folder whose CSV files are landed.
        csv_datasets: YAML file that says how datasets are to be read; None: it is found.
        sagas_file: YAML file of the sagas.
        saga_slugs: Sagas that are in the lineage.
        alert_webhook_url: Where alerts are posted; None: they are logged. It is a secret.
        tmdb_changes_seconds: How often TMDB is asked whether a film was changed.
        ui_url: Where people open Dagster's UI, for the links in alerts.
        ui_allowed_hosts: Other host names, with or without a port, by which the UI is reached.
        executor: What executes the steps of a run: one of `EXECUTORS`.
        tmdb_runs_on: Where TMDB is asked: one of `TMDB_PLACES`.
        lambda_function: Name or ARN of the function that asks TMDB, where that is AWS Lambda.
        redis_url: Redis that Celery and the common pace of several machines use.
    """

    tmdb_read_access_token: str | None = field(default=None, repr=False)
    tmdb_api_key: str | None = field(default=None, repr=False)
    tmdb_base_url: str = DEFAULT_TMDB_BASE_URL
    tmdb_requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND
    s3_bucket: str | None = None
    s3_prefix: str = ""
    home: Path = Path(".bourne")
    csv_dir: Path = DATA_DIR / "sample_csvs"
    csv_datasets: Path | None = None
    sagas_file: Path = DATA_DIR / "sagas.yaml"
    saga_slugs: tuple[str, ...] = ("bourne",)
    alert_webhook_url: str | None = field(default=None, repr=False)
    ui_url: str = DEFAULT_UI_URL
    ui_allowed_hosts: tuple[str, ...] = ()
    tmdb_changes_seconds: int = 300
    executor: str = "in_process"
    tmdb_runs_on: str = "dagster"
    lambda_function: str = "bourne-tmdb"
    redis_url: str | None = field(default=None, repr=False)

    @property
    def bucket(self) -> str:
        """Name of the bucket in use, embedded or real."""
        return self.s3_bucket or EMBEDDED_BUCKET

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no log, message or object."""
        held = (self.tmdb_read_access_token, self.tmdb_api_key, self.alert_webhook_url)
        return tuple(secret for secret in held if secret)

    @property
    def has_tmdb_credential(self) -> bool:
        """Whether TMDB is asked; without a credential the bundled snapshot answers."""
        return bool(self.tmdb_read_access_token or self.tmdb_api_key)

    @property
    def uses_snapshot(self) -> bool:
        """Whether a run of this process takes its figures from the bundled snapshot."""
        return not self.has_tmdb_credential and self.tmdb_runs_on == "dagster"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (or from the mapping given, in tests).

    An empty variable counts as unset, as in a `.env` file whose line was left blank. Secrets that
    variables such as TMDB_READ_ACCESS_TOKEN_FILE point to are put into the environment first.

    Raises:
        ConfigurationError: A variable holds what cannot be used.
    """
    if environment is None:
        load_secrets(os.environ)
    given = {
        name: value.strip()
        for name, value in (os.environ if environment is None else environment).items()
        if value.strip()
    }
    defaults = Settings()
    return Settings(
        tmdb_read_access_token=_header_safe(given, "TMDB_READ_ACCESS_TOKEN"),
        tmdb_api_key=_header_safe(given, "TMDB_API_KEY"),
        tmdb_base_url=_base_url(given.get("TMDB_BASE_URL", DEFAULT_TMDB_BASE_URL)),
        tmdb_requests_per_second=_pace(given.get("TMDB_REQUESTS_PER_SECOND")),
        s3_bucket=_bucket(given.get("BOURNE_S3_BUCKET")),
        s3_prefix=_prefix(given.get("BOURNE_S3_PREFIX", "")),
        home=_path(given, "BOURNE_HOME", defaults.home),
        csv_dir=_path(given, "BOURNE_CSV_DIR", defaults.csv_dir),
        csv_datasets=(
            _path(given, "BOURNE_CSV_DATASETS", Path()) if "BOURNE_CSV_DATASETS" in given else None
        ),
        sagas_file=_path(given, "BOURNE_SAGAS_FILE", defaults.sagas_file),
        saga_slugs=_slugs(given.get("BOURNE_SAGAS", "bourne")),
        alert_webhook_url=_address(given, "BOURNE_ALERT_WEBHOOK_URL"),
        tmdb_changes_seconds=_seconds(given, "TMDB_CHANGES_SECONDS", defaults.tmdb_changes_seconds),
        ui_url=(_address(given, "BOURNE_UI_URL") or DEFAULT_UI_URL).rstrip("/"),
        ui_allowed_hosts=_hosts(given.get("BOURNE_UI_ALLOWED_HOSTS", "")),
        executor=_one_of(EXECUTORS, given, "BOURNE_EXECUTOR", defaults.executor),
        tmdb_runs_on=_tmdb_place(given),
        lambda_function=given.get("BOURNE_LAMBDA_FUNCTION", defaults.lambda_function),
        redis_url=_redis_url(given.get("BOURNE_REDIS_URL")),
    )


def aws_region() -> str | None:
    """AWS_REGION, which boto3 alone among AWS's clients does not read."""
    return os.environ.get("AWS_REGION", "").strip() or None


def _header_safe(given: Mapping[str, str], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not (value.isascii() and value.isprintable() and " " not in value):
        raise ConfigurationError(
            f"{name} holds characters that no TMDB credential has: copy it again, on one line."
        )
    return value


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a bracket or a port that is none
        usable = False
    if not usable:
        raise ConfigurationError("TMDB_BASE_URL must be an http or https address with a host name.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            "TMDB_BASE_URL must hold no user, password, query or fragment: "
            "a credential belongs in TMDB_READ_ACCESS_TOKEN."
        )
    return url.rstrip("/")


def _address(given: Mapping[str, str], name: str) -> str | None:
    """An http or https address; it is not told when it is wrong, for it may hold a secret."""
    url = given.get(name)
    try:
        parts = urlsplit(url or "")
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if url is not None and not usable:
        raise ConfigurationError(f"{name} must be an http or https address with a host name.")
    return url


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ConfigurationError(
                "BOURNE_UI_ALLOWED_HOSTS must be host names, with or without a port, such as "
                f"dagster.example.com, with commas between them: {host!r} is none."
            )
    return hosts


def _pace(text: str | None) -> float:
    if text is None:
        return DEFAULT_REQUESTS_PER_SECOND
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not 0 < pace <= MAXIMUM_REQUESTS_PER_SECOND:
        raise ConfigurationError(
            "TMDB_REQUESTS_PER_SECOND must be a number above 0 and up to "
            f"{MAXIMUM_REQUESTS_PER_SECOND}, not {text!r}."
        )
    return pace


def _seconds(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and _FEWEST_SECONDS <= int(text) <= _MOST_SECONDS):
        raise ConfigurationError(
            f"{name} must be a whole number of seconds from {_FEWEST_SECONDS} to {_MOST_SECONDS}, "
            f"not {text!r}."
        )
    return int(text)


def _bucket(name: str | None) -> str | None:
    if name is not None and not _BUCKET.fullmatch(name):
        raise ConfigurationError(
            f"BOURNE_S3_BUCKET must be the bare name of a bucket, such as my-lake, not {name!r}."
        )
    return name


def _path(given: Mapping[str, str], name: str, default: Path) -> Path:
    try:
        return Path(given[name]).expanduser() if name in given else default
    except RuntimeError:
        raise ConfigurationError(f"{name} names the home of a user that does not exist.") from None


def _prefix(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    if not text.isprintable() or any(part in {".", ".."} for part in parts):
        raise ConfigurationError(
            f"BOURNE_S3_PREFIX must be printable and hold no '.' or '..' as a part: {text!r}."
        )
    return "/".join(parts)


def _one_of(known: tuple[str, ...], given: Mapping[str, str], name: str, default: str) -> str:
    value = given.get(name, default)
    if value not in known:
        raise ConfigurationError(f"{name} must be one of {', '.join(known)}, not {value!r}.")
    return value


def _tmdb_place(given: Mapping[str, str]) -> str:
    place = _one_of(TMDB_PLACES, given, "BOURNE_TMDB_RUNS_ON", Settings().tmdb_runs_on)
    if place == "lambda" and "BOURNE_S3_BUCKET" not in given:
        raise ConfigurationError(
            "BOURNE_TMDB_RUNS_ON=lambda needs BOURNE_S3_BUCKET: AWS Lambda cannot reach the lake "
            "of this machine."
        )
    return place


def _redis_url(url: str | None) -> str | None:
    """The address is not repeated in the error: it may hold a password."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            "BOURNE_REDIS_URL must be a redis or rediss address with a host name, such as "
            "redis://127.0.0.1:6379/0."
        )
    return url


def _slugs(text: str) -> tuple[str, ...]:
    slugs = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not slugs:
        raise ConfigurationError("BOURNE_SAGAS names no saga: set it to bourne, or leave it out.")
    return slugs
