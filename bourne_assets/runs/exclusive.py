"""One run of a saga at a time in one home: a second one waits.

Two runs at once would land and store the same objects, and each would find its objects replaced
by the other's. Not here: runs that Dagster starts, which its queue keeps apart by their saga
(`concurrency` in dagster.yaml), and how `bourne run` waits for those (`turns`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bourne_assets.errors import HomeNotWritable
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.saga.definition import Saga
from bourne_assets.translations import gettext

_FOREVER = float("inf")


@contextmanager
def exclusive_run(home: Path, saga: Saga, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the saga's lock in this home while the block runs.

    Where another process holds it, `on_wait` is called once with a sentence.

    Raises:
        HomeNotWritable: The home cannot be written.
        UnsafeFolder: Others can write to it.
    """
    folder = home.absolute() / "locks"
    lock = FileLock(folder / f"run-{saga.slug}.lock")
    try:
        for private in (home.absolute(), folder):
            make_private_folder(private)
        is_free = lock.acquire()
    except OSError as error:
        raise HomeNotWritable(home, error) from error
    if not is_free:
        on_wait(
            gettext(
                "Waiting for another `bourne run` of {title} in {home} to end.",
                title=saga.title,
                home=home,
            )
        )
        lock.acquire(timeout=_FOREVER)
    try:
        yield
    finally:
        lock.release()
