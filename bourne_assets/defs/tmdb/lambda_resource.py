"""The function of AWS Lambda that asks TMDB, as a Dagster resource.

What must not be put here: the function itself (`bourne_assets.aws_lambda`).
"""

import random
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_aws.pipes import PipesLambdaClient, PipesS3MessageReader
from dagster_pipes import PipesParams
from pydantic import Field

from bourne_assets.defs.lake.resource import LakeResource

#: Lambda's longest time-out, and a little for the answer's way.
_LONGEST_SECONDS = 910
_POLL_SECONDS = 1.0


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

        s3, name = self.lake.s3, self.lake.bucket_name
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
            name = "".join(random.SystemRandom().choices(string.ascii_letters, k=30))
            yield {**params, "key_prefix": "/".join(filter(None, (self._prefix, "_pipes", name)))}
