"""What can go wrong between the platform and TMDB.

A message names the path that was asked, TMDB's own code and words, and what to do; never a
credential. What must not be put here: retries, which are `exchange`'s.
"""

from bourne_assets.errors import BourneError, ConfigurationError


class TmdbError(BourneError):
    """A request to TMDB had no usable answer.

    Attributes:
        path: Path of the request below the base URL, without any credential.
        status: HTTP status, or None where no answer came.
        code: TMDB's own status code, where it gave one.
        message: TMDB's own words, where it gave some.
    """

    def __init__(
        self,
        text: str,
        *,
        path: str,
        status: int | None = None,
        code: int | None = None,
        message: str | None = None,
    ) -> None:
        super().__init__(text)
        self.path = path
        self.status = status
        self.code = code
        self.message = message


class TmdbAuthError(TmdbError, ConfigurationError):
    """TMDB refuses the credential."""


class TmdbNotFound(TmdbError):
    """TMDB does not know the film or collection, or no longer."""


class TmdbRateLimited(TmdbError):
    """TMDB still says "too many requests" after all retries."""


class TmdbUnavailable(TmdbError):
    """TMDB does not answer, or answers with an error of its own, after all retries."""


class TmdbInterrupted(TmdbUnavailable):
    """The platform itself stopped asking: a run was interrupted, or another question failed."""


class TmdbProtocolError(TmdbError):
    """TMDB's answer is not what its documentation says."""


class RateLimiterUnavailable(BourneError):
    """The Redis through which several processes keep one pace does not answer."""
