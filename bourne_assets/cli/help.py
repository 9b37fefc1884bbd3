"""Commands whose help, and click's own words, are in the language of the user.

The help of a command is its English docstring, and each is translated when it is shown, so that
loading a command needs no language. Click's words go through Python's gettext, which wants compiled
files of its own: they are given to the same catalogue as all others instead.
Not here: the translations (`translations`).
"""

import inspect
from typing import Any

import click
import click.core
import click.exceptions
import click.formatting
import click.parser
import click.types

from bourne_assets.translations import catalogue, current_language, plain

#: What click says itself, as far as users of these commands see it. `scripts.update_catalogue`
#: reads it.
CLICK_WORDS = (
    "Usage:",
    "Options",
    "Commands",
    "[OPTIONS]",
    "COMMAND [ARGS]...",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {default}",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "No such command {name!r}.",
    "No such option {name!r}.",
    "Missing command.",
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Option {name!r} does not take a value.",
    "{name} {filename!r} is a directory.",
    "file",
    "path",
    "Aborted!",
)
#: The same for what click says of a number of things.
CLICK_PLURALS = (
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    (
        "Option {name!r} requires an argument.",
        "Option {name!r} requires {nargs} arguments.",
    ),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
)


def translate_click() -> None:
    """Let click take its words from the catalogue; what that lacks stays English."""
    for module in (click.core, click.exceptions, click.formatting, click.parser, click.types):
        for name, translate in (("_", plain), ("ngettext", _plural)):
            if name in vars(module):
                setattr(module, name, translate)


def _plural(one: str, many: str, n: int) -> str:
    return catalogue(current_language()).ngettext(one, many, n)


def described(command: click.Command) -> str:
    """The English help of a command, as it is in the catalogue."""
    return inspect.cleandoc(command.help or "")


class Command(click.Command):
    """A command whose help is translated when it is shown."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The words of the usage line."""
        return [plain(piece) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The description."""
        if text := described(self):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(plain(text))

    def get_short_help_str(self, _: int = 45) -> str:
        """The first sentence, whole: click would cut it."""
        paragraph = " ".join(plain(described(self)).partition("\n\n")[0].split())
        sentence, point, _rest = paragraph.partition(". ")
        return f"{sentence}{point.rstrip()}"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options; click 8.5.1 has a row for arguments too, which the usage names."""
        rows = []
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None and not isinstance(option, click.Argument):
                english = getattr(option, "help", None) or ""
                rows.append((record[0], record[1].replace(english, plain(english), 1)))
        if rows:
            with formatter.section(plain("Options")):
                formatter.write_dl(rows)


class Group(Command, click.Group):
    """A group of such commands, which shows the first sentence of each whole."""

    command_class: Any = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the section; click would cut the sentences."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [
            (name, command.get_short_help_str())
            for name, command in commands.items()
            if command is not None and not command.hidden
        ]
        if rows:
            with formatter.section(plain("Commands")):
                formatter.write_dl(rows)


class DefaultGroup(Group):
    """A group whose arguments go to one of its commands where they do not name another.

    Args:
        default: Name of that command.
        options: As `Group` takes them.
    """

    def __init__(self, *, default: str, **options: Any) -> None:
        super().__init__(**options)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the command that is not named."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = [self._default, *args]
        return super().parse_args(ctx, args)
