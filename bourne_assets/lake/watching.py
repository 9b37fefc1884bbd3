"""Which objects of a prefix are new or were overwritten since the last look, by their ETags.

By ETag and not by time: objects of one second, or with a clock that is wrong, are not lost, and an
overwritten one is seen. What must not be put here: what is done with them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.listing import ListedObject
from bourne_assets.lake.store import Lake

#: The memory of a look is a cursor in Dagster's database: some thirty bytes an object.
MAXIMUM_OBJECTS = 50_000


class TooManyObjects(LakeError):
    """More objects lie below the watched prefixes than a look can remember."""


@dataclass
class Look:
    """What a look at the lake found.

    Attributes:
        known: What the next look needs: a short ETag by a short digest of the key.
        fresh: Objects that are new or overwritten, in order of their keys.
        left: How many more there are, left for the next look.
        passed_over: Keys that cannot be named, in order.
    """

    known: dict[str, str] = field(default_factory=dict)
    fresh: list[ListedObject] = field(default_factory=list)
    left: int = 0
    passed_over: list[str] = field(default_factory=list)


def look_at(lake: Lake, prefixes: Sequence[str], known: Mapping[str, str], *, most: int) -> Look:
    """Compare the objects below prefixes with what they were at the last look.

    An object that was deleted is forgotten, and new when it comes back.

    Args:
        lake: The lake.
        prefixes: Folders, as `Lake.list` takes them.
        known: What the last look remembered.
        most: How many fresh objects to report at a time; the others are reported by the next looks.

    Raises:
        TooManyObjects: There are more than can be remembered.
        LakeError: The lake refused or failed.
    """
    look = Look()
    for prefix in prefixes:
        listing = lake.list_objects(prefix)
        look.passed_over += listing.passed_over
        for item in listing.objects:
            name, etag = _short(item.key), (item.etag or "")[:12]
            if known.get(name) == etag:
                look.known[name] = etag
            elif len(look.fresh) < most:
                look.known[name] = etag
                look.fresh.append(item)
            else:
                look.left += 1
                if name in known:
                    look.known[name] = known[name]
            if len(look.known) > MAXIMUM_OBJECTS:
                raise TooManyObjects(
                    f"More than {MAXIMUM_OBJECTS:,} objects lie below {', '.join(prefixes)}, which "
                    "is more than a sensor can watch: move landed ones away, or turn it off."
                )
    return look


def fingerprint(items: Sequence[ListedObject]) -> str:
    """The same for the same objects of the same content."""
    lines = "\n".join(f"{item.key} {item.etag}" for item in items)
    return hashlib.sha256(lines.encode()).hexdigest()


def _short(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
