"""Many questions at once, with no answer lost.

What must not be put here: the pace, which is the session's, and reading answers into tables.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from bourne_assets.tmdb.client import Answer, TmdbClient, parse
from bourne_assets.tmdb.errors import TmdbProtocolError
from bourne_assets.tmdb.landing import RawLanding
from bourne_assets.tmdb.models import SearchPage

#: At 39 requests a second this many keep the pace up to a latency of 0.4 s.
_THREADS = 16
#: TMDB answers no page above this, whatever `total_pages` says.
LAST_PAGE = 500

Question = TypeVar("Question")


def ask_all(
    ask: Callable[[Question], Answer], questions: Sequence[Question], landing: RawLanding
) -> list[Answer]:
    """Ask concurrently; answers come in the order of the questions, and all are landed.

    Raises:
        TmdbError: One failed: the first in order, after the answers to the others are stored.
        LakeError: The answers could not be stored.
    """
    if not questions:
        return []
    with ThreadPoolExecutor(min(_THREADS, len(questions)), thread_name_prefix="tmdb") as pool:
        futures = [pool.submit(ask, question) for question in questions]
        try:
            wait(futures)
        except BaseException:  # an interrupt: ask nothing more
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    answers = [landing.add(future.result()) for future in futures if not future.exception()]
    landing.flush()
    for future in futures:
        future.result()
    return answers


def search_pages(client: TmdbClient, query: str, landing: RawLanding) -> list[Answer]:
    """All pages of a query's results, in order.

    Raises:
        TmdbProtocolError: There are more pages than TMDB serves: the query is too wide.
        TmdbError: A page could not be fetched.
    """
    first = ask_all(lambda page: client.search_movie(query, page), [1], landing)
    total = parse(first[0], SearchPage).total_pages
    if total > LAST_PAGE:
        raise TmdbProtocolError(
            f"The query {query!r} has {total} pages of results, and TMDB serves {LAST_PAGE}: "
            "narrow the saga's queries.",
            path="/search/movie",
        )
    rest = range(2, total + 1)
    return first + ask_all(lambda page: client.search_movie(query, page), rest, landing)
