"""`bourne dev`: Dagster's UI on the instance of these settings. Not here: definitions."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bourne_assets.errors import ConfigurationError
from bourne_assets.runs.instance import WORKSPACE, instance_folder
from bourne_assets.settings import FIELDS, Settings
from bourne_assets.translations import gettext, system_words
from bourne_assets.webserver.address import FIRST_PORT, Address


def serve(settings: Settings, options: Sequence[str]) -> NoReturn:
    """Become `dagster dev` with a guarded webserver, so that a signal to this process reaches it.

    Alerts and assets link to its address, unless BOURNE_UI_URL names another.

    Dagster would load a `.env`, a workspace.yaml and modules from the folder that it is started in.
    It is started in a folder of BOURNE_HOME instead, where none of them are.

    Args:
        settings: The settings.
        options: More options of `dagster dev`.

    Raises:
        ConfigurationError: The folder of BOURNE_HOME or the port cannot be used.
    """
    is_help = "--help" in options
    address = None if is_help else Address.free(options)
    environment = {
        **os.environ,
        **({"BOURNE_UI_URL": address.url} if address and not settings.stated_ui_url else {}),
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
            gettext(
                "The folder {folder} cannot be used ({strerror}): check BOURNE_HOME.",
                folder=folder,
                strerror=system_words(error),
            )
        ) from error
    if address and address.port != Address.named(options).port:
        sys.stderr.write(
            gettext(
                "Port {first_port} is taken: the UI will be at {url}.\n",
                first_port=FIRST_PORT,
                url=address.url,
            )
        )
    own = ["-w", str(WORKSPACE), *options, *(address.options if address else [])]
    command = [sys.executable, "-m", "bourne_assets.webserver.services", *own]
    # Dagster's servers listen on sockets in the temporary folder, which execute what they are sent.
    os.umask(0o077)
    # Dagster ends by SIGINT, and does at SIGTERM what it does at SIGINT: nothing, where a shell has
    # started this in the background and so lets it ignore SIGINT. Its children would stay as well.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Until the interpreter has started, which would print a traceback; `webserver` lets them in.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted


def _absolute_paths(settings: Settings) -> dict[str, str]:
    """The settings that are paths, which may count from the folder that is left."""
    return {
        FIELDS[name]: str(value.absolute()) for name, value in settings if isinstance(value, Path)
    }
