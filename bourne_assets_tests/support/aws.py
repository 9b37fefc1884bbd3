"""An S3 and IAM as AWS has them, on loopback: moto's server, which takes any key, and policies.

It enforces actions and resources of policies. It does not support `StringLikeIfExists`, responds
with 404 for what is not there whether or not the caller may list, needs no right on a copy's
source, and refuses every deletion of several objects at once.
Not here: SeaweedFS, which is the server of all other tests.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import requests
from dagster_aws.s3 import S3Resource
from moto.server import ThreadedMotoServer

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.access import S3Access
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake

REGION = "us-east-1"
_numbers = itertools.count(1)

#: Access key and secret.
Keys = tuple[str, str]
Statement = dict[str, Any]


class Aws:
    """A server that plays AWS for one bucket; without `enforce`, anybody may do everything."""

    def __init__(self, endpoint: str, bucket: str) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.enforce(on=False)
        self.owner: Keys = ("AKIAOWNER", "owner-secret")
        self.owner = self.user([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
        self.client("s3").create_bucket(Bucket=bucket)

    def enforce(self, *, on: bool = True) -> None:
        """Check every request from here on against the policies of who sends it, or none."""
        requests.post(
            f"{self.endpoint}/moto-api/reset-auth", data=b"0" if on else b"inf", timeout=60
        ).raise_for_status()

    def user(self, *policies: Sequence[Statement]) -> Keys:
        """Credentials of a new user with these policies, each given as its statements."""
        iam, name = self.client("iam"), f"user-{next(_numbers)}"
        iam.create_user(UserName=name)
        for number, statements in enumerate(policies):
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(
                UserName=name, PolicyName=f"policy-{number}", PolicyDocument=document
            )
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def client(self, service: str) -> Any:
        """A client with the owner's credentials."""
        return boto3.client(service, region_name=REGION, **self._where(self.owner))

    def resource(self, keys: Keys | None = None, prefix: str = "") -> LakeResource:
        """The bucket as the platform's resource; with the owner's credentials unless others."""
        s3 = S3Resource(region_name=REGION, **self._where(keys or self.owner))
        return LakeResource(s3=s3, bucket=self.bucket, prefix=prefix)

    def lake(self, keys: Keys | None = None, prefix: str = "") -> Lake:
        """The bucket as a lake, as `resource`."""
        access_key, secret = keys or self.owner
        given = {
            "access_key_id": access_key,
            "secret_access_key": secret,
            "token": None,
            "expires_at": None,
        }
        return connect_s3(S3Access(self.endpoint, REGION, lambda: given), self.bucket, prefix)

    def _where(self, keys: Keys) -> dict[str, Any]:
        access_key, secret = keys
        return {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret,
        }


@contextmanager
def aws(bucket: str) -> Iterator[Aws]:
    """The server, while the block lasts; what it holds goes with the block."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        yield Aws(endpoint, bucket)
    finally:
        requests.post(f"{endpoint}/moto-api/reset", timeout=60)
        server.stop()
