"""The answers to the six questions. Not here: formulas (`answers.formulas`)."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.answers.films import films_of, names_of
from bourne_assets.answers.markdown import as_markdown
from bourne_assets.answers.questions import (
    ANSWER_FIELDS,
    FIELD_SOURCES,
    QUESTIONS,
    Answers,
    answer_questions,
    as_json,
    main_numbers,
    pictures_of,
    to_text,
)
from bourne_assets.answers.words.language import localizer
from bourne_assets.asset_names import INSIGHT_METRICS, REFINED_GROUP, SAGA_HISTORY
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.following import EAGER_AFTER_CHECKS
from bourne_assets.defs.shared.metadata import column_lineage, picture, table_metadata
from bourne_assets.defs.shared.naming import collection_credit, placed_in, saga_key
from bourne_assets.lake import keys
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.table import deleted_films
from bourne_assets.settings import Settings
from bourne_assets.star.states import newest_state
from bourne_assets.tables import origin_of
from bourne_assets.translations import current_language, plain


def insight_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The answers of a saga."""
    key, table = saga_key(saga, INSIGHT_METRICS), saga_key(saga, saga.table_name)

    @dg.asset(
        key=key,
        ins={
            "films": dg.AssetIn(table),
            "candidates": dg.AssetIn(saga_key(saga, "tmdb_search")),
            "details": dg.AssetIn(saga_key(saga, "tmdb_details")),
        },
        deps=[saga_key(saga, SAGA_HISTORY)],  # whose tables keep the state that the answers name
        **placed_in(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_CHECKS,
        kinds={"pandas", "scipy", "s3"},
        code_version="3",
        metadata={
            **table_metadata(settings, keys.REFINED, key, "json"),
            **collection_credit(saga),
        },
    )
    @fails_in_one_sentence
    def insight_metrics(
        lake: LakeResource, films: pd.DataFrame, candidates: pd.DataFrame, details: pd.DataFrame
    ) -> dg.MaterializeResult[dict[str, Any]]:
        """Answers to the six questions about the saga.

        Mean revenue and budget, change of revenue from film to film, top revenue against top
        budget, popularity against success, release year against popularity. One JSON object; it
        names the lake objects that the numbers came from, and the snapshots of the tables that
        keep these figures when the objects are replaced. Popularity moves every day, so that the
        answers to the last two questions hold for the day of the figures. Candidates and details
        tell which films of the collection TMDB has deleted: the answers name them.
        """
        deleted = names_of(deleted_films(candidates, details))
        inputs = (films, candidates, details) if deleted else (films,)
        result = answer_questions(
            films,
            saga=saga.slug,
            inputs=[origin for frame in inputs for origin in origin_of(frame)],
            deleted=deleted,
        )
        state = newest_state(lake.catalogue(), saga, result.day)
        if state and state.is_of(films, deleted):
            result = replace(result, inputs=(*result.inputs, *state.inputs))
        stored = as_json(result)
        pictures = pictures_of(localizer(current_language()), result, films_of(films))
        return dg.MaterializeResult(
            value=stored,
            metadata={
                **_in_one_sentence(result),
                "answers": dg.MetadataValue.md(as_markdown(result)),
                "respostas": dg.MetadataValue.md(as_markdown(result, "pt")),
                **{
                    f"picture_of_{name}": picture(shown, settings.home)
                    for name, shown in pictures.items()
                },
                "figures_of": stored["as_of"],
                "source": stored["source"],
                "dagster/column_lineage": column_lineage(FIELD_SOURCES, {"saga_table": table}),
                # Dagster has no null among its numbers.
                **{name: n for name, n in main_numbers(result).items() if n is not None},
                "fields": _fields(),
            },
        )

    return [insight_metrics]


def _fields() -> dg.MarkdownMetadataValue:
    """The fields of the object; as Dagster's columns they would stand above the answers."""
    lines = ["| field | type | description | computed from |", "| --- | --- | --- | --- |"]
    for name, kind, description in ANSWER_FIELDS:
        columns = ", ".join(column for _, column in FIELD_SOURCES.get(name, ()))
        lines.append(f"| {name} | {kind} | {plain(description)} | {columns} |")
    return dg.MetadataValue.md("\n".join(lines))


def _in_one_sentence(result: Answers) -> dict[str, str]:
    """The answers as lines of the asset's page, where Markdown is a click away."""
    return {
        f"{number}_{question.name}": text.sentences[0]
        for number, (question, text) in enumerate(
            zip(QUESTIONS, to_text(result, current_language()), strict=True), start=1
        )
    }
