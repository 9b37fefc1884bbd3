"""`bourne lake`: the embedded S3 server. Not here: the server itself."""

import re
import shlex
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bourne_assets.cli.common import command_lake, say, with_exit_codes
from bourne_assets.cli.help import Group
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.iceberg.catalogue import catalogue_properties, configured, variables_of
from bourne_assets.lake import embedded
from bourne_assets.lake.opening import lake_exists
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings, read_settings
from bourne_assets.tmdb.raw import LONGEST, responses_older_than
from bourne_assets.translations import byte_size, gettext, grouped, ngettext

_ENGINES = ("duckdb", "pyiceberg", "polars", "spark", "trino", "athena")


class Age(click.ParamType[timedelta]):
    """An age as a number of days or weeks."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """`180d` or `26w` as a timedelta."""
        found = re.fullmatch(r"([0-9]{1,5})([dw])", str(value))
        if not found:
            self.fail(
                gettext("{value!r} is not a valid age; write it like 180d or 26w.", value=value),
                param,
                ctx,
            )
        return timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))


@click.group(cls=Group)
def lake() -> None:
    """The embedded S3 server, and the upkeep of any lake."""


@lake.command()
@with_exit_codes
def start() -> int:
    """Start the server and keep it running until `bourne lake stop`."""
    settings = _embedded_settings()
    with embedded.connect(settings.home, settings.bucket) as server:
        server.keep()
        say(
            gettext(
                "The lake runs at {endpoint}, bucket {bucket}.",
                endpoint=server.endpoint,
                bucket=settings.bucket,
            )
        )
        say(
            gettext(
                "`bourne lake env` prints what other S3 clients need, `bourne lake stop` ends it."
            )
        )
    return 0


@lake.command()
@with_exit_codes
def stop() -> int:
    """Stop the server."""
    if embedded.stop(_embedded_settings().home):
        say(gettext("The lake is stopped."))
    else:
        say(gettext("The lake is in use, and ends when its last user does."))
    return 0


@lake.command()
@with_exit_codes
def status() -> int:
    """Show whether the server is running."""
    settings = _embedded_settings()
    found = embedded.status(settings.home)
    size = gettext(
        "{size} in {folder}",
        size=byte_size(found.bytes_on_disk),
        folder=settings.home / "lake",
    )
    if not found.running:
        say(gettext("The lake is not running; it starts when it is needed. {size}.", size=size))
        return 0
    if found.kept:
        message = gettext(
            "The lake runs at {endpoint}, until `bourne lake stop`. {size}.",
            endpoint=found.endpoint,
            size=size,
        )
    else:
        message = gettext(
            "The lake runs at {endpoint}, while it is used. {size}.",
            endpoint=found.endpoint,
            size=size,
        )
    say(message)
    return 0


@lake.command()
@with_exit_codes
def env() -> int:
    """Print the settings for other S3 and Iceberg clients, as `export` lines."""
    settings = _embedded_settings()
    if not embedded.status(settings.home).running:
        raise BourneError(gettext("The lake is not running: start it with `bourne lake start`."))
    with embedded.connect(settings.home, settings.bucket) as server:
        values = {
            "AWS_ACCESS_KEY_ID": server.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": server.credentials.secret_key,
            "AWS_ENDPOINT_URL_S3": server.endpoint,
            "AWS_REGION": server.region,
            "AWS_DEFAULT_REGION": server.region,
            **variables_of(catalogue_properties(server.lake, settings.home)),
        }
    for name, value in values.items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


@lake.command()
@click.option(
    "--older-than",
    "age",
    default=f"{LONGEST.days}d",
    show_default=True,
    metavar="AGE",
    type=Age(),
    help="Days (180d) or weeks (26w) since they were stored.",
)
@click.option("--yes", is_flag=True, help="Delete them; without it they are only listed.")
@with_exit_codes
def purge(*, age: timedelta, yes: bool) -> int:
    """List TMDB responses older than its terms allow, and delete them on --yes.

    In the embedded lake or the bucket in use; only objects below Raw/TMDB/JSON/.
    """
    settings = read_settings()
    if not lake_exists(settings.home, settings.s3_bucket):
        raise BourneError(
            gettext("There is nothing to purge: {home} has no lake.", home=settings.home)
        )
    with command_lake(settings) as shared:
        store = shared.connect()
        old = responses_older_than(store, age, datetime.now(UTC))
        for item in old:
            say(f"{item.stored_at:%Y-%m-%d %H:%M:%S}  {item.size:>10}  {item.key}")
            if yes:
                store.delete(item.key)
    total = sum(item.size for item in old)
    values = {"count": grouped(len(old)), "total": grouped(total)}
    if yes:
        say(gettext("{count} objects of {total} bytes deleted.", **values))
    else:
        say(
            gettext(
                "{count} objects of {total} bytes older, and nothing was deleted: add --yes to "
                "delete them.",
                **values,
            )
        )
    return 0


@lake.command()
@click.argument("engine", type=click.Choice(_ENGINES))
@with_exit_codes
def attach(engine: str) -> int:
    """Print what to paste into another engine so that it reads the Iceberg tables."""
    from bourne_assets.query.attach import attach as lines_for

    settings = read_settings()
    if settings.s3_bucket is None and not embedded.status(settings.home).running:
        raise BourneError(gettext("The lake is not running: start it with `bourne lake start`."))
    with command_lake(settings) as connecting:
        lake_in_use = connecting.connect()
        properties = configured() or catalogue_properties(lake_in_use, settings.home)
    for text in lines_for(engine, properties).splitlines():
        say(text)
    return 0


@lake.command()
@click.option(
    "--runs-older-than",
    "runs_age",
    metavar="AGE",
    type=Age(),
    help="Also delete Dagster's runs that ended longer ago (90d, 26w), except those of each "
    "asset's newest events.",
)
@with_exit_codes
def maintain(*, runs_age: timedelta | None) -> int:
    """Look after the Iceberg tables: old snapshots, small files, files that nothing names."""
    from bourne_assets.answers.upkeep import maintain_lake

    settings, now, tables = read_settings(), datetime.now(UTC), 0
    with ExitStack() as stack:

        def connect() -> Lake:
            return stack.enter_context(command_lake(settings)).connect()

        for done in maintain_lake(settings.home, settings.s3_bucket, connect, now):
            tables += 1
            say(
                gettext(
                    "{table}: {expired} snapshots expired, {merged} small files became one, "
                    "{removed} files of {freed} bytes removed.",
                    table=done.table,
                    expired=done.expired,
                    merged=done.merged,
                    removed=done.removed,
                    freed=done.freed,
                )
            )
    say(ngettext("{n} table maintained.", "{n} tables maintained.", tables))
    if runs_age is not None:
        from bourne_assets.runs.instance import open_instance, reporting_database_failures
        from bourne_assets.runs.pruning import prune_runs

        with open_instance(settings) as instance, reporting_database_failures(settings, instance):
            say(
                ngettext(
                    "{n} run deleted.", "{n} runs deleted.", prune_runs(instance, now - runs_age)
                )
            )
    return 0


def _embedded_settings() -> Settings:
    settings = read_settings()
    if settings.s3_bucket is not None:
        raise ConfigurationError(
            gettext(
                "BOURNE_S3_BUCKET is set, so that the embedded lake is not used: unset it first."
            )
        )
    return settings
