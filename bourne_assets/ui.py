"""Dagster's UI on the instance of these settings. What must not be put here: definitions."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bourne_assets.instance import instance_folder
from bourne_assets.settings import Settings


def serve(settings: Settings, options: Sequence[str]) -> int:
    """Run `dagster dev` until it ends.

    Args:
        settings: The settings.
        options: More options of `dagster dev`.

    Returns:
        Its exit code.
    """
    folder = instance_folder(settings)
    target = [] if Path("workspace.yaml").is_file() else ["-m", "bourne_assets.definitions"]
    environment = dict(os.environ)
    if folder != Path.cwd():
        environment["DAGSTER_HOME"] = str(folder)
    command = [sys.executable, "-m", "dagster", "dev", *target, *options]
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0
