"""How S3 is reached: the standard AWS chain, and one bucket's clients of obstore and boto3.

Both clients are made here, with their time limits, retries, checksums and proxies.
Not here: reading and writing (`store`), and Dagster's own resource of S3.
"""

from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from bourne_assets.lake.access import LOOPBACK, S3Access, is_loopback
from bourne_assets.lake.errors import CredentialsMissing, LakeFailed
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    import boto3

#: A lake responds within seconds or not at all: obstore's own default would wait three minutes.
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
    store = _obstore_client(access, bucket)
    return Lake(store, partial(_boto3_client, access, bucket), bucket, prefix, access)


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

    # What starts the embedded lake needs no settings, and they take longer to load than itself.
    from bourne_assets.settings import aws_region

    try:
        session = boto3.Session(region_name=aws_region())
        return access_of(session, session.client("s3"))
    except (BotoCoreError, ValueError) as error:
        raise CredentialsMissing(
            gettext("The AWS configuration cannot be used: {error}", error=error)
        ) from error


def _obstore_client(access: S3Access, bucket: str) -> S3Store:
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
        "virtual_hosted_style_request": _is_virtual_hosted(access, bucket),
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
        return S3Store(quote(bucket, safe=""), **options)
    except BaseError as error:
        first = str(error).splitlines()[0]
        raise LakeFailed(
            gettext(
                "The bucket {bucket!r} at {value} cannot be addressed: {first}",
                bucket=bucket,
                value=access.endpoint or "AWS",
                first=first,
            )
        ) from error


def _is_virtual_hosted(access: S3Access, bucket: str) -> bool:
    """Whether the bucket is in the host's name: no certificate of AWS covers one with a dot."""
    return access.endpoint is None and "." not in bucket


def _boto3_client(access: S3Access, bucket: str) -> Any:
    """boto3's client, for what obstore cannot do: uploads in parts, listings of any key."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials
    from botocore.session import Session

    # No profile of the shell's: how the lake is reached has been decided.
    session = Session(session_vars={"profile": (None, None, None, None)})
    session.register_component("data_loader", _botocore_data())
    if (credentials := access.credentials) is not None:
        session._credentials = RefreshableCredentials.create_from_metadata(  # noqa: SLF001 - the only way
            _metadata(credentials()), lambda: _metadata(credentials()), "bourne"
        )
    config = Config(
        signature_version=UNSIGNED if credentials is None else "s3v4",
        # Every part is sent with its SHA-256, which is signed: hashing it once more adds nothing.
        s3={
            "addressing_style": "auto" if _is_virtual_hosted(access, bucket) else "path",
            "payload_signing_enabled": False,
        },
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=16,
        connect_timeout=5,
        read_timeout=120,
        retries={"mode": "standard", "max_attempts": 5},
        proxies={} if is_loopback(access.endpoint) else None,
    )
    client = boto3.Session(botocore_session=session, region_name=access.region).client(
        "s3", endpoint_url=access.endpoint, verify=access.verify, config=config
    )
    client.meta.events.register("before-call.s3.HeadBucket", _refuse_region_lookup)
    return client


@cache
def _botocore_data() -> Any:
    """Botocore's description of S3, which each client of a process would read once more."""
    from botocore.loaders import create_loader

    return create_loader()


def _refuse_region_lookup(**_: Any) -> None:
    """End botocore's own HEAD after a redirect: redirected too, it repeats itself forever."""
    from botocore.exceptions import ClientError

    raise ClientError({"ResponseMetadata": {"HTTPHeaders": {}}}, "HeadBucket")


def _metadata(given: Any) -> dict[str, Any]:
    """Obstore's mapping as botocore names it; credentials without an end last for a day."""
    expires = given.get("expires_at") or datetime.now(UTC) + timedelta(days=1)
    return {
        "access_key": given["access_key_id"],
        "secret_key": given["secret_access_key"],
        "token": given.get("token") or given.get("session_token"),
        "expiry_time": expires.isoformat(),
    }


def _is_default(endpoint: str, region: str) -> bool:
    """Whether boto3 chose this endpoint by the region alone: then obstore chooses it as well."""
    hosts = {f"s3.{region}.amazonaws.com", "s3.amazonaws.com"}
    return endpoint.rstrip("/").removeprefix("https://") in hosts
