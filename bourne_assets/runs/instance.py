"""The Dagster instance: where runs, events and logs are kept.

`bourne run`, `make dev` and plain `dagster dev` share one, so that what one materialised the
others show. Its configuration is one file of the package, which the project's dagster.yaml is a
link to. Not here: runs (`cli.runner`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from bourne_assets.errors import BourneError, ConfigurationError, HomeNotWritable
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.ownership import is_own
from bourne_assets.settings import DATA_DIR, Settings
from bourne_assets.small_files import read_small_file
from bourne_assets.translations import gettext

CONFIG_FILE = "dagster.yaml"
WORKSPACE = DATA_DIR / "workspace.yaml"
#: The file that `dagster dev` reads in the project; its paths count from there.
_SHIPPED = DATA_DIR / CONFIG_FILE
_DEFAULT_BASE = ".bourne/dagster"
_MOST_BYTES = 1024 * 1024
_PATTERN = frozenset("?*[")
_HEADER = (
    "# Written by `bourne` whenever it starts. To keep changes of your own, remove this line.\n"
)


def instance_folder(settings: Settings) -> Path:
    """The folder whose dagster.yaml configures the instance.

    DAGSTER_HOME where it is set, else BOURNE_HOME, whose dagster.yaml is written from the
    package's. A dagster.yaml of the working folder is not read: it may name any code.

    Raises:
        ConfigurationError: DAGSTER_HOME is not a folder, or BOURNE_HOME cannot be written or is not
            the user's own.
    """
    if given := os.environ.get("DAGSTER_HOME"):
        folder = Path(given).expanduser()
        if not (folder.is_absolute() and folder.is_dir()):
            raise ConfigurationError(
                gettext(
                    "DAGSTER_HOME must be the absolute path of a folder, not {given!r}.",
                    given=given,
                )
            )
        _ensure_literal(folder, "DAGSTER_HOME")
        return folder
    home = settings.home.absolute()
    _ensure_literal(home, "BOURNE_HOME")
    try:
        # Dagster's databases quote cells of landed files.
        for private in (home, home / "dagster"):
            make_private_folder(private)
        _write_config(home)
    except OSError as error:
        raise HomeNotWritable(home, error) from error
    return home


def _ensure_literal(folder: Path, variable: str) -> None:
    """Refuse a name that Dagster reads as more than a name.

    It looks for its dagster.yaml by a pattern, which the folder of somebody else may match, and
    SQLAlchemy takes what follows a question mark for options of the database.
    """
    for character in sorted(_PATTERN & {*str(folder)}):
        raise ConfigurationError(
            gettext(
                "Dagster's databases cannot be kept in {folder}, because of the {character!r} in "
                "its path: set {variable} to a folder without one.",
                folder=folder,
                character=character,
                variable=variable,
            )
        )


def instance_config(base: Path) -> dict[str, Any]:
    """What the package's dagster.yaml says, with everything kept below `base`."""

    def below(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: below(part) for name, part in value.items()}
        if isinstance(value, str) and value.startswith(f"{_DEFAULT_BASE}/"):
            return str(base / value.removeprefix(f"{_DEFAULT_BASE}/"))
        return value

    config: dict[str, Any] = below(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8")))
    return config


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance, ready for a run.

    Raises:
        ConfigurationError: Its folder or its dagster.yaml cannot be used.
    """
    folder = instance_folder(settings)
    # One process at a time: Dagster's first opening makes tables, and two at once both fail.
    # A DAGSTER_HOME that is only read keeps its tables elsewhere.
    lock = FileLock(folder / ".opening.lock") if os.access(folder, os.W_OK) else nullcontext()
    try:
        with lock:
            return dg.DagsterInstance.from_config(str(folder))
    except TimeoutError as error:
        raise ConfigurationError(
            gettext(
                "Another process has been opening the Dagster instance of {folder} for too long: "
                "end that process and try again.",
                folder=folder,
            )
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            gettext("{folder} is not UTF-8 text.", folder=folder / CONFIG_FILE)
        ) from error
    except (OSError, dg.DagsterError, yaml.YAMLError, SQLAlchemyError, RecursionError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigurationError(
            gettext(
                "The Dagster instance of {folder} cannot be opened: {first}",
                folder=folder / CONFIG_FILE,
                first=first,
            )
        ) from error


@contextmanager
def reporting_database_failures(settings: Settings, instance: dg.DagsterInstance) -> Iterator[None]:
    """Report in a sentence what Dagster's databases fail with while they are used.

    What they refuse is a mistake of this program, and passes as it is.

    Raises:
        BourneError: One failed: its disk is full, say.
    """
    try:
        yield
    except DatabaseError as error:
        # SQLite calls a damaged file no more than a DatabaseError; a refusal is a kind of its own.
        if type(error) not in (OperationalError, DatabaseError):
            raise
        first = str(error).strip().partition("\n")[0]
        # The cause may quote the database's address, which has its password.
        raise BourneError(_failure(settings, instance, first)) from None


def _failure(settings: Settings, instance: dg.DagsterInstance, first: str) -> str:
    storage, home = instance.event_log_storage, settings.home.absolute()
    if isinstance(storage, SqliteEventLogStorage) and Path(
        storage.path_for_shard("index")
    ).absolute().is_relative_to(home):
        return gettext(
            "Dagster's databases failed: {first} - check the disk of {home}.",
            first=first,
            home=settings.home,
        )
    return gettext("Dagster's databases failed: {first}", first=first)


def _write_config(home: Path) -> None:
    """Bring the home's dagster.yaml up to date, unless the user has made it their own."""
    path = home / CONFIG_FILE
    with suppress(FileNotFoundError):
        if not is_own(path.stat()):
            raise ConfigurationError(
                gettext(
                    "{path} belongs to another user and is not read, as it may name any code: "
                    "remove it, or set BOURNE_HOME to a folder of your own.",
                    path=path,
                )
            )
    text = _HEADER + yaml.safe_dump(instance_config(home / "dagster"), sort_keys=False)
    try:
        present = read_small_file(path, _MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        present = _HEADER
    except UnicodeDecodeError:
        return  # it is not ours, and is named when the instance is opened
    if present == text or not present.startswith(_HEADER):
        return
    # Others may be reading it: it is never there in part.
    draft = home / f".{CONFIG_FILE}.{os.getpid()}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
