"""CSV files into the lake, byte for byte, with proof that they arrived.

What must not be put here: reading rows (`form`), and what the columns mean (`ratings`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from bourne_assets.csvs.errors import CsvFolderError, CsvRejected
from bourne_assets.csvs.form import count_lines, find_form
from bourne_assets.csvs.schemas import LANDED, REJECTED, UNCHANGED, ManifestTable
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectExists, ObjectMissing
from bourne_assets.lake.store import CSV, Lake, StoredObject
from bourne_assets.tables import conform

#: Up to this size a file is sent in one PUT, on the condition that nobody has the key yet.
_SINGLE_PUT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class ManifestRow:
    """What became of one file; the fields are those of `ManifestTable`."""

    file: str
    dataset: str
    status: str
    size: int
    reason: str | None = None
    uri: str | None = None
    sha256: str | None = None
    rows: int | None = None
    rejected_rows: int | None = None
    columns: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


def find_csv_files(folder: Path) -> list[Path]:
    """CSV files of a folder, hidden ones left out, in order of their names.

    Raises:
        CsvFolderError: The folder is missing, cannot be read, or holds none.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CsvFolderError(
            f"The folder {folder} of CSV files cannot be read ({error.strerror}): "
            "check BOURNE_CSV_DIR."
        ) from None
    found = [path for path in paths if path.suffix.lower() == ".csv" and not path.is_dir()]
    if not found:
        raise CsvFolderError(
            f"The folder {folder} holds no CSV files: put some there, or set BOURNE_CSV_DIR."
        )
    return found


def land_csv_files(paths: Sequence[Path], lake: Lake, landed_on: date) -> pd.DataFrame:
    """Land files and say what became of each, as `ManifestTable`; a bad file stops no other.

    Args:
        paths: The files.
        lake: Where to.
        landed_on: UTC day in the keys.

    Raises:
        LakeError: The lake refused or failed.
    """
    rows = [asdict(_land(path, lake, landed_on)) for path in paths]
    return conform(sorted(rows, key=lambda row: str(row["file"])), ManifestTable)


def bytes_that_differ(manifest: pd.DataFrame, lake: Lake) -> list[dict[str, str]]:
    """Landed files whose object no longer has the manifest's SHA-256, read back from the lake.

    Raises:
        LakeError: The lake failed.
    """
    wrong = []
    landed = manifest[manifest["status"] != REJECTED]
    for uri, expected in zip(landed["uri"], landed["sha256"], strict=True):
        try:
            found = lake.digest(lake.key(uri)).sha256
        except ObjectMissing:
            found = "missing"
        if found != expected:
            wrong.append({"uri": str(uri), "expected": str(expected), "found": str(found)})
    return wrong


def _land(path: Path, lake: Lake, landed_on: date) -> ManifestRow:
    name = _printable(path.name)
    dataset = keys.dataset_name(name)
    try:
        size = _regular_size(path)
        form = find_form(path)
        counts = count_lines(path, form)
        stored, status = _stored(path, lake, landed_on)
    except CsvRejected as error:
        return ManifestRow(name, dataset, REJECTED, _size(path), reason=str(error))
    except OSError as error:
        reason = f"it cannot be read ({error.strerror or error})"
        return ManifestRow(name, dataset, REJECTED, _size(path), reason=reason)
    return ManifestRow(
        name,
        dataset,
        status,
        size,
        uri=stored.uri,
        sha256=stored.sha256,
        rows=counts.rows,
        rejected_rows=counts.rejected_rows,
        columns=form.delimiter.join(form.columns),
        encoding=form.encoding,
        delimiter=form.delimiter,
    )


def _stored(path: Path, lake: Lake, landed_on: date) -> tuple[StoredObject, str]:
    """The object with the file's bytes: the one that is there already, or a new one."""
    digest = _digest(path)
    key = keys.landed_csv(path.name, landed_on)
    for candidate in (key, keys.with_digest(key, digest)):
        known = lake.find(candidate)
        if known is not None and known.sha256 == digest:
            return known, UNCHANGED
        if known is None and _sent(path, lake, candidate, digest):
            arrived = lake.digest(candidate)
            if arrived.sha256 != digest:
                raise CsvRejected(f"other bytes arrived at {arrived.uri} than were sent")
            return arrived, LANDED
    raise CsvRejected(f"the lake holds other bytes under {lake.uri(candidate)}")


def _sent(path: Path, lake: Lake, key: str, digest: str) -> bool:
    """Whether the file now lies under the key; not where another process was faster."""
    if path.stat().st_size <= _SINGLE_PUT_BYTES:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise CsvRejected("it changed while it was sent")
        try:
            lake.write(key, data, CSV, create_only=True)
        except ObjectExists:
            found = lake.find(key)
            return found is not None and found.sha256 == digest
        return True
    written = lake.write_file(key, path, digest, CSV)
    if _digest(path) != digest:
        found = lake.find(key)
        if found is not None and found.etag == written.etag:  # ours, and not another process's
            lake.delete(key)
        raise CsvRejected("it changed while it was sent")
    return lake.digest(key).sha256 == digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _regular_size(path: Path) -> int:
    if not keys.can_name(path.name):
        raise CsvRejected("its name holds signs that no object can be named with")
    if not path.is_file():
        raise CsvRejected("it is no regular file")
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise CsvRejected("it is a link out of the folder")
    return path.stat().st_size


def _printable(name: str) -> str:
    """A file's name as text can hold it: what no object can be named with is escaped."""
    return "".join(
        sign if keys.can_name(f"_{sign}_") else sign.encode("unicode_escape").decode()
        for sign in name
    )


def _size(path: Path) -> int:
    """Bytes of the file, 0 where even that cannot be known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
