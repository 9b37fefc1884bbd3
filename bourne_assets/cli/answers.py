"""`bourne answers`. What must not be put here: the answers (`insights`) and words (`console`)."""

import json
from typing import Any

import click

from bourne_assets.cli.common import handled, lake_of, saga_of, saga_option
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.insights.words import Language
from bourne_assets.lake import embedded, keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import read_settings
from bourne_assets.tables import from_json


@click.command()
@saga_option
@click.option("--as-of", metavar="DATE", help="Answers of an earlier day.")
@click.option("--lang", type=click.Choice(["en", "pt"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the stored object and nothing else.")
@handled
def answers(*, slug: str, as_of: str | None, lang: Language, as_json: bool) -> int:
    """Print the answers that lie in the lake."""
    from bourne_assets.console import output, print_answers

    if as_of is not None:
        raise ConfigurationError("The option --as-of is not part of this version: leave it out.")
    settings = read_settings()
    saga = saga_of(settings, slug)
    if settings.s3_bucket is None and not embedded.exists(settings.home):
        raise BourneError(
            f"There are no answers yet: run `bourne run`. {settings.home} has no lake."
        )
    with lake_of(settings) as lake_of_answers:
        result = read_answers(lake_of_answers.connect(), saga)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print_answers(output(), result, lang)
    return 0


def read_answers(lake: Lake, saga: Saga) -> dict[str, Any]:
    """The stored answers of a saga.

    Raises:
        BourneError: There are none, or the object is none.
        LakeError: The lake failed.
    """
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
