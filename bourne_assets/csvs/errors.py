"""What can go wrong with CSV files."""

from bourne_assets.errors import BourneError, ConfigurationError


class CsvFolderError(ConfigurationError):
    """The folder of CSV files is missing, cannot be read, or holds none."""


class CsvRejected(BourneError):
    """A file is rejected whole; the others are landed."""
