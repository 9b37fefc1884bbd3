"""What Iceberg tables cost beside the bare parts: appending, merging, querying, and a long history.

Everything runs on an embedded lake of its own in a temporary folder; both sides of a ratio are
measured in turn, so that what else the machine does strikes both alike. With `--scale 1` it needs
some 8 GB of disk; a smaller scale makes tables and files smaller by that factor.

    python -m bench.tables [--only append|merge|query|history] [--scale 0.2] [--rounds 3]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow.parquet as pq

from bench.history import measure_history
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.tables import DatasetTables, Delivery
from bourne_assets.csvs.options import load_datasets
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance, append_files
from bourne_assets.iceberg.files import send_file
from bourne_assets.iceberg.merge import merge
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.lake import embedded
from bourne_assets.lake.store import Lake
from bourne_assets.query.engine import run_query
from bourne_assets.query.sources import Sources
from bourne_assets.settings import EMBEDDED_BUCKET

_DAY = date(2026, 11, 26)
_DELIVERY_BYTES, _DELIVERIES = 100_000_000, 50
_ROWS, _NEW_ROWS = 10_000_000, 100_000
_TABLE = "trusted.large"
_COLUMNS = (
    "i AS id, md5(i::VARCHAR) AS name, i % 1000 AS kind, (i * 7 % 100000) / 8.0 AS price, "
    "DATE '2020-01-01' + (i % 2000)::INTEGER AS day"
)
_QUERY = "SELECT count(*), sum(price), max(name) FROM {} WHERE kind = 7"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["append", "merge", "query", "history"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--merge", nargs=2, metavar=("HOME", "NEW"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.merge:
        return _merge_alone(Path(given.merge[0]), Path(given.merge[1]))
    parts: dict[str, Callable[[Path, float, int], None]] = {
        "append": _append,
        "merge": _merge,
        "query": _query,
        "history": measure_history,
    }
    for name, part in parts.items():
        if given.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="bourne-bench-") as folder:
                part(Path(folder), given.scale, given.rounds)
    return 0


def _append(folder: Path, scale: float, rounds: int) -> None:
    """A delivery to a large table, against the same delivery to a dataset that is empty."""
    batch, options = folder / "batch", folder / "datasets.yml"
    batch.mkdir()
    alone = [f"Alone{number}" for number in range(rounds)]
    options.write_text(
        "datasets:\n" + "".join(f"  {name}: {{write: append}}\n" for name in ["Large", *alone])
    )
    with embedded.connect(folder / "home", EMBEDDED_BUCKET) as server:
        tables = DatasetTables(lambda: open_catalogue(server.lake, folder))

        def land(dataset: str, first: int) -> float:
            """Each delivery of a dataset comes on a day of its own."""
            path = batch / f"{dataset}.csv"
            _write_csv(path, first, int(_DELIVERY_BYTES * scale))
            begun = time.perf_counter()
            done = land_csv_files(
                [path],
                server.lake,
                _DAY + timedelta(days=first),
                tables=tables,
                datasets=load_datasets(options),
                journal=folder / "journal",
            )
            taken = time.perf_counter() - begun
            assert list(done.manifest["status"]) == ["landed"], done.manifest
            path.unlink()
            return taken

        land("Large", 0)
        rows = _rows_of(tables, folder)
        for number in range(_DELIVERIES - 1):
            each = Delivery(
                sha256=uuid4().hex * 2,
                file="large.csv",
                uri=f"s3://bench/{number}",
                landed_on=_DAY,
                rows=pq.read_metadata(rows).num_rows,
            )
            tables.append(_TABLE, "Large", rows, [each])
        taken = [
            (land("Large", 1 + number), land(name, 1 + number)) for number, name in enumerate(alone)
        ]
    whole = _DELIVERIES * _DELIVERY_BYTES * scale / 1e9
    print(f"Append of {_DELIVERY_BYTES * scale / 1e6:.0f} MB to a table of {whole:.1f} GB (CSV)")
    _print_ratio("to the table", "alone", taken)


def _rows_of(tables: DatasetTables, folder: Path) -> Path:
    """The one file of the table's rows, as a file of this machine."""
    table = open_table(tables.catalogue, _TABLE)
    (task,) = table.scan().plan_files()
    path = folder / "rows.parquet"
    with table.io.new_input(task.file.file_path).open() as stream:
        path.write_bytes(stream.read())
    return path


def _write_csv(path: Path, first: int, size: int) -> None:
    """Rows of some 68 bytes; each `first` makes another file."""
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT {_COLUMNS} FROM range({first}, {first + size // 63}) t(i)) "
            f"TO '{path}' (HEADER)"
        )


def _large_table(folder: Path, lake: Lake, rows: int) -> Path:
    """A table of many rows, and the same rows as a Parquet file of this machine."""
    path = folder / "large.parquet"
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT {_COLUMNS} FROM range({rows}) t(i)) TO '{path}' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    table = ensure_table(open_catalogue(lake, folder), _TABLE, pq.read_schema(path))
    append_files(table, [send_file(table, path)], Provenance())
    return path


