"""Bytes in and out of the lake, through obstore.

One `Lake` is one bucket and prefix. Whatever obstore raises leaves here as one of `errors`.
Not here: which error that is (`translation`), knowledge of keys (`keys`), of formats (`tables`), of
how a bucket is reached (`access`, `s3`).
"""

import hashlib
import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from bourne_assets.lake.access import S3Access
from bourne_assets.lake.errors import LakeError, ObjectMissing, ObjectTooLarge
from bourne_assets.lake.keys import can_name
from bourne_assets.lake.listing import (
    ListedObject,
    Listing,
    folders_below,
    list_below,
    passed_over_text,
)
from bourne_assets.lake.multipart import BotoClient, IncompleteUpload, Upload
from bourne_assets.lake.translation import translated
from bourne_assets.translations import gettext

JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"
HTML = "text/html; charset=utf-8"
CSV = "text/csv"
_CHUNK = 8 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredObject:
    """What is known of an object after it was written or read.

    Attributes:
        uri: `s3://bucket/prefix/key`.
        size: Bytes.
        sha256: Hex digest of the bytes; None where it is not known.
        etag: The server's ETag without quotes, if it gave one.
        checksum: The server's own checksum of an object in parts, where it keeps one.
    """

    uri: str
    size: int
    sha256: str | None
    etag: str | None
    checksum: str | None = None


