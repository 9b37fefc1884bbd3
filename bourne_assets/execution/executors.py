"""The executor that the settings name. Not here: run launchers (`celery`)."""

from typing import Any

import dagster as dg

from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext


def executor_of(settings: Settings) -> dg.ExecutorDefinition:
    """What executes the steps of a run; executors beyond one machine are imported when chosen.

    Raises:
        ConfigurationError: The executor's package is not installed, or it needs a setting.
    """
    if settings.executor == "multiprocess":
        return _fixed(dg.multiprocess_executor, {"start_method": {"forkserver": {}}})
    if settings.executor == "celery":
        return _celery(settings)
    if settings.executor == "k8s":
        return _k8s()
    return dg.in_process_executor


def _celery(settings: Settings) -> dg.ExecutorDefinition:
    try:
        from dagster_celery import celery_executor
    except ImportError as error:
        raise _not_installed("celery") from error
    if settings.redis_url is None:
        raise ConfigurationError(
            gettext("BOURNE_EXECUTOR=celery needs BOURNE_REDIS_URL, Celery's broker.")
        )
    # By its name: Dagster shows the configuration of executors.
    redis = {"env": "BOURNE_REDIS_URL"}
    return _fixed(celery_executor, {"broker": redis, "backend": redis})


def _k8s() -> dg.ExecutorDefinition:
    try:
        from dagster_k8s import k8s_job_executor
    except ImportError as error:
        raise _not_installed("k8s") from error
    return _fixed(k8s_job_executor, {})


def _fixed(executor: dg.ExecutorDefinition, config: Any) -> dg.ExecutorDefinition:
    """An executor that no run config changes: it names brokers, images and variables."""
    return executor.configured(lambda _: config, name=executor.name, config_schema={})


def _not_installed(executor: str) -> ConfigurationError:
    return ConfigurationError(
        gettext(
            "BOURNE_EXECUTOR={executor} needs a package that is not installed: install "
            "bourne_assets[deploy-{executor}].",
            executor=executor,
        )
    )
