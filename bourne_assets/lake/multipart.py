"""Objects that are sent in parts: on a condition, checked part by part, and abortable.

obstore knows no condition for such uploads and hides their ids, so that they go through boto3,
whose cost per request does not matter where a request carries megabytes.
Not here: objects sent in one request (`store`), and files (`csvs.landing.upload`).
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote_plus

from bourne_assets.lake.errors import (
    AccessDenied,
    BucketElsewhere,
    BucketMissing,
    LakeFailed,
    LakeUnreachable,
    ObjectExists,
    ObjectMissing,
    OperationFailed,
)
from bourne_assets.lake.keys import can_name
from bourne_assets.translations import gettext

#: Statuses of S3 with which a create-only write is refused: taken already, or being taken now.
_TAKEN = (409, 412)


@dataclass(frozen=True)
class Part:
    """A part that the server has: its number from 1, its ETag, and its SHA-256."""

    number: int
    etag: str
    sha256: bytes


@dataclass(frozen=True)
class IncompleteUpload:
    """An upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    initiated: datetime


class Upload:
    """One upload in parts; nothing is visible under the key before `complete`."""

    def __init__(self, client: "BotoClient", path: str, upload_id: str) -> None:
        self._client = client
        self._path = path
        self.upload_id = upload_id

    def send(self, number: int, data: bytes) -> Part:
        """Send a part, whose SHA-256 the server checks; threads may send at once.

        Raises:
            LakeError: The lake refused, failed, or stored other bytes.
        """
        digest = hashlib.sha256(data).digest()
        response = self._client.call(
            "upload_part",
            self._path,
            UploadId=self.upload_id,
            PartNumber=number,
            Body=data,
            ChecksumSHA256=b64encode(digest).decode(),
        )
        etag = str(response["ETag"])
        checksum = response.get("ChecksumSHA256")
        # A server that keeps no checksums names at least the MD5 of what it stored.
        proven = (
            checksum == b64encode(digest).decode()
            if checksum
            else etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()
        )
        if not proven:
            raise LakeFailed(
                gettext(
                    "The bytes that the lake stored as part {number} of {uri} are not those that "
                    "were sent: check its disk and its log.",
                    number=number,
                    uri=self._client.uri(self._path),
                )
            )
        return Part(number, etag, digest)

    def complete(self, parts: Sequence[Part]) -> str | None:
        """Make the object visible, whole, where nobody has its key yet.

        Returns:
            The server's own checksum of the object; None where it keeps none.

        Raises:
            ObjectExists: The key is taken.
            LakeError: The lake refused or failed.
        """
        ordered = sorted(parts, key=lambda part: part.number)
        named = [
            {
                "PartNumber": part.number,
                "ETag": part.etag,
                "ChecksumSHA256": b64encode(part.sha256).decode(),
            }
            for part in ordered
        ]
        response = self._client.call(
            "complete_multipart_upload",
            self._path,
            UploadId=self.upload_id,
            MultipartUpload={"Parts": named},
            IfNoneMatch="*",
        )
        checksum = response.get("ChecksumSHA256")
        if checksum is not None and str(checksum).partition("-")[0] != _composite(ordered):
            raise LakeFailed(
                gettext(
                    "The lake did not assemble the parts of {uri} as they were sent: check its "
                    "log.",
                    uri=self._client.uri(self._path),
                )
            )
        return None if checksum is None else str(checksum)

    def abort(self) -> None:
        """Forget the upload and its parts; one that is already gone is not an error."""
        self._client.abort(self._path, self.upload_id)


