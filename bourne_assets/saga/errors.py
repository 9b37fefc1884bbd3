"""What can go wrong with a saga: its definition, or its films."""

from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.translations import gettext


class SagaConfigurationError(ConfigurationError):
    """The sagas file cannot be used, or does not name the saga."""


class NotInSnapshot(SagaConfigurationError):
    """The bundled snapshot does not have the saga's collection, and no credential is set."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            gettext(
                "The bundled snapshot of TMDB has only Jason Bourne: set TMDB_READ_ACCESS_TOKEN to "
                "fetch the saga {slug!r} from TMDB.",
                slug=slug,
            )
        )


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
