"""What can go wrong with CSV files."""

from bourne_assets.errors import BourneError, ConfigurationError


class CsvFolderError(ConfigurationError):
    """The folder of CSV files is missing, cannot be read, or holds none."""


class CsvDatasetsError(ConfigurationError):
    """The file of BOURNE_CSV_DATASETS cannot be read, or has an invalid value."""


class CsvRejected(BourneError):
    """A file is rejected whole; the others are landed."""


class LandingStopped(BourneError):
    """The landing ended before this file was done."""
