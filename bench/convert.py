"""What DuckDB alone needs for a CSV file of the challenge: to Parquet, and to a profile.

Prints four times in seconds: the copy and the profile by bare queries over the CSV with a
gigabyte of memory; and, as a landing does it, the scan of the bytes (which finds the digest for
sending as well) and the profile, which is made from the copy.

    python -m bench.convert CSV PARQUET
"""

import json
import sys
import time
from pathlib import Path

import duckdb

from bourne_assets.csvs.options import CHALLENGE_TYPES
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.scan import scan
from bourne_assets.sql import identifier


def main() -> int:
    """Measure and print."""
    source, table = map(Path, sys.argv[1:])
    with source.open(encoding="utf-8") as file:
        columns = file.readline().strip().split("|")
    rows = f"read_csv('{source}', delim='|', quote='', header=true, all_varchar=true)"
    bare = duckdb.connect(config={"memory_limit": "1GB"})
    values = ", ".join(_value(name) for name in columns)
    copy = f"COPY (SELECT {values} FROM {rows}) TO '{table}' (FORMAT parquet, COMPRESSION zstd)"
    figures = ", ".join(
        f"count({name}), min({name}), max({name}), approx_count_distinct({name})"
        for name in map(identifier, columns)
    )
    start = time.perf_counter()
    bare.execute(copy)
    copied = time.perf_counter()
    bare.execute(f"SELECT count(*), {figures} FROM {rows}").fetchall()
    queried = time.perf_counter()
    bare.close()
    engine = DuckDbSession(table.parent)
    begun = time.perf_counter()
    scan(source)
    scanned = time.perf_counter()
    engine.profile(table)
    profiled = time.perf_counter()
    print(json.dumps([copied - start, queried - copied, scanned - begun, profiled - scanned]))
    return 0


def _value(name: str) -> str:
    quoted = identifier(name)
    if name in CHALLENGE_TYPES:
        return f"CAST(nullif(nullif({quoted}, '\\N'), 'N') AS {CHALLENGE_TYPES[name]}) AS {quoted}"
    return f"nullif({quoted}, '\\N') AS {quoted}"


if __name__ == "__main__":
    sys.exit(main())
