"""`bourne exec`. Not here: where secrets come from (`secret_sources`)."""

import errno
import os
from collections.abc import Sequence

import click

from bourne_assets.cli.common import with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import load_secrets
from bourne_assets.translations import gettext, system_words


# Options before the command are this one's, those after it the command's own.
@click.command("exec", cls=Command, context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@with_exit_codes
def execute(command: tuple[str, ...]) -> None:
    """Run another command in place of this one, with the secrets in its environment.

    Secrets are those that TMDB_READ_ACCESS_TOKEN_FILE and similar variables name; what follows
    COMMAND is passed to it, even --help.
    """
    _become(command)


@click.command(
    "dagster",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    hidden=True,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_exit_codes
def dagster(arguments: tuple[str, ...]) -> None:
    """Become `dagster`, which Kubernetes calls as the arguments of an image's entry point."""
    _become(("dagster", *arguments))


def _become(command: Sequence[str]) -> None:
    load_secrets(os.environ)
    try:
        if not command[0]:  # which Python refuses in words of its own
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        os.execvp(command[0], list(command))  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise ConfigurationError(
            gettext(
                "The command {command!r} cannot be started: {strerror}.",
                command=command[0],
                strerror=system_words(error),
            )
        ) from error
