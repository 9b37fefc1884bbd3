"""The `bourne` command, one module a subcommand.

Dagster is imported inside the commands that run it: `bourne answers` and `bourne lake` do not.
What must not be put here: work, and how things look (`console`).
"""

import click

from bourne_assets import __version__
from bourne_assets.cli.answers import answers
from bourne_assets.cli.dev import dev
from bourne_assets.cli.doctor import doctor
from bourne_assets.cli.exec import dagster, execute
from bourne_assets.cli.lake import lake
from bourne_assets.cli.land import land
from bourne_assets.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bourne")
def main() -> None:
    """A data platform for CSV batches, TMDB films, and six questions about a saga."""


for _command in (run, answers, land, doctor, dev, lake, execute, dagster):
    main.add_command(_command)
