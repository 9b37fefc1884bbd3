"""The TMDB batch as a function of AWS Lambda: search, external ids, details -> Raw and Trusted.

Called by Dagster, over Dagster Pipes (BOURNE_TMDB_RUNS_ON=lambda), or by an EventBridge schedule:

    {"saga": "bourne", "since": "2026-11-24T21:00:00Z"}

`saga` is a slug of the sagas file or a saga's own fields; responses in Raw that are not older
than `since` are not requested again. So the same event can be repeated any number of times: a
call that runs out of time leaves its responses in Raw and fails, the next one continues from there,
and one after the end requests nothing and stores the same tables again.
Not here: Dagster, which is not in the function's zip.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from dagster_pipes import (
    DAGSTER_PIPES_CONTEXT_ENV_VAR,
    PipesContext,
    PipesDefaultContextLoader,
    PipesMappingParamsLoader,
    PipesS3MessageWriter,
)
from pydantic import ValidationError

from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake import keys
from bourne_assets.lake.opening import open_lake
from bourne_assets.lake.store import PARQUET, Lake, StoredObject
from bourne_assets.saga.candidates import find_candidates
from bourne_assets.saga.definition import Saga, known_sagas, select_sagas
from bourne_assets.settings import Settings, read_settings
from bourne_assets.tables import to_parquet
from bourne_assets.tmdb import LIVE
from bourne_assets.tmdb.client import TmdbClient, tmdb_client
from bourne_assets.tmdb.errors import TmdbInterrupted
from bourne_assets.tmdb.films import candidates_of, fetch_films
from bourne_assets.tmdb.raw import RawWriter, StoredResponses
from bourne_assets.translations import gettext

#: Seconds before Lambda's time-out in which what came is stored: a request may take ten.
_MARGIN_SECONDS = 15.0
#: A share of a function's short time: it must get to send some requests.
_MARGIN_SHARE = 0.25
#: Seconds between two pieces of the report to Dagster.
_REPORT_SECONDS = 1.0

_log = logging.getLogger(__name__)


class BatchUnfinished(BourneError):
    """The time of a call was over; the same event continues from what is stored."""


@dataclass(frozen=True)
class Batch:
    """What a call stored.

    Attributes:
        tables: Frame and object of each table, by the name of its asset.
        raw: Raw objects that this call wrote.
        resumed: Addresses of raw objects of earlier calls that it took responses from.
    """

    tables: Mapping[str, tuple[pd.DataFrame, StoredObject]]
    raw: tuple[StoredObject, ...]
    resumed: tuple[str, ...]


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The function of AWS Lambda.

    Args:
        event: `saga` and `since`, with the bootstrap of Dagster Pipes where Dagster calls.
        context: Lambda's; it knows how much time is left.

    Returns:
        Addresses of the tables and numbers of films and raw objects.

    Raises:
        ConfigurationError: The event or the function's environment cannot be used.
        BatchUnfinished: The time of this call is over.
        TmdbError: TMDB refused or failed.
        LakeError: The lake refused or failed.
    """
    settings = read_settings()
    saga, since = saga_of(event, settings), since_of(event)
    lake = _lake(settings)
    seconds = context.get_remaining_time_in_millis() / 1000
    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in event:
        return _summary(saga, collect(saga, since, _client(settings), lake, seconds=seconds))
    import boto3

    # A session of its own: boto3's default one keeps the credentials that it began with.
    client = boto3.Session().client("s3")
    writer = PipesS3MessageWriter(client=client, interval=_REPORT_SECONDS)
    # Not `open_dagster_pipes`: in a warm function it would return the context of the call before.
    with PipesContext(
        PipesMappingParamsLoader(dict(event)), PipesDefaultContextLoader(), writer
    ) as pipes:
        pipes.log.info(f"Fetching the saga {saga.slug!r} from TMDB.")
        batch = collect(saga, since, _client(settings), lake, seconds=seconds)
        _report(pipes, saga, batch)
    return _summary(saga, batch)


def saga_of(event: Mapping[str, Any], settings: Settings) -> Saga:
    """The saga of an event.

    Raises:
        ConfigurationError: The event names none, or one that the sagas file does not have.
    """
    given = event.get("saga")
    if isinstance(given, Mapping):
        try:
            return Saga.model_validate(given)
        except ValidationError as error:
            raise ConfigurationError(
                gettext("The event's saga must have slug, title, queries and collection_id.")
            ) from error
    if not isinstance(given, str):
        raise ConfigurationError(
            gettext('The event must name a saga: {{"saga": "bourne", "since": ...}}.')
        )
    (saga,) = select_sagas(known_sagas(settings.sagas_file), [given])
    return saga


