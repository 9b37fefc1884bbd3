"""Dagster's UI on the instance of these settings. What must not be put here: definitions."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bourne_assets.instance import instance_folder
from bourne_assets.settings import Settings


def serve(settings: Settings, options: Sequence[str]) -> NoReturn:
    """Become `dagster dev`, so that a signal to this process reaches it.

    Args:
        settings: The settings.
        options: More options of `dagster dev`.
    """
    folder = instance_folder(settings)
    target = [] if Path("workspace.yaml").is_file() else ["-m", "bourne_assets.definitions"]
    environment = dict(os.environ)
    if folder != Path.cwd():
        environment["DAGSTER_HOME"] = str(folder)
    command = [sys.executable, "-m", "dagster", "dev", *target, *options]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted
