"""The root of every error that a user of the platform can cause.

Each chapter has its own small family below one of the first two classes here, in its own
`errors.py`. Not here: errors of one chapter, and handling of errors.
"""

from pathlib import Path

from bourne_assets.translations import gettext, system_words

#: Exit code of a command that SIGINT ended, as shells report it.
INTERRUPTED = 130


class BourneError(Exception):
    """Something failed that a person can fix; its text is one sentence with the remedy.

    Attributes:
        exit_code: What the `bourne` command ends with when this error ends it.
    """

    exit_code = 1


class ConfigurationError(BourneError):
    """A setting, a file of settings or a credential is wrong: nothing was tried with it."""

    exit_code = 2


class HomeNotWritable(ConfigurationError):
    """The folder that BOURNE_HOME names cannot be written."""

    def __init__(self, home: Path, error: OSError) -> None:
        super().__init__(
            gettext(
                "The folder {home} cannot be written ({strerror}): set BOURNE_HOME to a folder "
                "that you can write to.",
                home=home,
                strerror=system_words(error),
            )
        )
