"""What the commands cost, beside the same graph with empty bodies and beside loading Dagster.

The floor runs the same definitions in a process of its own: same imports, executor, instance on
disk and number of steps, but assets and checks that do nothing and an IO manager that stores
nothing. A run finds pictures of unchanged figures as an earlier one drew them, so that it
is measured a second time without these. The unit is the CPU time of
`python -c "import dagster, pandas"`. All are started in turn, round by round, so that what else the
machine does strikes all alike.

    make bench
    python -m bench.overhead --rounds 5
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BOURNE = str(Path(sys.executable).with_name("bourne"))
_UNIT, _FLOOR, _RUN = "import dagster, pandas", "empty graph", "bourne run"
_DRAWN = "the same, all drawn"
_CSV = {"one.csv": "a,b\n1,2\n", "two.csv": "c,d\n1,x\n"}


@dataclass(frozen=True)
class Cost:
    """What a process and those that it waited for took.

    Attributes:
        wall: Seconds.
        cpu: Seconds, user and system.
        peak: MiB of the largest of the processes.
    """

    wall: float
    cpu: float
    peak: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bourne-bench-") as folder:
        home = Path(folder)
        (home / "csv").mkdir()
        for name, text in _CSV.items():
            (home / "csv" / name).write_text(text, encoding="utf-8")
        commands: dict[str, Sequence[str]] = {
            _UNIT: [sys.executable, "-c", _UNIT],
            _FLOOR: [sys.executable, "-m", "bench.floor"],
            _RUN: [BOURNE, "run"],
            _DRAWN: [BOURNE, "run"],
            "bourne land": [BOURNE, "land", str(home / "csv")],
            "bourne doctor": [BOURNE, "doctor"],
            "bourne answers": [BOURNE, "answers"],
            "bourne --help": [BOURNE, "--help"],
        }
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                place = home / ("floor" if name == _FLOOR else "home")
                if name == _DRAWN:
                    forget_pictures(place)
                cost = cost_of(command, place)
                if number:  # the first round warms caches and bytecode
                    costs[name].append(cost)
    _print(costs)
    return 0


def _print(costs: dict[str, list[Cost]]) -> None:
    """Medians of each command, and ratios round by round."""
    units = [cost.cpu for cost in costs[_UNIT]]
    print(f"{'':<24}{'wall, s':>9}{'CPU, s':>9}{'units':>8}{'worst':>8}{'MiB':>7}")
    for name, taken in costs.items():
        ratios = [cost.cpu / unit for cost, unit in zip(taken, units, strict=True)]
        print(
            f"{name:<24}{statistics.median(cost.wall for cost in taken):>9.2f}"
            f"{statistics.median(cost.cpu for cost in taken):>9.2f}"
            f"{statistics.median(ratios):>8.2f}{max(ratios):>8.2f}"
            f"{max(cost.peak for cost in taken):>7.0f}"
        )
    for run, what in itertools.product((_RUN, _DRAWN), ("wall", "cpu")):
        ratios = [
            getattr(whole, what) / getattr(floor, what)
            for floor, whole in zip(costs[_FLOOR], costs[run], strict=True)
        ]
        print(
            f"{run} / {_FLOOR}, {what:<5} median {statistics.median(ratios):.2f}, "
            f"worst {max(ratios):.2f}"
        )


def forget_pictures(home: Path) -> None:
    """Let the next run of this home draw all its pictures."""
    for path in (home / "pictures").glob("[cd]*-*"):  # compiled, and drawn
        path.unlink()


def cost_of(command: Sequence[str], home: Path, **settings: str) -> Cost:
    """What a command took with this home and these settings.

    Raises:
        CalledProcessError: It failed.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TMDB_", "BOURNE_", "DAGSTER_"))
    }
    environment |= {"BOURNE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "", **settings}
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall = time.perf_counter() - start
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
