"""Writers of one table and once its server killed with -9: no row is lost or duplicated.

Eight processes commit 50 rows each, one per commit, to one table of the embedded lake. Every five
seconds one of them is killed and started again, and once the server with its supervisor; a writer
has a while after its start, or the last one would commit nothing on a busy machine. A writer that
starts checks which of its rows the table has, as a run does that is executed again. Prints what
was found, and ends with 1 where a row is lost or duplicated.

    python -m bench.table_kills [--writers 8] [--commits 50] [--seed 7]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.lake import embedded
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, processes_of
from bourne_assets.lake.errors import LakeError
from bourne_assets.settings import EMBEDDED_BUCKET

_NAME = "trusted.race"
_SCHEMA = pa.schema([("writer", pa.int64()), ("number", pa.int64())])
_SECONDS_BETWEEN_KILLS = 5.0
_LEAST_SECONDS = 20.0
_LONGEST_SECONDS = 3600.0


def write(home: Path, writer: int, commits: int) -> None:
    """Commit the rows of a writer that are not there; after an outage, check and continue."""
    done = False
    while not done:
        try:
            with embedded.connect(home, EMBEDDED_BUCKET) as server:
                table = ensure_table(open_catalogue(server.lake, home), _NAME, _SCHEMA)
                rows = table.scan().to_arrow().to_pylist()
                there = {row["number"] for row in rows if row["writer"] == writer}
                for number in sorted(set(range(commits)) - there):
                    row = pa.table({"writer": [writer], "number": [number]}, schema=_SCHEMA)
                    append_arrow(table, row, Provenance(f"{writer}-{number}"))
            done = True
        except (LakeError, OSError) as error:  # the server was killed: its successor has the lake
            print(f"writer {writer}: {type(error).__name__}: {error}", file=sys.stderr)
            time.sleep(0.2)


def main() -> int:
    """Kill until all rows are there, then count them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--write", nargs=2, metavar=("HOME", "WRITER"))
    given = parser.parse_args()
    if given.write:
        write(Path(given.write[0]), int(given.write[1]), given.commits)
        return 0
    with tempfile.TemporaryDirectory(prefix="bourne-table-kills-") as folder:
        return _bench(Path(folder), given.writers, given.commits, random.Random(given.seed))  # noqa: S311 - a repeatable bench


class _Writers:
    """The processes that write."""

    def __init__(self, home: Path, writers: int, commits: int) -> None:
        self._home, self._commits = home, commits
        self._started_at: dict[int, float] = {}
        self.running = {writer: self._started(writer) for writer in range(writers)}

    def _started(self, writer: int) -> subprocess.Popen[bytes]:
        self._started_at[writer] = time.monotonic()
        command = [sys.executable, "-m", "bench.table_kills", "--commits", str(self._commits)]
        return subprocess.Popen([*command, "--write", str(self._home), str(writer)])

    def look(self) -> None:
        """Forget who is done; what else ended a writer is tried again, as a run would be."""
        for writer, process in list(self.running.items()):
            code = process.poll()
            if code == 0:
                del self.running[writer]
            elif code is not None:
                self.running[writer] = self._started(writer)

    def at_work(self) -> list[int]:
        """Writers that have had time to start."""
        now = time.monotonic()
        return sorted(w for w in self.running if now - self._started_at[w] >= _LEAST_SECONDS)

    def kill(self, writer: int) -> None:
        """Kill a writer, and start it again."""
        self.running[writer].kill()
        self.running[writer].wait()
        self.running[writer] = self._started(writer)

    def end(self) -> None:
        """Kill all that are left."""
        for process in self.running.values():
            process.kill()
            process.wait()


def _bench(home: Path, writers: int, commits: int, chance: random.Random) -> int:
    began, kills, server_killed = time.monotonic(), 0, False
    processes = _Writers(home, writers, commits)
    while processes.running and time.monotonic() - began < _LONGEST_SECONDS:
        time.sleep(_SECONDS_BETWEEN_KILLS)
        processes.look()
        if not processes.running:
            break
        if not (at_work := processes.at_work()):
            continue
        processes.kill(chance.choice(at_work))
        kills += 1
        if kills == 4 and not server_killed:  # noqa: PLR2004 - in the middle of the work
            server_killed = _kill_server(home)
    processes.end()
    print(f"{kills} writers killed, the server {'once' if server_killed else 'never'}, ", end="")
    print(f"{time.monotonic() - began:.0f} s")
    return _count(home, writers, commits)


def _kill_server(home: Path) -> bool:
    folder = LakeFolder(home.resolve() / "lake")
    for process in processes_of(folder):
        os.kill(process.pid, signal.SIGKILL)
    return True


def _count(home: Path, writers: int, commits: int) -> int:
    with embedded.connect(home, EMBEDDED_BUCKET) as server:
        catalogue = open_catalogue(server.lake, home)
        table = open_table(catalogue, _NAME)
        rows = table.scan().to_arrow().to_pylist()
        found = Counter((row["writer"], row["number"]) for row in rows)
        lost = {(w, n) for w in range(writers) for n in range(commits)} - set(found)
        doubled = [row for row, times in found.items() if times > 1]
        next_one = append_arrow(table, pa.table({"writer": [-1], "number": [0]}), Provenance())
    right = next_one.rows == len(rows) + 1
    print(f"{len(rows)} rows, {len(lost)} lost, {len(doubled)} doubled; next commit right: {right}")
    return 1 if lost or doubled or not right else 0


if __name__ == "__main__":
    sys.exit(main())
