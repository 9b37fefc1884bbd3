"""The folder of CSV files as a Dagster resource. What must not be put here: reading (`csvs`)."""

from pathlib import Path

import dagster as dg
from pydantic import Field


class CsvFolderResource(dg.ConfigurableResource["CsvFolderResource"]):
    """The folder whose CSV files are landed."""

    folder: str = Field(description="Folder whose CSV files are landed.")

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder)
