"""One recorded run in this process, reported step by step.

Not here: what is printed (`console`), and arguments (`cli`).
"""

import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.cli.selection import SelectionError
from bourne_assets.definitions import PROGRESS, build_defs
from bourne_assets.defs.operations.schedules import land_csv_files
from bourne_assets.defs.shared.naming import RAW_CSVS, saga_job_name
from bourne_assets.defs.shared.selections import SelectionUnusable, selected
from bourne_assets.defs.tmdb.assets import POOL
from bourne_assets.processes import ProcessIdentity
from bourne_assets.runs.events import INTERRUPTED, outcome_of
from bourne_assets.runs.in_process import quieten_watchers, run_job
from bourne_assets.runs.instance import reporting_database_failures
from bourne_assets.runs.outcomes import (
    Checked,
    ProgressLine,
    RunEvent,
    RunReport,
    StepFailed,
    Stored,
)
from bourne_assets.runs.processes import PROCESS_TAG, end_lost_runs
from bourne_assets.runs.turns import Turn
from bourne_assets.saga.by_hand import note_saga
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.live_figures import CONFIG
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext, series

_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def run_saga(
    settings: Settings,
    saga: Saga,
    instance: dg.DagsterInstance,
    *,
    select: str | None,
    resume: bool = False,
    replace_live_figures: bool = False,
    on_event: Callable[[RunEvent], None],
) -> RunReport:
    """Run the assets and checks of a saga in this process, recorded in the instance.

    Args:
        settings: The settings.
        saga: The saga.
        instance: Where the run is recorded.
        select: A selection of assets in Dagster's syntax; None for all.
        resume: Whether TMDB's responses of today that are in Raw are not requested again.
        replace_live_figures: Whether the bundled snapshot may replace newer figures of TMDB.
        on_event: Called with whatever happens, when it happens.

    Raises:
        SelectionError: The selection selects nothing, or cannot be read.
    """
    with reporting_database_failures(settings, instance):
        turn = Turn(saga, instance, on_event)
        turn.wait()
        return _run(
            settings,
            instance,
            saga_job_name(saga),
            select=select,
            tmdb_config={"resume": resume, CONFIG: replace_live_figures},
            on_event=on_event,
            tags={SAGA_TAG: saga.slug},
            turn=turn,
            sagas=[saga],
        )


def run_landing(
    settings: Settings,
    instance: dg.DagsterInstance,
    batch: dg.ConfigurableResource[Any],
    *,
    on_event: Callable[[RunEvent], None],
) -> RunReport:
    """Land a batch of CSV files and check it, as `run_saga` runs a saga."""
    with reporting_database_failures(settings, instance):
        return _run(
            settings,
            instance,
            land_csv_files.name,
            select=None,
            on_event=on_event,
            tags={"batch": "land"},
            sagas=[],
            resources={"csv_folder": batch},
        )


def check_landing(
    settings: Settings, instance: dg.DagsterInstance, *, on_event: Callable[[RunEvent], None]
) -> RunReport:
    """Evaluate the checks of the last landing once more, as `run_saga` runs a saga."""
    report = RunReport()
    loggers = {PROGRESS: _logger(report, on_event)}
    definitions = build_defs(settings=settings, loggers=loggers, sagas=[])
    keys = definitions.resolve_asset_graph().asset_check_keys
    job = definitions.resolve_job_def(land_csv_files.name).get_subset(
        asset_selection=set(),
        asset_check_selection={key for key in keys if key.asset_key == RAW_CSVS},
    )
    quieten_watchers()
    with reporting_database_failures(settings, instance):
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {PROGRESS: {}}},
            tags={"batch": "rejects", PROCESS_TAG: str(ProcessIdentity.own())},
        )
    _note_end(report, result.run_id, succeeded=result.success)
    return report


def _run(
    settings: Settings,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    select: str | None,
    tmdb_config: Mapping[str, bool] | None = None,
    on_event: Callable[[RunEvent], None],
    tags: dict[str, str],
    turn: Turn | None = None,
    sagas: Sequence[Saga],
    resources: Mapping[str, Any] | None = None,
) -> RunReport:
    report = RunReport()
    definitions = build_defs(
        settings=settings,
        loggers={PROGRESS: _logger(report, on_event)},
        executor=dg.in_process_executor,
        sagas=sagas,
        resources=resources,
    )
    graph = definitions.resolve_asset_graph()
    selected = _selected(graph, select)
    job = definitions.resolve_job_def(job_name)
    end_lost_runs(instance)
    for saga in sagas:
        note_saga(settings.home, saga)
    gc.freeze()  # all of this lives until the end; what the run leaves is garbage
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    run = run_job(
        job,
        instance,
        run_config={
            "loggers": {PROGRESS: {}},
            "ops": _tmdb_steps(graph, selected, tmdb_config or {}),
        },
        assets=set(selected) if select is not None else None,
        tags={**tags, PROCESS_TAG: str(ProcessIdentity.own())},
        turn=turn,
    )
    _note_end(report, run.run_id, succeeded=run.is_success)
    report.not_reached = _not_reached(graph, selected, report)
    return report


