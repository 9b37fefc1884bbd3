"""One extraction by the platform's own code, measured from inside: one line of JSON."""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

from bourne_assets.lake import embedded
from bourne_assets.tmdb.client import connect_tmdb
from bourne_assets.tmdb.films import Candidate, fetch_films
from bourne_assets.tmdb.raw import RawWriter


def main() -> None:
    """Fetch films and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--films", type=int, required=True)
    parser.add_argument("--pace", type=float, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    options = parser.parse_args()
    client = connect_tmdb(
        os.environ["STAND_IN_URL"],
        token=os.environ["STAND_IN_TOKEN"],
        key=None,
        requests_per_second=options.pace,
        timeout=(5.0, options.timeout),
    )
    films = [Candidate(number) for number in range(1, options.films + 1)]
    with embedded.connect(options.home, "bench") as server:
        with RawWriter(server.lake) as writer:  # as the search goes before the films in a run
            fetch_films([Candidate(1)], client, writer)
        wall, cpu = time.perf_counter(), time.process_time()
        with RawWriter(server.lake) as writer:
            tables = fetch_films(films, client, writer)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert tables.details is not None
    assert tables.external_ids is not None
    found = set(tables.details["tmdb_id"]) & set(tables.external_ids["tmdb_id"])
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes //= 1024 if sys.platform == "darwin" else 1
    result = {
        "films": options.films,
        "lost": options.films - len(found),
        "wall": wall,
        "cpu": 1000 * cpu / options.films,
        "rss": kilobytes / 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
