"""What the commands share: errors as exit codes, the saga option, the lake of one command.

What must not be put here: commands.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import NoReturn, ParamSpec

import click

from bourne_assets.errors import BourneError
from bourne_assets.lake import embedded
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import DEFAULT_SLUG, Saga, known_sagas, select_sagas
from bourne_assets.settings import Settings, load_environment_file

Parameters = ParamSpec("Parameters")


def handled(command: Callable[Parameters, int | None]) -> Callable[Parameters, NoReturn]:
    """A command whose errors end in one sentence and an exit code, never in a traceback."""

    @wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> NoReturn:
        from bourne_assets.console import error_output, print_error

        try:
            load_environment_file()
            code = command(*arguments, **options) or 0
        except BourneError as error:
            print_error(error_output(), str(error))
            code = error.exit_code
        except KeyboardInterrupt:
            print_error(error_output(), "Interrupted.")
            code = 130
        except BrokenPipeError:  # who read our output has had enough
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open till the end
            code = BourneError.exit_code
        sys.exit(code)

    return run


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


class CommandLake:
    """The lake of one command; the embedded server boots while the command loads Dagster.

    Loading and booting take a second each, and neither needs the other.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lake")
        self._starting: Future[embedded.EmbeddedLake] | None = None
        if settings.s3_bucket is None:
            self._starting = self._pool.submit(
                embedded.connect, settings.home, settings.bucket, settings.s3_prefix
            )

    def connect(self) -> Lake:
        """The connected lake."""
        return self._starting.result().lake if self._starting else _own_lake(self._settings)

    def release(self, *, wait: bool = False) -> None:
        """Give the share in the embedded server back; once more does nothing but wait."""
        if self._starting and self._starting.exception() is None:
            self._starting.result().release(wait=wait)


@contextmanager
def lake_of(settings: Settings) -> Iterator[CommandLake]:
    """The lake of a command, given back when it ends."""
    lake = CommandLake(settings)
    try:
        yield lake
    finally:
        lake.release(wait=True)


def _own_lake(settings: Settings) -> Lake:
    from bourne_assets.definitions import default_resources

    return default_resources(settings)["lake"].connect()  # type: ignore[no-any-return]
