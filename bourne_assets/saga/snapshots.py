"""The snapshots of a saga in the lake: an object each, never overwritten by different bytes.

The history is rebuilt from them each time, so that two runs at once lose nothing.
Not here: what a snapshot holds (`history`).
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectExists
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.saga.errors import SnapshotUnreadable
from bourne_assets.saga.history import taken_at
from bourne_assets.tables import from_parquet, to_parquet

_READERS = 16


def keep_snapshot(lake: Lake, path: Sequence[str], snapshot: pd.DataFrame) -> str:
    """Store a snapshot under its time; the same bytes are not sent twice.

    Args:
        lake: The lake.
        path: Key of the history asset.
        snapshot: A `HistoryTable` of one day.

    Returns:
        URI of the object.
    """
    data = to_parquet(snapshot)
    digest = hashlib.sha256(data).hexdigest()
    key = keys.snapshot(path, taken_at(snapshot))
    try:
        return lake.write(key, data, PARQUET, create_only=True).uri
    except ObjectExists:
        if lake.digest(key).sha256 == digest:
            return lake.uri(key)
    return lake.write(keys.with_digest(key, digest), data, PARQUET).uri


def load_snapshots(lake: Lake, path: Sequence[str]) -> list[pd.DataFrame]:
    """All snapshots of a history, oldest first.

    Raises:
        SnapshotUnreadable: An object there is not a snapshot.
        LakeError: The lake failed.
    """

    def load(key: str) -> pd.DataFrame:
        data, stored = lake.read(key)
        try:
            return from_parquet(data)
        except (ValueError, OSError) as error:  # Arrow's errors are such
            first = str(error).partition("\n")[0]
            raise SnapshotUnreadable(
                f"The object {stored.uri} is not a snapshot of a saga: remove it: {first}."
            ) from None

    with ThreadPoolExecutor(_READERS, thread_name_prefix="snapshots") as pool:
        return list(pool.map(load, lake.list(keys.snapshots(path))))
