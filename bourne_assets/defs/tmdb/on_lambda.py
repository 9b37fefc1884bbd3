"""TMDB requested on AWS Lambda: one call makes all three tables of a saga.

The assets that take the place of those of `assets`, and the resource that calls the function over
Dagster Pipes. Not here: the function itself (`bourne_assets.aws_lambda`).
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Any

import dagster as dg
from dagster_aws.pipes import PipesLambdaClient, PipesS3MessageReader
from dagster_aws.s3 import S3Resource
from dagster_pipes import PipesParams
from pydantic import Field

from bourne_assets.defs.lake.resource import LakeResource, with_region
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.naming import saga_key
from bourne_assets.defs.tmdb.assets import POOL, TmdbConfig, tmdb_assets
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.translations import gettext

#: A call that ran out of time is continued by the next one, from the responses in Raw.
_TRIES = dg.RetryPolicy(max_retries=4, delay=5, backoff=dg.Backoff.EXPONENTIAL)
#: Lambda's longest time-out, and a little for the response to arrive.
_LONGEST_SECONDS = 910
_POLL_SECONDS = 1.0


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
                description=gettext("Every candidate is in every table that the function stored."),
            )
        ],
        pool=POOL,
        config_schema=TmdbConfig.fields_of_a_run(),
        retry_policy=_TRIES,
    )
    @fails_in_one_sentence
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


class TmdbLambdaResource(dg.ConfigurableResource["TmdbLambdaResource"]):
    """Calls the function over Dagster Pipes; its reports come through the lake."""

    lake: dg.ResourceDependency[LakeResource]
    function: str = Field(description="Name or ARN of the function.")

    def run(
        self, context: dg.AssetExecutionContext, event: Mapping[str, Any]
    ) -> dg.PipesClientCompletedInvocation:
        """Call the function and wait for it.

        Reports come through the lake, not through the tail of the function's log, which has room
        for 4 KB; and a call is not repeated by boto3, which otherwise calls again after a minute.
        """
        import boto3
        from botocore.config import Config

        s3, name = with_region(self.lake.s3 or S3Resource()), self.lake.bucket_name
        patience = Config(read_timeout=_LONGEST_SECONDS, retries={"total_max_attempts": 1})
        client = PipesLambdaClient(
            client=boto3.Session().client("lambda", region_name=s3.region_name, config=patience),
            message_reader=_LakeMessageReader(
                self.lake.prefix, bucket=name, client=s3.get_client()
            ),
        )
        return client.run(function_name=self.function, event=event, context=context)


class _LakeMessageReader(PipesS3MessageReader):
    """Dagster's own writes at the root of the bucket, where the platform has no permission."""

    def __init__(self, prefix: str, *, bucket: str, client: Any) -> None:
        super().__init__(interval=_POLL_SECONDS, bucket=bucket, client=client)
        self._prefix = prefix

    @contextmanager
    def get_params(self) -> Iterator[PipesParams]:
        """Below the platform's prefix."""
        with super().get_params() as params:
            folder = "/".join(filter(None, (self._prefix, "_pipes", uuid.uuid4().hex)))
            yield {**params, "key_prefix": folder}
