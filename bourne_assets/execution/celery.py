"""Runs as Celery tasks: the run launcher of a dagster.yaml, and the app that workers serve.

    run_launcher:
      module: bourne_assets.execution.celery
      class: CeleryRunLauncher
      config: {broker: {env: BOURNE_REDIS_URL}, backend: {env: BOURNE_REDIS_URL}}

    celery --app bourne_assets.execution.celery worker

A worker serves single steps as well, for BOURNE_EXECUTOR=celery and Dagster's default launcher,
which keeps runs in the code server: a task may not wait for tasks. This module needs the extra
deploy-celery, and nothing else of the platform imports it.
Not here: the executor (`executors`).
"""

import time
from typing import Any

import dagster_celery.launcher
from celery import Celery
from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_celery.make_app import make_app
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task, create_task

from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import read_settings
from bourne_assets.translations import gettext

#: A step of a worker that is gone is given to another this much later: no step takes longer.
VISIBILITY_SECONDS = 900
#: Seconds that a worker has for its response.
_PATIENCE_SECONDS = 5.0
#: A worker may be silent for this long, while the broker is restarted for instance.
_GRACE_SECONDS = 60.0


class CeleryRunLauncher(dagster_celery.launcher.CeleryRunLauncher):
    """Dagster's own, which also notices that a worker is gone.

    Dagster's trusts the state that a task had last: a worker that was killed, or whose machine was
    lost, leaves its run "started" forever. Here the worker itself is queried for the run.
    """

    _silent_since: dict[str, float] | None = None

    def launch_run(self, context: LaunchRunContext) -> None:
        """Hand a run to a worker.

        Raises:
            ConfigurationError: Its steps would be Celery tasks as well.
        """
        if read_settings().executor == "celery":
            raise ConfigurationError(
                gettext(
                    "A run that is a Celery task cannot wait for steps that are Celery tasks: "
                    "leave BOURNE_EXECUTOR out, or run_launcher in dagster.yaml."
                )
            )
        super().launch_run(context)

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """The health of a run's worker; Dagster's run monitoring ends a run without one."""
        found = super().check_run_worker_health(run)
        if found.status in {WorkerStatus.SUCCESS, WorkerStatus.FAILED}:
            return found
        silent = self._silent_since = self._silent_since or {}
        holds = self._holds(run.tags[DAGSTER_CELERY_TASK_ID_TAG])
        if holds is None:
            since = silent.setdefault(run.run_id, time.monotonic())
            holds = time.monotonic() - since < _GRACE_SECONDS
        else:
            silent.pop(run.run_id, None)
        if holds:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, gettext("No Celery worker has this run: its worker is gone.")
        )

    def _holds(self, task_id: str) -> bool | None:
        """Whether the worker of a task executes it or has it in hand; None where it is silent."""
        info = self.celery.AsyncResult(task_id).info
        worker = info.get("hostname") if isinstance(info, dict) else None
        replies: dict[str, dict[str, Any]] = (
            self.celery.control.inspect(
                # One that is named responds at once; else all have to be waited for.
                destination=[worker] if worker else None,
                limit=1 if worker else None,
                timeout=_PATIENCE_SECONDS,
            ).query_task(task_id)
            or {}
        )
        if any(task_id in known for known in replies.values()):
            return True
        return False if worker in replies else None


def worker_app() -> Celery:
    """The Celery app of a worker, on the Redis that the settings name.

    Raises:
        ConfigurationError: No Redis is named.
    """
    url = read_settings().redis_url
    if url is None:
        raise ConfigurationError(gettext("A Celery worker needs BOURNE_REDIS_URL."))
    app = make_app(  # type: ignore[no-untyped-call]
        {
            "broker": url,
            "backend": url,
            "config_source": {
                "worker_prefetch_multiplier": 1,
                "broker_connection_retry_on_startup": True,
                "broker_connection_max_retries": None,
                "result_backend_always_retry": True,
                "broker_transport_options": {"visibility_timeout": VISIBILITY_SECONDS},
                # Dagster's run monitoring handles runs; their output is in its compute logs.
                "worker_hijack_root_logger": False,
                "worker_redirect_stdouts": False,
            },
        }
    )
    # A step may be done twice, as it stores the same again; so it stays with the broker until it
    # is done. A run may not: Dagster itself starts it again.
    create_task(app, acks_late=True, reject_on_worker_lost=True)  # type: ignore[no-untyped-call]
    create_execute_job_task(app)
    create_resume_job_task(app)
    return app


def __getattr__(name: str) -> Any:
    """`app`, which `celery --app` looks for; made then, as the launcher needs none."""
    if name == "app":
        return worker_app()
    raise AttributeError(name)
