"""What the commands share: errors as exit codes, the saga option, the lake of one command.

Not here: commands.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, NoReturn, ParamSpec

import click

from bourne_assets import times
from bourne_assets.cli.environment_file import load_environment_file
from bourne_assets.errors import INTERRUPTED, BourneError, ConfigurationError
from bourne_assets.lake.opening import lake_exists, open_lake
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import DEFAULT_SLUG, Saga, known_sagas, select_sagas
from bourne_assets.settings import Settings, read_settings
from bourne_assets.translations import gettext, series

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

Parameters = ParamSpec("Parameters")

#: Seconds after which the finaliser that swallowed an interrupt has ended.
_FINALISER_SECONDS = 0.1


def with_exit_codes(command: Callable[Parameters, int | None]) -> Callable[Parameters, NoReturn]:
    """A command whose errors end in one sentence and an exit code, never in a traceback."""

    @wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> NoReturn:
        try:
            with _interruptible():
                code = _run(command, *arguments, **options)
        except KeyboardInterrupt:
            _complain(gettext("Interrupted."))
            code = INTERRUPTED
        sys.exit(code)

    return run


def _run(
    command: Callable[Parameters, int | None],
    /,
    *arguments: Parameters.args,
    **options: Parameters.kwargs,
) -> int:
    try:
        if passed_over := load_environment_file():
            _note(
                gettext(
                    "{passed_over} is not read: settings are read from the project's .env, or "
                    "from the file that BOURNE_ENV_FILE names.",
                    passed_over=passed_over,
                )
            )
        return command(*arguments, **options) or 0
    except BourneError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has gone
        return BourneError.exit_code


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn SIGINT into KeyboardInterrupt; the start of the program leaves it to the system."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    report_unraisable, sys.unraisablehook = sys.unraisablehook, _interrupt_again
    try:
        yield
    finally:
        sys.unraisablehook = report_unraisable
        if is_ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send an interrupt once more that came in a finaliser, where Python drops every exception."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        threading.Timer(_FINALISER_SECONDS, os.kill, (os.getpid(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)


def say(text: str) -> None:
    """One line on standard output.

    Raises:
        OutputFailed: It cannot be written.
    """
    from bourne_assets.cli.console import output, write

    write(output(), text)


def _complain(sentence: str) -> None:
    """An error on standard error; where nobody can read it, the exit code must do."""
    from bourne_assets.cli.console import error_output, print_error

    with suppress(OSError):
        print_error(error_output(), sentence)


def _note(sentence: str) -> None:
    """What the user may not expect, on standard error, where somebody can read it."""
    from bourne_assets.cli.console import error_output, print_note

    with suppress(OSError):
        print_note(error_output(), sentence)


saga_option = click.option(
    "--saga",
    "slug",
    default=DEFAULT_SLUG,
    show_default=True,
    metavar="SLUG",
    help="A saga of the sagas file.",
)


def saga_of(settings: Settings, slug: str) -> Saga:
    """The saga of a slug.

    Raises:
        SagaConfigurationError: The slug is not in the sagas file.
    """
    (saga,) = select_sagas(known_sagas(settings.sagas_file), [slug])
    return saga


def settings_after_landing() -> Settings:
    """The settings, for commands that look at what was landed.

    Raises:
        BourneError: There is no lake, so nothing was landed.
    """
    settings = read_settings()
    if not lake_exists(settings.home, settings.s3_bucket):
        raise BourneError(
            gettext("Nothing was landed yet: {home} has no lake.", home=settings.home)
        )
    return settings


def naming(saga: Saga) -> str:
    """The option that names a saga in a command to call, with a blank before; none by default."""
    return "" if saga.slug == DEFAULT_SLUG else f" --saga {saga.slug}"


def past_day(text: str) -> date:
    """A day that an option names, of which something can be known.

    Raises:
        ConfigurationError: It is not a date, or has not come yet.
    """
    try:
        return times.past_day(text)
    except ValueError as error:
        raise ConfigurationError(f"{error}.") from error


def ensure_exclusive(options: Mapping[str, object]) -> None:
    """Refuse options that exclude each other.

    Args:
        options: Their values by their names; one without a value is not given.

    Raises:
        ConfigurationError: More than one has a value.
    """
    names = [name for name, value in options.items() if value]
    if len(names) > 1:
        raise ConfigurationError(
            gettext("{names} exclude each other: leave one out.", names=series(names))
        )


class CommandLake:
    """The lake of one command; the embedded server boots while the command loads Dagster.

    Loading and booting take a second each, and neither needs the other.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = ThreadPoolExecutor(1, thread_name_prefix="lake").submit(
            open_lake, settings.home, settings.s3_bucket, settings.s3_prefix
        )

    @property
    def is_open(self) -> bool:
        """Whether it has been reached, or cannot be."""
        return self._opening.done()

    def connect(self) -> Lake:
        """The connected lake."""
        return self._opening.result().lake

    def catalogue(self) -> "Catalog":
        """The catalogue of its tables."""
        from bourne_assets.iceberg.catalogue import open_catalogue

        return open_catalogue(self.connect(), self._settings.home)

    def release(self, *, wait: bool = False) -> None:
        """Release the share in the embedded server; a second call only waits."""
        if self._opening.exception() is None:
            self._opening.result().release(wait=wait)


@contextmanager
def command_lake(settings: Settings) -> Iterator[CommandLake]:
    """The lake of a command, released when it ends."""
    lake = CommandLake(settings)
    is_interrupted = False
    try:
        yield lake
    except KeyboardInterrupt:
        is_interrupted = True
        raise
    finally:
        # An interrupt does not wait for a server that is still starting: it finds itself unused.
        if lake.is_open or not is_interrupted:
            lake.release(wait=True)
