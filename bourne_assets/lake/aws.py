"""How to reach S3 as boto3 would: the standard AWS chain, for obstore.

Not here: reading and writing (`store`), and Dagster's own resource of S3.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.errors import CredentialsMissing
from bourne_assets.settings import aws_region
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    import boto3


def access_of(
    session: "boto3.Session", client: Any, *, unsigned: bool = False, verify: bool = True
) -> S3Access:
    """Endpoint, region and credentials that a boto3 client would use.

    Args:
        session: Gives the credentials, and renews them.
        client: An S3 client of boto3, which knows endpoint and region.
        unsigned: Whether no credentials are used.
        verify: Whether certificates are verified.

    Raises:
        CredentialsMissing: The chain has no credentials, or the endpoint is not an address.
    """
    from obstore.auth.boto3 import Boto3CredentialProvider

    endpoint, region = str(client.meta.endpoint_url), client.meta.region_name
    if not unsigned and session.get_credentials() is None:
        raise CredentialsMissing(
            gettext(
                "No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "or AWS_PROFILE, or run where a role gives some."
            )
        )
    if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
        raise CredentialsMissing(
            gettext(
                "The S3 endpoint {endpoint!r} must be an http or https address with a host name.",
                endpoint=endpoint,
            )
        )
    signing_region = region if region and region != "aws-global" else "us-east-1"
    return S3Access(
        None if _is_default(endpoint, signing_region) else endpoint,
        signing_region,
        None if unsigned else Boto3CredentialProvider(session),
        verify=verify,
    )


def access_of_environment() -> S3Access:
    """How to reach S3 with what the environment says.

    Raises:
        CredentialsMissing: The chain has no credentials, or is misconfigured.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(region_name=aws_region())
        return access_of(session, session.client("s3"))
    except (BotoCoreError, ValueError) as error:
        raise CredentialsMissing(
            gettext("The AWS configuration cannot be used: {error}", error=error)
        ) from None


def _is_default(endpoint: str, region: str) -> bool:
    """Whether boto3 chose this endpoint by the region alone: then obstore chooses it as well."""
    hosts = {f"s3.{region}.amazonaws.com", "s3.amazonaws.com"}
    return endpoint.rstrip("/").removeprefix("https://") in hosts
