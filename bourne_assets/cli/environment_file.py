"""The `.env` of the project: which file is read, and which variables are taken from it.

A file in the working folder may be anybody's. So the file is looked for in the project and beside
the datasets file only, it must be the user's own, and it can neither change how programs are loaded
nor send a credential that it does not contain itself to an address of its own.
Not here: what the variables mean (`settings`).
"""

import io
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import BinaryIO

from dotenv import dotenv_values

from bourne_assets.errors import ConfigurationError
from bourne_assets.ownership import is_own, may_be_written_by_others, user_name
from bourne_assets.secret_sources import IN_AWS, SECRETS
from bourne_assets.settings import VARIABLES
from bourne_assets.small_files import open_regular, read_open_file
from bourne_assets.translations import gettext, system_words

#: Names the file itself, in place of the places where it is looked for.
LOCATION = "BOURNE_ENV_FILE"
_NAME = ".env"
_MOST_BYTES = 64 * 1024
#: Variables that say where a credential is sent, and those that hold it.
_ADDRESSES = {
    "TMDB_BASE_URL": ("TMDB_READ_ACCESS_TOKEN", "TMDB_API_KEY"),
    "BOURNE_ALERTS_FILE": ("BOURNE_SMTP_PASSWORD",),
}
#: The home's `dagster.yaml` names modules and servers; the hosts are those that the guard lets in.
_OF_THE_USER = {"BOURNE_HOME", "BOURNE_UI_ALLOWED_HOSTS", "BOURNE_UI_URL"}
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
#: boto3 reads `AWS_ENDPOINT_URL`, and one for each service; obstore reads `AWS_ENDPOINT` too.
_AWS_ADDRESS = re.compile(r"AWS_(S3_)?ENDPOINT(_URL(_[A-Z0-9_]+)?)?")
#: They name files and addresses that credentials come from or are checked by.
_ENVIRONMENT_ONLY = re.compile(
    r"AWS_(CONFIG_FILE|SHARED_CREDENTIALS_FILE|CA_BUNDLE|DATA_PATH|CONTAINER_\w+|LOGIN_\w+"
    r"|EC2_METADATA_SERVICE_ENDPOINT\w*|\w*TOKEN_FILE)"
)


def load_environment_file(environment: MutableMapping[str, str] | None = None) -> Path | None:
    """Put the variables of the `.env` files into the environment; those already there stay.

    The project's file takes precedence over the one beside the datasets file.
    They go into the environment, and not only into `Settings`, because the AWS chain reads
    its own variables from there.

    Args:
        environment: In place of the process's, in tests.

    Returns:
        A `.env` of the working folder that names settings and is not read, to be named to its
        owner; None where there is none.

    Raises:
        ConfigurationError: A file cannot be read, is not the user's own, or holds an address for
            a credential of another origin.
    """
    environment = os.environ if environment is None else environment
    read: list[Path] = []
    addresses: dict[str, Path] = {}
    for path in _places(environment):
        values = _taken(path, environment)
        _ensure_address_is_of_the_same_file(path, values, addresses)
        read.append(path.absolute())
        addresses.update({name: path for name in values if name in _ADDRESSES})
        environment.update(values)
    here = Path.cwd() / _NAME
    is_passed_over = here not in read and LOCATION not in environment and _names_settings(here)
    return here if is_passed_over else None


def named_in_files() -> set[str]:
    """The variables that the `.env` files name, also those that are not taken from them."""
    return {name for path in _places(os.environ) for name in _values(path)}


def project_folder() -> Path | None:
    """The project that this package is installed from, where it is installed from a folder."""
    folder = Path(__file__).resolve().parents[2]
    marks = ("pyproject.toml", "workspace.yaml")
    return folder if all((folder / mark).is_file() for mark in marks) else None


