"""The keys below a prefix, page by page, whatever others have put there.

Listings go through boto3, which requests keys in URL encoding: obstore refuses a whole page for one
key with an empty part, `.`, `..` or a control character, which every S3 client can write.
Not here: single objects (`store`), uploads in parts (`multipart`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bourne_assets.lake.keys import can_name
from bourne_assets.lake.multipart import BotoClient
from bourne_assets.translations import gettext

#: This many keys are quoted where keys are named to people.
_QUOTED = 5


@dataclass(frozen=True)
class ListedObject:
    """What a listing says about an object.

    Attributes:
        key: Its key.
        size: Bytes.
        stored_at: UTC time when it was stored.
        etag: The server's ETag without quotes, if it gave one.
    """

    key: str
    size: int
    stored_at: datetime
    etag: str | None = None


@dataclass(frozen=True)
class Listing:
    """The objects below a prefix.

    Attributes:
        objects: In order of their keys, bytewise.
        passed_over: Keys that other programs wrote and the platform cannot name, in order.
    """

    objects: tuple[ListedObject, ...]
    passed_over: tuple[str, ...] = ()


def passed_over_text(keys: Sequence[str]) -> str:
    """Which keys were passed over, and why, for people; a key stays on its line."""
    more = len(keys) - _QUOTED
    return (
        gettext("Passed over keys that have an empty part, '.', '..' or a control character: ")
        + ", ".join(map(repr, keys[:_QUOTED]))
        + (gettext(" and {more} more.", more=more) if more > 0 else ".")
    )


def list_below(client: BotoClient, root: str, prefix: str) -> Listing:
    """The objects below a prefix.

    Args:
        client: The bucket.
        root: What is cut off the keys at their start.
        prefix: The prefix, as S3 takes it.

    Raises:
        LakeError: The lake refused or failed.
    """
    objects, passed_over = [], []
    for item in _contents(client, prefix):
        key = str(item["Key"]).removeprefix(root)
        if can_name(key):
            stored_at = item["LastModified"].astimezone(UTC)
            etag = item.get("ETag")
            objects.append(
                ListedObject(key, item["Size"], stored_at, etag.strip('"') if etag else None)
            )
        elif not _is_folder_marker(key, item["Size"]):
            passed_over.append(key)
    return Listing(tuple(sorted(objects, key=lambda item: item.key)), tuple(sorted(passed_over)))


def folders_below(client: BotoClient, prefix: str) -> set[str]:
    """Names of the folders right below a prefix, which ends with a slash.

    Raises:
        LakeError: The lake refused or failed.
    """
    with client.translated(prefix):
        pages = client.pages("list_objects_v2", Prefix=prefix, Delimiter="/")
        found = {
            str(each["Prefix"])[len(prefix) : -1]
            for page in pages
            for each in page.get("CommonPrefixes", [])
        }
    return {name for name in found if can_name(name)}


def _contents(client: BotoClient, prefix: str) -> Iterator[dict[str, Any]]:
    """All entries of a listing.

    Each page starts after the last key of the one before. A server's own token is text in XML,
    where some servers (SeaweedFS 4.48) corrupt a key's control characters, and skip what follows.
    """
    position: dict[str, str] = {}
    while True:
        page = client.request("list_objects_v2", prefix, Prefix=prefix, **position)
        entries = page.get("Contents", [])
        yield from entries
        if not page.get("IsTruncated"):
            return
        position = (
            {"StartAfter": str(entries[-1]["Key"])}
            if entries
            else {"ContinuationToken": str(page["NextContinuationToken"])}
        )


def _is_folder_marker(key: str, size: int) -> bool:
    """Whether a key is what consoles make for an empty folder; the prefix itself has no name."""
    return size == 0 and (key == "" or (key.endswith("/") and can_name(key[:-1])))
