"""A thread pool that lives as long as a block: whatever ends the block ends the work.

Not here: how many threads there are, and work that outlives a block.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def thread_pool(threads: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that end with the block.

    An error or an interrupt waits for what has begun and drops the rest; `with ThreadPoolExecutor`
    alone would first do everything that was handed out.

    Args:
        threads: How many there are at most.
        name: What their names begin with.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        yield pool
        pool.shutdown()
    finally:
        pool.shutdown(cancel_futures=True)
