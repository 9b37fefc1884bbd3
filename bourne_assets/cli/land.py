"""`bourne land`. Not here: landing (`csvs`), and the run (`runner`)."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bourne_assets.asset_names import RAW_CSVS
from bourne_assets.cli.common import command_lake, past_day, with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake
from bourne_assets.settings import read_settings

if TYPE_CHECKING:
    from bourne_assets.csvs.landing.manifest import ManifestRow


@click.command(cls=Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="Day in the keys; today in UTC.")
@with_exit_codes
def land(paths: tuple[str, ...], day: str | None) -> int:
    """Land CSV files or folders in the lake, recorded as a run."""
    from bourne_assets.cli import console as show
    from bourne_assets.csvs.intake.files import find_csv_files
    from bourne_assets.csvs.options import load_datasets

    settings = read_settings()
    landed_on = past_day(day).isoformat() if day is not None else None
    find_csv_files(*map(Path, paths))  # a missing place is reported before anything starts
    load_datasets(settings.csv_datasets)
    console = show.output()
    with command_lake(settings) as shared:
        from bourne_assets.cli.runner import run_landing
        from bourne_assets.definitions import csv_folder
        from bourne_assets.runs.instance import open_instance

        instance = open_instance(settings)
        lake = shared.connect()
        places = [str(Path(path).absolute()) for path in paths]
        report = run_landing(
            settings,
            instance,
            csv_folder(settings, places, landed_on),
            on_event=lambda event: show.print_progress(console, event),
        )
        files = _manifest(lake) if report.stored else []
        shared.release()
        show.print_manifest(console, files)
        show.print_report(console, report)
        show.print_places(console, report, None, settings)
    return report.exit_code


def _manifest(lake: Lake) -> "list[ManifestRow]":
    from bourne_assets.csvs.landing.manifest import rows_in
    from bourne_assets.tables import from_parquet

    data, _ = lake.read(keys.table(keys.TRUSTED, (RAW_CSVS,), "parquet"))
    return rows_in(from_parquet(data))
