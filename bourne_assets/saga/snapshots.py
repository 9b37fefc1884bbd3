"""The snapshots of a saga that versions before the Iceberg tables kept: an object each.

The tables take them over once, and the objects stay as they are.
Not here: what a snapshot holds (`history`).
"""

from collections.abc import Sequence

import pandas as pd

from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake
from bourne_assets.saga.errors import SnapshotUnreadable
from bourne_assets.tables import from_parquet
from bourne_assets.threads import thread_pool
from bourne_assets.translations import gettext

_READERS = 16


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
                gettext(
                    "The object {uri} is not a snapshot of a saga: remove it: {first}.",
                    uri=stored.uri,
                    first=first,
                )
            ) from error

    with thread_pool(_READERS, "snapshots") as pool:
        return list(pool.map(load, lake.list(keys.snapshots(path))))