def since_of(event: Mapping[str, Any]) -> datetime:
    """Since when responses in Raw count: `since`, or the `time` of an event of EventBridge.

    Raises:
        ConfigurationError: There is no such time: a repeated event would do everything again.
    """
    try:
        since = datetime.fromisoformat(str(event.get("since") or event["time"]))
    except (KeyError, ValueError) as error:
        raise ConfigurationError(
            gettext(
                'The event must say since when stored responses count, in ISO 8601: {{"saga": '
                '"bourne", "since": "2026-11-24T21:00:00Z"}}.'
            )
        ) from error
    # In UTC, by whose days responses are filed.
    return since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)


def collect(
    saga: Saga, since: datetime, client: TmdbClient, lake: Lake, *, seconds: float
) -> Batch:
    """Fetch a saga from TMDB, and store responses and tables.

    Args:
        saga: The saga.
        since: Stored responses that are not older are not requested again.
        client: Sends the requests.
        lake: Where all is stored.
        seconds: Time that this call has.

    Raises:
        BatchUnfinished: The time is over; what came is stored.
    """
    client.stored = StoredResponses(lake, since.date(), since=since, until=client.today)
    writer = RawWriter(lake)
    try:
        with _stopped_in_time(client, seconds), writer:
            search = find_candidates(saga, client, writer)
            films = fetch_films(candidates_of(search), client, writer)
    except TmdbInterrupted as error:
        raise BatchUnfinished(
            gettext(
                "The time of this call is over: {count} raw objects of the saga {slug!r} were "
                "stored. The same event continues from there.",
                count=len(writer.stored),
                slug=saga.slug,
            )
        ) from error
    frames = {
        "tmdb_search": search,
        "tmdb_external_ids": films.external_ids,
        "tmdb_details": films.details,
    }
    tables = {
        name: (frame, _written(lake, saga, name, frame))
        for name, frame in frames.items()
        if frame is not None
    }
    return Batch(tables, tuple(writer.stored), tuple(writer.read))


@contextmanager
def _stopped_in_time(client: TmdbClient, seconds: float) -> Iterator[None]:
    """Request nothing more when the time is nearly over, so that what came can be stored."""
    margin = min(_MARGIN_SECONDS, _MARGIN_SHARE * seconds)
    timer = threading.Timer(seconds - margin, client.transport.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _written(lake: Lake, saga: Saga, name: str, frame: pd.DataFrame) -> StoredObject:
    key = keys.table(keys.TRUSTED, (*saga.key_prefix, name), "parquet")
    return lake.write(key, to_parquet(frame), PARQUET)


def _lake(settings: Settings) -> Lake:
    if settings.s3_bucket is None:
        raise ConfigurationError(gettext("The function needs BOURNE_S3_BUCKET."))
    return open_lake(settings.home, settings.s3_bucket, settings.s3_prefix).lake


def _client(settings: Settings) -> TmdbClient:
    if not settings.has_tmdb_credential:
        raise ConfigurationError(
            gettext("The function needs TMDB_READ_ACCESS_TOKEN or TMDB_API_KEY.")
        )
    return tmdb_client(settings)


def _summary(saga: Saga, batch: Batch) -> dict[str, Any]:
    summary = {
        "saga": saga.slug,
        "films": len(batch.tables["tmdb_details"][0]),
        "tables": {name: stored.uri for name, (_, stored) in batch.tables.items()},
        "raw_objects": len(batch.raw),
        "raw_objects_of_earlier_calls": len(batch.resumed),
    }
    _log.info("%s", json.dumps(summary))
    return summary


def _report(pipes: PipesContext, saga: Saga, batch: Batch) -> None:
    """Tell Dagster what was stored, and whether every candidate is in every table."""
    raw = [{"uri": item.uri, "sha256": item.sha256} for item in batch.raw]
    for name, (frame, stored) in batch.tables.items():
        pipes.report_asset_materialization(
            asset_key="/".join([*saga.key_prefix, name]),
            data_version=stored.sha256,
            metadata={
                "dagster/uri": stored.uri,
                "dagster/row_count": len(frame),
                "size_bytes": stored.size,
                "sha256": stored.sha256 or "",
                "source": LIVE,
                "raw_objects": {"raw_value": raw, "type": "json"},
                "raw_objects_of_an_earlier_run": {
                    "raw_value": list(batch.resumed),
                    "type": "json",
                },
            },
        )
    candidates = set(batch.tables["tmdb_search"][0]["tmdb_id"])
    unanswered = {
        name: sorted(int(film) for film in candidates - set(frame["tmdb_id"]))
        for name, (frame, _) in batch.tables.items()
    }
    pipes.report_asset_check(
        check_name="every_candidate_is_answered",
        passed=not any(unanswered.values()),
        severity="ERROR",
        asset_key="/".join([*saga.key_prefix, "tmdb_details"]),
        metadata={
            "candidates": len(candidates),
            "unanswered": {"raw_value": unanswered, "type": "json"},
        },
    )
    pipes.log.info(f"Stored {len(batch.raw)} raw objects and {len(batch.tables)} tables.")
