"""What can go wrong with stored answers."""

from bourne_assets.errors import BourneError


class AnswersUnreadable(BourneError):
    """A stored object is not answers that this version can read."""
