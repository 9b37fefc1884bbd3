"""The one door to the lake that the settings name: a bucket on S3, or the embedded server.

Not here: how either is reached (`s3`, `embedded`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.s3 import access_of_environment, connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets.settings import EMBEDDED_BUCKET

if TYPE_CHECKING:
    from bourne_assets.lake.embedded import EmbeddedLake


@dataclass(frozen=True)
class OpenLake:
    """A connected lake.

    Attributes:
        lake: The lake.
        share: This process's share in the embedded server; None for a bucket on S3.
    """

    lake: Lake
    share: "EmbeddedLake | None" = None

    def release(self, *, wait: bool = False) -> None:
        """Give the share in the embedded server back; the last one ends the server.

        Args:
            wait: Return only when the server has ended, unless others use it or it is kept.
        """
        if self.share is not None:
            self.share.release(wait=wait)


def lake_exists(home: Path, bucket: str | None) -> bool:
    """Whether there is a lake, as far as that is known without connecting: a bucket counts as one.

    Raises:
        HomeUnusable: The folder cannot be read.
    """
    from bourne_assets.lake import embedded

    return bucket is not None or embedded.exists(home)


def open_lake(
    home: Path,
    bucket: str | None,
    prefix: str = "",
    access: Callable[[], S3Access] = access_of_environment,
) -> OpenLake:
    """Connect to the lake; the embedded server is started if it does not run.

    Args:
        home: `BOURNE_HOME`, which has the embedded lake.
        bucket: Bucket on S3; None for the embedded lake.
        prefix: Folder inside the bucket.
        access: How S3 is reached; not called for the embedded lake.

    Raises:
        EmbeddedLakeFailed: The embedded server cannot be used.
        CredentialsMissing: The AWS chain has no credentials, or is misconfigured.
        LakeFailed: Endpoint or bucket cannot form an address.
    """
    if bucket is not None:
        return OpenLake(connect_s3(access(), bucket, prefix))
    from bourne_assets.lake import embedded

    share = embedded.connect(home, EMBEDDED_BUCKET, prefix)
    return OpenLake(share.lake, share)
