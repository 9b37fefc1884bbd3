"""`bourne dev`: Dagster's UI on the instance of these settings. Not here: definitions."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bourne_assets.errors import ConfigurationError
from bourne_assets.runs.instance import WORKSPACE, instance_folder
from bourne_assets.settings import FIELDS, Settings


def serve(settings: Settings, options: Sequence[str]) -> NoReturn:
    """Become `dagster dev` with a guarded webserver, so that a signal to this process reaches it.

    Dagster would load a `.env`, a workspace.yaml and modules from the folder that it is started in.
    It is started in a folder of BOURNE_HOME instead, where none of them are.

    Args:
        settings: The settings.
        options: More options of `dagster dev`.

    Raises:
        ConfigurationError: The folder of BOURNE_HOME cannot be used.
    """
    environment = {
        **os.environ,
        **_absolute_paths(settings),
        "DAGSTER_HOME": str(instance_folder(settings)),
        "PYTHONSAFEPATH": "1",
    }
    folder = settings.home.absolute() / "dagster"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chdir(folder)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be used ({error.strerror}): check BOURNE_HOME."
        ) from error
    command = [sys.executable, "-m", "bourne_assets.webserver.dev", "-w", str(WORKSPACE), *options]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted


def _absolute_paths(settings: Settings) -> dict[str, str]:
    """The settings that are paths, which may count from the folder that is left."""
    return {
        FIELDS[name]: str(value.absolute()) for name, value in settings if isinstance(value, Path)
    }


if __name__ == "__main__":
    from bourne_assets.webserver import develop

    develop(sys.argv[1:])
