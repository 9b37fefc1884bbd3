"""`bourne lake`: the embedded S3 server. What must not be put here: the server itself."""

import shlex

import click

from bourne_assets.cli.common import handled
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake import embedded
from bourne_assets.settings import Settings, read_settings


@click.group()
def lake() -> None:
    """The embedded S3 server."""


@lake.command()
@handled
def start() -> int:
    """Start the server and keep it until `bourne lake stop`."""
    settings = _embedded_settings()
    with embedded.connect(settings.home, settings.bucket) as server:
        server.keep()
        click.echo(f"The lake runs at {server.endpoint}, bucket {settings.bucket}.")
        click.echo(
            "`bourne lake env` prints what other S3 clients need, `bourne lake stop` ends it."
        )
    return 0


@lake.command()
@handled
def stop() -> int:
    """End the server."""
    if embedded.stop(_embedded_settings().home):
        click.echo("The lake is stopped.")
    else:
        click.echo("The lake is in use, and ends when its last user does.")
    return 0


@lake.command()
@handled
def status() -> int:
    """Say whether the server runs."""
    settings = _embedded_settings()
    found = embedded.status(settings.home)
    size = f"{found.bytes_on_disk / 2**20:.1f} MiB in {settings.home / 'lake'}"
    if not found.running:
        click.echo(f"The lake does not run; it starts when it is needed. {size}.")
        return 0
    until = "until `bourne lake stop`" if found.kept else "while it is used"
    click.echo(f"The lake runs at {found.endpoint}, {until}. {size}.")
    return 0


@lake.command()
@handled
def env() -> int:
    """Print `export` lines with which other S3 clients reach the running server."""
    settings = _embedded_settings()
    if not embedded.status(settings.home).running:
        raise BourneError("The lake does not run: start it with `bourne lake start`.")
    with embedded.connect(settings.home, settings.bucket) as server:
        values = {
            "AWS_ACCESS_KEY_ID": server.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": server.credentials.secret_key,
            "AWS_ENDPOINT_URL_S3": server.endpoint,
            "AWS_REGION": server.region,
            "AWS_DEFAULT_REGION": server.region,
        }
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    return 0


def _embedded_settings() -> Settings:
    settings = read_settings()
    if settings.s3_bucket is not None:
        raise ConfigurationError(
            "BOURNE_S3_BUCKET is set, so that the embedded lake is not used: unset it first."
        )
    return settings