class Lake:
    """One bucket and prefix of an S3 server; `s3.connect_s3` makes one.

    Args:
        store: obstore's client of the bucket.
        make_client: Makes boto3's client, which takes a while and which many lakes never need.
        bucket: Name of the bucket.
        prefix: Folder inside it.
        access: How the server is reached.
    """

    def __init__(
        self,
        store: S3Store,
        make_client: Callable[[], Any],
        bucket: str,
        prefix: str,
        access: S3Access,
    ) -> None:
        self._store = store
        self._make_client = make_client
        self.access = access
        self._client: BotoClient | None = None
        self._connecting = Lock()
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = access.endpoint

    def uri(self, key: str) -> str:
        """The full `s3://` address of a key."""
        return f"s3://{self.bucket}/{self._path(key)}"

    def key(self, uri: str) -> str:
        """The key of a full address in this lake.

        Raises:
            LakeError: The address is in another bucket or prefix.
        """
        root = f"s3://{self.bucket}/{self._path('')}"
        if not uri.startswith(root):
            raise LakeError(
                gettext(
                    "The object {uri} is outside this lake, which is {root}.", uri=uri, root=root
                )
            )
        return uri.removeprefix(root)

    def write(
        self,
        key: str,
        data: bytes,
        content_type: str,
        *,
        create_only: bool = False,
        sha256: str | None = None,
    ) -> StoredObject:
        """Store bytes in one atomic PUT, which the server checks against their SHA-256.

        Args:
            key: Key of the object.
            data: The bytes.
            content_type: Media type.
            create_only: Whether nothing may be there yet.
            sha256: Hex digest of the bytes, where it is known already.

        Raises:
            ObjectExists: `create_only` was given and the key is taken.
            LakeError: The lake refused or failed.
        """
        digest = sha256 or hashlib.sha256(data).hexdigest()
        with self._translated(key, creating=create_only):
            result = obstore.put(
                self._store,
                self._named(key),
                data,
                attributes={"Content-Type": content_type, "sha256": digest},
                mode="create" if create_only else "overwrite",
                use_multipart=False,
            )
        return StoredObject(self.uri(key), len(data), digest, _bare(result["e_tag"]))

    def write_file(self, key: str, path: Path, sha256: str, content_type: str) -> StoredObject:
        """Store a file of any size, streamed in parts; the object appears whole or not at all.

        Args:
            key: Key of the object; what is there is replaced.
            path: The file.
            sha256: Its digest, kept beside the object.
            content_type: Media type.

        Raises:
            LakeError: The lake refused or failed.
            OSError: The file cannot be read.
        """
        size = path.stat().st_size
        with path.open("rb") as file, self._translated(key):
            result = obstore.put(
                self._store,
                self._named(key),
                file,
                attributes={"Content-Type": content_type, "sha256": sha256},
                chunk_size=_CHUNK,
                max_concurrency=4,
            )
        return StoredObject(self.uri(key), size, sha256, _bare(result["e_tag"]))

    def begin_upload(self, key: str, content_type: str, sha256: str) -> Upload:
        """Begin to send an object in parts; nothing is visible before it is completed.

        Args:
            key: Key of the object.
            content_type: Media type.
            sha256: Digest of the whole, kept beside the object.

        Raises:
            LakeError: The lake refused or failed.
        """
        return self._boto().begin(self._named(key), content_type, sha256)

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts; one that is already gone is not an error.

        Raises:
            LakeError: The lake refused or failed.
        """
        self._boto().abort(self._named(key), upload_id)

    def incomplete_uploads(self, prefix: str = "") -> list[IncompleteUpload]:
        """Uploads in parts below a prefix that were begun and not ended, by key and id.

        Raises:
            LakeError: The lake refused or failed.
        """
        cut = len(self._path(""))
        found = self._boto().incomplete(self._path(prefix))
        return [replace(each, key=each.key[cut:]) for each in found]

    def checksum(self, key: str) -> str | None:
        """The server's own SHA-256 checksum of an object; None where it keeps none.

        Raises:
            ObjectMissing: It is not there.
            LakeError: The lake refused or failed.
        """
        return self._boto().checksum(self._named(key))

    def copy(self, source: str, key: str) -> None:
        """Copy an object inside the lake, on the server; what is under the key is replaced.

        Raises:
            ObjectMissing: There is no such source.
            LakeError: The lake refused or failed.
        """
        with self._translated(source):
            obstore.copy(self._store, self._named(source), self._named(key))

    def read(self, key: str) -> tuple[bytes, StoredObject]:
        """Bytes of an object, with the digest of exactly these bytes.

        Raises:
            ObjectMissing: It is not there.
            LakeError: The lake refused or failed.
        """
        with self._translated(key):
            result = obstore.get(self._store, self._named(key))
            data = bytes(result.bytes())
            etag = result.meta["e_tag"]
        digest = hashlib.sha256(data).hexdigest()
        return data, StoredObject(self.uri(key), len(data), digest, _bare(etag))

    def download(self, key: str, file: BinaryIO, *, most_bytes: int | None = None) -> StoredObject:
        """Stream an object into an open file, in constant memory.

        Raises:
            ObjectMissing: It is not there.
            ObjectTooLarge: It has more than `most_bytes`; nothing was written.
            LakeError: The lake refused or failed.
        """
        digest, size = hashlib.sha256(), 0
        with self._translated(key):
            result = obstore.get(self._store, self._named(key))
            if most_bytes is not None and result.meta["size"] > most_bytes:
                raise ObjectTooLarge(self.uri(key), result.meta["size"])
            for chunk in result.stream(min_chunk_size=_CHUNK):
                block = bytes(chunk)
                digest.update(block)
                size += len(block)
                file.write(block)
            etag = result.meta["e_tag"]
        return StoredObject(self.uri(key), size, digest.hexdigest(), _bare(etag))

    def read_back(self, key: str) -> StoredObject:
        """Read an object back and compute its SHA-256, in constant memory.

        Raises:
            ObjectMissing: It is not there.
            LakeError: The lake refused or failed.
        """
        with Path(os.devnull).open("wb") as nowhere:
            return self.download(key, nowhere)

    def head(self, key: str) -> StoredObject | None:
        """What is stored under a key, with the digest that its writer noted; None if nothing is.

        Raises:
            LakeError: The lake refused or failed.
        """
        try:
            with self._translated(key):
                result = obstore.get(self._store, self._named(key), options={"head": True})
                meta, attributes = result.meta, dict(result.attributes)
        except ObjectMissing:
            return None
        digest = attributes.get("sha256")
        return StoredObject(self.uri(key), meta["size"], digest, _bare(meta["e_tag"]))

    def list(self, prefix: str = "") -> list[str]:
        """Keys below a prefix (a whole folder, as S3's own `prefix/`), sorted bytewise.

        Raises:
            LakeError: The lake refused or failed.
        """
        return [item.key for item in self.list_objects(prefix).objects]

    def list_objects(self, prefix: str = "") -> Listing:
        """Objects below a prefix, as `list`, and the keys that had to be passed over.

        Raises:
            LakeError: The lake refused or failed.
        """
        found = list_below(self._boto(), self._path(""), self._folder(prefix))
        if found.passed_over:
            _log.warning("%s: %s", self.uri(prefix), passed_over_text(found.passed_over))
        return found

    def list_own(self, prefix: str) -> tuple[ListedObject, ...]:
        """The objects of `list_objects` in a folder where the platform alone should write.

        By obstore, as boto3's client takes longer to make than such a listing; by boto3 where
        obstore refuses a key that somebody else put there.

        Raises:
            LakeError: The lake refused or failed.
        """
        root = len(self._path(""))
        try:
            found = obstore.list(self._store, self._path(prefix)).collect()
        except BaseError:
            return self.list_objects(prefix).objects
        listed = [
            ListedObject(
                item["path"][root:], item["size"], item["last_modified"], _bare(item["e_tag"])
            )
            for item in found
        ]
        return tuple(sorted(listed, key=lambda item: item.key))

    def folders(self, prefix: str) -> set[str]:
        """Names of the folders right below a prefix.

        Raises:
            LakeError: The lake refused or failed.
        """
        return folders_below(self._boto(), self._folder(prefix))

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is not an error, as in S3.

        Raises:
            LakeError: The lake refused or failed.
        """
        # Not obstore's: it sends a list of one, in whose response a refusal is an error of its own.
        with suppress(ObjectMissing):
            self._boto().call("delete_object", self._named(key))

    def _boto(self) -> BotoClient:
        with self._connecting:
            if self._client is None:
                self._client = BotoClient(
                    self._make_client(), self.bucket, self.endpoint, self.access.advice
                )
            return self._client

    def _path(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _folder(self, prefix: str) -> str:
        """A prefix as S3 takes it: that of a whole folder, or of everything."""
        path = self._path(prefix).rstrip("/")
        return f"{path}/" if path else ""

    def _named(self, key: str) -> str:
        """The path of a key that an object can have."""
        if not can_name(key):
            raise LakeError(
                gettext(
                    "No object can be named {key!r}: its parts must be text without control "
                    "characters, not empty, and neither '.' nor '..'.",
                    key=key,
                )
            )
        return self._path(key)

    def _translated(self, key: str, *, creating: bool = False) -> AbstractContextManager[None]:
        return translated(self.uri(key), self.bucket, self.access, creating=creating)


def _bare(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None
