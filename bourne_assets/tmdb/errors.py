"""What can go wrong between the platform and TMDB.

A message names the path that was requested, TMDB's own code and words, and what to do; never a
credential. Not here: retries (`retry`).
"""

from typing import TYPE_CHECKING

from bourne_assets.errors import BourneError, ConfigurationError

if TYPE_CHECKING:
    from bourne_assets.tmdb.responses import Response


class TmdbError(BourneError):
    """A request to TMDB had no usable response.

    Attributes:
        response: What came, where something did: it is kept for inspection.
        is_final: Whether trying again at once would not help.
    """

    def __init__(
        self, text: str, *, response: "Response | None" = None, is_final: bool = False
    ) -> None:
        super().__init__(text)
        self.response = response
        self.is_final = is_final


class TmdbAuthError(TmdbError, ConfigurationError):
    """TMDB refuses the credential."""


class TmdbNotFound(TmdbError):
    """TMDB does not know the film or collection, or no longer."""


class TmdbUnavailable(TmdbError):
    """TMDB does not respond, or responds with an error of its own, after all retries."""


class TmdbRateLimited(TmdbUnavailable):
    """TMDB still says "too many requests" after all retries, or for longer than a run waits."""


class TmdbInterrupted(TmdbUnavailable):
    """The platform itself stopped sending: a run was interrupted, or another request failed."""


class TmdbUnreachable(TmdbUnavailable):
    """The very first request found no server: a wrong address, or no network."""


class TmdbProtocolError(TmdbError):
    """TMDB's response is not what its documentation says."""


class RateLimiterUnavailable(BourneError):
    """The Redis through which several processes keep one pace does not respond."""
