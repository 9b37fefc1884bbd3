"""The root of every error that a user of the platform can cause.

Each domain has its own small family below one of the two classes here, in its own `errors.py`.
Not here: errors of one domain, and handling of errors.
"""

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
