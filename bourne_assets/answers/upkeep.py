"""Upkeep of a lake: its Iceberg tables, whose snapshots stay that answers name, and cached blocks.

Not here: when it is done, and the upkeep of Dagster's runs (the callers).
"""

from collections.abc import Callable, Generator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bourne_assets.answers.errors import NothingToMaintain
from bourne_assets.answers.sources import named_snapshots
from bourne_assets.iceberg.blocks import prune_blocks
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.upkeep import Maintained, maintain
from bourne_assets.lake.opening import lake_exists
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext


def maintain_lake(
    home: Path, bucket: str | None, connect: Callable[[], Lake], now: datetime
) -> Generator[Maintained, None, None]:
    """Look after a lake, table by table.

    Args:
        home: `BOURNE_HOME`.
        bucket: Bucket on S3; None for the embedded lake.
        connect: Connects to the lake, and creates it where there is none; then it is not called.
        now: The time.

    Yields:
        What was done to each table.

    Raises:
        NothingToMaintain: There is no lake.
        LakeError: The lake or its catalogue refused or failed.
    """
    if not lake_exists(home, bucket):
        raise NothingToMaintain(
            gettext("There is nothing to maintain: {home} has no lake.", home=home)
        )
    lake = connect()
    with closing(open_catalogue(lake, home)) as catalogue:
        yield from maintain(catalogue, now, named_snapshots(lake))
    prune_blocks(home)
