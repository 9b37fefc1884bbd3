"""How long `bourne run` takes, against the same graph with empty asset bodies.

The floor runs the same definitions in a process of its own: same imports, executor, instance on
disk and number of steps, but assets and checks that do nothing and an IO manager that stores
nothing. Both are started in turn, so that what else the machine does strikes both alike.

    make bench
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLOOR = "bench.floor"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bourne-bench-") as folder:
        commands = {
            "floor": [sys.executable, "-m", FLOOR],
            "bourne run": [str(Path(sys.executable).with_name("bourne")), "run"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                taken = _timed(command, Path(folder) / name.replace(" ", "-"))
                if number:  # the first round warms caches and bytecode
                    seconds[name].append(taken)
        for name, taken in seconds.items():
            print(f"{name:<12} " + "  ".join(f"{value:.2f}" for value in taken) + "  s")
        ratios = [
            whole / floor
            for floor, whole in zip(seconds["floor"], seconds["bourne run"], strict=True)
        ]
        print(f"ratio        median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")
    return 0


def _timed(command: list[str], home: Path) -> float:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TMDB_", "BOURNE_", "DAGSTER_"))
    }
    environment |= {"BOURNE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
