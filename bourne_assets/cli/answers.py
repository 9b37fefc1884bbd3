"""`bourne answers`. Not here: the answers (`answers`) and words (`console`)."""

import dataclasses
import webbrowser
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import pandas as pd

from bourne_assets.answers import comparison, questions
from bourne_assets.answers.questions import Answers, answer_questions, parse_answers
from bourne_assets.asset_names import INSIGHT_METRICS, SAGA_HISTORY, SAGA_REPORT
from bourne_assets.cli.common import (
    command_lake,
    naming,
    past_day,
    saga_of,
    saga_option,
    with_exit_codes,
)
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake import embedded, keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import LANGUAGES, Language, Settings, read_settings
from bourne_assets.tables import from_json, from_parquet, origin_of

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

Value = TypeVar("Value")


@click.command()
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
    ensure_exclusive("--as-of", as_of, "--compare", compare, "--open", as_page)
    ensure_exclusive("--json", as_json, "--open", as_page)
    days = [past_day(text) for text in (compare or ([as_of] if as_of else []))]
    settings = read_settings()
    saga = saga_of(settings, slug)
    if settings.s3_bucket is None and not embedded.exists(settings.home):
        raise BourneError(
            f"There are no answers yet: run `bourne run{naming(saga)}`. {settings.home} has no "
            "lake."
        )
    with command_lake(settings) as shared:
        lake = shared.connect()
        if as_page:
            return _open(settings, saga, read_report(lake, saga))
        results = (
            answers_of_days(lake, shared.catalogue(), saga, days)
            if days
            else [read_answers(lake, saga)]
        )
    _print(results, lang or settings.language, as_json=as_json)
    return 0


def ensure_exclusive(*options: object) -> None:
    """Refuse options that exclude each other, given as name, value, name, value ...

    Raises:
        ConfigurationError: More than one has a value.
    """
    names = [str(name) for name, value in zip(options[::2], options[1::2], strict=True) if value]
    if len(names) > 1:
        raise ConfigurationError(f"{' and '.join(names)} exclude each other: leave one out.")


def read_answers(lake: Lake, saga: Saga) -> Answers:
    """The stored answers of a saga.

    Raises:
        BourneError: There are none, or the object cannot be read.
        LakeError: The lake failed.
    """

    def decoded(data: bytes, origin: dict[str, str]) -> Answers:
        return parse_answers(from_json(data), origin["uri"], saga.slug)

    return _read(lake, saga, INSIGHT_METRICS, "json", decoded)


def read_report(lake: Lake, saga: Saga) -> bytes:
    """The stored report of a saga; errors as `read_answers`."""
    return _read(lake, saga, SAGA_REPORT, "html", lambda data, _: data)


def read_history(lake: Lake, saga: Saga) -> pd.DataFrame:
    """The stored history of a saga, which knows its object; errors as `read_answers`."""

    def decoded(data: bytes, origin: dict[str, str]) -> pd.DataFrame:
        history = from_parquet(data)
        history.attrs.update(origin)
        return history

    return _read(lake, saga, SAGA_HISTORY, "parquet", decoded)


def _read(
    lake: Lake,
    saga: Saga,
    asset: str,
    suffix: str,
    decoded: Callable[[bytes, dict[str, str]], Value],
) -> Value:
    key = keys.table(keys.REFINED, (*saga.key_prefix, asset), suffix)
    remedy = f"run `bourne run{naming(saga)}`"
    try:
        data, stored = lake.read(key)
    except ObjectMissing:
        raise BourneError(f"There are no answers yet about {saga.title}: {remedy}.") from None
    try:
        return decoded(data, {"uri": stored.uri, "sha256": stored.sha256 or ""})
    except (ValueError, TypeError, OSError):  # Arrow's errors are such
        raise BourneError(f"The object {lake.uri(key)} cannot be read: {remedy}.") from None


def answers_of_days(
    lake: Lake, catalogue: "Catalog", saga: Saga, days: list[date]
) -> list[Answers]:
    """The answers from the tables, one object a day; from the history where they say nothing.

    Args:
        lake: The lake, in which a version before the tables may have left a history.
        catalogue: The catalogue of its tables.
        saga: The saga.
        days: The days.

    Raises:
        NoSnapshot: Nothing is known of the saga on one of the days.
    """
    from bourne_assets.saga.history import films_as_of
    from bourne_assets.star.answers import answers_of
    from bourne_assets.star.states import newest_state

    states = [newest_state(catalogue, saga, day) for day in days]
    known = [state for state in states if state is not None]
    if len(known) == len(days):
        return [answers_of(state, saga) for state in known]
    history = read_history(lake, saga)
    found = [films_as_of(history, day, saga) for day in days]
    inputs = origin_of(history)
    return [
        answer_questions(each.films, saga=saga.slug, inputs=inputs, money_of=each.money_of)
        for each in found
    ]


def _print(results: list[Answers], lang: Language, *, as_json: bool) -> None:
    from bourne_assets.cli import console as show

    console = show.output()
    if len(results) == 1:
        if as_json:
            show.write_json(console, questions.as_json(results[0]))
        else:
            show.print_answers(console, results[0], lang)
        return
    former, latter = results
    if as_json:
        compared = {
            "former": questions.as_json(former),
            "latter": questions.as_json(latter),
            "turns": [dataclasses.asdict(change) for change in comparison.compare(former, latter)],
        }
        show.write_json(console, compared)
    else:
        changes = comparison.changes_to_text(former, latter, lang)
        show.print_comparison(console, former, latter, changes, lang)


def _open(settings: Settings, saga: Saga, page: bytes) -> int:
    """Write the report beside the lake and show it; without a browser, print its path."""
    path = Path(settings.home).absolute() / "reports" / f"{saga.slug}_report.html"
    try:
        for private in (path.parent.parent, path.parent):
            make_private_folder(private)
        path.write_bytes(page)
    except OSError as error:
        raise ConfigurationError(
            f"The report cannot be written to {path}: {error.strerror} - check BOURNE_HOME."
        ) from None
    from bourne_assets.cli.console import output, write

    opened = webbrowser.open(path.as_uri())
    write(output(), f"The report is {path}." if opened else f"Open this file in a browser: {path}")
    return 0
