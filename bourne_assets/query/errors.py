"""What can go wrong when SQL is run on the lake."""

from bourne_assets.errors import BourneError, ConfigurationError


class QueryFailed(BourneError):
    """The query is wrong, or fails on the data; the text says where."""


class UnknownTable(QueryFailed):
    """The query names a table that is not there."""


class NoSuchState(QueryFailed):
    """A table has no state of the day, run or snapshot that was requested."""


class QueryRefused(ConfigurationError):
    """It is not one statement that only reads."""
