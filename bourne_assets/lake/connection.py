"""obstore's connection to a bucket: its time limits, retries, checksums and proxies.

Not here: reading and writing (`store`), and credentials (`aws`).
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from obstore.exceptions import BaseError
from obstore.store import S3Store

from bourne_assets.lake.access import LOOPBACK, S3Access, is_loopback
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext

#: A lake answers within seconds or not at all: obstore's own default would wait three minutes.
_RETRY: dict[str, Any] = {
    "max_retries": 4,
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=3),
        "base": 2,
    },
    "retry_timeout": timedelta(seconds=30),
}


def connect_s3(access: S3Access, bucket: str, prefix: str = "") -> Lake:
    """A lake on any S3 server; nothing is sent yet.

    Args:
        access: Endpoint, region and credentials.
        bucket: Name of the bucket.
        prefix: Folder inside it, without slashes at its ends.

    Raises:
        LakeFailed: Endpoint or bucket cannot form an address.
    """
    client: dict[str, Any] = {
        "allow_http": (access.endpoint or "").startswith("http://"),
        "allow_invalid_certificates": not access.verify,
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(seconds=120),
    }
    if is_loopback(access.endpoint):
        # HTTP_PROXY of the shell must not swallow a server on this machine. A proxy of our own
        # that excludes the loopback hosts is the way to say so: it is never used.
        client |= {"proxy_url": access.endpoint, "proxy_excludes": ",".join(LOOPBACK)}
    options: dict[str, Any] = {
        "region": access.region,
        # A dot in the name would make a host that no certificate of AWS covers.
        "virtual_hosted_style_request": access.endpoint is None and "." not in bucket,
        "checksum_algorithm": "SHA256",
        # Explicit, as obstore fills in what is missing from the shell's AWS_* variables.
        "skip_signature": access.credentials is None,
        "conditional_put": "etag",
        "s3_express": False,
        "client_options": client,
        "retry_config": _RETRY,
    }
    if access.endpoint is not None:
        options["endpoint"] = options["aws_endpoint_url_s3"] = access.endpoint
    if access.credentials is not None:
        options["credential_provider"] = access.credentials
    try:
        store = S3Store(quote(bucket, safe=""), **options)
    except BaseError as error:
        first = str(error).splitlines()[0]
        raise LakeFailed(
            gettext(
                "The bucket {bucket!r} at {value} cannot be addressed: {first}",
                bucket=bucket,
                value=access.endpoint or "AWS",
                first=first,
            )
        ) from None
    return Lake(store, bucket, prefix, access)
