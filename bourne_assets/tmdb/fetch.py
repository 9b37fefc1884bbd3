"""Many requests at once, with no response lost and few in memory.

Not here: the pace, which is the transport's, and reading responses into tables.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from bourne_assets.threads import thread_pool
from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.errors import TmdbError
from bourne_assets.tmdb.models import SearchPage
from bourne_assets.tmdb.rate_limit import RateLimiter
from bourne_assets.tmdb.raw import MAXIMUM_BYTES, MAXIMUM_RESPONSES, RawWriter
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.session import MAXIMUM_CONNECTIONS

#: TMDB serves no page above this, whatever `total_pages` says.
LAST_PAGE = 500
_RESULTS_A_PAGE = 20
#: This many times as many threads as pace and latency call for: a response may take longer.
_HEADROOM = 4
_FEWEST_THREADS = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failed:
    """A response that could not be had, and that can be done without.

    Attributes:
        error: Why.
        at: UTC time.
    """

    error: TmdbError
    at: datetime


Item = TypeVar("Item")
Fetched = TypeVar("Fetched", Response, Response | Failed)


def fetch_all(
    client: TmdbClient,
    request: Callable[[Item], Fetched],
    items: Iterable[Item],
    writer: RawWriter,
) -> Iterator[Fetched]:
    """Fetch concurrently; responses come in the order of the items, each after it is stored.

    At most some two hundred responses are in memory, however many items there are, and those that
    wait to be stored have 10 MB at most.

    Args:
        client: Whose requests they are.
        request: Gets the response for an item.
        items: The items.
        writer: Stores the responses.

    Raises:
        TmdbError: One failed: the first in order, after all responses that came are stored.
        LakeError: The responses could not be stored.
    """
    todo = iter(items)
    limiter = client.transport.rate_limiter
    try:
        # The very first goes alone: it shows how long a response takes, hence how many threads.
        alone = 1 if limiter and limiter.latency is None else 0
        fetched = [request(item) for item in islice(todo, alone)]
    except TmdbError as error:
        _store([Failed(error, client.now())], writer)
        raise
    threads = thread_count(limiter)
    ahead: deque[Future[Fetched]] = deque()
    with thread_pool(threads, "tmdb") as pool:
        try:  # of the first requests too: an interrupt likes to come while a thread is started
            ahead.extend(
                pool.submit(request, item) for item in islice(todo, MAXIMUM_RESPONSES + threads)
            )
            while ahead or fetched:
                while ahead and _has_room(fetched):
                    fetched.append(ahead[0].result())
                    ahead.popleft()
                    ahead.extend(pool.submit(request, item) for item in islice(todo, 1))
                batch, fetched = fetched, []
                _store(batch, writer)
                yield from batch
                batch = []  # not kept while the next one comes
        except BaseException as error:
            if not isinstance(error, Exception):  # an interrupt, or nobody wants the rest
                client.transport.stop()
            _store_the_rest(fetched, ahead, writer)
            raise


def thread_count(limiter: RateLimiter | None) -> int:
    """Threads that keep the pace up at the latency that was seen (Little's law), with headroom."""
    if limiter is None or limiter.latency is None:
        return _FEWEST_THREADS
    wanted = math.ceil(_HEADROOM * limiter.requests_per_second * limiter.latency)
    return max(_FEWEST_THREADS, min(MAXIMUM_CONNECTIONS, wanted))


def search_pages(client: TmdbClient, query: str, writer: RawWriter) -> Iterator[Response]:
    """All pages of a query's results that TMDB serves, in order: read each before the next comes.

    Raises:
        TmdbError: A page could not be fetched.
    """

    def request(page: int) -> Response:
        return client.search_movie(query, page)

    (first,) = fetch_all(client, request, [1], writer)
    total = _pages(parse(first, SearchPage, []))
    if total > LAST_PAGE:
        _log.warning(
            "The query %r has %d pages of results, and TMDB serves %d of them: a film beyond is "
            "found by the collection alone.",
            query,
            total,
            LAST_PAGE,
        )
    yield first
    yield from fetch_all(client, request, range(2, min(total, LAST_PAGE) + 1), writer)


def _pages(first: SearchPage) -> int:
    """How many pages there are, by what the first one states."""
    if first.total_pages is not None:
        return first.total_pages
    return math.ceil((first.total_results or 0) / _RESULTS_A_PAGE)


def _has_room(fetched: Sequence[Fetched]) -> bool:
    """Whether one more belongs into the batch: a batch is about as large as a file."""
    size = sum(len(each.body) for each in fetched if isinstance(each, Response))
    return len(fetched) < MAXIMUM_RESPONSES and size < MAXIMUM_BYTES


def _store(fetched: Sequence[Response | Failed], writer: RawWriter) -> None:
    for each in fetched:
        response = each if isinstance(each, Response) else each.error.response
        if response is not None:
            writer.add(response)
    writer.flush()


def _store_the_rest(
    fetched: Sequence[Response | Failed],
    ahead: "deque[Future[Fetched]]",
    writer: RawWriter,
) -> None:
    """Send no further request, wait for those under way, and store their responses."""
    for future in ahead:
        future.cancel()
    came: list[Response | Failed] = list(fetched)
    for future in ahead:
        if future.cancelled():
            continue
        error = future.exception()
        if error is None:
            came.append(future.result())
        elif isinstance(error, TmdbError) and error.response is not None:
            came.append(error.response)
    _store(came, writer)
