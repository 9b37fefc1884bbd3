"""Where the `bourne` command begins, before anything heavy is imported.

`python -m bourne_assets` does the same. An interrupt before `main` is the interpreter's, which
prints a traceback: what takes time to load is loaded later. Not here: commands (`cli`).
"""

import atexit
import gc
import os
import signal
import sys

#: A command makes a million objects that live until it ends, most of them when modules load. To
#: look through them again and again for garbage costs a quarter of `bourne run`, which turns to a
#: smaller number when everything is loaded.
_OBJECTS_BETWEEN_COLLECTIONS = 1_000_000
_SECONDS_TO_LEAVE = 20.0


def main() -> None:
    """Run the command."""
    # An interrupt while modules load ends the process at once, and not in the middle of an import
    # with a traceback; commands take interrupts themselves (`cli.common.with_exit_codes`).
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 50, 100)
    from bourne_assets.cli import main as bourne
    from bourne_assets.cli.streams import OutputFailed, open_standard_streams

    open_standard_streams()
    try:
        bourne()
    except OutputFailed as error:  # of click's own words, such as those of --help
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(error.exit_code)
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else int(end.code is not None))


def _leave(code: int) -> None:
    """End at once.

    Python would wait for every thread that still waits for a server, and take apart, one by one,
    a million objects that the system takes back whole: a second of `bourne run`.
    """
    import threading

    _flush()  # a reader may take its time
    # What is done at the end may wait for a thread that an interrupt has left without its partner.
    late = threading.Timer(_SECONDS_TO_LEAVE, os._exit, (code,))
    late.daemon = True
    late.start()
    atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter itself calls
    _flush()
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # nobody reads it any more
            continue


if __name__ == "__main__":
    main()
