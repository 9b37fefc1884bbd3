"""The Dagster instance: where runs, events and logs are kept.

`bourne run`, `make dev` and plain `dagster dev` share one, so that what one materialised the
others show. What must not be put here: runs (`running`).
"""

import os
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import SQLAlchemyError

from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import Settings

CONFIG_FILE = "dagster.yaml"


def instance_folder(settings: Settings) -> Path:
    """The folder whose dagster.yaml configures the instance.

    DAGSTER_HOME where it is set; else this folder, where the project's own dagster.yaml names the
    default home; else BOURNE_HOME, which gets a dagster.yaml of its own.

    Raises:
        ConfigurationError: DAGSTER_HOME is no folder, or BOURNE_HOME cannot be written.
    """
    if given := os.environ.get("DAGSTER_HOME"):
        folder = Path(given).expanduser()
        if not (folder.is_absolute() and folder.is_dir()):
            raise ConfigurationError(
                f"DAGSTER_HOME must be the absolute path of a folder, not {given!r}."
            )
        return folder
    if settings.home == Settings().home and Path(CONFIG_FILE).is_file():
        return Path.cwd()
    home = settings.home.absolute()
    config = home / CONFIG_FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not config.exists():
            config.write_text(yaml.safe_dump(instance_config(home / "dagster"), sort_keys=False))
    except OSError as error:
        raise ConfigurationError(
            f"The folder {home} cannot be written ({error.strerror}): set BOURNE_HOME to a folder "
            "that you can write to."
        ) from None
    return home


def instance_config(base: Path) -> dict[str, Any]:
    """What a dagster.yaml of the platform says, with everything kept below `base`."""
    return {
        "storage": {"sqlite": {"base_dir": str(base / "storage")}},
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(base / "artifacts")},
        },
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(base / "logs")},
        },
        # One step at a time in each pool: `tmdb_api` is the one there is.
        "concurrency": {"pools": {"default_limit": 1}},
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 10,
            "free_slots_after_run_end_seconds": 1,
        },
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance, ready for a run.

    Raises:
        ConfigurationError: Its folder or its dagster.yaml cannot be used.
    """
    folder = instance_folder(settings)
    try:
        return dg.DagsterInstance.from_config(str(folder))
    except (OSError, dg.DagsterError, yaml.YAMLError, SQLAlchemyError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigurationError(
            f"The Dagster instance of {folder / CONFIG_FILE} cannot be opened: {first}"
        ) from None
