"""The settings of the platform, read from the environment in this one module.

DAGSTER_HOME, which is Dagster's own, is read by `runs.instance`; `translations` reads BOURNE_LANG
too, for what is printed before there are settings; a child process's environment is
read by what starts it.
Every setting is optional; README's table has a row for each. Not here: validation that needs the
network, where secrets come from (`secret_sources`), and anything of Dagster.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bourne_assets import setting_values
from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import IN_AWS, SECRETS, load_secrets
from bourne_assets.times import DailyTime, WeeklyTime
from bourne_assets.translations import LANGUAGES, Language, gettext, language_of_locale

DATA_DIR = Path(__file__).parent / "data"
DEFAULT_TMDB_BASE_URL = "https://api.themoviedb.org/3"
DEFAULT_REQUESTS_PER_SECOND = 39.0
DEFAULT_UI_URL = "http://127.0.0.1:3000"
#: The embedded lake has one bucket, and always the same, so that URIs are known before it runs.
EMBEDDED_BUCKET = "bourne-lake"
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")
TMDB_PLACES = ("dagster", "lambda")
#: A secret that no file is named for: whoever lends credentials for a while sets it.
_AWS_SESSION = "AWS_SESSION_TOKEN"
#: Shorter ones of Dagster's database are often names, `dagster` itself: without them no link works.
_SHORTEST = 8


_Credential = Annotated[str, AfterValidator(setting_values.credential)] | None
_Address = Annotated[str, AfterValidator(setting_values.address)]
_Path = Annotated[Path, BeforeValidator(setting_values.path)]


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
    tmdb_base_url: Annotated[str, AfterValidator(setting_values.base_url)] = _variable(
        "TMDB_BASE_URL", DEFAULT_TMDB_BASE_URL, "Root of TMDB's API, without a trailing slash."
    )
    tmdb_requests_per_second: Annotated[float, BeforeValidator(setting_values.pace)] = _variable(
        "TMDB_REQUESTS_PER_SECOND",
        DEFAULT_REQUESTS_PER_SECOND,
        "Upper bound of the rate of requests.",
    )
    tmdb_changes_seconds: Annotated[int, BeforeValidator(setting_values.seconds)] = _variable(
        "TMDB_CHANGES_SECONDS", 300, "How often TMDB is checked for changed films."
    )
    tmdb_runs_on: Annotated[str, setting_values.one_of(*TMDB_PLACES)] = _variable(
        "BOURNE_TMDB_RUNS_ON", "dagster", "Where requests to TMDB run: one of `TMDB_PLACES`."
    )
    lambda_function: str = _variable(
        "BOURNE_LAMBDA_FUNCTION",
        "bourne-tmdb",
        "Name or ARN of the function that sends requests to TMDB, where that is AWS Lambda.",
    )
    s3_bucket: Annotated[str, AfterValidator(setting_values.bucket)] | None = _variable(
        "BOURNE_S3_BUCKET", None, "Bucket of the real lake; None for the embedded one."
    )
    s3_prefix: Annotated[str, AfterValidator(setting_values.prefix)] = _variable(
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
    csv_datasets: _Path | None = _variable(
        "BOURNE_CSV_DATASETS", None, "YAML file of the options of datasets."
    )
    sagas_file: _Path = _variable(
        "BOURNE_SAGAS_FILE", DATA_DIR / "sagas.yaml", "YAML file of the sagas."
    )
    saga_slugs: Annotated[tuple[str, ...], BeforeValidator(setting_values.slugs)] = _variable(
        "BOURNE_SAGAS", ("bourne",), "Sagas that are in the lineage."
    )
    language: Annotated[Language, setting_values.one_of(*LANGUAGES)] = _variable(
        "BOURNE_LANG", "en", "Language of all that users read, and the first one of reports."
    )
    alert_webhook_url: _Address | None = _variable(
        "BOURNE_ALERT_WEBHOOK_URL", None, "Where alerts are posted; None: they are logged."
    )
    alerts_file: _Path | None = _variable(
        "BOURNE_ALERTS_FILE", None, "YAML file of who is alerted to what."
    )
    smtp_password: str | None = _variable(
        "BOURNE_SMTP_PASSWORD", None, "Password of the user of the alerts file's e-mail server."
    )
    ui_url: Annotated[_Address, AfterValidator(lambda url: url.rstrip("/"))] = _variable(
        "BOURNE_UI_URL",
        DEFAULT_UI_URL,
        "Where people open Dagster's UI, for the links in alerts.",
    )
    ui_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(setting_values.hosts)] = _variable(
        "BOURNE_UI_ALLOWED_HOSTS",
        (),
        "Other host names, with or without a port, by which the UI is reached.",
    )
    time_zone: Annotated[str, AfterValidator(setting_values.time_zone)] = _variable(
        "BOURNE_TIME_ZONE", "America/Sao_Paulo", "Time zone of the schedules."
    )
    daily_at: Annotated[DailyTime, BeforeValidator(setting_values.daily)] = _variable(
        "BOURNE_DAILY_AT", DailyTime(6 * 60), "When the first saga is refreshed every day."
    )
    weekly_at: Annotated[WeeklyTime, BeforeValidator(setting_values.weekly)] = _variable(
        "BOURNE_WEEKLY_AT", WeeklyTime(0, DailyTime(5 * 60)), "When everything is refreshed."
    )
    upkeep_at: Annotated[WeeklyTime, BeforeValidator(setting_values.weekly)] = _variable(
        "BOURNE_UPKEEP_AT", WeeklyTime(0, DailyTime(3 * 60)), "When the tables are maintained."
    )
    owners: Annotated[tuple[str, ...], BeforeValidator(setting_values.owners)] = _variable(
        "BOURNE_OWNERS", ("team:films",), "Owners of the assets: teams and e-mail addresses."
    )
    executor: Annotated[str, setting_values.one_of(*EXECUTORS)] = _variable(
        "BOURNE_EXECUTOR", "in_process", "What executes the steps of a run: one of `EXECUTORS`."
    )
    redis_url: Annotated[str, AfterValidator(setting_values.redis_url)] | None = _variable(
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
        """Where the UI is, where somebody set it: `bourne dev` does."""
        return self.ui_url if "ui_url" in self.model_fields_set else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must appear in no log, message or object: secrets, and passwords in addresses.

        Those of Dagster and of AWS are no settings: they are taken from the environment.
        """
        held = [getattr(self, field) for field, name in FIELDS.items() if name in SECRETS]
        names = {*SECRETS, _AWS_SESSION} - set(FIELDS.values())
        others = [os.environ.get(name, "").strip() for name in sorted(names)]
        found = _with_passwords(held)
        found += [each for each in _with_passwords(others) if len(each) >= _SHORTEST]
        return tuple(found)

    @property
    def has_tmdb_credential(self) -> bool:
        """Whether this process can send requests to TMDB itself."""
        return bool(self.tmdb_read_access_token or self.tmdb_api_key)

    @property
    def uses_snapshot(self) -> bool:
        """Whether runs take their figures from the bundled snapshot, which nothing refreshes.

        A function on AWS Lambda has a credential of its own.
        """
        return not self.has_tmdb_credential and self.tmdb_runs_on == "dagster"


def _with_passwords(values: Iterable[str | None]) -> list[str]:
    """The values that there are, and the passwords of those that are addresses."""
    present = [value for value in values if value]
    return present + [each for value in present for each in _passwords(value)]


def _passwords(address: str) -> tuple[str, ...]:
    """The password of an address, as it stands there and as its server gets it."""
    try:
        password = urlsplit(address).password if "://" in address else None
    except ValueError:  # whoever uses it will say so
        return ()
    return () if not password else tuple({password, unquote(password)})


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
