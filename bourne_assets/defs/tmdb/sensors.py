"""A sensor that refreshes a saga where TMDB's editors changed one of its films.

Not here: which changes count (`bourne_assets.tmdb.changes`).
"""

from datetime import UTC, datetime

import dagster as dg

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
from bourne_assets.tmdb.changes import Watch, changed_films
from bourne_assets.translations import gettext

#: One request per film: this many per tick take a few seconds.
_FILMS_A_TICK = 200


def tmdb_changes_sensor(settings: Settings, saga: Saga) -> dg.SensorDefinition:
    """The sensor of a saga."""
    running = settings.has_tmdb_credential
    described = gettext(
        "Refreshes {title} when TMDB's editors changed one of its films.", title=saga.title
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
        ids = films_in_the_lake(lake.connect(), saga)[:_FILMS_A_TICK]
        if not ids:
            return dg.SkipReason(
                gettext("No film of {title} is in the lake yet.", title=saga.title)
            )
        now = datetime.now(UTC)
        watch = Watch.from_cursor(context.cursor)
        changed, watch_from_now = changed_films(tmdb.client(), ids, watch, now)
        cursor = watch_from_now.cursor
        if not changed:
            context.update_cursor(cursor)
            since = watch.start(now)
            return dg.SkipReason(
                gettext(
                    "None of {count} films changed since {since:%Y-%m-%d %H:%M}.",
                    count=len(ids),
                    since=since,
                )
            )
        summary = "; ".join(
            f"{tmdb_id}: {', '.join(fields)}" for tmdb_id, fields in changed.items()
        )
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=f"{saga.slug} {now.isoformat()}",
                    tags={SAGA_TAG: saga.slug, "changed": summary[:200]},
                )
            ],
            cursor=cursor,
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
