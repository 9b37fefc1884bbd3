"""The answers to the six questions. What must not be put here: formulas (`insights.answers`)."""

from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.assets.common import (
    FOLLOWS,
    OWNERS,
    REFINED_GROUP,
    saga_key,
    saga_tags,
    tmdb_credit,
)
from bourne_assets.catalogue import picture, plain_metadata, table_metadata
from bourne_assets.insights.answers import answer_questions
from bourne_assets.insights.chart import budget_and_revenue_png
from bourne_assets.insights.markdown import as_markdown, main_numbers
from bourne_assets.insights.schemas import ANSWER_FIELDS
from bourne_assets.insights.words import origin
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import origin_of

_FIELDS = dg.TableSchema(
    columns=[dg.TableColumn(name, kind, description) for name, kind, description in ANSWER_FIELDS]
)


def insight_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The answers of a saga."""
    key = saga_key(saga, "insight_metrics")

    @dg.asset(
        key=key,
        ins={"films": dg.AssetIn(saga_key(saga, saga.table_name))},
        group_name=REFINED_GROUP,
        automation_condition=FOLLOWS,
        kinds={"pandas", "scipy", "s3"},
        owners=OWNERS,
        tags=saga_tags(saga),
        code_version="1",
        metadata={
            **table_metadata(settings, keys.REFINED, tuple(key.path), "json"),
            "dagster/column_schema": _FIELDS,
            **tmdb_credit(f"https://www.themoviedb.org/collection/{saga.collection_id}"),
        },
    )
    def insight_metrics(films: pd.DataFrame) -> dg.MaterializeResult[dict[str, Any]]:
        """Answers to the six questions about the saga.

        Mean revenue and budget, change of revenue from film to film, top revenue against top
        budget, popularity against success, release year against popularity. One JSON object; it
        names the lake objects that the numbers came from. Popularity moves every day, so that
        the answers to the last two questions hold for the day of the figures.
        """
        result = answer_questions(films, saga=saga.slug, inputs=origin_of(films))
        return dg.MaterializeResult(
            value=result,
            metadata={
                "answers": dg.MetadataValue.md(as_markdown(result)),
                "respostas": dg.MetadataValue.md(as_markdown(result, "pt")),
                "picture": picture(
                    budget_and_revenue_png(films, saga.title, origin(result)),
                    f"Budget and revenue of the films of {saga.title} in order of release",
                ),
                "figures_of": result["as_of"],
                "answered_by": result["source"],
                **plain_metadata(main_numbers(result)),
            },
        )

    return [insight_metrics]
