"""Landing the CSV files of a folder in a test's lake."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bourne_assets.csvs.intake.files import CsvFile, find_csv_files
from bourne_assets.csvs.landing.batch import Landing, land_csv_files
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import tables_of

DAY = date(2026, 11, 23)


def land(
    lake: Lake,
    folder: Path,
    files: Sequence[Path | CsvFile] = (),
    day: date = DAY,
    **options: Any,
) -> Landing:
    """The landing of some files, or of all of a folder; its journal is beside the folder."""
    return land_csv_files(
        files or find_csv_files(folder),
        lake,
        day,
        tables=tables_of(lake),
        journal=folder.parent / "journal",
        **options,
    )


def landed_rows(lake: Lake, folder: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """The rows of the manifest of such a landing, by file."""
    return {row["file"]: row for row in records(land(lake, folder, **options).manifest)}
