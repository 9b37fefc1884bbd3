"""The figures of a saga over time. Not here: how snapshots merge (`saga`)."""

import dagster as dg
import pandas as pd

from bourne_assets.answers.pictures.pictures import popularity_over_time
from bourne_assets.answers.words.language import localizer
from bourne_assets.asset_names import SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.metadata import picture
from bourne_assets.defs.shared.naming import (
    EAGER_AFTER_CHECKS,
    OWNERS,
    REFINED_GROUP,
    definition_metadata,
    saga_group,
    saga_key,
    saga_tags,
    tmdb_credit,
)
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import days_of, merged, seed, snapshot_of
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.snapshots import keep_snapshot, load_snapshots
from bourne_assets.settings import Settings


def history_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The history of a saga."""
    key = saga_key(saga, SAGA_HISTORY)

    @dg.asset(
        key=key,
        ins={"films": dg.AssetIn(saga_key(saga, saga.table_name))},
        group_name=saga_group(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_CHECKS,
        kinds={"pandas", "parquet", "s3"},
        owners=OWNERS,
        tags=saga_tags(saga),
        code_version="1",
        metadata={
            **definition_metadata(settings, keys.REFINED, key, HistoryTable),
            **tmdb_credit(f"https://www.themoviedb.org/collection/{saga.collection_id}"),
        },
    )
    def saga_history(lake: LakeResource, films: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        """Figures of the saga's films over time, as TMDB stated them.

        Grain: one row a film and UTC day; the last snapshot of a day wins. Each snapshot is an
        object of its own below `Refined/saga_history/` that is never changed, and the table is
        made of all of them, and of the observations that ship with the package. What a day does
        not state is null and not filled in. TMDB's popularity moves every day and was re-scaled
        between 2024-11 and 2025-11.
        """
        connected, path = lake.connect(), tuple(key.path)
        uri = keep_snapshot(connected, path, snapshot_of(films))
        history = merged([seed(saga), *load_snapshots(connected, path)])
        days = days_of(history)
        shown = popularity_over_time(localizer("en"), history)
        return dg.MaterializeResult(
            value=history,
            metadata={
                "snapshot": dg.MetadataValue.url(uri),
                "days": len(days),
                "first_day": days[0].isoformat(),
                "last_day": days[-1].isoformat(),
                **({"picture": picture(shown.specification, shown.alternative)} if shown else {}),
            },
        )

    return [saga_history]
