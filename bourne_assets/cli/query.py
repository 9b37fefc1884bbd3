"""`bourne query` and `bourne tables`. Not here: SQL and the past (`query`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bourne_assets.cli.common import command_lake, say, with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.cli.streams import TextSink
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake.opening import lake_exists
from bourne_assets.settings import Settings, read_settings
from bourne_assets.translations import byte_size, gettext, grouped, ngettext

if TYPE_CHECKING:  # DuckDB, Arrow and pyiceberg are loaded when there is a lake to ask
    import pyarrow as pa

    from bourne_assets.query.sources import ListedTable, Sources

_TABLE = "table"
_FORMATS = (_TABLE, "csv", "json", "parquet")
#: This many rows are printed for people; other formats and files have no limit.
_SHOWN_ROWS = 200
_UNKNOWN = "\N{EN DASH}"


@click.command(cls=Command)
@click.argument("sql")
@click.option(
    "--as-of",
    metavar="DAY|RUN|SNAPSHOT",
    help="The tables as they were at the end of a day (UTC), after a run, or at a snapshot.",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Default: table, or by FILE.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the rows to a .csv, .json or .parquet file.",
)
@with_exit_codes
def query(*, sql: str, as_of: str | None, form: str | None, output: Path | None) -> int:
    """Run one SELECT on the lake's tables: trusted.*, refined.* and assets.*.

    `bourne tables` lists them. A query only reads, and reaches nothing but these tables.
    """
    chosen = _format(form, output)
    with _sources() as (settings, sources):
        from bourne_assets.query.engine import ensure_reading, run_query
        from bourne_assets.query.moments import parse_moment
        from bourne_assets.query.output import representable

        ensure_reading(sql)
        moment = parse_moment(as_of, sources.tables()) if as_of else None
        with run_query(sql, sources, moment, settings.home) as reader, representable():
            return _write(reader, chosen, output)


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_exit_codes
def tables(*, as_json: bool) -> int:
    """List the tables that `bourne query` can read: rows, size, snapshots, newest change."""
    with _sources() as (_, sources):
        from bourne_assets.cli.console import output, write_json

        listed = list(sources.listed())
        if as_json:
            write_json(output(), [_as_json(each) for each in listed])
        elif listed:
            _print_listed(listed)
        else:
            say(gettext("There is nothing to query yet: run `bourne run`."))
    return 0


@contextmanager
def _sources() -> Iterator[tuple[Settings, "Sources"]]:
    settings = read_settings()
    if not lake_exists(settings.home, settings.s3_bucket):
        raise BourneError(
            gettext(
                "There is nothing to query yet: run `bourne run`. {home} has no lake.",
                home=settings.home,
            )
        )
    with command_lake(settings) as connecting:
        from bourne_assets.iceberg.catalogue import load_pyiceberg, open_catalogue

        load_pyiceberg()  # while the server boots
        from bourne_assets.query.sources import Sources

        lake = connecting.connect()
        yield settings, Sources(open_catalogue(lake, settings.home), lake)


def _format(form: str | None, output: Path | None) -> str:
    """The format by option, else by the file's extension, else the table for people.

    Raises:
        ConfigurationError: They do not fit together.
    """
    suffix = output.suffix.removeprefix(".").lower() if output else ""
    chosen = form or (suffix if suffix in _FORMATS else "")
    if output and (not chosen or chosen == _TABLE):
        raise ConfigurationError(
            gettext("Say with --format whether {output} is csv, json or parquet.", output=output)
        )
    if chosen == "parquet" and not output:
        raise ConfigurationError(
            gettext("Parquet is not for a terminal: name a file with --output.")
        )
    return chosen or _TABLE


def _write(reader: "pa.RecordBatchReader", form: str, output: Path | None) -> int:
    from bourne_assets.cli import console as show

    if form == _TABLE:
        _print_table(reader)
        return 0
    from bourne_assets.query.output import WRITERS, write_file

    console = show.output()
    if output is None:
        WRITERS[form](reader, TextSink(console.file))
        console.file.flush()
        return 0
    rows = write_file(reader, WRITERS[form], output)
    show.write(
        console,
        ngettext("{n} row written to {file}.", "{n} rows written to {file}.", rows, file=output),
    )
    return 0


def _print_table(reader: "pa.RecordBatchReader") -> None:
    """Rows for people: numbers to the right, unknown as a dash; and how many more there are."""
    from pyarrow.types import is_decimal, is_floating, is_integer
    from rich.table import Table

    from bourne_assets.cli import console as show

    console = show.output()
    printed = Table(box=None, header_style="bold", pad_edge=False)
    for field in reader.schema:
        is_number = is_integer(field.type) or is_floating(field.type) or is_decimal(field.type)
        printed.add_column(show.line(field.name), justify="right" if is_number else "left")
    rows = (row for batch in reader for row in zip(*map(_values, batch.columns), strict=True))
    shown = list(islice(rows, _SHOWN_ROWS))
    for row in shown:
        printed.add_row(*map(show.line, row))
    show.print_table(console, printed)
    count = ngettext("{n} row", "{n} rows", len(shown))
    has_more = next(rows, None) is not None
    note = f"{count}."
    if has_more:
        note = gettext("The first {count}; --format csv prints all.", count=count)
    console.print(show.line((note, "dim")), soft_wrap=True)


def _values(column: "pa.Array[Any]") -> list[str]:
    return [_UNKNOWN if value is None else _text(value) for value in column.to_pylist()]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _print_listed(listed: list["ListedTable"]) -> None:
    from bourne_assets.cli import console as show

    console = show.output()
    printed = show.plain_table(
        (gettext("table"),),
        (gettext("rows"), gettext("size"), gettext("snapshots")),
        (gettext("newest"),),
    )
    for each in listed:
        cells = (
            each.name,
            grouped(each.rows) if each.rows is not None else _UNKNOWN,
            byte_size(each.size) if each.size is not None else _UNKNOWN,
            grouped(each.snapshots),
            f"{each.changed_at:%Y-%m-%d %H:%M} UTC" if each.changed_at else _UNKNOWN,
        )
        printed.add_row(*map(show.line, cells))
    show.print_table(console, printed)


def _as_json(each: "ListedTable") -> dict[str, Any]:
    return {
        "name": each.name,
        "rows": each.rows,
        "size_bytes": each.size,
        "snapshots": each.snapshots,
        "changed_at": each.changed_at.isoformat() if each.changed_at else None,
    }
