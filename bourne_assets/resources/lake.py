"""The lake as a Dagster resource: a bucket on AWS or any S3 server, or the embedded one.

What must not be put here: formats and keys of tables (`io_manager`, `bourne_assets.lake`).
"""

from urllib.parse import urlsplit

import dagster as dg
from dagster_aws.s3 import S3Resource
from pydantic import Field, PrivateAttr

from bourne_assets.lake.errors import CredentialsMissing
from bourne_assets.lake.store import Lake, S3Access, connect_s3
from bourne_assets.settings import EMBEDDED_BUCKET, aws_region


class LakeResource(dg.ConfigurableResource["LakeResource"]):
    """Connects when first asked, so that loading definitions touches neither network nor disk."""

    s3: dg.ResourceDependency[S3Resource]
    bucket: str | None = Field(
        default=None,
        description="Bucket of the lake; empty: the embedded S3 server on this machine.",
    )
    prefix: str = Field(default="", description="Folder inside the bucket.")
    home: str = Field(default=".bourne", description="Folder of the embedded lake.")

    _lake: Lake | None = PrivateAttr(default=None)
    _share: "EmbeddedShare | None" = PrivateAttr(default=None)

    @property
    def bucket_name(self) -> str:
        """Name of the bucket in use."""
        return self.bucket or EMBEDDED_BUCKET

    def connect(self) -> Lake:
        """The connected lake; the embedded server is started if it does not run.

        Raises:
            EmbeddedLakeFailed: The embedded server cannot be used.
            CredentialsMissing: The AWS chain has no credentials, or is misconfigured.
        """
        if self._lake is None:
            if self.bucket:
                self._lake = connect_s3(access_from(self.s3), self.bucket, self.prefix)
            else:
                self._share = EmbeddedShare(self.home, self.prefix)
                self._lake = self._share.lake
        return self._lake

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Give the share in the embedded server back at the end of a run."""
        if self._share is not None:
            self._share.release()
        self._lake = self._share = None


class EmbeddedShare:
    """This run's share in the embedded server."""

    def __init__(self, home: str, prefix: str) -> None:
        from pathlib import Path

        from bourne_assets.lake import embedded

        self._embedded = embedded.connect(Path(home), EMBEDDED_BUCKET, prefix)
        self.lake = self._embedded.lake

    def release(self) -> None:
        """The last one ends the server."""
        self._embedded.release()


def access_from(s3: S3Resource) -> S3Access:
    """How to reach S3, as boto3 would: fields of the resource first, then the standard AWS chain.

    Raises:
        CredentialsMissing: The chain has no credentials, or is misconfigured.
    """
    import boto3
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        if s3.region_name is None and aws_region() is not None:
            s3 = s3.model_copy(update={"region_name": aws_region()})
        client = s3.get_client()
        session = boto3.Session(
            aws_access_key_id=s3.aws_access_key_id,
            aws_secret_access_key=s3.aws_secret_access_key,
            aws_session_token=s3.aws_session_token,
            profile_name=s3.profile_name,
            region_name=s3.region_name,
        )
        endpoint, region = str(client.meta.endpoint_url), client.meta.region_name
        if s3.use_unsigned_session:
            credentials = None
        elif session.get_credentials() is None:
            raise CredentialsMissing(
                "No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "or AWS_PROFILE, or run where a role gives some."
            )
        else:
            credentials = Boto3CredentialProvider(session)
    except (BotoCoreError, ValueError) as error:
        raise CredentialsMissing(f"The AWS configuration cannot be used: {error}") from None
    if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
        raise CredentialsMissing(
            f"The S3 endpoint {endpoint!r} must be an http or https address with a host name."
        )
    signing_region = region if region and region != "aws-global" else "us-east-1"
    return S3Access(
        None if _is_default(endpoint, signing_region) else endpoint,
        signing_region,
        credentials,
        verify=s3.verify is not False,
    )


def _is_default(endpoint: str, region: str) -> bool:
    """Whether boto3 chose this endpoint by the region alone: then obstore chooses it as well."""
    hosts = {f"s3.{region}.amazonaws.com", "s3.amazonaws.com"}
    return endpoint.rstrip("/").removeprefix("https://") in hosts
