"""The bundled snapshot never takes the place of newer figures of TMDB unasked.

Not here: the snapshot itself (`tmdb.snapshot`).
"""

from datetime import datetime

from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.errors import NewerFigures, NotInSnapshot
from bourne_assets.tmdb import LIVE
from bourne_assets.tmdb.snapshot import has_collection, snapshot_time
from bourne_assets.translations import gettext

#: The switch that lets the snapshot replace them all the same: as an option and in a run's config.
OPTION, CONFIG = "--replace-live-figures", "replace_live_figures"


def ensure_in_snapshot(saga: Saga) -> None:
    """Refuse a saga that only TMDB knows.

    Raises:
        NotInSnapshot: The bundled snapshot does not have the saga's collection.
    """
    if not has_collection(saga.collection_id):
        raise NotInSnapshot(saga.slug)


def ensure_not_newer(lake: Lake, saga: Saga) -> None:
    """Refuse to replace figures of TMDB by those of the bundled snapshot.

    Raises:
        NewerFigures: The lake holds figures of TMDB that are newer than the snapshot.
        LakeError: The lake failed.
    """
    newest = newest_live_figures(lake, saga)
    if newest is not None and newest > snapshot_time():
        raise NewerFigures(
            gettext(
                "The lake holds figures of TMDB of {newest:%Y-%m-%d} for {title}, and "
                "TMDB_READ_ACCESS_TOKEN is not set, so the bundled snapshot of "
                "{snapshot_time:%Y-%m-%d} would replace them: set it, or pass {option} (in the "
                "launchpad: {config}).",
                newest=newest,
                title=saga.title,
                snapshot_time=snapshot_time(),
                option=OPTION,
                config=CONFIG,
            )
        )


def newest_live_figures(lake: Lake, saga: Saga) -> datetime | None:
    """UTC time of TMDB's newest response in a saga's tables; None where none is TMDB's."""
    tables = [
        *((keys.TRUSTED, name) for name in ("tmdb_search", "tmdb_external_ids", "tmdb_details")),
        (keys.REFINED, saga.table_name),
    ]
    found = (
        _newest(lake, keys.table(layer, (*saga.key_prefix, name), "parquet"))
        for layer, name in tables
    )
    return max((time for time in found if time is not None), default=None)


def _newest(lake: Lake, key: str) -> datetime | None:
    from bourne_assets.tables import from_parquet

    try:
        table = from_parquet(lake.read(key)[0])
        times = table[table["source"] == LIVE]["fetched_at"]
    except ObjectMissing:
        return None
    except (ValueError, OSError, KeyError):  # not a table of ours: it holds no figures to protect
        return None
    if times.empty:
        return None
    newest: datetime = times.max().to_pydatetime()
    return newest
