"""The whole platform on one page: `build_defs` assembles it, `defs` is what Dagster loads.

Not here: assets, checks and resources themselves.
See https://docs.dagster.io/guides/build/projects-and-components
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from bourne_assets.csvs.options import Datasets, load_datasets
from bourne_assets.defs.answers.assets import insight_assets
from bourne_assets.defs.answers.checks import insight_checks
from bourne_assets.defs.answers.facts import fact_answer_assets
from bourne_assets.defs.answers.report import report_assets
from bourne_assets.defs.csvs.assets import raw_csvs_assets
from bourne_assets.defs.csvs.bucket_sensor import s3_landing_sensor
from bourne_assets.defs.csvs.checks import raw_csvs_checks
from bourne_assets.defs.csvs.datasets import dataset_specs
from bourne_assets.defs.csvs.folder_sensor import csv_folder_sensor
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.operations.alerts import alerts_sensor
from bourne_assets.defs.operations.freshness import with_freshness
from bourne_assets.defs.operations.routes import load_routes
from bourne_assets.defs.operations.schedules import (
    follow_the_data,
    full_refresh,
    land_csv_files,
    saga_job,
    saga_schedules,
)
from bourne_assets.defs.operations.stuck_runs import forgotten_retries_sensor, lost_runs_sensor
from bourne_assets.defs.operations.upkeep import maintain_tables, weekly_upkeep
from bourne_assets.defs.saga.assets import saga_assets
from bourne_assets.defs.saga.checks import saga_checks
from bourne_assets.defs.saga.history import history_assets
from bourne_assets.defs.shared.code import with_code
from bourne_assets.defs.shared.fixed import fixed
from bourne_assets.defs.shared.naming import (
    Assets,
    in_the_users_language,
    only_by_hand,
    with_owners,
)
from bourne_assets.defs.tmdb.assets import tmdb_assets
from bourne_assets.defs.tmdb.checks import tmdb_checks
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.defs.tmdb.sensors import tmdb_changes_sensor
from bourne_assets.execution.executors import executor_of
from bourne_assets.saga.by_hand import sagas_by_hand
from bourne_assets.saga.definition import Saga, known_sagas, select_sagas
from bourne_assets.settings import Settings, read_settings

#: Logger that shows a run of the command line its progress. Its name is in the configuration of
#: such a run, so that the code location must know it for the run to be executed again there.
PROGRESS = "progress"


@dg.logger
def _silent(_: dg.InitLoggerContext) -> logging.Logger:
    """A logger that shows nothing: events are recorded all the same."""
    logger = logging.Logger(PROGRESS)
    logger.addHandler(logging.NullHandler())
    return logger


def build_defs(
    *,
    settings: Settings | None = None,
    sagas: Sequence[Saga] | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: dg.ExecutorDefinition | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """The platform's definitions; tests and the command line replace any part.

    Args:
        settings: In place of the environment's.
        sagas: Sagas in the lineage, in place of those that the settings name.
        resources: Resources by key, in place of the default ones of these keys.
        executor: In place of the one that the settings name, which is one process for a run:
            concurrency is inside the assets, and a process for each step costs fourteen times as
            much for this graph.
        loggers: Loggers by name, beside Dagster's console logger.

    Raises:
        ConfigurationError: A setting, the sagas, datasets or alerts file, or the executor cannot
            be used.
    """
    settings = settings or read_settings()
    by_hand: list[Saga] = []
    titles = {saga.slug: saga.title for saga in sagas or ()}
    if sagas is None:
        known = known_sagas(settings.sagas_file)
        sagas = select_sagas(known, settings.saga_slugs)
        by_hand = sagas_by_hand(settings.home, known, settings.saga_slugs)
        titles = {slug: saga.title for slug, saga in known.items()}
    everything = [*sagas, *by_hand]
    datasets = load_datasets(settings.csv_datasets)
    checks = {saga.slug: [*saga_checks(saga), *insight_checks(saga)] for saga in everything}
    assets = _assets(settings, everything, datasets, checks)
    return dg.Definitions(
        assets=in_the_users_language(only_by_hand(assets, [saga.slug for saga in by_hand])),
        asset_checks=[
            *raw_csvs_checks(),
            *(check for saga in everything for check in (*tmdb_checks(saga), *checks[saga.slug])),
        ],
        jobs=[
            full_refresh,
            land_csv_files,
            maintain_tables,
            *(saga_job(saga) for saga in everything),
        ],
        schedules=[*saga_schedules(settings, sagas), weekly_upkeep(settings)],
        sensors=_sensors(settings, sagas, titles),
        resources={
            name: fixed(resource)
            for name, resource in default_resources(settings, resources).items()
        },
        executor=executor or executor_of(settings),
        loggers={"console": dg.colored_console_logger, PROGRESS: _silent, **(loggers or {})},
    )


def _assets(
    settings: Settings,
    sagas: Sequence[Saga],
    datasets: Datasets,
    checks: Mapping[str, Sequence[dg.AssetChecksDefinition]],
) -> Assets:
    """The assets with what all have: freshness policy, place in the code, and owners."""
    ask_tmdb = tmdb_assets
    if settings.tmdb_runs_on == "lambda":
        from bourne_assets.defs.tmdb.on_lambda import tmdb_lambda_assets as ask_tmdb
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *raw_csvs_assets(settings),
        *dataset_specs(datasets),
    ]
    for saga in sagas:
        for make in (ask_tmdb, saga_assets, insight_assets, history_assets):
            assets += make(settings, saga)
        assets += fact_answer_assets(saga)
        assets += report_assets(settings, saga, checks[saga.slug])
    return with_owners(with_code(with_freshness(settings, assets, datasets)), settings.owners)


def _sensors(
    settings: Settings, sagas: Sequence[Saga], titles: Mapping[str, str]
) -> list[dg.SensorDefinition]:
    """The sensors; `titles` names the sagas by slug, for alerts."""
    return [
        csv_folder_sensor,
        s3_landing_sensor(settings),
        follow_the_data,
        lost_runs_sensor,
        *([forgotten_retries_sensor] if settings.redis_url else []),
        alerts_sensor(settings, titles, load_routes(settings.alerts_file)),
        *(tmdb_changes_sensor(settings, saga) for saga in sagas),
    ]


def default_resources(
    settings: Settings, overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The resources that the settings describe, and what takes their place.

    Another `lake` is the IO manager's lake too. Credentials are named and not given: Dagster
    shows the values of resources in its UI.
    """
    overrides = overrides or {}
    lake = overrides.get("lake") or LakeResource(
        s3=_s3(settings),
        bucket=settings.s3_bucket,
        prefix=settings.s3_prefix,
        home=str(settings.home.absolute()),
    )
    return {
        **({"tmdb_lambda": _function(settings, lake)} if settings.tmdb_runs_on == "lambda" else {}),
        "lake": lake,
        "io_manager": LakeIOManager(lake=lake),
        "csv_folder": csv_folder(settings),
        "tmdb": TmdbResource(
            read_access_token=_secret("TMDB_READ_ACCESS_TOKEN", settings.tmdb_read_access_token),
            api_key=_secret("TMDB_API_KEY", settings.tmdb_api_key),
            base_url=settings.tmdb_base_url,
            requests_per_second=settings.tmdb_requests_per_second,
            redis_url=_secret("BOURNE_REDIS_URL", settings.redis_url),
        ),
        **overrides,
    }


def csv_folder(
    settings: Settings, paths: Sequence[str] = (), landed_on: str | None = None
) -> CsvFolderResource:
    """The batch of CSV files that the settings describe, or these paths in its place."""
    datasets = settings.csv_datasets
    return CsvFolderResource(
        folder=str(settings.csv_dir.absolute()),
        paths=list(paths),
        landed_on=landed_on,
        datasets_file=str(datasets.absolute()) if datasets else None,
        journal=str(settings.home.absolute() / "landing"),
    )


def _s3(settings: Settings) -> Any:
    """What reaches AWS; None for the embedded lake, as it takes longer to load than the lake."""
    if settings.s3_bucket is None:
        return None
    from dagster_aws.s3 import S3Resource

    return S3Resource()


def _function(settings: Settings, lake: LakeResource) -> Any:
    from bourne_assets.defs.tmdb.on_lambda import TmdbLambdaResource

    return TmdbLambdaResource(lake=lake, function=settings.lambda_function)


def _secret(variable: str, value: str | None) -> dg.EnvVar | None:
    return dg.EnvVar(variable) if value else None


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; the command line builds its own."""
    return build_defs()
