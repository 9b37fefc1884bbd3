"""Dagster's webserver with its guard and the reports, and `dagster dev` with that webserver.

Not here: what is refused (`guard`), the `reports`, and how `bourne dev` starts it (`dev`).
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
import dagster as dg

from bourne_assets.errors import INTERRUPTED, BourneError, ConfigurationError
from bourne_assets.settings import read_settings
from bourne_assets.translations import gettext
from bourne_assets.webserver.address import Address, announce_when_ready
from bourne_assets.webserver.guard import Allowed, Guard
from bourne_assets.webserver.output import forward_until_interrupted
from bourne_assets.webserver.reports import Reports, reader_of


class GuardMissing(BourneError):
    """Dagster starts its webserver in a way that is not known, so that it would have no guard."""


def serve() -> None:
    """Dagster's own command line, whose application gets the guard."""
    from dagster_webserver import cli as webserver

    cli: Any = webserver  # its names are imported ones, which it does not export

    try:
        settings = read_settings()
    except ConfigurationError as error:
        _complain(error)
        sys.exit(error.exit_code)
    allowed = Allowed.of(settings.ui_url, settings.ui_allowed_hosts)
    read = reader_of(settings)
    create = cli.create_app_from_workspace_process_context

    def guarded(*args: Any, **options: Any) -> Any:
        app = create(*args, **options)
        app.add_middleware(Reports, read=read, prefix=urlsplit(settings.ui_url).path)
        app.add_middleware(Guard, allowed=allowed)
        return app

    cli.create_app_from_workspace_process_context = guarded
    cli.main()


def _complain(error: BourneError) -> None:
    sys.stderr.write(f"{gettext('Error:')} {error}\n")


def _print_the_address(options: Sequence[str]) -> None:
    """One line among Dagster's, when the UI responds."""
    announce = partial(print, flush=True)
    Thread(target=announce_when_ready, args=(Address.named(options), announce), daemon=True).start()


def develop(options: Sequence[str], take_interrupts: Callable[[], None]) -> NoReturn:
    """`dagster dev`, whose webserver is this one.

    Args:
        options: The arguments of `dagster dev`.
        take_interrupts: Has Python raise KeyboardInterrupt, when that ends in no traceback.
    """
    from dagster._cli import dev as command

    dev: Any = command  # as above

    start = dev.open_ipc_subprocess
    services = iter(("dagster_webserver", "dagster._daemon"))

    def started(parts: Sequence[str], **kwargs: Any) -> Any:
        executable, flag, module, *rest = parts
        if flag != "-m" or module != next(services, None):
            raise GuardMissing(
                gettext(
                    "This version of Dagster starts its webserver differently, so that nothing "
                    "would guard it: install the version of requirements.lock."
                )
            )
        own = __package__ if module == "dagster_webserver" else module
        watched = [executable, flag, f"{__package__}.orphans", str(os.getpid()), own]
        return start([*watched, *rest], **kwargs)

    dev.open_ipc_subprocess = started
    with forward_until_interrupted() as interrupts:
        try:
            take_interrupts()
            code = _developed(dev.dev_command, options)
        except GuardMissing as error:
            _complain(error)
            code = error.exit_code
        except BaseException:
            # What breaks because its servers ended comes from the interrupt, not a failure.
            if not interrupts.wait():
                raise
            code = INTERRUPTED
        # A further interrupt finds nothing left to do, and ends this at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _developed(command: Any, options: Sequence[str]) -> int:
    """The exit code of `dagster dev`.

    Raises:
        click.Abort: It was interrupted before it served.
    """
    if "--help" not in options:
        _print_the_address(options)
    with warnings.catch_warnings():
        # `dg dev` would read the folder that it is started in.
        warnings.simplefilter("ignore", dg.SupersessionWarning)
        try:
            code = command.main(list(options), prog_name="dagster dev", standalone_mode=False)
        except click.ClickException as error:
            error.show()
            return error.exit_code
    return code or 0