def _places(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where the file may be; the first may name the datasets file that the second is beside."""
    if named := environment.get(LOCATION, "").strip():
        if not Path(named).exists():
            raise ConfigurationError(
                gettext(
                    "The file {named} that {location} names does not exist.",
                    named=named,
                    location=LOCATION,
                )
            )
        yield Path(named)
        return
    if (project := project_folder()) is not None:
        yield project / _NAME
    if datasets := environment.get("BOURNE_CSV_DATASETS", "").strip():
        yield Path(datasets).parent / _NAME


def _taken(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What a file adds to the environment."""
    values = {
        name: value
        for name, value in _values(path).items()
        if _is_readable(name) and name not in environment
    }
    for name in values:
        if _ENVIRONMENT_ONLY.fullmatch(name):
            raise ConfigurationError(
                gettext(
                    "The settings file {path} sets {name}, which decides where credentials come "
                    "from and is not read from a file: set it in the environment.",
                    path=path,
                    name=name,
                )
            )
        if name in _OF_THE_USER and _came_with_data(path, environment):
            raise ConfigurationError(
                gettext(
                    "The settings file {path} sets {name}, which is not read from a file beside "
                    "the datasets file: set it in the environment, or in the project's .env.",
                    path=path,
                    name=name,
                )
            )
    _ensure_addresses_are_safe(path, values, environment)
    _ensure_aws_addresses_are_safe(path, values, environment)
    return values


def _came_with_data(path: Path, environment: Mapping[str, str]) -> bool:
    is_named = bool(environment.get(LOCATION, "").strip())
    return not is_named and path.parent != project_folder()


def _values(path: Path, *, must_be_own: bool = True) -> dict[str, str]:
    """The variables of a file that are not blank; none where there is no file."""
    try:
        with open_regular(path) as file:
            if must_be_own:
                _ensure_own(path, file)
            text = read_open_file(file, _MOST_BYTES).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError as error:
        if path.is_dir() or str(path) == os.devnull:
            return {}
        raise ConfigurationError(
            gettext(
                "The settings file {path} cannot be read: {strerror}.",
                path=path,
                strerror=system_words(error),
            )
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            gettext("The settings file {path} is not UTF-8 text.", path=path)
        ) from error
    if "\0" in text:
        raise ConfigurationError(
            gettext("The settings file {path} contains a NUL character.", path=path)
        )
    # No interpolation: ${AWS_SECRET_ACCESS_KEY} in an address would send it there.
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value and value.strip()}


def _ensure_own(path: Path, file: BinaryIO) -> None:
    """Refuse a file that another user of the machine wrote or could write; root may do anything."""
    found = os.fstat(file.fileno())
    if not is_own(found):
        raise ConfigurationError(
            gettext(
                "The settings file {path} belongs to another user ({user_name}): make a file of "
                "your own in its place.",
                path=path,
                user_name=user_name(found.st_uid),
            )
        )
    if may_be_written_by_others(found):
        raise ConfigurationError(
            gettext(
                "The settings file {path} can be written by other users: run `chmod 600 {path}`.",
                path=path,
            )
        )


def _is_readable(name: str) -> bool:
    secret = name.removesuffix("_FILE")
    return name in VARIABLES or secret in SECRETS or name.startswith("AWS_")


def _names_settings(path: Path) -> bool:
    try:
        return any(_is_readable(name) for name in _values(path, must_be_own=False))
    except ConfigurationError:
        return False


def _holders(address: str) -> Iterator[str]:
    """The variables that hold the credentials of an address, or name where they are."""
    for name in _ADDRESSES[address]:
        yield from (name, f"{name}_FILE")
    yield IN_AWS


def _ensure_addresses_are_safe(
    path: Path, values: Mapping[str, str], environment: Mapping[str, str]
) -> None:
    """Refuse an address, or a file of addresses, for a credential that is not in the same file."""
    for address in filter(values.__contains__, _ADDRESSES):
        for name in _holders(address):
            is_elsewhere = name not in _ADDRESSES[address]  # in a file or in AWS
            if environment.get(name, "").strip() or (is_elsewhere and name in values):
                raise ConfigurationError(
                    gettext(
                        "The settings file {path} sets {address} for a credential that it does "
                        "not hold ({name}): set {address} in the environment instead.",
                        path=path,
                        address=address,
                        name=name,
                    )
                )


def _ensure_address_is_of_the_same_file(
    path: Path, values: Mapping[str, str], addresses: Mapping[str, Path]
) -> None:
    """Refuse a credential for an address that the other file holds; AWS's hold their keys."""
    for address, other in addresses.items():
        for name in _holders(address):
            if name in values:
                raise ConfigurationError(
                    gettext(
                        "The settings file {path} sets {name} for the {address} of {other}: "
                        "put both into one file.",
                        path=path,
                        name=name,
                        address=address,
                        other=other,
                    )
                )


def _ensure_aws_addresses_are_safe(
    path: Path, values: Mapping[str, str], environment: Mapping[str, str]
) -> None:
    addresses = [name for name in values if _AWS_ADDRESS.fullmatch(name)]
    holds_keys = all(name in values for name in _AWS_KEYS)
    if addresses and (not holds_keys or environment.get("AWS_SESSION_TOKEN", "").strip()):
        raise ConfigurationError(
            gettext(
                "The settings file {path} sets {addresses} for credentials that it does not "
                "contain: put {aws_keys} into it as well, or set {addresses} in the environment.",
                path=path,
                addresses=addresses[0],
                aws_keys=" and ".join(_AWS_KEYS),
            )
        )
