"""TMDB's terms allow no caching beyond six months: which raw answers are older, and their end.

Terms: TMDB's API Terms of Use, section 1.C. What must not be put here: other objects of the lake.
"""

from datetime import datetime, timedelta

from bourne_assets.lake import keys
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import Lake

#: Six months, counted in days as S3's own lifecycle rules do.
LONGEST = timedelta(days=180)


def answers_older_than(lake: Lake, age: timedelta, now: datetime) -> list[ListedObject]:
    """Raw TMDB objects that were stored longer ago, the oldest first.

    Args:
        lake: The lake.
        age: How old an object may be.
        now: The UTC time that ages are counted from.

    Raises:
        LakeError: The lake refused or failed.
    """
    found = lake.list_objects(keys.all_tmdb_answers()).objects
    old = [item for item in found if now - item.stored_at > age]
    return sorted(old, key=lambda item: (item.stored_at, item.key))
