"""Dagster's webserver, guarded and with the reports, on its own or as a part of `dagster dev`.

    python -m bourne_assets.webserver --host 0.0.0.0 --port 3000 -w workspace.yaml

It takes the arguments of `dagster-webserver`, in whose place it stands in the image too. Here both
begin: Dagster takes seconds to load, and an interrupt meanwhile ends the process without a
traceback.
Not here: what they do (`servers`).
"""

import signal
import sys


def main() -> None:
    """The guarded webserver on its own."""
    _leave_interrupts_to_the_system()
    from bourne_assets.webserver.servers import serve

    _take_interrupts()
    serve()


def develop() -> None:
    """`dagster dev` with the guarded webserver, which `bourne dev` becomes."""
    _leave_interrupts_to_the_system()
    from bourne_assets.webserver import servers

    servers.develop(sys.argv[1:], _take_interrupts)


def _leave_interrupts_to_the_system() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _take_interrupts() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
