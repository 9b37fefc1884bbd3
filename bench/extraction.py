"""How fast, how evenly and how surely films are fetched from TMDB's stand-in.

Every client runs in a process of its own against a stand-in in another one, in turn, so that what
else the machine does strikes all alike. Ours is the whole `fetch_films`: requests, storing of every
answer in a real S3 server, and the two tables.

    python -m bench.extraction [--rounds 5] [--part pace|throughput|faults|memory]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent / "peers" / "tmdb_clients.py"
PEER_PACKAGES = ("tmdbsimple", "dlt", "requests", "urllib3")
THREADS = 32
LATENCY = 0.05


@dataclass(frozen=True)
class Measured:
    """One extraction: what the client and the server say of it; times in seconds, RSS in MiB."""

    client: dict[str, Any]
    server: dict[str, Any]

    @property
    def rate(self) -> float:
        """Films a second."""
        return float(self.client["films"] / self.client["wall"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=["pace", "throughput", "faults", "memory"])
    options = parser.parse_args()
    parts = {"pace": pace, "throughput": throughput, "faults": faults, "memory": memory}
    with tempfile.TemporaryDirectory(prefix="bourne-bench-") as folder:
        for name, part in parts.items():
            if options.part in {None, name}:
                part(Path(folder), options.rounds)
    return 0


def pace(folder: Path, rounds: int) -> None:
    """Behind a limiter of 40 a second that responds with 429."""
    limit = 40
    _heading(f"1,000 films, 50 ms latency, limiter of {limit}/s, pace 39/s")
    runs = [
        _ours(folder, ["--films", "1000", "--limit", str(limit)], films=1000, pace=39)
        for _ in range(rounds)
    ]
    _row("share of the limiter's rate", [run.rate / limit for run in runs], ".1%")
    _row("responses of 429", [run.server["refused"] for run in runs], "d")
    _row("films lost", [run.client["lost"] for run in runs], "d")
    _row("CPU a request, ms", [run.client["cpu"] for run in runs], ".2f")
    _row("most arrivals in any second", [_most(run.server["arrivals"]) for run in runs], "d")


def throughput(folder: Path, rounds: int) -> None:
    """Without a limiter, compared with other clients."""
    _heading(f"Films a second, 50 ms latency, no limiter, {THREADS} threads where there are any")
    python = _peers(folder)
    served = ["--films", "1000"]
    peers = {
        "urllib3, bare": ("urllib3", 1000),
        "dlt rest_api, 32 workers": ("dlt", 300),
        "tmdbsimple, one after the other": ("tmdbsimple", 100),
        "requests.get, one after the other": ("requests", 100),
    }
    ours: list[Measured] = []
    others: dict[str, list[Measured]] = {name: [] for name in peers}
    for _ in range(rounds):
        ours.append(_ours(folder, served, films=1000, pace=1000))
        for name, (client, films) in peers.items():
            others[name].append(_peer(python, client, served, films))
    _row("ours, with storing and tables", [run.rate for run in ours], ".0f")
    for name, runs in others.items():
        _row(name, [run.rate for run in runs], ".0f")
    for name, runs in others.items():
        ratios = [mine.rate / other.rate for mine, other in zip(ours, runs, strict=True)]
        _row(f"ours / {name.partition(',')[0]}", ratios, ".2f")
    _row("CPU a request, ms: ours", [run.client["cpu"] for run in ours], ".2f")
    _row(
        "CPU a request, ms: urllib3", [run.client["cpu"] for run in others["urllib3, bare"]], ".2f"
    )


def faults(folder: Path, rounds: int) -> None:
    """One answer of ten is wrong: ten kinds, as often each."""
    films = 1000
    _heading(f"{films:,} films, 10 % faults of ten kinds (stalls of 2 s, read timeout 1 s)")
    served = ["--films", str(films), "--faults", "0.1", "--stall", "2"]
    runs = [_ours(folder, served, films=films, pace=1000, timeout=1.0) for _ in range(rounds)]
    _row("faults made", [run.server["faults"] for run in runs], "d")
    _row("films lost", [run.client["lost"] for run in runs], "d")
    _row("requests / a perfect client's", [run.server["requests"] / films for run in runs], ".2f")


def memory(folder: Path, rounds: int) -> None:
    """Few films against many."""
    _heading("Peak memory, MiB, no latency")
    few, many = [], []
    for _ in range(rounds):
        for films, runs in ((100, few), (10_000, many)):
            served = ["--films", str(films), "--latency", "0"]
            runs.append(_ours(folder, served, films=films, pace=1000).client["rss"])
    _row("100 films", few, ".0f")
    _row("10,000 films", many, ".0f")
    _row("difference", [large - small for small, large in zip(few, many, strict=True)], ".0f")


def _ours(
    folder: Path, served: list[str], *, films: int, pace: float, timeout: float = 10.0
) -> Measured:
    options = ["--home", str(folder / "home"), "--films", str(films)]
    options += ["--pace", str(pace), "--timeout", str(timeout)]
    return _measured([sys.executable, "-m", "bench.extraction_ours", *options], served)


def _peer(python: Path, client: str, served: list[str], films: int) -> Measured:
    return _measured([str(python), str(PEERS), client, str(films), str(THREADS)], served)


def _measured(command: list[str], served: list[str]) -> Measured:
    with stand_in(served) as (address, report):
        environment = {**_environment(), **address}
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    return Measured(json.loads(done.stdout.splitlines()[-1]), report)


@contextmanager
def stand_in(options: list[str]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Where the stand-in is, and what it reports; that is filled in when it has ended."""
    options = options if "--latency" in options else [*options, "--latency", str(LATENCY)]
    command = [sys.executable, "-m", "bourne_assets_tests.standin", *options]
    report: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        yield {"STAND_IN_URL": ready["base_url"], "STAND_IN_TOKEN": ready["token"]}, report
        out, _ = server.communicate()
        report.update(json.loads(out))


def _peers(folder: Path) -> Path:
    """A Python with the other clients, which are not dependencies of the project."""
    place = folder / "peers"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TMDB_", "BOURNE_", "DAGSTER_"))
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": ""}


def _most(arrivals: list[float]) -> int:
    """The most arrivals in any second."""
    times = sorted(arrivals)
    return max(sum(1 for other in times if 0 <= other - time < 1.0) for time in times)


def _heading(text: str) -> None:
    print(f"\n{text}")


def _row(name: str, values: list[Any], form: str) -> None:
    shown = "  ".join(f"{value:{form}}" for value in values)
    middle = statistics.median(values)
    middle = int(middle) if form == "d" else middle
    print(f"  {name:<34} median {middle:>7{form}}   {shown}")


if __name__ == "__main__":
    sys.exit(main())
