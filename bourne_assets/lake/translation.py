"""obstore's errors, as errors of the lake. Not here: boto3's (`multipart`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.errors import (
    AccessDenied,
    BucketElsewhere,
    BucketMissing,
    LakeError,
    LakeUnreachable,
    ObjectExists,
    ObjectMissing,
    OperationFailed,
)


@contextmanager
def translated(
    uri: str, bucket: str, access: S3Access, *, creating: bool = False
) -> Iterator[None]:
    """Turn obstore's errors into the lake's; `from None`, as they quote whole requests.

    Args:
        uri: Address of the object that is concerned.
        bucket: Its bucket.
        access: How the bucket is reached.
        creating: Whether nothing may be there yet.

    Raises:
        LakeError: In place of whatever obstore raised.
    """
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise BucketMissing(bucket) from None
        raise ObjectMissing(uri) from None
    except (AlreadyExistsError, PreconditionError) as error:
        if creating:
            raise ObjectExists(uri) from None
        raise _failure(uri, bucket, access, str(error)) from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise AccessDenied(uri) from None
    except BaseError as error:
        raise _failure(uri, bucket, access, str(error)) from None


def _failure(uri: str, bucket: str, access: S3Access, text: str) -> LakeError:
    if "NoSuchBucket" in text:
        return BucketMissing(bucket)
    if "error sending request" in text or "operation timed out" in text:
        return LakeUnreachable(access.endpoint or "AWS", access.advice)
    status = text.partition("status code: ")[2].partition(":")[0].strip()
    if status.startswith(("401", "403")):
        return AccessDenied(uri)
    if "redirect" in text.splitlines()[0]:
        return BucketElsewhere(bucket)
    return OperationFailed(uri, f"HTTP {status}" if status else text.splitlines()[0][:200])
