"""`bourne answers`. Not here: the answers (`answers`) and words (`console`)."""

import webbrowser
from typing import TYPE_CHECKING

import click

from bourne_assets.cli.common import (
    command_lake,
    ensure_exclusive,
    naming,
    past_day,
    saga_of,
    saga_option,
    say,
    with_exit_codes,
)
from bourne_assets.cli.help import Command
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake.opening import lake_exists
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings, read_settings
from bourne_assets.translations import LANGUAGES, Language, gettext, system_words

if TYPE_CHECKING:  # loading it takes longer than all else here
    from bourne_assets.answers.questions import Answers


@click.command(cls=Command)
@saga_option
@click.option("--as-of", metavar="DATE", help="Answers from the last snapshot up to that day.")
@click.option(
    "--compare",
    nargs=2,
    metavar="DATE DATE",
    help="Show which conclusions differ between two days.",
)
@click.option("--lang", type=click.Choice(LANGUAGES), help="Default: BOURNE_LANG, or the locale's.")
@click.option("--json", "as_json", is_flag=True, help="Print the object and nothing else.")
@click.option("--open", "as_page", is_flag=True, help="Open the report in the browser.")
@with_exit_codes
def answers(
    *,
    slug: str,
    as_of: str | None,
    compare: tuple[str, str] | None,
    lang: Language | None,
    as_json: bool,
    as_page: bool,
) -> int:
    """Print the answers stored in the lake, for today or for an earlier day."""
    ensure_exclusive({"--as-of": as_of, "--compare": compare, "--open": as_page})
    ensure_exclusive({"--json": as_json, "--open": as_page})
    days = [past_day(text) for text in (compare or ([as_of] if as_of else []))]
    settings = read_settings()
    saga = saga_of(settings, slug)
    if not lake_exists(settings.home, settings.s3_bucket):
        raise BourneError(
            gettext(
                "There are no answers yet: run `bourne run{option}`. {home} has no lake.",
                option=naming(saga),
                home=settings.home,
            )
        )
    with command_lake(settings) as shared:
        from bourne_assets.cli.stored import answers_of_days, read_answers, read_report

        lake = shared.connect()
        if as_page:
            return _open(settings, saga, read_report(lake, saga))
        results = (
            answers_of_days(lake, shared.catalogue(), saga, days)
            if days
            else [read_answers(lake, saga)]
        )
        shared.release()  # the server ends while the answers are printed
        _print(results, lang or settings.language, as_json=as_json)
    return 0


def _print(results: "list[Answers]", lang: Language, *, as_json: bool) -> None:
    from bourne_assets.answers import comparison, questions
    from bourne_assets.cli.answer_printing import print_answers, print_comparison
    from bourne_assets.cli.console import output, write_json

    console = output()
    if len(results) == 1:
        if as_json:
            write_json(console, questions.as_json(results[0]))
        else:
            print_answers(console, results[0], lang)
        return
    former, latter = results
    if as_json:
        write_json(console, comparison.as_json(former, latter))
    else:
        changes = comparison.changes_to_text(former, latter, lang)
        print_comparison(console, former, latter, changes, lang)


def _open(settings: Settings, saga: Saga, page: bytes) -> int:
    """Write the report beside the lake and show it; without a browser, print its path."""
    from bourne_assets.answers.report import guarded

    path = settings.home.absolute() / "reports" / f"{saga.slug}_report.html"
    try:
        for private in (path.parent.parent, path.parent):
            make_private_folder(private)
        path.write_bytes(guarded(page, settings.home))
    except OSError as error:
        raise ConfigurationError(
            gettext(
                "The report cannot be written to {path}: {strerror} - check BOURNE_HOME.",
                path=path,
                strerror=system_words(error),
            )
        ) from error
    if webbrowser.open(path.as_uri()):
        say(gettext("The report is {path}.", path=path))
    else:
        say(gettext("Open this file in a browser: {path}", path=path))
    return 0
