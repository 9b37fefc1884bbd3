"""A server of `bourne dev` that ends when `bourne dev` is gone, also where that was killed.

    python -m bourne_assets.webserver.orphans PARENT MODULE ARGUMENTS...

A process that is killed with -9 cannot stop its children: the webserver would keep the port that
the next `bourne dev` wants, and the daemon would start runs beside the next one's. Dagster's code
servers end by themselves, when nobody asks them any more and their runs are over.
Not here: which servers there are (`servers`).
"""

import os
import runpy
import signal
import sys
import time
from threading import Thread

_LOOK_SECONDS = 1.0
#: As long as `dagster dev` waits for its servers.
_END_SECONDS = 60.0


def main() -> None:
    """Run a module as `python -m` does, for as long as the parent lives."""
    _, parent, module, *arguments = sys.argv
    Thread(target=_end_after, args=(int(parent),), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_after(parent: int) -> None:
    """Interrupt this process when its parent has died and another took its place."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_END_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