class BotoClient:
    """One bucket through boto3, for what obstore cannot do: uploads in parts, listings of any key.

    Args:
        client: boto3's S3 client.
        bucket: Name of the bucket.
        endpoint: For messages; None for AWS itself.
        advice: For messages: what to do when nothing responds there.
    """

    def __init__(self, client: Any, bucket: str, endpoint: str | None, advice: str) -> None:
        self._client = client
        self._bucket = bucket
        self._endpoint = endpoint
        self._advice = advice

    def begin(self, path: str, content_type: str, sha256: str) -> Upload:
        """Begin an upload; the digest of the whole is kept beside the object."""
        response = self.call(
            "create_multipart_upload",
            path,
            ChecksumAlgorithm="SHA256",
            ContentType=content_type,
            Metadata={"sha256": sha256},
        )
        return Upload(self, path, str(response["UploadId"]))

    def abort(self, path: str, upload_id: str) -> None:
        """Forget an upload and its parts; one that is already gone is not an error."""
        try:
            self.call("abort_multipart_upload", path, UploadId=upload_id)
        except ObjectMissing:
            return

    def incomplete(self, prefix: str) -> list[IncompleteUpload]:
        """Uploads below a prefix that were begun and not ended, by key and id.

        Those of a key that the platform cannot name are somebody else's, and left out.
        """
        found = []
        with self.translated(prefix):
            for page in self.pages("list_multipart_uploads", Prefix=prefix, EncodingType="url"):
                is_encoded = page.get("EncodingType") == "url"
                for item in page.get("Uploads", []):
                    key = unquote_plus(item["Key"]) if is_encoded else item["Key"]
                    if can_name(key):
                        initiated = item["Initiated"].astimezone(UTC)
                        found.append(IncompleteUpload(key, item["UploadId"], initiated))
        return sorted(found, key=lambda each: (each.key, each.upload_id))

    def checksum(self, path: str) -> str | None:
        """The server's own SHA-256 checksum of an object; None where it keeps none."""
        response = self.call("head_object", path, ChecksumMode="ENABLED")
        checksum = response.get("ChecksumSHA256")
        return None if checksum is None else str(checksum)

    def uri(self, path: str) -> str:
        """The full address of a path, for messages."""
        return f"s3://{self._bucket}/{path}"

    def call(self, operation: str, path: str, **parameters: Any) -> dict[str, Any]:
        """One request about one object, with boto3's errors turned into the lake's."""
        return self.request(operation, path, Key=path, **parameters)

    def request(self, operation: str, path: str, **parameters: Any) -> dict[str, Any]:
        """One request, with boto3's errors turned into the lake's, which name the path."""
        with self.translated(path):
            return dict(getattr(self._client, operation)(Bucket=self._bucket, **parameters))

    def pages(self, operation: str, **parameters: Any) -> Iterable[dict[str, Any]]:
        """All pages of a listing; use it inside `translated`."""
        paginator = self._client.get_paginator(operation)
        return cast(
            "Iterable[dict[str, Any]]", paginator.paginate(Bucket=self._bucket, **parameters)
        )

    @contextmanager
    def translated(self, path: str) -> Iterator[None]:
        """Turn boto3's errors into the lake's; `from None`, as they quote whole requests."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            yield
        except ClientError as error:
            raise self._failure(path, error.response) from None
        except ParamValidationError:  # every parameter but the bucket's name is ours
            raise BucketMissing(self._bucket) from None
        except BotoCoreError as error:
            if "NoCredentials" in type(error).__name__:
                raise AccessDenied(self.uri(path)) from None
            raise LakeUnreachable(self._endpoint or "AWS", self._advice) from None

    def _failure(self, path: str, response: Any) -> Exception:
        code = str(response.get("Error", {}).get("Code", ""))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status in _TAKEN and code in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return ObjectExists(self.uri(path))
        if code == "NoSuchBucket":
            return BucketMissing(self._bucket)
        if status == 301:  # noqa: PLR2004 - HTTP's own number
            return BucketElsewhere(self._bucket)
        if status in {401, 403}:
            return AccessDenied(self.uri(path))
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return ObjectMissing(self.uri(path))
        return OperationFailed(self.uri(path), f"HTTP {status} {code}")


def _composite(parts: Sequence[Part]) -> str:
    """S3's SHA-256 of an object in parts: that of the digests of its parts, one after another."""
    return b64encode(hashlib.sha256(b"".join(part.sha256 for part in parts)).digest()).decode()
