"""`bourne dev`. Not here: how the UI is started (`webserver.dev`)."""

import click

from bourne_assets.cli.common import with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.settings import read_settings


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@with_exit_codes
def dev(options: tuple[str, ...]) -> None:
    """Open Dagster's UI on the instance and lake that `bourne run` uses."""
    from bourne_assets.webserver.dev import serve

    serve(read_settings(), options)
