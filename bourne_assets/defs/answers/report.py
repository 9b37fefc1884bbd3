"""The report that people read. Not here: the page itself (`answers.report`)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from pydantic import Field, field_validator

from bourne_assets.answers.questions import Answers, answer_questions, as_json, parse_answers
from bourne_assets.answers.report import build_report
from bourne_assets.asset_names import INSIGHT_METRICS, REFINED_GROUP, SAGA_HISTORY, SAGA_REPORT
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.following import EAGER_AFTER_CHECKS
from bourne_assets.defs.shared.metadata import FORMAT_KEY, table_metadata
from bourne_assets.defs.shared.naming import collection_credit, placed_in, saga_key
from bourne_assets.defs.shared.run_config import RunConfig
from bourne_assets.lake import keys
from bourne_assets.lake.store import HTML
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.history import films_as_of
from bourne_assets.settings import Settings
from bourne_assets.star.answers import answers_of
from bourne_assets.star.states import newest_state
from bourne_assets.tables import origin_of
from bourne_assets.times import past_day
from bourne_assets.translations import LANGUAGES, gettext, original, plain

if TYPE_CHECKING:  # pyiceberg takes longer to load than all else here
    from pyiceberg.catalog import Catalog


class ReportConfig(RunConfig):
    """The day of the report."""

    as_of: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="YYYY-MM-DD: a report of the figures known on that day, stored beside the "
        "current one under reports/; empty: the current report.",
    )

    @field_validator("as_of")
    @classmethod
    def _is_a_past_day(cls, value: str | None) -> str | None:
        return past_day(value).isoformat() if value else value


def report_assets(
    settings: Settings, saga: Saga, checks: Sequence[dg.AssetChecksDefinition] = ()
) -> list[dg.AssetsDefinition]:
    """The report of a saga, which names the checks that block: had one failed, it would not be."""
    key = saga_key(saga, SAGA_REPORT)
    held = [
        original(spec.description)
        for check in checks
        for spec in check.check_specs
        if spec.blocking and spec.description
    ]

    @dg.asset(
        key=key,
        ins={
            "films": dg.AssetIn(saga_key(saga, saga.table_name)),
            "answers": dg.AssetIn(saga_key(saga, INSIGHT_METRICS)),
            "history": dg.AssetIn(saga_key(saga, SAGA_HISTORY)),
        },
        **placed_in(saga, REFINED_GROUP),
        automation_condition=EAGER_AFTER_CHECKS,
        kinds={"html", "vega", "s3"},
        code_version="1",
        config_schema=ReportConfig.fields_of_a_run(),
        output_required=False,
        metadata={
            **table_metadata(settings, keys.REFINED, key, "html"),
            FORMAT_KEY: "html",
            **_link(_address(settings, saga)),
            **collection_credit(saga),
        },
    )
    @fails_in_one_sentence
    def saga_report(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        films: pd.DataFrame,
        answers: dict[str, Any],
        history: pd.DataFrame,
    ) -> Iterator[dg.MaterializeResult[str]]:
        """The six answers on one page, in English and Portuguese.

        Questions, answers, pictures and caveats, the films, where the figures are from. One HTML
        file that loads nothing from the network: to be opened, sent, or printed. `bourne answers
        --open` opens it. With `as_of` in the run's config, the page of that day is stored beside
        it under `reports/`, and this one stays.
        """
        config = ReportConfig.of(context)

        def page_of(result: Answers, table: pd.DataFrame) -> str:
            return build_report(
                saga,
                result,
                table,
                history,
                held,
                run_id=context.run.run_id,
                first=settings.language,
                folder=settings.home,
            )

        if not config.as_of:
            result = parse_answers(answers, INSIGHT_METRICS, saga.slug)
            page = page_of(result, films)
            yield dg.MaterializeResult(value=page, metadata=_facts(result))
            return
        day = date.fromisoformat(config.as_of)
        result, films = _known_on(day, saga, lake.catalogue(), history)
        page = page_of(result, films)
        where = keys.report_of(saga.key_prefix, day)
        stored = lake.connect().write(where, page.encode(), HTML)
        context.log_event(
            dg.AssetObservation(
                key,
                description=gettext("Report of {day}", day=day),
                metadata={
                    **_facts(result),
                    "path": dg.MetadataValue.path(stored.uri),
                    **_link(_address(settings, saga, f"/{day}")),
                },
            )
        )

    return [_with_link(saga_report, _address(settings, saga))]


def _known_on(
    day: date, saga: Saga, catalogue: "Catalog", history: pd.DataFrame
) -> tuple[Answers, pd.DataFrame]:
    """The answers of a day, and the `SagaTable` that they come from, as they were known then."""
    state = newest_state(catalogue, saga, day)
    if state:
        return answers_of(state, saga), state.known.films
    known = films_as_of(history, day, saga)
    result = answer_questions(
        known.films, saga=saga.slug, inputs=origin_of(history), money_of=known.money_of
    )
    return result, known.films


def _with_link(report: dg.AssetsDefinition, address: str | None) -> dg.AssetsDefinition:
    """The report with a link in its description, which stands at the top of its page."""
    if address is None:
        return report
    link = gettext("[Open the report]({address})", address=address)
    return report.map_asset_specs(
        lambda spec: spec.replace_attributes(
            description=f"{link}\n\n{plain(spec.description or '')}"
        )
    )


def _address(settings: Settings, saga: Saga, day: str = "") -> str | None:
    """Where the UI's server shows the report, where it is known which that is."""
    url = settings.stated_ui_url
    return f"{url}/reports/{saga.slug}{day}" if url else None


def _link(address: str | None) -> dict[str, Any]:
    return {"open": dg.MetadataValue.url(address)} if address else {}


def _facts(result: Answers) -> dict[str, Any]:
    return {
        "figures_of": as_json(result)["as_of"],
        "source": result.source,
        "languages": ", ".join(LANGUAGES),
    }
