"""Other ways to fetch the same films: run by a Python that has their packages.

python tmdb_clients.py urllib3|requests|tmdbsimple|dlt FILMS THREADS
"""

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

URL, TOKEN = os.environ["STAND_IN_URL"], os.environ["STAND_IN_TOKEN"]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
APPENDED = {"append_to_response": "external_ids"}


def by_urllib3(films: range, threads: int) -> list[Any]:
    """A pool of connections and a pool of threads, and nothing else."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=threads)

    def fetch(film: int) -> Any:
        return pool.request("GET", f"{URL}/movie/{film}", fields=APPENDED, headers=HEADERS).json()

    with ThreadPoolExecutor(threads) as executor:
        return list(executor.map(fetch, films))


def by_requests(films: range, _: int) -> list[Any]:
    """One `requests.get` after the other."""
    import requests

    return [
        requests.get(f"{URL}/movie/{film}", params=APPENDED, headers=HEADERS, timeout=10).json()
        for film in films
    ]


def by_tmdbsimple(films: range, _: int) -> list[Any]:
    """The most used client of TMDB in Python."""
    import requests
    import tmdbsimple

    tmdbsimple.API_KEY = "unused"
    tmdbsimple.REQUESTS_SESSION = requests.Session()
    tmdbsimple.REQUESTS_SESSION.headers.update(HEADERS)
    responses = []
    for film in films:
        movie = tmdbsimple.Movies(film)
        movie.base_uri = URL
        responses.append(movie.info(**APPENDED))
    return responses


def by_dlt(films: range, threads: int) -> list[Any]:
    """Dlt's declarative REST source, extraction only."""
    os.environ["EXTRACT__WORKERS"] = str(threads)
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    import dlt
    from dlt.sources.rest_api import rest_api_source

    @dlt.resource(selected=False)
    def ids() -> Any:
        yield from ([{"id": film}] for film in films)

    source = rest_api_source(
        {
            "client": {"base_url": f"{URL}/", "auth": {"type": "bearer", "token": TOKEN}},
            "resources": [
                ids(),
                {
                    "name": "details",
                    "parallelized": True,
                    "endpoint": {
                        "path": "movie/{resources.ids.id}",
                        "params": APPENDED,
                        "data_selector": "$",
                        "paginator": "single_page",
                    },
                },
            ],
        }
    )
    return list(source.resources["details"])


def main() -> None:
    """Fetch and say how it went."""
    films, threads = range(1, int(sys.argv[2]) + 1), int(sys.argv[3])
    fetch: Callable[[range, int], list[Any]] = globals()[f"by_{sys.argv[1]}"]
    wall, cpu = time.perf_counter(), time.process_time()
    responses = fetch(films, threads)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert len({response["id"] for response in responses}) == len(films)
    assert all("external_ids" in response for response in responses)
    result = {"films": len(films), "lost": 0, "wall": wall, "cpu": 1000 * cpu / len(films)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
