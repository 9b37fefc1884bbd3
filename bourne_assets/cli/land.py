"""`bourne land`. What must not be put here: landing (`csvs`)."""

import click

from bourne_assets.cli.common import handled
from bourne_assets.errors import ConfigurationError


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", expose_value=False)
@click.option("--date", metavar="YYYY-MM-DD", help="Day in the keys.", expose_value=False)
@handled
def land() -> int:
    """Land CSV files or folders."""
    raise ConfigurationError(
        "The command land is not part of this version: set BOURNE_CSV_DIR and use "
        "`bourne run --select raw_csvs_s3`."
    )
