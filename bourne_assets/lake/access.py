"""How a bucket is reached, as a plain value.

Not here: connections, and where credentials come from (`s3`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bourne_assets.translations import in_english

#: Names of this machine.
LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: The bucket of the embedded lake's Iceberg tables: SeaweedFS's catalogue owns a whole one.
EMBEDDED_TABLES_BUCKET = "bourne-tables"


@dataclass(frozen=True)
class S3Access:
    """How to reach a bucket; secrets are not shown by `repr`.

    Attributes:
        endpoint: Address of an S3-compatible server; None for AWS itself.
        region: Region that requests are signed for.
        credentials: Gives obstore's credential mapping when called, and again when it expires;
            None for unsigned requests.
        verify: Whether certificates are verified.
        advice: What to do when nothing responds there.
        catalogue: Address of the server's own Iceberg catalogue; None where it has none.
    """

    endpoint: str | None
    region: str
    credentials: Callable[[], Any] | None
    verify: bool = True
    advice: str = in_english("check AWS_ENDPOINT_URL_S3, the region and the network")
    catalogue: str | None = None


def is_loopback(endpoint: str | None) -> bool:
    """Whether an endpoint is on this machine."""
    return urlsplit(endpoint or "").hostname in LOOPBACK
