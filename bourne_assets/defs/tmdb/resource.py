"""TMDB as a Dagster resource. Not here: requests, pace, errors (`tmdb`)."""

import dagster as dg
from pydantic import Field

from bourne_assets.lake.store import Lake
from bourne_assets.settings import DEFAULT_REQUESTS_PER_SECOND, DEFAULT_TMDB_BASE_URL
from bourne_assets.tmdb import LIVE, SNAPSHOT
from bourne_assets.tmdb.client import TmdbClient, connect_tmdb
from bourne_assets.tmdb.raw import StoredResponses


class TmdbResource(dg.ConfigurableResource["TmdbResource"]):
    """TMDB's API where a credential is set, else the bundled snapshot."""

    read_access_token: str | None = Field(
        default=None, description="API read access token, sent as a Bearer header."
    )
    api_key: str | None = Field(
        default=None, description="v3 key, used where there is no read access token."
    )
    base_url: str = Field(default=DEFAULT_TMDB_BASE_URL, description="Root of TMDB's API.")
    requests_per_second: float = Field(
        default=DEFAULT_REQUESTS_PER_SECOND, gt=0, description="Upper bound of the pace."
    )
    redis_url: str | None = Field(
        default=None,
        description="Redis through which all processes keep one pace; else each has its own.",
    )

    @property
    def source(self) -> str:
        """`tmdb`, or `bundled-snapshot` without a credential."""
        return LIVE if self.read_access_token or self.api_key else SNAPSHOT

    def client(self, *, resume_from: Lake | None = None) -> TmdbClient:
        """A client for the mode in use.

        Args:
            resume_from: A lake whose raw responses of today need not be requested again.
        """
        client = connect_tmdb(
            self.base_url,
            token=self.read_access_token,
            key=self.api_key,
            requests_per_second=self.requests_per_second,
            redis_url=self.redis_url,
        )
        if resume_from is not None:
            client.stored = StoredResponses(resume_from, client.today)
        return client
