"""The figures of a saga over time. Not here: how observations merge (`star.observations`)."""

import dagster as dg
import pandas as pd

from bourne_assets.answers.pictures.pictures import popularity_over_time
from bourne_assets.answers.words.language import localizer
from bourne_assets.asset_names import REFINED_GROUP, SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.following import EAGER_AFTER_CHECKS
from bourne_assets.defs.shared.metadata import column_schema, picture, table_state
from bourne_assets.defs.shared.naming import (
    collection_credit,
    definition_metadata,
    placed_in,
    saga_key,
)
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import (
    DELETION_STATES,
    SEED_STATES,
    days_of,
    deletions_of,
    seed,
    snapshot_of,
    taken_at,
)
from bourne_assets.saga.schemas import HistoryTable
from bourne_assets.saga.snapshots import load_snapshots
from bourne_assets.saga.table import deleted_films
from bourne_assets.settings import Settings
from bourne_assets.star.dimensions import ATTRIBUTES
from bourne_assets.star.observations import (
    history_of,
    with_missing,
    with_observations,
    with_snapshots,
)
from bourne_assets.star.schemas import FACT_FILM_DAY, STAR
from bourne_assets.star.storage import keep_star, read_star
from bourne_assets.tables import digests_of
from bourne_assets.translations import current_language


def history_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The history of a saga."""
    key = saga_key(saga, SAGA_HISTORY)

    @dg.asset(
        key=key,
        ins={
            "films": dg.AssetIn(saga_key(saga, saga.table_name)),
            "candidates": dg.AssetIn(saga_key(saga, "tmdb_search")),
            "details": dg.AssetIn(saga_key(saga, "tmdb_details")),
        },
        **placed_in(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_CHECKS,
        kinds={"pandas", "iceberg", "s3"},
        code_version="3",
        metadata={
            **definition_metadata(settings, keys.REFINED, key, HistoryTable),
            **collection_credit(saga),
        },
    )
    @fails_in_one_sentence
    def saga_history(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        films: pd.DataFrame,
        candidates: pd.DataFrame,
        details: pd.DataFrame,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Figures of the saga's films over time, as TMDB stated them.

        Grain: one row per film and UTC day; the last snapshot of a day wins. Kept in the Iceberg
        tables `refined.fact_film_day`, `dim_film`, `dim_saga` and `dim_date`, of which this object
        is the view, with the observations that ship with the package. What a day does not state is
        null and not filled in. TMDB's popularity moves every day and was re-scaled between 2024-11
        and 2025-11. Candidates and details tell which films of the collection TMDB has deleted: the
        tables keep that too.
        """
        catalogue = lake.catalogue()
        before = read_star(catalogue, saga)
        known = before
        if before.facts.empty:
            known = with_snapshots(before, saga, load_snapshots(lake.connect(), tuple(key.path)))
        known = with_missing(known, saga, seed(saga), SEED_STATES)
        # A table of an earlier version does not speak of the columns that it lacks.
        stated = set(films.columns) & set(ATTRIBUTES)
        star = with_observations(known, saga, snapshot_of(films), stated)
        gone = deletions_of(deleted_films(candidates, details), taken_at(films).date())
        star = with_observations(star, saga, gone, DELETION_STATES)
        provenance = Provenance(context.run.run_id, digests_of(films))
        snapshot_id = keep_star(catalogue, saga, before, star, provenance)
        history = history_of(star)
        days = days_of(history)
        shown = popularity_over_time(localizer(current_language()), history)
        return dg.MaterializeResult(
            value=history,
            metadata={
                **table_state(FACT_FILM_DAY, snapshot_id),
                "days": len(days),
                "first_day": days[0].isoformat(),
                "last_day": days[-1].isoformat(),
                **{
                    f"columns_of_{name}": column_schema(STAR[name])
                    for name in ("fact_film_day", "dim_film", "dim_saga", "dim_date")
                },
                **({"picture": picture(shown, settings.home)} if shown else {}),
            },
        )

    return [saga_history]
