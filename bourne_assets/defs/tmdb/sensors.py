"""A sensor that refreshes a saga where TMDB's editors changed one of its films.

Not here: which changes count (`bourne_assets.tmdb.changes`), and until when a refresh is requested
(`bourne_assets.tmdb.refreshes`).
"""

import json
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG

from bourne_assets.asset_names import SAGA_TAG
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.naming import tmdb_job_name
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import from_parquet
from bourne_assets.tmdb.changes import FILMS_A_LOOK, Watch, changed_films
from bourne_assets.tmdb.refreshes import Refreshes
from bourne_assets.translations import gettext, ngettext


def tmdb_changes_sensor(settings: Settings, saga: Saga) -> dg.SensorDefinition:
    """The sensor of a saga."""
    running = settings.has_tmdb_credential
    described = gettext(
        "Refreshes {title} when TMDB's editors changed one of its films. A refresh that fails is "
        "requested again, after pauses that grow.",
        title=saga.title,
    )
    if not running:
        described += gettext(" It is off because no TMDB credential is set.")

    @dg.sensor(
        name="_".join(["tmdb_changes", *saga.key_prefix]),
        job_name=tmdb_job_name(saga),
        minimum_interval_seconds=settings.tmdb_changes_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING
        if running
        else dg.DefaultSensorStatus.STOPPED,
        description=described,
    )
    def tmdb_changes(
        context: dg.SensorEvaluationContext, tmdb: TmdbResource, lake: LakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        ids = films_in_the_lake(lake.connect(), saga)
        if not ids:
            return dg.SkipReason(
                gettext("No film of {title} is in the lake yet.", title=saga.title)
            )
        now = datetime.now(UTC)
        watch, refreshes = Watch.from_cursor(context.cursor), Refreshes.from_cursor(context.cursor)
        refreshes.settle(lambda key: _succeeded(context.instance, key), now)
        changed, watch_from_now = changed_films(tmdb.client(), ids, watch, now)
        refreshes.add(changed)
        if not refreshes.is_due(now):
            context.update_cursor(_cursor(watch_from_now, refreshes))
            unchanged = gettext(
                "None of {count} films changed since {since:%Y-%m-%d %H:%M}.",
                count=len(watch.films(ids)[:FILMS_A_LOOK]),
                since=watch.start(now),
            )
            return dg.SkipReason(" ".join([unchanged, *_waiting_texts(refreshes)]))
        key = f"{saga.slug} {now.isoformat()}"
        summary = "; ".join(
            f"{tmdb_id}: {', '.join(fields)}" for tmdb_id, fields in refreshes.request(key).items()
        )
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=key, tags={SAGA_TAG: saga.slug, "changed": summary[:200]})
            ],
            cursor=_cursor(watch_from_now, refreshes),
        )

    return tmdb_changes


def films_in_the_lake(lake: Lake, saga: Saga) -> list[int]:
    """Ids of a saga's films, as its table has them; none where there is no table.

    Raises:
        LakeError: The lake refused or failed.
    """
    key = keys.table(keys.REFINED, (*saga.key_prefix, saga.table_name), "parquet")
    try:
        data, _ = lake.read(key)
    except ObjectMissing:
        return []
    return [int(tmdb_id) for tmdb_id in from_parquet(data)["tmdb_id"]]


def _cursor(watch: Watch, refreshes: Refreshes) -> str:
    return json.dumps(
        {**watch.model_dump(mode="json"), "refreshes": refreshes.model_dump(mode="json")}
    )


def _succeeded(instance: dg.DagsterInstance, key: str) -> bool | None:
    """Whether the run with this key, or a re-execution of it, succeeded; None: it is not over.

    A run that is not there was lost before it began, or deleted: that counts as a failure.
    """
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: key}))
    if any(run.is_success for run in runs):
        return True
    return None if any(not run.is_finished for run in runs) else False


def _waiting_texts(refreshes: Refreshes) -> list[str]:
    """What is on its way or failed, for people."""
    texts = []
    if count := len(refreshes.requested):
        texts.append(
            ngettext(
                "{n} refresh for earlier changes is not over.",
                "{n} refreshes for earlier changes are not over.",
                count,
            )
        )
    if refreshes.waiting and refreshes.not_before:
        texts.append(
            ngettext(
                "A refresh is requested again at {when:%Y-%m-%d %H:%M} UTC, after {n} failed run.",
                "A refresh is requested again at {when:%Y-%m-%d %H:%M} UTC, after {n} failed runs.",
                refreshes.failures,
                when=refreshes.not_before,
            )
        )
    return texts
