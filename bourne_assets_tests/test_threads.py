"""Threads that end with the block that uses them."""

import threading
from concurrent.futures import Future

import pytest

from bourne_assets.threads import thread_pool


@pytest.mark.parametrize("ending", [KeyboardInterrupt, ValueError])
def test_what_ends_the_block_drops_what_has_not_begun(ending: type[BaseException]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go_on.wait(5)

    handed_out: list[Future[bool]] = []

    def block() -> None:
        with thread_pool(1, "test") as pool:
            handed_out.extend(pool.submit(work) for _ in range(3))
            # What has begun ends only after the last of the others was dropped.
            handed_out[-1].add_done_callback(lambda _: go_on.set())
            assert begun.wait(20)
            raise ending

    with pytest.raises(ending):
        block()
    assert [future.cancelled() for future in handed_out] == [False, True, True]
    assert handed_out[0].result(0)


def test_a_block_that_ends_normally_waits_for_all() -> None:
    with thread_pool(1, "test") as pool:
        squares = [pool.submit(pow, number, 2) for number in range(9)]
    assert [future.result(0) for future in squares] == [number**2 for number in range(9)]
