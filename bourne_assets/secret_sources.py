"""Secrets that are not in the environment: in files, or in AWS Secrets Manager.

They are put into the environment of this process, where everything finds them: the settings, the
AWS chain, and the configuration of Dagster, which shows the name of a variable and never its value.
Not here: what a variable means (`settings`).
"""

import json
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from bourne_assets.errors import ConfigurationError
from bourne_assets.small_files import read_small_file
from bourne_assets.translations import gettext, system_words

#: Variables whose value may be in a file, named by the variable with `_FILE` at its end.
SECRETS = (
    "TMDB_READ_ACCESS_TOKEN",
    "TMDB_API_KEY",
    "BOURNE_ALERT_WEBHOOK_URL",
    "BOURNE_SMTP_PASSWORD",
    "BOURNE_REDIS_URL",
    "DAGSTER_POSTGRES_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
#: Names or ARNs of secrets in AWS Secrets Manager, separated by commas.
IN_AWS = "BOURNE_SECRETS_ID"
READ = "BOURNE_SECRETS_READ"
_MOST_BYTES = 64 * 1024


def load_secrets(environment: MutableMapping[str, str]) -> None:
    """Put secrets from files and from AWS into the environment; what is set already stays.

    Files come first, so that a file may hold the key that opens AWS Secrets Manager. A secret there
    is a JSON object of variables of `SECRETS`; others in it are ignored.

    Raises:
        ConfigurationError: A file or a secret cannot be read.
    """
    for name in SECRETS:
        path = environment.get(f"{name}_FILE", "").strip()
        if path and not environment.get(name, "").strip():
            environment[name] = _file(f"{name}_FILE", path)
    wanted = [part.strip() for part in environment.get(IN_AWS, "").split(",") if part.strip()]
    if not wanted or environment.get(READ) == environment[IN_AWS]:
        return
    client = _client(environment)
    for secret in wanted:
        for name, value in _secret(client, secret).items():
            if name in SECRETS and value is not None and not environment.get(name, "").strip():
                environment[name] = _value(secret, name, value)
    # A process that is started by this one finds the secrets, and need not fetch them again.
    environment[READ] = environment[IN_AWS]


def _file(variable: str, path: str) -> str:
    try:
        found = read_small_file(Path(path), _MOST_BYTES).decode().strip()
        if "\0" not in found:
            return found
        why = gettext("it contains a NUL character")
    except (OSError, ValueError) as error:
        why = system_words(error) if isinstance(error, OSError) else gettext("it is not UTF-8 text")
    # Beyond the handler, and so without a cause: that of bytes that are not text quotes them.
    raise ConfigurationError(
        gettext(
            "The file {path} that {variable} names cannot be read: {why}.",
            path=path,
            variable=variable,
            why=why,
        )
    )


def _value(secret: str, name: str, value: object) -> str:
    """A value that a variable can have.

    Raises:
        ConfigurationError: It is not one.
    """
    if not isinstance(value, str):
        raise ConfigurationError(
            gettext(
                "The secret {secret!r} has a {name} that is not text: store it again, in quotes.",
                secret=secret,
                name=name,
            )
        )
    if not value.strip().isprintable():  # no surrogate is, and no NUL
        raise ConfigurationError(
            gettext(
                "The secret {secret!r} has a {name} with characters that no such value has: "
                "store it again, on one line.",
                secret=secret,
                name=name,
            )
        )
    return value.strip()


def _client(environment: Mapping[str, str]) -> Any:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session().client(
            "secretsmanager", region_name=environment.get("AWS_REGION") or None
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            gettext(
                "AWS Secrets Manager, for {in_aws}, cannot be reached: {error}",
                in_aws=IN_AWS,
                error=error,
            )
        ) from error


def _secret(client: Any, name: str) -> Mapping[str, Any]:
    """The fields of a secret; `from None` throughout, as causes may quote the reply."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        text = client.get_secret_value(SecretId=name)["SecretString"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise ConfigurationError(
            gettext(
                "AWS Secrets Manager did not return the secret {name!r} ({code}): check {in_aws} "
                "and the permission secretsmanager:GetSecretValue.",
                name=name,
                code=code,
                in_aws=IN_AWS,
            )
        ) from None
    except (BotoCoreError, KeyError) as error:
        raise ConfigurationError(
            gettext(
                "AWS Secrets Manager did not return the secret {name!r} ({kind}): check "
                "{in_aws} and the AWS credentials.",
                name=name,
                kind=type(error).__name__,
                in_aws=IN_AWS,
            )
        ) from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(
            gettext(
                "The secret {name!r} must be a JSON object of variables, such as "
                '{{"TMDB_READ_ACCESS_TOKEN": "..."}}.',
                name=name,
            )
        )
    return found
