"""The settings of the platform, read from the environment in this one module.

DAGSTER_HOME, which is Dagster's own, is read by `runs.instance`; `translations` reads BOURNE_LANG
too, for what is said before there are settings; a child process's environment is
read by whoever starts it.
Every setting is optional; README's table has a row for each. Not here: validation that needs the
network, where secrets come from (`secret_sources`), and anything of Dagster.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import IN_AWS, SECRETS, load_secrets
from bourne_assets.times import DailyTime, WeeklyTime, nearest_time_zone
from bourne_assets.translations import LANGUAGES, Language, gettext, language_of_locale

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
#: A name, an IPv4 address or a bracketed IPv6 address, and a port.
_HOST = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")
#: A team or a person, as Dagster takes them.
_OWNER = re.compile(r"team:[A-Za-z0-9_-]+|[A-Za-z0-9_.+%-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
DATA_DIR = Path(__file__).parent / "data"
DEFAULT_TMDB_BASE_URL = "https://api.themoviedb.org/3"
DEFAULT_REQUESTS_PER_SECOND = 39.0
_FEWEST_SECONDS, _MOST_SECONDS = 30, 24 * 60 * 60
DEFAULT_UI_URL = "http://127.0.0.1:3000"
MAXIMUM_REQUESTS_PER_SECOND = 1000
#: The embedded lake has one bucket, and always the same, so that URIs are known before it runs.
EMBEDDED_BUCKET = "bourne-lake"
#: Its Iceberg tables have a bucket of their own, for SeaweedFS's catalogue owns a whole one.
EMBEDDED_TABLES_BUCKET = "bourne-tables"
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")
TMDB_PLACES = ("dagster", "lambda")


# Validators: what they raise goes on after the name of the variable. A value is quoted only where
# it cannot hold a secret.


def _header_safe(value: str | None) -> str | None:
    if value is not None and not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError(
            gettext("contains characters that no TMDB credential has: copy it again, on one line")
        )
    return value


def _address(url: str | None) -> str | None:
    if url is not None and not _has_host(url, {"http", "https"}):
        raise ValueError(gettext("must be an http or https address with a host name"))
    return url


def _base_url(url: str) -> str:
    parts = urlsplit(_address(url) or "")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            gettext(
                "must have no user, password, query or fragment: a credential belongs in "
                "TMDB_READ_ACCESS_TOKEN"
            )
        )
    return url.rstrip("/")


def _redis_url(url: str | None) -> str | None:
    if url is not None and not _has_host(url, {"redis", "rediss"}):
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


def _pace(value: object) -> float:
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


def _seconds(value: object) -> int:
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


def _bucket(name: str | None) -> str | None:
    if name is not None and not _BUCKET.fullmatch(name):
        raise ValueError(
            gettext("must be the bare name of a bucket, such as my-lake, not {name!r}", name=name)
        )
    return name


def _prefix(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    if not text.isprintable() or any(part in {".", ".."} for part in parts):
        raise ValueError(
            gettext("must be printable, and no part of it '.' or '..': {text!r}", text=text)
        )
    return "/".join(parts)


def _path(value: str | Path) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(gettext("names the home of a user that does not exist")) from error


def _hosts(value: str | tuple[str, ...]) -> tuple[str, ...]:
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


def _owners(value: str | tuple[str, ...]) -> tuple[str, ...]:
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


def _time_zone(name: str) -> str:
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


def _daily(value: str | DailyTime) -> DailyTime:
    return DailyTime.parse(value) if isinstance(value, str) else value


def _weekly(value: str | WeeklyTime) -> WeeklyTime:
    return WeeklyTime.parse(value) if isinstance(value, str) else value


def _slugs(value: str | tuple[str, ...]) -> tuple[str, ...]:
    slugs = tuple(dict.fromkeys(_parts(value)))
    if not slugs:
        raise ValueError(gettext("must name a saga, such as bourne, or be left out"))
    return slugs


def _parts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(
            gettext(
                "must be one of {languages}, not {value!r}",
                languages=", ".join(LANGUAGES),
                value=value,
            )
        )
    return value


def _one_of(*known: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(
                gettext(
                    "must be one of {known}, not {value!r}", known=", ".join(known), value=value
                )
            )
        return value

    return AfterValidator(check)


_Credential = Annotated[str | None, AfterValidator(_header_safe)]
_Path = Annotated[Path, BeforeValidator(_path)]


def _variable(name: str, default: Any, description: str) -> Any:
    """A field, and the variable that it is read from; secrets are those of `secret_sources`."""
    return Field(
        default,
        description=description,
        repr=name not in SECRETS,
        json_schema_extra={"variable": name},
    )


class Settings(BaseModel):
    """What the environment says, checked, with the defaults filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tmdb_read_access_token: _Credential = _variable(
        "TMDB_READ_ACCESS_TOKEN", None, "TMDB's API read access token, sent as a Bearer header."
    )
    tmdb_api_key: _Credential = _variable(
        "TMDB_API_KEY", None, "TMDB's v3 key, used where there is no token."
    )
    tmdb_base_url: Annotated[str, AfterValidator(_base_url)] = _variable(
        "TMDB_BASE_URL", DEFAULT_TMDB_BASE_URL, "Root of TMDB's API, without a trailing slash."
    )
    tmdb_requests_per_second: Annotated[float, BeforeValidator(_pace)] = _variable(
        "TMDB_REQUESTS_PER_SECOND",
        DEFAULT_REQUESTS_PER_SECOND,
        "Upper bound of the rate of requests.",
    )
    tmdb_changes_seconds: Annotated[int, BeforeValidator(_seconds)] = _variable(
        "TMDB_CHANGES_SECONDS", 300, "How often TMDB is asked whether a film was changed."
    )
    tmdb_runs_on: Annotated[str, _one_of(*TMDB_PLACES)] = _variable(
        "BOURNE_TMDB_RUNS_ON", "dagster", "Where TMDB is asked: one of `TMDB_PLACES`."
    )
    lambda_function: str = _variable(
        "BOURNE_LAMBDA_FUNCTION",
        "bourne-tmdb",
        "Name or ARN of the function that asks TMDB, where that is AWS Lambda.",
    )
    s3_bucket: Annotated[str | None, AfterValidator(_bucket)] = _variable(
        "BOURNE_S3_BUCKET", None, "Bucket of the real lake; None for the embedded one."
    )
    s3_prefix: Annotated[str, AfterValidator(_prefix)] = _variable(
        "BOURNE_S3_PREFIX",
        "",
        "Folder inside the bucket, without slashes at its ends; may be empty.",
    )
    home: _Path = _variable(
        "BOURNE_HOME", Path(".bourne"), "Folder of the embedded lake and of the Dagster instance."
    )
    csv_dir: _Path = _variable(
        "BOURNE_CSV_DIR", DATA_DIR / "sample_csvs", "Folder whose CSV files are landed."
    )
    csv_datasets: Annotated[Path | None, BeforeValidator(lambda value: value and _path(value))] = (
        _variable("BOURNE_CSV_DATASETS", None, "YAML file of the options of datasets.")
    )
    sagas_file: _Path = _variable(
        "BOURNE_SAGAS_FILE", DATA_DIR / "sagas.yaml", "YAML file of the sagas."
    )
    saga_slugs: Annotated[tuple[str, ...], BeforeValidator(_slugs)] = _variable(
        "BOURNE_SAGAS", ("bourne",), "Sagas that are in the lineage."
    )
    language: Annotated[Language, BeforeValidator(_language)] = _variable(
        "BOURNE_LANG", "en", "Language of all that users read, and the first one of reports."
    )
    alert_webhook_url: Annotated[str | None, AfterValidator(_address)] = _variable(
        "BOURNE_ALERT_WEBHOOK_URL", None, "Where alerts are posted; None: they are logged."
    )
    alerts_file: Annotated[Path | None, BeforeValidator(lambda value: value and _path(value))] = (
        _variable("BOURNE_ALERTS_FILE", None, "YAML file of who is told of what.")
    )
    smtp_password: str | None = _variable(
        "BOURNE_SMTP_PASSWORD", None, "Password of the user of the alerts file's e-mail server."
    )
    ui_url: Annotated[str, AfterValidator(lambda url: (_address(url) or "").rstrip("/"))] = (
        _variable(
            "BOURNE_UI_URL",
            DEFAULT_UI_URL,
            "Where people open Dagster's UI, for the links in alerts.",
        )
    )
    ui_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = _variable(
        "BOURNE_UI_ALLOWED_HOSTS",
        (),
        "Other host names, with or without a port, by which the UI is reached.",
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = _variable(
        "BOURNE_TIME_ZONE", "America/Sao_Paulo", "Time zone of the schedules."
    )
    daily_at: Annotated[DailyTime, BeforeValidator(_daily)] = _variable(
        "BOURNE_DAILY_AT", DailyTime(6 * 60), "When the first saga is refreshed every day."
    )
    weekly_at: Annotated[WeeklyTime, BeforeValidator(_weekly)] = _variable(
        "BOURNE_WEEKLY_AT", WeeklyTime(0, DailyTime(5 * 60)), "When everything is refreshed."
    )
    upkeep_at: Annotated[WeeklyTime, BeforeValidator(_weekly)] = _variable(
        "BOURNE_UPKEEP_AT", WeeklyTime(0, DailyTime(3 * 60)), "When the tables are maintained."
    )
    owners: Annotated[tuple[str, ...], BeforeValidator(_owners)] = _variable(
        "BOURNE_OWNERS", ("team:films",), "Who answers for the assets: teams and e-mail addresses."
    )
    executor: Annotated[str, _one_of(*EXECUTORS)] = _variable(
        "BOURNE_EXECUTOR", "in_process", "What executes the steps of a run: one of `EXECUTORS`."
    )
    redis_url: Annotated[str | None, AfterValidator(_redis_url)] = _variable(
        "BOURNE_REDIS_URL",
        None,
        "Redis that Celery and the common rate of several machines use.",
    )

    @property
    def bucket(self) -> str:
        """Name of the bucket in use, embedded or real."""
        return self.s3_bucket or EMBEDDED_BUCKET

    @property
    def stated_ui_url(self) -> str | None:
        """Where the UI is, where somebody said so: `bourne dev` does."""
        return self.ui_url if "ui_url" in self.model_fields_set else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must appear in no log, message or object: secrets, and passwords in addresses."""
        held = [getattr(self, field) for field, name in FIELDS.items() if name in SECRETS]
        passwords = [urlsplit(value).password for value in held if value and "://" in value]
        return tuple(secret for secret in (*held, *passwords) if secret)

    @property
    def has_tmdb_credential(self) -> bool:
        """Whether TMDB is asked; without a credential the bundled snapshot answers."""
        return bool(self.tmdb_read_access_token or self.tmdb_api_key)

    @property
    def uses_snapshot(self) -> bool:
        """Whether a run of this process takes its figures from the bundled snapshot."""
        return not self.has_tmdb_credential and self.tmdb_runs_on == "dagster"


def _variable_of(field: Any) -> str:
    return str(field.json_schema_extra["variable"])


#: The variable of each field.
FIELDS = {name: _variable_of(field) for name, field in Settings.model_fields.items()}
#: All variables of the platform.
VARIABLES = frozenset({*FIELDS.values(), IN_AWS})


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (or from the mapping given, in tests).

    An empty variable counts as unset, as in a `.env` file whose line was left blank. Secrets that
    variables such as TMDB_READ_ACCESS_TOKEN_FILE point to are put into the environment first.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """
    if environment is None:
        load_secrets(os.environ)
    given = os.environ if environment is None else environment
    values = {
        field: given[name].strip() for field, name in FIELDS.items() if given.get(name, "").strip()
    }
    values.setdefault("language", language_of_locale(given))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        sentence = str(first.get("ctx", {}).get("error", first["msg"]))
        # The cause would quote the value, which may be a secret.
        raise ConfigurationError(f"{FIELDS[str(first['loc'][0])]} {sentence}.") from None
    if settings.tmdb_runs_on == "lambda" and settings.s3_bucket is None:
        raise ConfigurationError(
            gettext(
                "BOURNE_TMDB_RUNS_ON=lambda needs BOURNE_S3_BUCKET: AWS Lambda cannot reach the "
                "lake of this machine."
            )
        )
    return settings


def aws_region() -> str | None:
    """AWS_REGION, which boto3 alone among AWS's clients does not read."""
    return os.environ.get("AWS_REGION", "").strip() or None


def postgres_url() -> str | None:
    """DAGSTER_POSTGRES_URL, the database of Dagster's instance where workers share one."""
    return os.environ.get("DAGSTER_POSTGRES_URL", "").strip() or None
