"""A stand-in of TMDB's API v3: a real HTTP server on loopback, for tests and measurements.

It responds as TMDB does, from the bundled snapshot or from films that a test invents, with latency
and a limiter on request; and a test can script what a server may do wrong. It keeps a log of all
requests. `python -m bourne_assets_tests.standin` serves in a process of its own.
Not here: expectations, which are the tests' own.
"""

from bourne_assets_tests.standin.faults import Faults, Limiter
from bourne_assets_tests.standin.films import (
    Film,
    GeneratedFilms,
    InventedFilms,
    snapshot,
)
from bourne_assets_tests.standin.replies import (
    HANG_UP,
    NOT_FOUND,
    OFFLINE,
    TOO_MANY,
    UNAUTHORISED,
    Reply,
    Request,
    as_html,
    as_json,
    refusal,
)
from bourne_assets_tests.standin.server import PACE, TmdbStandIn

__all__ = [
    "HANG_UP",
    "NOT_FOUND",
    "OFFLINE",
    "PACE",
    "TOO_MANY",
    "UNAUTHORISED",
    "Faults",
    "Film",
    "GeneratedFilms",
    "InventedFilms",
    "Limiter",
    "Reply",
    "Request",
    "TmdbStandIn",
    "as_html",
    "as_json",
    "refusal",
    "snapshot",
]
