"""`bourne rejects`. Not here: which lines are rejected, and how they are corrected (`csvs`)."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bourne_assets.asset_names import RAW_CSVS
from bourne_assets.cli.common import (
    command_lake,
    ensure_exclusive,
    settings_after_landing,
    with_exit_codes,
)
from bourne_assets.cli.help import DefaultGroup
from bourne_assets.errors import BourneError
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.settings import Settings
from bourne_assets.text import printable
from bourne_assets.translations import gettext, grouped, ngettext, retold

if TYPE_CHECKING:
    from bourne_assets.csvs.landing.rejects import CorrectedDataset, RejectedEntry

_COLUMNS = ("file", "line", "reason", "text")


@click.group(
    cls=DefaultGroup, default="list", options_metavar="", subcommand_metavar="[DATASET] | fix FILE"
)
def rejects() -> None:
    """List rejected lines of CSV files, or add corrected ones to their tables.

    `bourne rejects [DATASET]` lists the lines that the last landing rejected: file, line, reason
    and text; with --json as JSON, one object per line, with --csv as CSV.
    """


@rejects.command("list", hidden=True)
@click.argument("dataset", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@with_exit_codes
def list_lines(*, dataset: str | None, as_json: bool, as_csv: bool) -> int:
    """List the lines that the last landing of a dataset, or of all, rejected."""
    ensure_exclusive({"--json": as_json, "--csv": as_csv})
    settings = settings_after_landing()
    with command_lake(settings) as shared:
        from bourne_assets.csvs.landing.rejects import list_rejected

        entries = list_rejected(shared.connect(), dataset)
        if as_json:
            _print_json(entries)
        elif as_csv:
            _print_csv(entries)
        else:
            _print_lines(entries)
    return 0


@rejects.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_exit_codes
def fix(file: Path) -> int:
    """Add corrected lines to their tables: FILE has them as `bourne rejects --json` prints them.

    Correct `text` and leave `file` and `line` as they are. The landed files are not changed.
    """
    from bourne_assets.csvs.landing.rejects import apply_corrections, read_corrections_file
    from bourne_assets.csvs.landing.tables import DatasetTables
    from bourne_assets.csvs.options import load_datasets

    corrections = read_corrections_file(file)
    settings = settings_after_landing()
    datasets = load_datasets(settings.csv_datasets)
    with command_lake(settings) as shared:
        lake = shared.connect()
        corrected = apply_corrections(
            corrections,
            lake,
            DatasetTables(shared.catalogue),
            datasets,
            settings.home / "landing",
        )
        is_noted = _note_in_manifest(lake, corrected)
        code = _print_corrected(corrected)
        return max(code, _check(settings)) if is_noted else code


def _print_json(entries: "Iterable[RejectedEntry]") -> None:
    from bourne_assets.cli.console import output, write_json

    console = output()
    for each in entries:
        write_json(console, each.model_dump(exclude_none=True), indent=None)


def _print_csv(entries: "Iterable[RejectedEntry]") -> None:
    from bourne_assets.cli.console import output

    console = output()
    rows = csv.writer(console.file, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for each in entries:
        rows.writerow((printable(each.file), each.line, each.reason, printable(each.text)))
    console.file.flush()


def _print_lines(entries: "Iterable[RejectedEntry]") -> None:
    from bourne_assets.cli.console import line, output, write

    console, number, last = output(), 0, ""
    for number, each in enumerate(entries, start=1):  # noqa: B007 - how many there were
        if each.file != last:
            console.print(line((each.file, "bold")), soft_wrap=True)
            last = each.file
        text = line(f"  {_line_of(each.line)}: {retold(each.reason)}: ", (each.text, "dim"))
        console.print(text, soft_wrap=True)
    write(
        console,
        ngettext(
            "{n} line is rejected; `bourne rejects --json` prints them for correction.",
            "{n} lines are rejected; `bourne rejects --json` prints them for correction.",
            number,
        )
        if number
        else gettext("No lines are rejected."),
    )


def _line_of(number: int) -> str:
    return gettext("line {number}", number=grouped(number))


def _note_in_manifest(lake: Lake, corrected: "Iterable[CorrectedDataset]") -> bool:
    """Bring the manifest of the last landing up to date; False where there is none."""
    from bourne_assets.csvs.landing.manifest import with_corrected
    from bourne_assets.tables import from_parquet, to_parquet

    key = keys.table(keys.TRUSTED, (RAW_CSVS,), "parquet")
    try:
        data, _ = lake.read(key)
    except ObjectMissing:
        return False
    manifest = from_parquet(data)
    for each in corrected:
        manifest = with_corrected(manifest, each.files, each.outcome)
    lake.write(key, to_parquet(manifest), PARQUET)
    return True


def _check(settings: Settings) -> int:
    """Have Dagster check the manifest again, so that its UI shows the present state."""
    from bourne_assets.cli.console import output, print_progress, print_report
    from bourne_assets.cli.runner import check_landing
    from bourne_assets.runs.instance import open_instance

    console = output()
    report = check_landing(
        settings,
        open_instance(settings),
        on_event=lambda event: print_progress(console, event),
    )
    print_report(console, report)
    return report.exit_code


def _print_corrected(corrected: "Iterable[CorrectedDataset]") -> int:
    from bourne_assets.cli.console import line, output, write

    console, code = output(), 0
    for each in corrected:
        for (file, number), reason in sorted(each.refused.items()):
            shown = f" {file} {_line_of(number)}: {retold(reason)}"
            console.print(line(("✗", "red"), shown), soft_wrap=True)
        if each.outcome.table_error:
            console.print(
                line(("✗", "red"), f" {retold(each.outcome.table_error)}"), soft_wrap=True
            )
        left = sum(facts.rejected_rows for facts in each.files)
        count = len(each.newly_added)
        write(
            console,
            gettext(
                "{dataset}: {added}, {known} already there, {refused} refused; {left} still "
                "rejected.",
                dataset=each.dataset,
                added=ngettext("{n} line added", "{n} lines added", count),
                known=grouped(len(each.known)),
                refused=grouped(len(each.refused)),
                left=grouped(left),
            ),
        )
        if each.refused or each.outcome.table_error:
            code = BourneError.exit_code
    return code
