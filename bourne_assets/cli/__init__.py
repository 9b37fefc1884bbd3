"""The `bourne` command, one module a subcommand, loaded when it is called.

Dagster is imported inside the commands that run it: `bourne answers` and `bourne lake` do not.
Not here: work, and what is printed (`console`).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from bourne_assets import __version__
from bourne_assets.cli.environment_file import load_environment_file
from bourne_assets.cli.help import Group, translate_click
from bourne_assets.errors import BourneError
from bourne_assets.text import printable

#: Not for people: not in the help, and not suggested.
_FOR_KUBERNETES = "dagster"
#: Where each command is: module of this package and name in it, in the order of the help.
_COMMANDS = {
    "run": ("run", "run"),
    "answers": ("answers", "answers"),
    "land": ("land", "land"),
    "datasets": ("datasets", "datasets"),
    "unland": ("datasets", "unland"),
    "query": ("query", "query"),
    "tables": ("query", "tables"),
    "rejects": ("rejects", "rejects"),
    "alerts": ("alerts", "alerts"),
    "doctor": ("doctor", "doctor"),
    "dev": ("dev", "dev"),
    "lake": ("lake", "lake"),
    "exec": ("exec", "execute"),
    _FOR_KUBERNETES: ("exec", "dagster"),
}


class _Commands(Group):
    """Commands by name; a mistyped one is quoted as text, and not as the terminal would obey it."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:  # click looks for near names among loaded commands only
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS.keys() - {_FOR_KUBERNETES})
            vars(error)["possibilities"] = near
            raise

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        translate_click()
        with suppress(BourneError):  # the command reports it, if it is one
            load_environment_file()  # it may name the language
        with _printable_usage_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _printable_usage_errors():
            return super().invoke(ctx)


@contextmanager
def _printable_usage_errors() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = printable(error.message)  # click shows it, and has no hook
        raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bourne")
def main() -> None:
    """A data platform for CSV batches, TMDB films, and six questions about a saga."""
