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
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast
from urllib.parse import unquote_plus

from bourne_assets.lake.errors import (
    AccessDenied,
    BucketMissing,
    LakeFailed,
    LakeUnreachable,
    ObjectExists,
    ObjectMissing,
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
class Unfinished:
    """An upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    begun: datetime


class Upload:
    """One upload in parts; nothing is visible under the key before `complete`."""

    def __init__(self, server: "PartsServer", path: str, upload_id: str) -> None:
        self._server = server
        self._path = path
        self.upload_id = upload_id

    def send(self, number: int, data: bytes) -> Part:
        """Send a part, whose SHA-256 the server checks; threads may send at once.

        Raises:
            LakeError: The lake refused, failed, or stored other bytes.
        """
        digest = hashlib.sha256(data).digest()
        answer = self._server.call(
            "upload_part",
            self._path,
            UploadId=self.upload_id,
            PartNumber=number,
            Body=data,
            ChecksumSHA256=b64encode(digest).decode(),
        )
        etag = str(answer["ETag"])
        said = answer.get("ChecksumSHA256")
        # A server that keeps no checksums names at least the MD5 of what it stored.
        proven = (
            said == b64encode(digest).decode()
            if said
            else etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()
        )
        if not proven:
            raise LakeFailed(
                gettext(
                    "The lake stored other bytes than were sent as part {number} of {uri}: check "
                    "its disk and its log.",
                    number=number,
                    uri=self._server.uri(self._path),
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
        answer = self._server.call(
            "complete_multipart_upload",
            self._path,
            UploadId=self.upload_id,
            MultipartUpload={"Parts": named},
            IfNoneMatch="*",
        )
        checksum = answer.get("ChecksumSHA256")
        if checksum is not None and str(checksum).partition("-")[0] != _composite(ordered):
            raise LakeFailed(
                gettext(
                    "The lake put the parts of {uri} together in another way than they were sent: "
                    "check its log.",
                    uri=self._server.uri(self._path),
                )
            )
        return None if checksum is None else str(checksum)

    def abort(self) -> None:
        """Forget the upload and its parts; one that is already gone is not an error."""
        self._server.abort(self._path, self.upload_id)


class PartsServer:
    """Uploads in parts to one bucket.

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
        answer = self.call(
            "create_multipart_upload",
            path,
            ChecksumAlgorithm="SHA256",
            ContentType=content_type,
            Metadata={"sha256": sha256},
        )
        return Upload(self, path, str(answer["UploadId"]))

    def abort(self, path: str, upload_id: str) -> None:
        """Forget an upload and its parts; one that is already gone is not an error."""
        try:
            self.call("abort_multipart_upload", path, UploadId=upload_id)
        except ObjectMissing:
            return

    def unfinished(self, prefix: str) -> list[Unfinished]:
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
                        begun = item["Initiated"].astimezone(UTC)
                        found.append(Unfinished(key, item["UploadId"], begun))
        return sorted(found, key=lambda each: (each.key, each.upload_id))

    def checksum(self, path: str) -> str | None:
        """The server's own SHA-256 checksum of an object; None where it keeps none."""
        answer = self.call("head_object", path, ChecksumMode="ENABLED")
        said = answer.get("ChecksumSHA256")
        return None if said is None else str(said)

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
        """Turn boto3's errors into the lake's, which name the path."""
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
            return LakeFailed(
                gettext(
                    "The bucket {bucket!r} is in another region: set AWS_REGION to its own.",
                    bucket=self._bucket,
                )
            )
        if status in {401, 403}:
            return AccessDenied(self.uri(path))
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return ObjectMissing(self.uri(path))
        return LakeFailed(
            gettext(
                "The lake could not complete the operation on {uri} (HTTP {status} {code}): check "
                "its free disk space and its log.",
                uri=self.uri(path),
                status=status,
                code=code,
            )
        )


def boto3_client(
    endpoint: str | None,
    region: str,
    credentials: Any,
    *,
    verify: bool,
    path_style: bool,
    direct: bool,
) -> Any:
    """boto3's S3 client with the lake's own way to reach its server.

    Args:
        endpoint: Address of an S3-compatible server; None for AWS itself.
        region: Region that requests are signed for.
        credentials: Gives obstore's credential mapping; None for unsigned requests.
        verify: Whether certificates are verified.
        path_style: Whether the bucket stands in the path.
        direct: Whether a proxy of the shell's is passed by, as for a server on this machine.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials
    from botocore.session import Session

    # No profile of the shell's: how the lake is reached has been decided.
    session = Session(session_vars={"profile": (None, None, None, None)})
    session.register_component("data_loader", _botocore_data())
    if credentials is not None:
        session._credentials = RefreshableCredentials.create_from_metadata(  # noqa: SLF001 - the only way
            _metadata(credentials()), lambda: _metadata(credentials()), "bourne"
        )
    config = Config(
        signature_version=UNSIGNED if credentials is None else "s3v4",
        # Every part is sent with its SHA-256, which is signed: hashing it once more adds nothing.
        s3={
            "addressing_style": "path" if path_style else "auto",
            "payload_signing_enabled": False,
        },
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=16,
        connect_timeout=5,
        read_timeout=120,
        retries={"mode": "standard", "max_attempts": 5},
        proxies={} if direct else None,
    )
    client = boto3.Session(botocore_session=session, region_name=region).client(
        "s3", endpoint_url=endpoint, verify=verify, config=config
    )
    client.meta.events.register("before-call.s3.HeadBucket", _refuse_to_look_for_the_region)
    return client


@cache
def _botocore_data() -> Any:
    """Botocore's description of S3, which each client of a process would read once more."""
    from botocore.loaders import create_loader

    return create_loader()


def _refuse_to_look_for_the_region(**_: Any) -> None:
    """End botocore's own HEAD after a redirect: redirected as well, it repeats itself forever."""
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


def _composite(parts: Sequence[Part]) -> str:
    """S3's SHA-256 of an object in parts: that of the digests of its parts, one after another."""
    return b64encode(hashlib.sha256(b"".join(part.sha256 for part in parts)).digest()).decode()
