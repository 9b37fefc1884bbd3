"""TMDB as a Dagster resource. What must not be put here: requests, pace, errors (`tmdb`)."""

from urllib.parse import urlsplit

import dagster as dg
from pydantic import Field

from bourne_assets.lake.store import Lake
from bourne_assets.settings import DEFAULT_REQUESTS_PER_SECOND, DEFAULT_TMDB_BASE_URL
from bourne_assets.tmdb.client import LIVE, SNAPSHOT, TmdbClient, live_client, snapshot_client
from bourne_assets.tmdb.pacing import Pacer
from bourne_assets.tmdb.resume import LandedAnswers
from bourne_assets.tmdb.shared_pacing import shared_pacer


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
            resume_from: A lake whose raw answers of today need not be asked for again.
        """
        client = snapshot_client(self.base_url) if self.source == SNAPSHOT else self._live_client()
        if resume_from is not None:
            client.landed = LandedAnswers(resume_from, client.today)
        return client

    def _live_client(self) -> TmdbClient:
        return live_client(
            self.base_url,
            # A secret that is mounted as a file often ends in a line break.
            token=(self.read_access_token or "").strip() or None,
            key=(self.api_key or "").strip() or None,
            requests_per_second=self.requests_per_second,
            pacer=self._shared_pacer(),
        )

    def _shared_pacer(self) -> Pacer | None:
        if not self.redis_url:
            return None
        host = urlsplit(self.base_url).hostname or ""
        return shared_pacer(self.redis_url, host, self.requests_per_second)
