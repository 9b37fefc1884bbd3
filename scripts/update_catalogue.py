"""Bring the translations up to date with the sentences of the code: `make catalogue`.

Collects what `gettext`, `ngettext` and `in_english` are called with in the package and its
templates, what Dagster's pages say of assets, columns, checks and settings of runs, the help of the
commands and the words of click; keeps
the translations there are, drops those that nothing says any more, and adds the new ones empty, for
a person to fill in.
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bourne_assets.answers.questions import ANSWER_FIELDS
from bourne_assets.cli import main as main_command
from bourne_assets.cli.help import CLICK_PLURALS, CLICK_WORDS, described
from bourne_assets.definitions import build_defs
from bourne_assets.defs.shared.metadata import COLUMNS_KEY
from bourne_assets.defs.shared.run_config import RunConfig
from bourne_assets.saga.figures import THRESHOLDS
from bourne_assets.settings import Settings
from bourne_assets.translations import LANGUAGES, SYSTEM_WORDS, VARIABLE, catalogue_file

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bourne_assets"
METHODS = [("**.py", "python"), ("**.html.jinja", "jinja2")]
KEYWORDS = {"gettext": None, "ngettext": (1, 2), "in_english": None}
PAGES, HELP = "what a page of the UI says", "help of a command"
CLICK, SYSTEM = "click's own words", "the operating system's words"


def messages() -> Catalog:
    """All messages of the package, in an order that does not depend on line numbers."""
    catalogue = Catalog(project="bourne_assets", charset="utf-8")
    found = extract_from_dir(PACKAGE, METHODS, keywords=KEYWORDS)
    for file, _, message, _, _ in sorted(found, key=lambda message: (message[0], message[1])):
        catalogue.add(message, locations=[(f"bourne_assets/{file}", 0)])
    for text in filter(None, _pages()):
        catalogue.add(text, auto_comments=[PAGES])
    for text in _help(main_command):
        catalogue.add(text, auto_comments=[HELP])
    for word in SYSTEM_WORDS:
        catalogue.add(word, auto_comments=[SYSTEM])
    for word in CLICK_WORDS:
        catalogue.add(word, auto_comments=[CLICK])
    for words in CLICK_PLURALS:
        catalogue.add(words, auto_comments=[CLICK])
    return catalogue


def _pages() -> Iterator[str]:
    """What Dagster's pages say of checks, assets, columns, and settings of runs."""
    graph = build_defs(settings=Settings()).resolve_asset_graph()
    yield from (
        graph.get_check_spec(key).description or "" for key in sorted(graph.asset_check_keys)
    )
    for key in sorted(graph.get_all_asset_keys()):
        asset = graph.get(key)
        yield asset.description or ""
        if schema := asset.metadata.get(COLUMNS_KEY):
            yield from (column.description or "" for column in schema.columns)
    yield from (description for _, _, description in ANSWER_FIELDS)
    yield from (threshold.unit for threshold in THRESHOLDS.values())
    yield from _settings_of_runs(RunConfig)


def _settings_of_runs(config: type[RunConfig]) -> Iterator[str]:
    for kind in sorted(config.__subclasses__(), key=lambda each: each.__name__):
        yield from (field.description or "" for field in kind.model_fields.values())
        yield from _settings_of_runs(kind)


def _help(command: click.Command) -> Iterator[str]:
    """What a command says of itself and its options, and what its commands say."""
    context = click.Context(command)
    if not command.hidden:
        yield described(command)
        yield from filter(None, (getattr(each, "help", None) for each in command.params))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None:
                yield from _help(found)


def main() -> int:
    """Update the catalogue of each language that is translated."""
    os.environ[VARIABLE] = "en"  # the sentences themselves, not what they are translated to
    lacking = 0
    for language in LANGUAGES:
        path = catalogue_file(language)
        if path.is_file():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=path.parts[-3], charset="utf-8")
            catalogue.update(messages(), no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            sink = io.BytesIO()
            write_po(sink, catalogue, width=100, include_lineno=False, omit_header=True)
            path.write_bytes(sink.getvalue())
            empty = [str(m.id) for m in catalogue if m.id and not all(_texts(m.string))]
            lacking += len(empty)
            print(f"{path.relative_to(ROOT)}: {len(catalogue)} messages, {len(empty)} to translate")
            for text in empty:
                print(f"  {text}")
    return 1 if lacking else 0


def _texts(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


if __name__ == "__main__":
    sys.exit(main())
