"""The batch of CSV files as a Dagster resource. Not here: reading (`csvs`)."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
from pydantic import Field

from bourne_assets.csvs.intake.files import CsvFile, find_csv_files
from bourne_assets.csvs.options import Datasets, load_datasets


class CsvFolderResource(dg.ConfigurableResource["CsvFolderResource"]):
    """The folder whose CSV files are landed, or the files and folders in its place."""

    folder: str = Field(description="Folder whose CSV files are landed.")
    paths: list[str] = Field(
        default_factory=list, description="Files and folders that are landed in its place."
    )
    landed_on: str | None = Field(
        default=None, description="Day in the keys, YYYY-MM-DD; empty: today in UTC."
    )
    datasets_file: str | None = Field(
        default=None, description="YAML file that says how datasets are to be read."
    )
    journal: str | None = Field(
        default=None, description="Folder in which uploads in progress are noted."
    )

    @property
    def journal_path(self) -> Path | None:
        """The folder of uploads in progress; None for the default one."""
        return Path(self.journal) if self.journal else None

    def files(self) -> list[CsvFile]:
        """The files of the batch.

        Raises:
            CsvFolderError: A folder is missing, cannot be read, or there are no CSV files.
        """
        return find_csv_files(*map(Path, self.paths or [self.folder]))

    def day(self) -> date:
        """The day in the keys."""
        return date.fromisoformat(self.landed_on) if self.landed_on else datetime.now(UTC).date()

    def datasets(self) -> Datasets:
        """What the user says of datasets.

        Raises:
            CsvDatasetsError: The file cannot be read, or says what cannot be.
        """
        return load_datasets(Path(self.datasets_file) if self.datasets_file else None)
