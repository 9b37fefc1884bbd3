"""The executor that BOURNE_EXECUTOR names: chosen, missing, and at work."""

import sys

import dagster as dg
import pytest
from dagster_celery import celery_executor

from bourne_assets.definitions import build_defs
from bourne_assets.errors import ConfigurationError
from bourne_assets.execution.executors import executor_of
from bourne_assets.settings import Settings, read_settings

REDIS = "redis://:hidden-word@127.0.0.1:6379/0"


def test_one_process_executes_a_run_where_nothing_else_is_named() -> None:
    assert executor_of(Settings()) is dg.in_process_executor


@pytest.mark.parametrize(
    ("name", "kind"),
    [("multiprocess", "multiprocess"), ("k8s", "k8s"), ("in_process", "in_process")],
)
def test_the_named_executor_executes_the_runs(name: str, kind: str) -> None:
    defs = build_defs(settings=Settings(executor=name))
    assert isinstance(defs.executor, dg.ExecutorDefinition)
    assert defs.executor.name == kind
    dg.Definitions.validate_loadable(defs)


def test_celery_gets_its_broker_from_the_environment_and_nobody_sees_it() -> None:
    settings = read_settings({"BOURNE_EXECUTOR": "celery", "BOURNE_REDIS_URL": REDIS})
    defs = build_defs(settings=settings)
    assert isinstance(defs.executor, dg.ExecutorDefinition)
    assert defs.executor.name == celery_executor.name
    dg.Definitions.validate_loadable(defs)
    assert "hidden-word" not in repr(defs.resources)
    assert "hidden-word" not in repr(settings)


def test_celery_without_a_broker_is_bad_configuration() -> None:
    with pytest.raises(ConfigurationError, match="needs BOURNE_REDIS_URL"):
        build_defs(settings=Settings(executor="celery"))


@pytest.mark.parametrize("name", ["celery", "k8s"])
def test_an_executor_whose_package_is_missing_names_the_extra(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"dagster_{name}", None)
    with pytest.raises(ConfigurationError, match=rf"install bourne_assets\[deploy-{name}\]"):
        build_defs(settings=Settings(executor=name, redis_url=REDIS))


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BOURNE_EXECUTOR", "ray", "one of in_process, multiprocess, celery, k8s, not 'ray'"),
        ("BOURNE_REDIS_URL", "amqp://:hidden-word@host", "must be a redis or rediss address"),
        ("BOURNE_REDIS_URL", "redis://[bad", "must be a redis or rediss address"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_settings({variable: value})
    assert "hidden-word" not in str(caught.value)
