"""An S3 and IAM as AWS has them, on loopback: moto's server, which takes any key, and policies.

Not here: SeaweedFS, which is the server of all other tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.connection import connect_s3
from bourne_assets.lake.store import Lake

REGION = "us-east-1"
_ROOT = ("AKIAROOT", "root-secret")


class Aws:
    """A server that plays AWS for one bucket."""

    def __init__(self, endpoint: str, bucket: str) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.client("s3").create_bucket(Bucket=bucket)

    def client(self, service: str) -> Any:
        """A client with the account's own credentials, which may do everything."""
        access_key, secret = _ROOT
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
        )

    def lake(self, prefix: str = "", keys: tuple[str, str] = _ROOT) -> Lake:
        """The bucket as a lake, with some credentials."""
        access_key, secret = keys
        given = {
            "access_key_id": access_key,
            "secret_access_key": secret,
            "token": None,
            "expires_at": None,
        }
        return connect_s3(S3Access(self.endpoint, REGION, lambda: given), self.bucket, prefix)


@contextmanager
def aws(bucket: str) -> Iterator[Aws]:
    """The server, while the block lasts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}", bucket)
    finally:
        server.stop()
