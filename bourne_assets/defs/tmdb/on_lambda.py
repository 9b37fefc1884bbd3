"""The TMDB assets where AWS Lambda asks TMDB: one call makes all three tables of a saga.

What must not be put here: what the function does (`bourne_assets.aws_lambda`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

import dagster as dg

from bourne_assets.defs.shared.naming import saga_key
from bourne_assets.defs.tmdb.assets import POOL, TmdbConfig, tmdb_assets
from bourne_assets.defs.tmdb.lambda_resource import TmdbLambdaResource
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings

#: A call that ran out of time goes on in the next one, from the answers in Raw.
_TRIES = dg.RetryPolicy(max_retries=4, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def tmdb_lambda_assets(settings: Settings, saga: Saga) -> list[dg.AssetsDefinition]:
    """The assets of `tmdb_assets`, with the same catalogue, as one step that calls the function."""
    specs = [spec for asset in tmdb_assets(settings, saga) for spec in asset.specs]

    @dg.multi_asset(
        name="__".join([*saga.key_prefix, "tmdb_lambda"]),
        specs=specs,
        check_specs=[
            dg.AssetCheckSpec(
                "every_candidate_is_answered",
                asset=saga_key(saga, "tmdb_details"),
                description="Every candidate is in every table that the function stored.",
            )
        ],
        pool=POOL,
        config_schema=TmdbConfig.fields_of_a_run(),
        retry_policy=_TRIES,
    )
    def tmdb_lambda(
        context: dg.AssetExecutionContext, tmdb_lambda: TmdbLambdaResource
    ) -> Iterator[Any]:
        event = {"saga": saga.model_dump(mode="json"), "since": _since(context).isoformat()}
        yield from tmdb_lambda.run(context, event).get_results()

    return [tmdb_lambda]


def _since(context: dg.AssetExecutionContext) -> datetime:
    """When the first try of this run began, or today where the user resumes."""
    if TmdbConfig.of(context).resume:
        return datetime.combine(datetime.now(UTC).date(), time.min, UTC)
    run = context.run
    record = context.instance.get_run_record_by_id(run.root_run_id or run.run_id)
    return (record.create_timestamp if record else datetime.now(UTC)).astimezone(UTC)
