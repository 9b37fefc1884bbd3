"""What can go wrong between the platform and its lake.

Every message names the object or bucket, and what to do.
Not here: the translation of a client's errors (`translation`, `multipart`).
"""

from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.translations import gettext, grouped, plain


class LakeError(BourneError):
    """An operation on the lake failed."""


class ObjectMissing(LakeError):
    """The object is not there."""

    def __init__(self, uri: str) -> None:
        super().__init__(gettext("There is no object {uri} in the lake.", uri=uri))


class ObjectExists(LakeError):
    """A create-only write met an object of that name."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            gettext("The object {uri} exists already and is not overwritten.", uri=uri)
        )


class ObjectTooLarge(LakeError):
    """An object is larger than what there is room for."""

    def __init__(self, uri: str, size: int) -> None:
        super().__init__(
            gettext(
                "The object {uri} has {size} bytes, and there is no room for them.",
                uri=uri,
                size=grouped(size),
            )
        )
        self.size = size


class BucketMissing(LakeError, ConfigurationError):
    """The bucket does not exist."""

    def __init__(self, bucket: str) -> None:
        super().__init__(
            gettext(
                "The bucket {bucket!r} does not exist: create it, or correct BOURNE_S3_BUCKET.",
                bucket=bucket,
            )
        )


class AccessDenied(LakeError, ConfigurationError):
    """The credentials are refused, or do not allow the operation."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            gettext(
                "Access to {uri} was denied: check the AWS credentials; `bourne doctor` names the "
                "permissions that they lack.",
                uri=uri,
            )
        )


class CredentialsMissing(ConfigurationError):
    """The AWS chain ended without credentials, or is itself misconfigured."""


class LakeUnreachable(LakeError):
    """Nothing responds at the endpoint."""

    def __init__(self, endpoint: str, advice: str) -> None:
        super().__init__(
            gettext(
                "The lake does not respond at {endpoint}: {advice}.",
                endpoint=endpoint,
                advice=plain(advice),
            )
        )


class LakeFailed(LakeError):
    """The server responded with an error of its own, such as a full disk."""


class BucketElsewhere(LakeFailed):
    """The bucket is in another region than requests are signed for."""

    def __init__(self, bucket: str) -> None:
        super().__init__(
            gettext(
                "The bucket {bucket!r} is in another region: set AWS_REGION to its own.",
                bucket=bucket,
            )
        )


class OperationFailed(LakeFailed):
    """The server did not complete an operation; `reason` is its status, or the client's words."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(
            gettext(
                "The lake could not complete the operation on {uri} ({reason}): check its free "
                "disk space and its log.",
                uri=uri,
                reason=reason,
            )
        )


class EmbeddedLakeFailed(LakeError):
    """The embedded S3 server does not start."""


class HomeUnusable(EmbeddedLakeFailed, ConfigurationError):
    """The embedded lake cannot be kept in this folder."""


class UnsafeFolder(LakeError, ConfigurationError):
    """Another user of the machine could change what the platform keeps in this folder."""
