"""Processes of a test that start with everything imported, so that each costs its work alone.

They are forked from a server that has no threads, not from the tests' process.
"""

import multiprocessing
from multiprocessing.context import ForkServerContext

_PRELOADED: list[str] = []


def forked_processes(module: str) -> ForkServerContext:
    """What makes processes that run functions of a test module.

    Their environment is that of the first one's start: what a test sets since then has to be given
    to the function.

    Args:
        module: `__name__` of the test module.
    """
    context = multiprocessing.get_context("forkserver")
    _PRELOADED.append(module)
    context.set_forkserver_preload(_PRELOADED)
    return context
