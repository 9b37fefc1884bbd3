"""Loading of polluted CSV files compared with others, on automatic: Pollock, a public benchmark.

FOLDER is the benchmark's `polluted_files`, with `csv/`, `clean/` and `parameters/`: 2,290 files
made from one by one pollution each (delimiters, quotes, encodings, line ends, fields too many and
too few, titles, several tables), and the table that each was meant to be. The weights of its
survey, `pollock_weights.json`, are taken from FOLDER or the one that it is in. No system is given
any hint. Polars and CleverCSV take part where they can be imported.

    python -m bench.pollock FOLDER [--only ours,DuckDB]

A file that a system refuses scores nothing, and is reported. `silent` are the tables that are wrong
silently: no line was named, nothing refused, no warning given.
"""

import argparse
import csv
import datetime as dt
import decimal
import importlib.util
import io
import json
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from bench.pollock_damage import Loaded, judge
from bench.pollock_score import Rows, measures, read_rows, simple, weighted
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.reader import read_csv
from bourne_assets.sql import literal

Loader = Callable[[Path], Loaded]


class Result(NamedTuple):
    """How a system did."""

    scores: dict[str, list[float]]
    kinds: Counter[str]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="names of systems, with commas between them")
    args = parser.parse_args()
    places = [args.folder / "pollock_weights.json", args.folder.parent / "pollock_weights.json"]
    found = next((path for path in places if path.exists()), None)
    weights = json.loads(found.read_text()) if found else {}
    print("                          simple  weighted  right warned  refused  silent    seconds")
    with tempfile.TemporaryDirectory(prefix="pollock-") as folder:
        wanted = args.only.split(",") if args.only else []
        for name, loader in _systems(Path(folder)).items():
            if not wanted or name in wanted:
                _print(name, run(args.folder, loader), weights)


def run(folder: Path, load: Loader) -> Result:
    """Load all files of the benchmark."""
    scores: dict[str, list[float]] = {}
    kinds: Counter[str] = Counter()
    seconds = 0.0
    for path in sorted((folder / "csv").iterdir()):
        clean = read_rows(folder / "clean" / path.name)
        given = folder / "parameters" / f"{path.name}_parameters.json"
        parameters = json.loads(given.read_text()) if given.exists() else {}
        start = time.perf_counter()
        loaded = _loaded(path, load)
        seconds += time.perf_counter() - start
        scores[path.name] = measures(clean, loaded.rows if loaded else None)
        kinds[judge(clean, loaded, parameters) if loaded else "refused"] += 1
    return Result(scores, kinds, seconds)


def _loaded(path: Path, load: Loader) -> Loaded | None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = load(path)
        except Exception:  # whatever a reader raises, it refuses the file
            return None
    warned = any(issubclass(each.category, UserWarning | RuntimeWarning) for each in caught)
    # Line ends in fields are those of a file that is opened as text, as the benchmark does it.
    rows = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in found.rows]
    return Loaded(rows, found.warned + warned, found.is_named, found.is_invented)


def _print(name: str, result: Result, weights: Mapping[str, float]) -> None:
    heavy = f"{weighted(result.scores, weights):8.3f}" if weights else "       -"
    kinds = result.kinds
    print(
        f"{name:24}{simple(result.scores):8.3f}  {heavy}{kinds['right']:7}{kinds['warned']:7}"
        f"{kinds['refused']:9}{kinds['silent']:8}{result.seconds:11.1f}",
        flush=True,
    )


def _systems(folder: Path) -> dict[str, Loader]:
    lenient = {"strict_mode": False, "ignore_errors": True, "null_padding": True, "parallel": False}
    systems: dict[str, Loader] = {
        "ours": _ours(folder),
        "DuckDB": _by_duckdb,
        "DuckDB, rejects stored": lambda path: _by_duckdb(path, store_rejects=True),
        "DuckDB, lenient": lambda path: _by_duckdb(path, **lenient),
        "pandas": _by_pandas,
        "pandas, sniffing": lambda path: _by_pandas(path, sep=None, engine="python"),
    }
    others = {"polars": _by_polars, "clevercsv": _by_clevercsv}
    return systems | {name: load for name, load in others.items() if importlib.util.find_spec(name)}


def _ours(folder: Path) -> Loader:
    session, table = DuckDbSession(folder), folder / "table.parquet"

    def load(path: Path) -> Loaded:
        copy = folder / "file.csv"
        copy.write_bytes(path.read_bytes())
        reading = read_csv(copy, table, session=session, name=path.name)
        rows = session.rows(f"SELECT * FROM read_parquet({literal(str(table))})")
        is_invented = not reading.dialect.has_header
        return Loaded(
            _texts(reading.dialect.columns, rows), len(reading.rejected), is_invented=is_invented
        )

    return load


def _by_duckdb(path: Path, **options: Any) -> Loaded:
    with duckdb.connect() as connection:
        found = connection.read_csv(io.BytesIO(path.read_bytes()), **options)
        rows = _texts(found.columns, found.fetchall())
        warned = 0
        if options.get("store_rejects"):
            counted = connection.execute(
                "SELECT count(DISTINCT line) FROM reject_errors"
            ).fetchone()
            warned = counted[0] if counted else 0
    return Loaded(rows, warned)


def _by_pandas(path: Path, **options: Any) -> Loaded:
    import pandas as pd

    shown = pd.read_csv(path, **options).to_csv(index=False)
    return Loaded(list(csv.reader(io.StringIO(shown, newline=""))))


def _by_polars(path: Path) -> Loaded:
    import polars as pl

    frame = pl.read_csv(path.read_bytes())
    return Loaded(_texts(frame.columns, frame.rows()))


def _by_clevercsv(path: Path) -> Loaded:
    import clevercsv

    return Loaded(clevercsv.read_table(str(path)), is_named=False)


def _texts(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Rows:
    return [list(map(str, names)), *([_text(value) for value in row] for row in rows)]


def _text(value: Any) -> str:
    """A value as the shortest text that gives it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value)


if __name__ == "__main__":
    main()
