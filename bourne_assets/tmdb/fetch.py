"""Many questions at once, with no answer lost and few in memory.

What must not be put here: the pace, which is the exchange's, and reading answers into tables.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.models import SearchPage
from bourne_assets.tmdb.rate_limit import RateLimiter
from bourne_assets.tmdb.raw import MAXIMUM_BYTES, MAXIMUM_RESPONSES, RawWriter
from bourne_assets.tmdb.responses import Response, parse
from bourne_assets.tmdb.session import MAXIMUM_CONNECTIONS

#: TMDB answers no page above this, whatever `total_pages` says.
LAST_PAGE = 500
#: So many times as many threads as pace and latency ask for: an answer may take longer.
_HEADROOM = 4
_FEWEST_THREADS = 4

_log = logging.getLogger(__name__)
Question = TypeVar("Question")


def fetch_all(
    client: TmdbClient,
    ask: Callable[[Question], Response],
    questions: Iterable[Question],
    landing: RawWriter,
) -> Iterator[Response]:
    """Ask concurrently; answers come in the order of the questions, each after it is stored.

    At most some two hundred answers are in memory, however many questions there are, and those that
    wait to be stored have 10 MB at most.

    Args:
        client: Whose method `ask` is.
        ask: Gets the answer to a question.
        questions: The questions.
        landing: Where the answers are stored.

    Raises:
        TmdbError: One failed: the first in order, after all answers that came are stored.
        LakeError: The answers could not be stored.
    """
    todo = iter(questions)
    rate_limiter = client.transport.rate_limiter
    # The very first is asked alone: it tells how long an answer takes, hence how many threads.
    alone = 1 if rate_limiter and rate_limiter.latency is None else 0
    answers = [ask(question) for question in islice(todo, alone)]
    threads = thread_count(rate_limiter)
    with ThreadPoolExecutor(threads, thread_name_prefix="tmdb") as pool:
        asked = deque(
            pool.submit(ask, question) for question in islice(todo, MAXIMUM_RESPONSES + threads)
        )
        try:
            while asked or answers:
                while asked and _has_room(answers):
                    answers.append(asked[0].result())
                    asked.popleft()
                    asked.extend(pool.submit(ask, question) for question in islice(todo, 1))
                batch, answers = answers, []
                yield from _stored(batch, landing)
        except BaseException as error:
            if not isinstance(error, Exception):  # an interrupt, or nobody wants the rest
                client.transport.stop()
            _store_the_rest(answers, asked, landing)
            raise


def thread_count(rate_limiter: RateLimiter | None) -> int:
    """Threads that keep the pace up at the latency that was seen (Little's law), with headroom."""
    if rate_limiter is None or rate_limiter.latency is None:
        return _FEWEST_THREADS
    wanted = math.ceil(_HEADROOM * rate_limiter.requests_per_second * rate_limiter.latency)
    return max(_FEWEST_THREADS, min(MAXIMUM_CONNECTIONS, wanted))


def search_pages(client: TmdbClient, query: str, landing: RawWriter) -> Iterator[Response]:
    """All pages of a query's results that TMDB serves, in order: read each before the next comes.

    Raises:
        TmdbError: A page could not be fetched.
    """

    def ask(page: int) -> Response:
        return client.search_movie(query, page)

    (first,) = fetch_all(client, ask, [1], landing)
    total = parse(first, SearchPage).total_pages
    if total > LAST_PAGE:
        _log.warning(
            "The query %r has %d pages of results, and TMDB serves %d of them: a film beyond is "
            "found by the collection alone.",
            query,
            total,
            LAST_PAGE,
        )
    yield first
    yield from fetch_all(client, ask, range(2, min(total, LAST_PAGE) + 1), landing)


def _has_room(answers: Sequence[Response]) -> bool:
    """Whether one more belongs into the batch: a batch is about as large as a file."""
    size = sum(len(answer.body) for answer in answers)
    return len(answers) < MAXIMUM_RESPONSES and size < MAXIMUM_BYTES


def _stored(answers: Sequence[Response], landing: RawWriter) -> Sequence[Response]:
    for answer in answers:
        landing.add(answer)
    landing.flush()
    return answers


def _store_the_rest(
    answers: Sequence[Response], asked: deque["Future[Response]"], landing: RawWriter
) -> None:
    """Ask no further question, wait for those under way, and store what came of them."""
    for future in asked:
        future.cancel()
    came = [each for each in asked if not each.cancelled() and each.exception() is None]
    _stored([*answers, *(future.result() for future in came)], landing)
