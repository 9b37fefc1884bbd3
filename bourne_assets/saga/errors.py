"""What can go wrong with a saga: its definition, or its films."""

from bourne_assets.errors import BourneError, ConfigurationError


class SagaConfigurationError(ConfigurationError):
    """The sagas file cannot be used, or does not name the saga."""


class SagaEmpty(BourneError):
    """No film of the saga was found."""


class NewerFigures(ConfigurationError):
    """The bundled snapshot would take the place of newer figures of TMDB."""


class QueryWithoutResults(BourneError):
    """A query of the saga matches nothing at TMDB."""


class NoSnapshot(BourneError):
    """The history has no snapshot on or before a day."""


class SnapshotUnreadable(BourneError):
    """An object among the snapshots is not one."""
