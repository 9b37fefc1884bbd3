"""A saga observed on each of 3,650 days: how long its answers take. Run by `bench.tables`."""

import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from pyiceberg.catalog import Catalog

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.lake import embedded
from bourne_assets.saga.definition import Saga, load_sagas
from bourne_assets.settings import EMBEDDED_BUCKET, Settings
from bourne_assets.star.observations import StarOfSaga, history_of, with_observations
from bourne_assets.star.storage import keep_star, read_star

_DAYS = 3_650


def measure_history(folder: Path, scale: float, rounds: int) -> None:
    """Commands on a lake of one run, and on the same lake after many days, in turn."""
    days = int(_DAYS * scale)
    young, old = folder / "young", folder / "old"
    for home in (young, old):
        _timed(["run"], home)
    _grow(old, days)
    day = (datetime.now(UTC).date() - timedelta(days=days // 2)).isoformat()
    commands = (
        ("answers", young, ["answers"]),
        ("answers", old, ["answers"]),
        ("answers --as-of", young, ["answers", "--as-of", "2017-09-01"]),
        ("answers --as-of", old, ["answers", "--as-of", day]),
        ("run", young, ["run"]),
        ("run", old, ["run"]),
    )
    measured: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, home, arguments in commands:
            measured.setdefault((name, home.name), []).append(_timed(arguments, home))
    print(f"A saga of five films, two days known (young) and {days:,} (old)")
    for (name, home_name), values in measured.items():
        shown = "  ".join(f"{wall:6.2f}" for wall, _ in values)
        processor = statistics.median(used for _, used in values)
        print(f"  bourne {name:<16} {home_name:<6} {shown}  s, {processor:5.2f} s of CPU")


def _grow(home: Path, days: int) -> None:
    """Days of slightly other figures, the last ten in commits of their own as by daily runs."""
    settings = Settings()
    saga = load_sagas(settings.sagas_file)["bourne"]
    with embedded.connect(home, EMBEDDED_BUCKET) as server:
        catalogue = open_catalogue(server.lake, home)
        star = read_star(catalogue, saga)
        seen = history_of(star)
        seen = seen[seen["observed_on"] == seen["observed_on"].min()]
        now = datetime.now(UTC).replace(microsecond=0)
        parts = [
            _as_seen(seen, now - timedelta(days=number), number) for number in range(days, 0, -1)
        ]
        for part in (parts[:-10], *([each] for each in parts[-10:])):
            star = _kept(catalogue, saga, star, pd.concat(part, ignore_index=True))


def _kept(catalogue: Catalog, saga: Saga, star: StarOfSaga, observed: pd.DataFrame) -> StarOfSaga:
    after = with_observations(star, saga, observed)
    keep_star(catalogue, saga, star, after, Provenance())
    return after


def _as_seen(films: pd.DataFrame, when: datetime, number: int) -> pd.DataFrame:
    popularity = films["popularity"] * (1 + number % 7 / 100)
    moment = pd.Timestamp(when)
    return films.assign(
        popularity=popularity, fetched_at=moment.as_unit("us"), observed_on=when.date()
    )


def _timed(arguments: list[str], home: Path) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: what a busy machine does to both differs."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TMDB_", "BOURNE_", "DAGSTER_"))
    }
    command = [str(Path(sys.executable).with_name("bourne")), *arguments]
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment |= {"BOURNE_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    taken, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, used
