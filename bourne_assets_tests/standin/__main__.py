"""Serve in a process of its own: one line of JSON says where, the end of standard input ends it.

Then a second line tells what happened: requests, refusals by the limiter, faults, and the times
of arrival in seconds.
"""

import argparse
import json
import sys

from bourne_assets_tests.standin.faults import Faults, Limiter
from bourne_assets_tests.standin.films import GeneratedFilms
from bourne_assets_tests.standin.server import TmdbStandIn


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument(
        "--limit", type=int, help="requests a second, above which it responds with 429"
    )
    parser.add_argument("--faults", type=float, default=0.0, help="share of wrong responses")
    parser.add_argument("--stall", type=float, default=3.0, help="seconds that a stall takes")
    options = parser.parse_args()
    limiter = Limiter(options.limit) if options.limit else None
    faults = Faults(options.faults, stall_seconds=options.stall) if options.faults else None
    source = GeneratedFilms(options.films)
    with TmdbStandIn(source, latency=options.latency, limiter=limiter, faults=faults) as server:
        print(json.dumps({"base_url": server.base_url, "token": server.token}), flush=True)
        sys.stdin.read()
        report = {
            "requests": len(server.requests),
            "refused": limiter.refused if limiter else 0,
            "faults": faults.made if faults else 0,
            "arrivals": [request.time for request in server.requests],
        }
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
