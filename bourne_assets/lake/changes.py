"""Which objects of a prefix are new or were overwritten since the last check, by their ETags.

By ETag and not by time: objects of one second, or with a clock that is wrong, are not lost, and an
overwritten one is seen. Not here: what is done with them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext, grouped

#: The memory of a check is a cursor in Dagster's database: some thirty bytes an object.
MAXIMUM_OBJECTS = 50_000
_ETAG_CHARACTERS = 12


class TooManyObjects(LakeError):
    """There are more objects below the watched prefixes than a check can remember."""


@dataclass
class BucketChanges:
    """What a check of the lake found.

    Attributes:
        known: What the next check needs: a short ETag by a short digest of the key. Objects that
            are new, or wait, are not in it: `remember` puts them there.
        new: Objects that are new or overwritten, in order of their keys.
        waiting: Keys of objects that were found before, wait, and are as they were.
        left: How many new ones there are beyond those, left for the next check.
        passed_over: Keys that cannot be named, in order.
    """

    known: dict[str, str] = field(default_factory=dict)
    new: list[ListedObject] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    left: int = 0
    passed_over: list[str] = field(default_factory=list)

    def remember(self, item: ListedObject) -> None:
        """Count an object as known."""
        remember(self.known, item.key, version_of(item))


def changes_since(
    lake: Lake,
    prefixes: Sequence[str],
    known: Mapping[str, str],
    waiting: Mapping[str, str],
    *,
    most: int,
) -> BucketChanges:
    """Compare the objects below prefixes with what they were at the last check.

    An object that was deleted is forgotten, and new when it comes back.

    Args:
        lake: The lake.
        prefixes: Folders, as `Lake.list` takes them.
        known: What the last check remembered.
        waiting: Versions of the objects that were found before and are not known yet, by key.
        most: How many new objects to report; the others are reported by the next checks.

    Raises:
        TooManyObjects: There are more than can be remembered.
        LakeError: The lake refused or failed.
    """
    changes = BucketChanges()
    for prefix in prefixes:
        listing = lake.list_objects(prefix)
        changes.passed_over += listing.passed_over
        for item in listing.objects:
            name, version = _short(item.key), version_of(item)
            if waiting.get(item.key) == version:
                changes.waiting.append(item.key)
            elif known.get(name) == version:
                changes.known[name] = version
            elif len(changes.new) < most:
                changes.new.append(item)
            else:
                changes.left += 1
                if name in known:
                    changes.known[name] = known[name]
            if len(changes.known) + len(changes.new) > MAXIMUM_OBJECTS:
                raise TooManyObjects(
                    gettext(
                        "There are more than {maximum_objects} objects below {prefixes}, which is "
                        "more than a sensor can watch: move landed ones away, or turn it off.",
                        maximum_objects=grouped(MAXIMUM_OBJECTS),
                        prefixes=", ".join(prefixes),
                    )
                )
    return changes


def remember(known: dict[str, str], key: str, version: str) -> None:
    """Note a version of an object where the next check finds it."""
    known[_short(key)] = version


def version_of(item: ListedObject) -> str:
    """A few characters that identify an object's content."""
    return (item.etag or "")[:_ETAG_CHARACTERS]


def _short(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