def _merge(folder: Path, scale: float, rounds: int) -> None:
    """A merge by one key, half of it new, against DuckDB doing the same on local files."""
    old_rows, new_rows = int(_ROWS * scale), int(_NEW_ROWS * scale)
    new, taken, peaks = folder / "new.parquet", [], []
    with embedded.connect(folder / "home", EMBEDDED_BUCKET) as server:
        old = _large_table(folder, server.lake, old_rows)
        first = old_rows - new_rows // 2
        with duckdb.connect() as db:
            db.execute(
                f"COPY (SELECT {_COLUMNS} "
                f"FROM range({first}, {first + new_rows}) t(i)) TO '{new}' (FORMAT parquet)"
            )
        command = [sys.executable, "-m", "bench.tables", "--merge", str(folder), str(new)]
        for _ in range(rounds):
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            ours, peak = json.loads(done.stdout)
            taken.append((ours, _merge_bare(folder, old, new)))
            peaks.append(peak)
    print(f"Merge of {new_rows:,} rows into {old_rows:,}")
    _print_ratio("the table", "bare DuckDB", taken)
    print(f"  peak memory {max(peaks):.0f} MiB")


def _merge_alone(folder: Path, new: Path) -> int:
    """Merge in a process of its own: seconds, and its peak memory in MiB."""
    with embedded.connect(folder / "home", EMBEDDED_BUCKET) as server:
        table = open_table(open_catalogue(server.lake, folder), _TABLE)
        begun = time.perf_counter()
        merge(table, new, ["id"], Provenance())
        taken = time.perf_counter() - begun
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert peak is not None
    print(json.dumps([taken, int(peak[1]) / 1024]))
    return 0


def _merge_bare(folder: Path, old: Path, new: Path) -> float:
    """The same by DuckDB alone, within the same memory."""
    begun = time.perf_counter()
    with duckdb.connect(config={"memory_limit": "400MB", "temp_directory": str(folder)}) as db:
        db.execute("SET preserve_insertion_order = false")
        db.execute(
            f"COPY (FROM '{new}' UNION ALL SELECT old.* FROM '{old}' old ANTI JOIN '{new}' new "
            f"USING (id)) TO '{folder / 'merged.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return time.perf_counter() - begun


def _query(folder: Path, scale: float, rounds: int) -> None:
    """A filter on one column, against DuckDB on the same local Parquet file."""
    first: list[tuple[float, float]] = []
    taken: list[tuple[float, float]] = []
    commands = []
    rows = int(_ROWS * scale)
    with embedded.connect(folder / "home", EMBEDDED_BUCKET) as server:
        path = _large_table(folder, server.lake, rows)
        local = _QUERY.format(f"'{path}'")
        sources = Sources(open_catalogue(server.lake, folder), server.lake)
        for number in range(rounds + 1):
            begun = time.perf_counter()
            with run_query(_QUERY.format(_TABLE), sources, None, folder) as reader:
                ours = reader.read_all()
            between = time.perf_counter()
            with duckdb.connect() as db:
                theirs = db.sql(local).to_arrow_table()
            ended = time.perf_counter()
            assert ours.to_pydict() == dict(
                zip(ours.column_names, theirs.to_pydict().values(), strict=True)
            )
            # The first round opens connections, fetches all, and fills the page cache.
            (taken if number else first).append((between - begun, ended - between))
        program = f"import duckdb; print(duckdb.sql({local!r}))"
        command = [str(Path(sys.executable).with_name("bourne")), "query", _QUERY.format(_TABLE)]
        for _ in range(rounds):
            whole = _timed(command, folder / "home")
            commands.append((whole, _timed([sys.executable, "-c", program], folder / "home")))
    print(f"A query with a filter on {rows:,} rows")
    _print_ratio("the table", "DuckDB, local file", taken)
    _print_ratio("the table, at first", "DuckDB, at first", first)
    _print_ratio("`bourne query`, whole", "python and DuckDB, whole", commands)


def _timed(command: list[str], home: Path) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, "BOURNE_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _print_ratio(ours: str, bare: str, taken: list[tuple[float, float]]) -> None:
    ratios = [one / other for one, other in taken]
    for name, values in ((ours, [one for one, _ in taken]), (bare, [other for _, other in taken])):
        print(f"  {name:<26} " + "  ".join(f"{value:6.2f}" for value in values) + "  s")
    shown = "  ".join(f"{ratio:6.2f}" for ratio in ratios)
    print(f"  {'ratio':<26} {shown}  median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    sys.exit(main())
