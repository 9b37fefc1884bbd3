"""The `bourne` command. What must not be put here: work, and how things look (`console`).

Dagster is imported inside the commands that run it: `bourne answers` and `bourne lake` do not.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, ParamSpec

import click

from bourne_assets import __version__
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.insights.words import Language
from bourne_assets.lake import embedded, keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import DEFAULT_SLUG, Saga, known_sagas, select_sagas
from bourne_assets.settings import Settings, load_environment_file, read_settings
from bourne_assets.tables import from_json

Parameters = ParamSpec("Parameters")
_UNAVAILABLE = "is not part of this version"


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
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
            code = BourneError.exit_code
        sys.exit(code)

    return run


_saga_option = click.option(
    "--saga",
    "slug",
    default=DEFAULT_SLUG,
    show_default=True,
    metavar="SLUG",
    help="A saga of the sagas file.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bourne")
def main() -> None:
    """A data platform for CSV batches, TMDB films, and six questions about a saga."""


@main.command()
@_saga_option
@click.option("--select", metavar="SELECTION", help="Assets to run, in Dagster's selection syntax.")
@handled
def run(slug: str, select: str | None) -> int:
    """Run all assets and checks once, recorded, and print the answers."""
    from bourne_assets import console as show

    settings = read_settings()
    saga = _saga(settings, slug)
    console = show.output()
    with _lake(settings) as lake_of_run, ThreadPoolExecutor(1) as meanwhile:
        from bourne_assets.insights.chart import warm_up

        meanwhile.submit(warm_up)
        from bourne_assets.instance import open_instance
        from bourne_assets.running import run_saga

        instance = open_instance(settings)
        lake = lake_of_run.connect()
        show.print_heading(console, saga.title, lake, has_credential=settings.has_tmdb_credential)
        report = run_saga(
            settings,
            saga,
            instance,
            select=select,
            tell=lambda told: show.print_progress(console, told),
        )
        answered = any(item.asset.endswith("insight_metrics") for item in report.stored)
        result = _read_answers(lake, saga) if answered else None
        lake_of_run.release()  # the server ends while the answers are printed
        show.print_report(console, report)
        if result is not None:
            show.print_answers(console, result, "en")
        show.print_places(console, report, settings.home if settings.s3_bucket is None else None)
    return report.exit_code


@main.command()
@_saga_option
@click.option("--as-of", metavar="DATE", help="Answers of an earlier day.")
@click.option("--lang", type=click.Choice(["en", "pt"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the stored object and nothing else.")
@handled
def answers(*, slug: str, as_of: str | None, lang: Language, as_json: bool) -> int:
    """Print the answers that lie in the lake."""
    from bourne_assets.console import output, print_answers

    if as_of is not None:
        raise ConfigurationError(f"The option --as-of {_UNAVAILABLE}: leave it out.")
    settings = read_settings()
    saga = _saga(settings, slug)
    if settings.s3_bucket is None and not embedded.exists(settings.home):
        raise BourneError(
            f"There are no answers yet: run `bourne run`. {settings.home} has no lake."
        )
    with _lake(settings) as lake_of_answers:
        result = _read_answers(lake_of_answers.connect(), saga)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print_answers(output(), result, lang)
    return 0


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", expose_value=False)
@click.option("--date", metavar="YYYY-MM-DD", help="Day in the keys.", expose_value=False)
@handled
def land() -> int:
    """Land CSV files or folders."""
    raise ConfigurationError(
        f"The command land {_UNAVAILABLE}: set BOURNE_CSV_DIR and use "
        "`bourne run --select raw_csvs_s3`."
    )


@main.command()
@handled
def doctor() -> int:
    """Say which lake and which TMDB mode would be used, and try each."""
    from bourne_assets.console import output, print_diagnosis
    from bourne_assets.doctor import examine

    settings, console = read_settings(), output()
    known_sagas(settings.sagas_file)
    with _lake(settings) as lake_to_examine:
        found = []
        for diagnosis in examine(settings, lake_to_examine.connect):
            print_diagnosis(console, diagnosis)
            found.append(diagnosis)
    return 0 if all(diagnosis.healthy for diagnosis in found) else ConfigurationError.exit_code


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@handled
def dev(options: tuple[str, ...]) -> None:
    """Open Dagster's UI on the instance and lake that `bourne run` uses."""
    from bourne_assets.ui import serve

    serve(read_settings(), options)


@main.group()
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


class _CommandLake:
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
def _lake(settings: Settings) -> Iterator[_CommandLake]:
    lake = _CommandLake(settings)
    try:
        yield lake
    finally:
        lake.release(wait=True)


def _own_lake(settings: Settings) -> Lake:
    from bourne_assets.definitions import default_resources

    return default_resources(settings)["lake"].connect()  # type: ignore[no-any-return]


def _read_answers(lake: Lake, saga: Saga) -> dict[str, Any]:
    key = keys.table(keys.REFINED, (*saga.key_prefix, "insight_metrics"), "json")
    try:
        data, _ = lake.read(key)
    except ObjectMissing:
        raise BourneError(
            f"There are no answers yet about {saga.title}: run `bourne run --saga {saga.slug}`."
        ) from None
    try:
        return dict(from_json(data))
    except (ValueError, TypeError):
        raise BourneError(
            f"The object {lake.uri(key)} is no answers object: run `bourne run --saga {saga.slug}`."
        ) from None


def _saga(settings: Settings, slug: str) -> Saga:
    (saga,) = select_sagas(known_sagas(settings.sagas_file), [slug])
    return saga


def _embedded_settings() -> Settings:
    settings = read_settings()
    if settings.s3_bucket is not None:
        raise ConfigurationError(
            "BOURNE_S3_BUCKET is set, so that the embedded lake is not used: unset it first."
        )
    return settings
