"""Runs and landings killed with -9 in the middle: the state of the lake, and the next one.

Runs and landings in turn, each with CSV files that are new, killed at a moment of chance; every
second kill takes the embedded S3 server and its supervisor along. After each, every object of the
lake is read: a raw object must have the bytes of the file that it came from, what lay there before
must still be there, and a table must be readable. Then the same command runs to its end. Prints a
table, and ends with 1 where anything was torn, lost or changed, or a following run was not right.

    python -m bench.kills [--kills 30] [--seed 7]
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bourne_assets.lake import embedded
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, processes_of
from bourne_assets.settings import EMBEDDED_BUCKET
from bourne_assets.tables import from_parquet

_BOURNE = Path(sys.executable).with_name("bourne")
_RAW = "Raw/"
_LANDED = "Raw/Local/CSV/"
_MEAN_REVENUE = 327483286.2
_ROWS = 60_000


@dataclass
class Lake:
    """The lake as it was seen, and what was wrong with it.

    Attributes:
        home: The home that it is in.
        files: Digest of every CSV file that was ever given to a command, by its name.
        raw: Digest of every raw object that was ever seen, by its key.
        readings: How many objects were read in all.
        faults: What is wrong.
    """

    home: Path
    files: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    readings: int = 0
    faults: list[str] = field(default_factory=list)

    def read(self) -> int:
        """Read every object; how many there are."""
        with embedded.connect(self.home, EMBEDDED_BUCKET) as server:
            keys = server.lake.list()
            for key in keys:
                data, _ = server.lake.read(key)
                self._check(key, data)
        self.readings += len(keys)
        for key in set(self.raw) - set(keys):
            self.faults.append(f"{key} is lost")
        return len(keys)

    def ensure_landed(self, names: Sequence[str]) -> None:
        """Name files of a round that no object has the bytes of."""
        there = set(self.raw.values())
        for name in names:
            if self.files[name] not in there:
                self.faults.append(f"{name} was not landed by the run after the kill")

    def _check(self, key: str, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        if key.startswith(_RAW):
            if self.raw.setdefault(key, digest) != digest:
                self.faults.append(f"{key} has changed")
            name = key.rpartition("/")[2]
            if key.startswith(_LANDED) and self.files.get(name) != digest:
                self.faults.append(f"{key} has other bytes than the file")
        try:
            if key.endswith(".parquet"):
                from_parquet(data)
            elif key.endswith(".json"):
                json.loads(data)
        except (ValueError, OSError) as error:
            self.faults.append(f"{key} is torn: {error}")


def _new_files(lake: Lake, folder: Path, number: int) -> list[str]:
    """Write the files of a round; their names."""
    for old in folder.iterdir():
        old.unlink()
    names = []
    for part, rows in enumerate((_ROWS, 50, 50, 50)):
        path = folder / f"round{number}_{part}.csv"
        lines = (f"{row},{number * 7919 + row},film {row}\n" for row in range(rows))
        path.write_text("id,figure,title\n" + "".join(lines))
        lake.files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        names.append(path.name)
    return names


def _start(arguments: Sequence[str | Path], home: Path, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    environment |= {
        "BOURNE_HOME": str(home),
        "BOURNE_CSV_DIR": str(folder),
        "BOURNE_ENV_FILE": os.devnull,
    }
    return subprocess.Popen(
        [_BOURNE, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _is_setting(name: str) -> bool:
    return name.startswith(("BOURNE_", "TMDB_", "AWS_", "DAGSTER_"))


def _kill(process: "subprocess.Popen[bytes]", home: Path, *, with_server: bool) -> bool:
    """Kill a command, and the server first where it is wanted; whether it was still running."""
    was_running = process.poll() is None
    if with_server:
        folder = LakeFolder(home.resolve() / "lake")
        for each in processes_of(folder):
            each.kill()
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def _ensure_right(lake: Lake, home: Path) -> None:
    """The answers of the lake are those of the bundled snapshot."""
    process = subprocess.run(
        [_BOURNE, "answers", "--json"],
        env={**os.environ, "BOURNE_HOME": str(home), "BOURNE_ENV_FILE": os.devnull},
        capture_output=True,
        check=False,
    )
    found = json.loads(process.stdout or "{}")
    if found.get("answers", {}).get("mean_revenue", {}).get("value") != _MEAN_REVENUE:
        lake.faults.append("the answers after the kill are not right")


def main() -> int:
    """Kill, look, run again, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory(prefix="bourne-kills-") as name:
        home, folder = Path(name) / "home", Path(name) / "csvs"
        folder.mkdir()
        lake = Lake(home)
        commands: dict[str, list[str | Path]] = {"run": ["run"], "land": ["land", folder]}
        whole = {}
        for number, (kind, arguments) in enumerate(commands.items()):
            _new_files(lake, folder, 1000 + number)
            begin = time.monotonic()
            _start(arguments, home, folder).communicate()
            whole[kind] = time.monotonic() - begin
            print(f"{kind:<4} undisturbed  {whole[kind]:5.1f} s", flush=True)
        lake.read()
        print("\n  # command  killed after  server too  objects then  again  exit  objects after")
        still_running = 0
        for number in range(options.kills):
            kind = list(commands)[number % 2]
            with_server = number // 2 % 2 == 1
            names = _new_files(lake, folder, number)
            process = _start(commands[kind], home, folder)
            moment = chance.uniform(0.05, 1.0) * whole[kind]
            time.sleep(moment)
            still_running += _kill(process, home, with_server=with_server)
            then = lake.read()
            begin = time.monotonic()
            again = _start(commands[kind], home, folder)
            _, errors = again.communicate()
            took = time.monotonic() - begin
            after = lake.read()
            lake.ensure_landed(names)
            if kind == "run":
                _ensure_right(lake, home)
            if again.returncode:
                lake.faults.append(f"the run after kill {number + 1}: {errors.decode()[-300:]}")
            server = "yes" if with_server else "no"
            print(
                f"{number + 1:>3} {kind:<7} {moment:>11.2f} s {server:>11} {then:>13} "
                f"{took:>5.1f}s {again.returncode:>5} {after:>14}",
                flush=True,
            )
    print(
        f"\n{options.kills} kills, {still_running} of a command that was still running; "
        f"{lake.readings} objects read; {len(lake.faults)} faults"
    )
    for fault in lake.faults:
        print(f"  {fault}")
    return 1 if lake.faults else 0


if __name__ == "__main__":
    sys.exit(main())
