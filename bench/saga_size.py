"""What a run of a saga of 1,000 films costs beside one of 5, beyond its requests.

TMDB's stand-in serves generated films. After a first run, which requests them, each saga is run
again with `--resume`, which reads the responses of today in the lake and requests nothing; all
pictures are drawn again. The two sagas are run in turn, so that what else the machine does strikes
both alike.

    python -m bench.saga_size --rounds 5
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.extraction import stand_in
from bench.overhead import BOURNE, Cost, cost_of, forget_pictures

_FEW, _MANY = 5, 1_000
_SAGA = 'sagas:\n  generated: {title: Generated, queries: ["Generated"], collection_id: 1}\n'


@dataclass(frozen=True)
class _Saga:
    """A saga of so many films in a home of its own."""

    films: int
    home: Path

    def run(self, *options: str) -> Cost:
        """Run it against a stand-in that has its films."""
        sagas = self.home.with_suffix(".yaml")
        sagas.write_text(_SAGA, encoding="utf-8")
        forget_pictures(self.home)
        with stand_in(["--films", str(self.films), "--latency", "0"]) as (where, _):
            return cost_of(
                [BOURNE, "run", "--saga", "generated", *options],
                self.home,
                TMDB_BASE_URL=where["STAND_IN_URL"],
                TMDB_READ_ACCESS_TOKEN=where["STAND_IN_TOKEN"],
                BOURNE_SAGAS_FILE=str(sagas),
            )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bourne-bench-") as folder:
        few, many = (_Saga(films, Path(folder) / str(films)) for films in (_FEW, _MANY))
        for saga in (few, many):
            first = saga.run()
            print(f"{saga.films:>5} films, requested: {first.cpu:.2f} s of CPU", flush=True)
        costs = [(few.run("--resume"), many.run("--resume")) for _ in range(rounds)]
    for saga, taken in zip((few, many), zip(*costs, strict=True), strict=True):
        seconds = [cost.cpu for cost in taken]
        print(
            f"{saga.films:>5} films, nothing requested: median {statistics.median(seconds):.2f} s "
            f"of CPU, {max(cost.peak for cost in taken):.0f} MiB"
        )
    ratios = [larger.cpu / smaller.cpu for smaller, larger in costs]
    print(f"ratio: median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
