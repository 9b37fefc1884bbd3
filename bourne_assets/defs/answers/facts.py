"""The numbers of the answers over time. Not here: the answers (`assets`)."""

from typing import Any

import dagster as dg

from bourne_assets.answers.questions import parse_answers
from bourne_assets.asset_names import FACT_ANSWER as NAME
from bourne_assets.asset_names import INSIGHT_METRICS, REFINED_GROUP, SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.following import EAGER_AFTER_CHECKS
from bourne_assets.defs.shared.metadata import COLUMNS_KEY, column_schema, table_state
from bourne_assets.defs.shared.naming import collection_credit, placed_in, saga_key
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.saga.definition import Saga
from bourne_assets.star.answers import answer_rows
from bourne_assets.star.schemas import FACT_ANSWER, FactAnswer
from bourne_assets.star.storage import keep_answers


def fact_answer_assets(saga: Saga) -> list[dg.AssetsDefinition]:
    """The table of numbers of a saga."""

    @dg.asset(
        key=saga_key(saga, NAME),
        ins={"stored": dg.AssetIn(saga_key(saga, INSIGHT_METRICS))},
        deps=[saga_key(saga, SAGA_HISTORY)],
        **placed_in(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_CHECKS,
        kinds={"iceberg", "s3"},
        code_version="1",
        metadata={
            "dagster/table_name": FACT_ANSWER,
            COLUMNS_KEY: column_schema(FactAnswer),
            **collection_credit(saga),
        },
    )
    @fails_in_one_sentence
    def fact_answer(
        context: dg.AssetExecutionContext, lake: LakeResource, stored: dict[str, Any]
    ) -> dg.MaterializeResult[None]:
        """The numbers of the answers over time, in the Iceberg table `refined.fact_answer`.

        Grain: one row per saga, UTC day of the figures, question and number; the last answers of a
        day win. `snapshot_id` is the snapshot of `refined.fact_film_day` that the answers name.
        """
        result = parse_answers(stored, INSIGHT_METRICS, saga.slug)
        rows = answer_rows(result)
        snapshot_id = keep_answers(lake.catalogue(), rows, Provenance(context.run.run_id))
        return dg.MaterializeResult(
            metadata={**table_state(FACT_ANSWER, snapshot_id), "numbers": len(rows)}
        )

    return [fact_answer]
