"""What can go wrong with stored answers, and with the upkeep of what they rest on."""

from bourne_assets.errors import BourneError


class AnswersUnreadable(BourneError):
    """A stored object is not answers that this version can read."""


class NothingToMaintain(BourneError):
    """There is no lake."""
