"""`bourne datasets` and `bourne unland`. Not here: what datasets hold (`csvs.landing`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from bourne_assets.cli.common import command_lake, say, settings_after_landing, with_exit_codes
from bourne_assets.cli.help import Command, DefaultGroup
from bourne_assets.translations import byte_size, gettext, grouped, ngettext, series

if TYPE_CHECKING:
    from bourne_assets.csvs.landing.inventory import Dataset
    from bourne_assets.csvs.landing.tables import DatasetTables
    from bourne_assets.lake.store import Lake

_UNKNOWN = "\N{EN DASH}"


@click.group(
    cls=DefaultGroup, default="show", options_metavar="", subcommand_metavar="[NAME] | drop NAME"
)
def datasets() -> None:
    """List the datasets of landed CSV files, or show one with its deliveries.

    `bourne datasets drop NAME` removes a dataset's tables; the landed bytes stay.
    """


@datasets.command("show", hidden=True)
@click.argument("name", required=False)
@with_exit_codes
def show_datasets(*, name: str | None) -> int:
    """List the datasets, or show one."""
    with _opened() as (lake, tables):
        from bourne_assets.csvs.landing.inventory import find_dataset, list_datasets

        if name is None:
            _print_all(list(list_datasets(lake, tables)))
        else:
            _print_one(find_dataset(lake, tables, name))
    return 0


@datasets.command("drop")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without it, only show what would be removed.")
@with_exit_codes
def drop_dataset(*, name: str, yes: bool) -> int:
    """Remove the tables of the dataset NAME and their history; the landed bytes stay."""
    with _opened() as (lake, tables):
        from bourne_assets.csvs.landing.inventory import drop, find_dataset

        found = find_dataset(lake, tables, name)
        named = series([each for each in (found.table, found.titles) if each])
        what = f"{named}, {_rows(found.rows)}"
        if yes:
            drop(found, lake, tables)
            say(gettext("Removed: {what}. The landed bytes stay.", what=what))
        else:
            say(gettext("Nothing was removed: add --yes to remove {what}.", what=what))
    return 0


@click.command(cls=Command)
@click.argument("dataset")
@click.argument("delivery")
@click.option("--yes", is_flag=True, help="Do it; without it, only show what would be removed.")
@with_exit_codes
def unland(*, dataset: str, delivery: str, yes: bool) -> int:
    """Take a DELIVERY back from a DATASET that is written by `append`; its bytes stay.

    `bourne datasets DATASET` lists the deliveries. Landing the same bytes again adds nothing.
    """
    with _opened() as (lake, tables):
        from bourne_assets.csvs.landing.inventory import find_dataset, find_delivery, take_back

        found = find_dataset(lake, tables, dataset)
        taken = find_delivery(found, delivery)
        what = gettext(
            "{rows} of {file} of {day}",
            rows=_rows(taken.rows),
            file=taken.file,
            day=taken.landed_on,
        )
        if taken.taken_back:
            say(gettext("{file} was taken back before.", file=taken.file))
        elif yes:
            left = take_back(found, taken, tables)
            say(
                gettext(
                    "Taken back: {what}; {table} has {rows}.",
                    what=what,
                    table=found.table,
                    rows=_rows(left),
                )
            )
        else:
            say(gettext("Nothing was removed: add --yes to take back {what}.", what=what))
    return 0


@contextmanager
def _opened() -> "Iterator[tuple[Lake, DatasetTables]]":
    with command_lake(settings_after_landing()) as shared:
        from bourne_assets.csvs.landing.tables import DatasetTables

        yield shared.connect(), DatasetTables(shared.catalogue)


def _print_all(found: "Sequence[Dataset]") -> None:
    from bourne_assets.cli import console as show

    console = show.output()
    if not found:
        show.write(console, gettext("No CSV file was landed yet."))
        return
    printed = show.plain_table(
        (gettext("dataset"), gettext("table")),
        (gettext("rows"), gettext("deliveries"), gettext("size"), gettext("age")),
        (gettext("written"),),
    )
    for each in found:
        written = each.profile.options.write if each.profile else _UNKNOWN
        cells = (
            each.name,
            each.table,
            grouped(each.rows),
            grouped(len(each.present)),
            byte_size(each.size),
            _age(each.changed_at),
            written,
        )
        printed.add_row(*map(show.line, cells))
    show.print_table(console, printed)


def _print_one(found: "Dataset") -> None:
    from bourne_assets.cli import console as show

    console = show.output()
    changed = f"{found.changed_at:%Y-%m-%d %H:%M} UTC" if found.changed_at else _UNKNOWN
    show.write(
        console,
        gettext(
            "{name}: {table}, {rows}, changed {changed}",
            name=found.name,
            table=found.table,
            rows=_rows(found.rows),
            changed=changed,
        ),
    )
    if found.titles:
        show.write(console, gettext("Titles: {titles}", titles=found.titles))
    show.write(console, "")
    columns = show.plain_table((gettext("column"), gettext("type")))
    for column in found.columns:
        columns.add_row(*map(show.line, column))
    show.print_table(console, columns)
    show.write(console, "")
    deliveries = show.plain_table(
        (gettext("delivery"), gettext("file"), gettext("landed on")), (gettext("rows"),), ("",)
    )
    for each in found.deliveries:
        note = gettext("taken back") if each.taken_back else ""
        cells = (each.name, each.file, f"{each.landed_on}", grouped(each.rows), note)
        deliveries.add_row(*map(show.line, cells))
    show.print_table(console, deliveries)


def _rows(count: int) -> str:
    return ngettext("{n} row", "{n} rows", count)


def _age(changed: datetime | None) -> str:
    if changed is None:
        return _UNKNOWN
    age = max(datetime.now(UTC) - changed, timedelta(0))  # the clock may have been set back
    if age < timedelta(hours=1):
        return f"{age / timedelta(minutes=1):.0f} min"
    if age < timedelta(days=2):
        return f"{age / timedelta(hours=1):.0f} h"
    return f"{age / timedelta(days=1):.0f} d"