def _note_end(report: RunReport, run_id: str, *, succeeded: bool) -> None:
    """Note how a run ended.

    Raises:
        KeyboardInterrupt: An interrupt ended it, which Dagster keeps to itself.
    """
    if any(failed.message == INTERRUPTED for failed in report.failed):
        raise KeyboardInterrupt
    report.run_id, report.succeeded = run_id, succeeded


def _not_reached(graph: AssetGraph, selected: list[dg.AssetKey], report: RunReport) -> list[str]:
    """Names of the assets that were neither stored nor made by a step that failed."""
    stored = {item.asset for item in report.stored}
    failed = {item.step for item in report.failed}
    return [
        key.to_user_string()
        for key in selected
        if key.to_user_string() not in stored and graph.get(key).assets_def.op.name not in failed
    ]


def _selected(graph: AssetGraph, select: str | None) -> list[dg.AssetKey]:
    known = graph.materializable_asset_keys
    if select is None:
        return sorted(known)
    try:
        keys = selected(select, graph) & known
    except SelectionUnusable:
        keys = set()
    if not keys:
        names = ", ".join(sorted(key.to_user_string() for key in known))
        raise SelectionError(
            gettext(
                "The selection {select!r} selects none of the assets, which are: {names}.",
                select=select,
                names=names,
            )
        )
    _ensure_whole(graph, keys, select)
    return sorted(keys)


def _ensure_whole(graph: AssetGraph, keys: AbstractSet[dg.AssetKey], select: str) -> None:
    """Refuse a part of what a step makes only as a whole, as a call of the function on Lambda.

    Raises:
        SelectionError: The selection selects such a part.
    """
    for step in (graph.get(key).assets_def for key in sorted(keys)):
        if not step.can_subset and not step.keys <= keys:
            raise SelectionError(
                gettext(
                    "The selection {select!r} selects a part of {names}, which one step makes "
                    "together: select all of them, or none.",
                    select=select,
                    names=series(sorted(key.to_user_string() for key in step.keys)),
                )
            )


def _tmdb_steps(
    graph: AssetGraph, selected: list[dg.AssetKey], config: Mapping[str, bool]
) -> dict[str, Any]:
    """Config of the steps that request from TMDB; empty where all is at its default."""
    chosen = {name: value for name, value in config.items() if value}
    steps = (graph.get(key).assets_def.op for key in selected) if chosen else ()
    return {step.name: {"config": chosen} for step in steps if step.pool == POOL}


def _logger(report: RunReport, on_event: Callable[[RunEvent], None]) -> dg.LoggerDefinition:
    """Dagster's way to see events of a run while it goes on is a logger."""

    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger(PROGRESS, logging.DEBUG)
        logger.addHandler(_EventHandler(report, on_event))
        return logger

    return progress


class _EventHandler(logging.Handler):
    """Sorts events into the report and passes them on."""

    def __init__(self, report: RunReport, on_event: Callable[[RunEvent], None]) -> None:
        super().__init__()
        self._report = report
        self._on_event = on_event

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log record: an event, or a line of progress."""
        event = getattr(record, "dagster_event", None)
        if not isinstance(event, dg.DagsterEvent):
            self._report_progress(record)
            return
        outcome = outcome_of(event)
        match outcome:
            case Stored():
                self._report.stored.append(outcome)
            case Checked():
                self._report.checked.append(outcome)
            case StepFailed():
                self._report.failed.append(outcome)
        if outcome is not None:
            self._on_event(outcome)

    def _report_progress(self, record: logging.LogRecord) -> None:
        """Pass on what a landing logs of its progress; the rest is for Dagster's own log."""
        meta = dict(getattr(record, "dagster_meta", None) or {})
        if meta.get("step_key") == RAW_CSVS.to_user_string() and record.levelno >= logging.INFO:
            self._on_event(ProgressLine(str(meta.get("orig_message", ""))))
