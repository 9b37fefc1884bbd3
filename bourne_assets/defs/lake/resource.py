"""The lake as a Dagster resource: a bucket on AWS or any S3 server, or the embedded one.

Not here: formats and keys of tables (`io_manager`, `bourne_assets.lake`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
from pydantic import Field, PrivateAttr

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.lake.access import S3Access
from bourne_assets.lake.errors import CredentialsMissing
from bourne_assets.lake.opening import OpenLake, open_lake
from bourne_assets.lake.s3 import access_of, access_of_environment
from bourne_assets.lake.store import Lake
from bourne_assets.settings import EMBEDDED_BUCKET, aws_region
from bourne_assets.translations import gettext

if TYPE_CHECKING:  # the embedded lake needs no AWS, which takes longer to load than the lake itself
    from dagster_aws.s3 import S3Resource
    from pyiceberg.catalog import Catalog


class LakeResource(dg.ConfigurableResource["LakeResource"]):
    """Connects when first used, so that loading definitions touches neither network nor disk."""

    # Dagster's annotation knows no default.
    s3: dg.ResourceDependency["S3Resource | None"] = None  # type: ignore[assignment]
    bucket: str | None = Field(
        default=None,
        description="Bucket of the lake; empty: the embedded S3 server on this machine.",
    )
    prefix: str = Field(default="", description="Folder inside the bucket.")
    home: str = Field(default=".bourne", description="Folder of the embedded lake.")

    _opened: OpenLake | None = PrivateAttr(default=None)
    _catalogue: Any = PrivateAttr(default=None)

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
        if self._opened is None:
            s3 = self.s3
            self._opened = open_lake(
                Path(self.home),
                self.bucket,
                self.prefix,
                access_of_environment if s3 is None else lambda: access_from(s3),
            )
        return self._opened.lake

    def catalogue(self) -> "Catalog":
        """The catalogue of the lake's Iceberg tables, opened when first used.

        Raises:
            LakeError: The lake or the catalogue cannot be used.
        """
        if self._catalogue is None:
            self._catalogue = open_catalogue(self.connect(), Path(self.home))
        return cast("Catalog", self._catalogue)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's
        """Give the share in the embedded server back at the end of a run."""
        if self._catalogue is not None:
            self._catalogue.close()
        if self._opened is not None:
            self._opened.release()
        self._opened = self._catalogue = None


def with_region(s3: "S3Resource") -> "S3Resource":
    """The resource with the region of AWS_REGION, where it names none itself."""
    if s3.region_name is not None or aws_region() is None:
        return s3
    return s3.model_copy(update={"region_name": aws_region()})


def access_from(s3: "S3Resource") -> S3Access:
    """How to reach S3, as boto3 would: fields of the resource first, then the standard AWS chain.

    Raises:
        CredentialsMissing: The chain has no credentials, or is misconfigured.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        s3 = with_region(s3)
        session = boto3.Session(
            aws_access_key_id=s3.aws_access_key_id,
            aws_secret_access_key=s3.aws_secret_access_key,
            aws_session_token=s3.aws_session_token,
            profile_name=s3.profile_name,
            region_name=s3.region_name,
        )
        return access_of(
            session,
            s3.get_client(),
            unsigned=s3.use_unsigned_session,
            verify=s3.verify is not False,
        )
    except (BotoCoreError, ValueError) as error:
        raise CredentialsMissing(
            gettext("The AWS configuration cannot be used: {error}", error=error)
        ) from error
