"""One recorded run in this process, reported step by step.

What must not be put here: what is printed (`console`), and arguments (`cli`).
"""

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from bourne_assets.definitions import build_defs
from bourne_assets.defs.operations.lost_runs import PROCESS_TAG, end_lost_runs, has_living_process
from bourne_assets.defs.operations.schedules import full_refresh
from bourne_assets.defs.shared.naming import RAW_CSVS, SAGA_TAG, saga_job_name
from bourne_assets.defs.tmdb.assets import POOL
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.processes import ProcessIdentity
from bourne_assets.runs.events import INTERRUPTED, outcome_of
from bourne_assets.runs.outcomes import (
    Checked,
    ProgressLine,
    RunEvent,
    RunReport,
    StepFailed,
    Stored,
)
from bourne_assets.saga.definition import Saga
from bourne_assets.saga.live_figures import CONFIG
from bourne_assets.settings import Settings

_LOGGER = "progress"
_GOING_ON = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_LOOK_SECONDS = 0.5


class SelectionError(ConfigurationError):
    """The selection cannot be read, or selects nothing."""


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
        resume: Whether TMDB's answers of today that lie in Raw are not asked for again.
        replace_live_figures: Whether the bundled snapshot may replace newer figures of TMDB.
        on_event: Called with whatever happens, when it happens.

    Raises:
        SelectionError: The selection selects nothing, or cannot be read.
    """
    _wait_for_runs_of(saga, instance, on_event)
    return _run(
        settings,
        instance,
        saga_job_name(saga),
        select=select,
        tmdb_config={"resume": resume, CONFIG: replace_live_figures},
        on_event=on_event,
        tags={SAGA_TAG: saga.slug},
        sagas=[saga],
    )


def run_landing(
    settings: Settings,
    instance: dg.DagsterInstance,
    batch: dg.ConfigurableResource[Any],
    *,
    on_event: Callable[[RunEvent], None],
) -> RunReport:
    """Land a batch of CSV files and check it in this process, recorded in the instance.

    Args:
        settings: The settings.
        instance: Where the run is recorded.
        batch: The batch, in place of the folder of the settings.
        on_event: Called with whatever happens, when it happens.
    """
    return _run(
        settings,
        instance,
        full_refresh.name,
        select=RAW_CSVS.to_user_string(),
        on_event=on_event,
        tags={"batch": "land"},
        sagas=[],
        resources={"csv_folder": batch},
    )


def check_landing(settings: Settings, instance: dg.DagsterInstance) -> RunReport:
    """Evaluate the checks of the last landing once more in this process, recorded in the instance.

    Args:
        settings: The settings.
        instance: Where the run is recorded.
    """
    report = RunReport()
    loggers = {_LOGGER: _logger(report, lambda _: None)}
    definitions = build_defs(settings=settings, loggers=loggers, sagas=[])
    keys = definitions.resolve_asset_graph().asset_check_keys
    job = definitions.resolve_job_def(full_refresh.name).get_subset(
        asset_selection=set(),
        asset_check_selection={key for key in keys if key.asset_key == RAW_CSVS},
    )
    result = job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {_LOGGER: {}}},
        tags={"batch": "rejects", PROCESS_TAG: str(ProcessIdentity.own())},
    )
    report.run_id, report.succeeded = result.run_id, result.success
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
    **parts: Any,
) -> RunReport:
    report = RunReport()
    definitions = build_defs(
        settings=settings, loggers={_LOGGER: _logger(report, on_event)}, **parts
    )
    graph = definitions.resolve_asset_graph()
    selected = _selected(graph, select)
    job = definitions.resolve_job_def(job_name)
    end_lost_runs(instance)
    try:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={
                "loggers": {_LOGGER: {}},
                "ops": _tmdb_steps(graph, selected, tmdb_config or {}),
            },
            asset_selection=selected if select is not None else None,
            tags={**tags, PROCESS_TAG: str(ProcessIdentity.own())},
        )
    except SQLAlchemyError as error:
        first = str(error).strip().partition("\n")[0]
        raise BourneError(
            f"The run could not be recorded: {first} - check the disk of {settings.home}."
        ) from None
    if any(failed.message == INTERRUPTED for failed in report.failed):
        raise KeyboardInterrupt
    report.run_id, report.succeeded = result.run_id, result.success
    done = {*(item.asset for item in report.stored), *(item.step for item in report.failed)}
    names = [key.to_user_string() for key in selected]
    report.skipped = [
        name for name in names if name not in done and name.replace("/", "__") not in done
    ]
    return report


def _wait_for_runs_of(
    saga: Saga, instance: dg.DagsterInstance, on_event: Callable[[RunEvent], None]
) -> None:
    """Wait for runs of the saga that Dagster started; its queue waits for ours in turn.

    Only for runs with a process on this machine: nobody knows whether others will ever end.
    """
    going_on = dg.RunsFilter(statuses=_GOING_ON, tags={SAGA_TAG: saga.slug})
    is_told = False
    while alive := [
        record.dagster_run.run_id
        for record in instance.get_run_records(going_on)
        if has_living_process(instance, record.dagster_run)
    ]:
        if not is_told:
            on_event(ProgressLine(f"Waiting for run {alive[0]} of {saga.title} in Dagster to end."))
            is_told = True
        time.sleep(_LOOK_SECONDS)


def _selected(graph: Any, select: str | None) -> list[dg.AssetKey]:
    known = graph.materializable_asset_keys
    if select is None:
        return sorted(known)
    try:
        with warnings.catch_warnings():
            # The user wrote the string: that its syntax is in beta is no news for them.
            warnings.simplefilter("ignore", dg.BetaWarning)
            keys = dg.AssetSelection.from_string(select).resolve(graph) & known
    except (dg.DagsterError, ValueError):
        keys = set()
    if not keys:
        names = ", ".join(sorted(key.to_user_string() for key in known))
        raise SelectionError(
            f"The selection {select!r} selects none of the assets, which are: {names}."
        )
    return sorted(keys)


def _tmdb_steps(
    graph: Any, selected: list[dg.AssetKey], config: Mapping[str, bool]
) -> dict[str, Any]:
    """Config of the steps that ask TMDB; nothing where all is as by default."""
    chosen = {name: value for name, value in config.items() if value}
    steps = (graph.get(key).assets_def.op for key in selected) if chosen else ()
    return {step.name: {"config": chosen} for step in steps if step.pool == POOL}


def _logger(report: RunReport, on_event: Callable[[RunEvent], None]) -> dg.LoggerDefinition:
    """Dagster's way to see events of a run while it goes on is a logger."""

    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger(_LOGGER, logging.DEBUG)
        logger.addHandler(_EventHandler(report, on_event))
        return logger

    return progress


class _EventHandler(logging.Handler):
    """Sorts events into the report and tells of them."""

    def __init__(self, report: RunReport, on_event: Callable[[RunEvent], None]) -> None:
        super().__init__()
        self._report = report
        self._on_event = on_event

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log record: an event, or a line of progress."""
        event = getattr(record, "dagster_event", None)
        if not isinstance(event, dg.DagsterEvent):
            self._tell_progress(record)
            return
        said = outcome_of(event)
        match said:
            case Stored():
                self._report.stored.append(said)
            case Checked():
                self._report.checked.append(said)
            case StepFailed():
                self._report.failed.append(said)
        if said is not None:
            self._on_event(said)

    def _tell_progress(self, record: logging.LogRecord) -> None:
        """Tell what a landing logs of its progress; the rest is for Dagster's own log."""
        said = dict(getattr(record, "dagster_meta", None) or {})
        if said.get("step_key") == RAW_CSVS.to_user_string() and record.levelno >= logging.INFO:
            self._on_event(ProgressLine(str(said.get("orig_message", ""))))
