"""Tables read by a second engine, by what `bourne lake attach duckdb` prints: equal hashes."""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.iceberg.catalogue import catalogue_properties, open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.merge import merge
from bourne_assets.iceberg.tables import ensure_table, evolve, open_table
from bourne_assets.lake import embedded
from bourne_assets.query.attach import attach
from bourne_assets.star.observations import with_observations
from bourne_assets.star.storage import keep_star, read_star
from bourne_assets_tests.answers.builders import films_of_2017
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.saga.test_history import seen
from bourne_assets_tests.star.test_dimensions import BOURNE
from bourne_assets_tests.star.test_observations import DAY, NOON
from bourne_assets_tests.support.second_engine import read_with_it
from bourne_assets_tests.support.second_engine.read import plain

RUN = Provenance("0a1b2c3d-0000-4000-8000-00000000000a")
_TYPES = pa.schema(
    [
        ("id", pa.int64()),
        ("small", pa.int32()),
        ("name", pa.string()),
        ("share", pa.float64()),
        ("price", pa.decimal128(12, 3)),
        ("is_new", pa.bool_()),
        ("day", pa.date32()),
        ("hour", pa.time64("us")),
        ("moment", pa.timestamp("us", "UTC")),
        ("local", pa.timestamp("us")),
        ("raw", pa.binary()),
    ]
)


def _row(number: int, name: str | None) -> dict[str, Any]:
    moment = datetime(2026, 11, 1 + number % 28, 23, 59, 59, 123456, tzinfo=UTC)
    return {
        "id": number,
        "small": -number,
        "name": name,
        "share": number / 7,
        "price": Decimal(number) / 8,
        "is_new": number % 2 == 0,
        "day": date(1 + number, 1, 31),
        "hour": time(number % 24, 5, 6, 7),
        "moment": moment,
        "local": moment.replace(tzinfo=None),
        "raw": bytes([number % 256]),
    }


def _every_way_of_writing(catalogue: Catalog) -> list[int | None]:
    """The table `trusted.typed`, written to in every way; its snapshots so far, oldest first."""
    table = ensure_table(catalogue, "trusted.typed", _TYPES)
    some = [_row(number, f"é{number}") for number in range(50)] + [dict.fromkeys(_TYPES.names)]
    first = append_arrow(table, pa.Table.from_pylist(some, _TYPES), RUN).snapshot_id
    wider = _TYPES.set(1, pa.field("small", pa.int64())).append(pa.field("new", pa.string()))
    evolve(table, wider)
    changed = [{**_row(number, None), "new": "x"} for number in range(40, 60)]
    merge(table, pa.Table.from_pylist(changed, wider), ["id"], RUN)
    append_arrow(table, pa.Table.from_pylist([_row(99, "last")], _TYPES), RUN)
    return [first, None]


def _hash(rows: Iterable[Iterable[Any]]) -> tuple[int, str]:
    lines = sorted(json.dumps(list(row), ensure_ascii=False, sort_keys=True) for row in rows)
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _attachment(properties: dict[str, str]) -> str:
    """What the command prints, for a DuckDB that is not its shell and has the extensions."""
    text = attach("duckdb", properties).replace("INSTALL iceberg; LOAD iceberg; ", "")
    text = text.replace("INSTALL httpfs; LOAD httpfs;", "").partition("SELECT * FROM lake.")[0]
    variables = {
        "AWS_ACCESS_KEY_ID": properties["s3.access-key-id"],
        "AWS_SECRET_ACCESS_KEY": properties["s3.secret-access-key"],
    }
    return re.sub(r"getenv\('(\w+)'\)", lambda match: f"'{variables[match[1]]}'", text)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_another_engine_reads_the_same_rows_of_every_table(tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()
    with embedded.connect(tmp_path / "home", BUCKET) as server:
        catalogue = open_catalogue(server.lake, tmp_path)
        typed = [("trusted.typed", snapshot) for snapshot in _every_way_of_writing(catalogue)]
        for day in (23, 24):
            (folder / "sales.csv").write_text(f"id,amount,on\n{day},1.50,2026-11-{day}\n")
            tables = DatasetTables(lambda: catalogue)
            land_csv_files(find_csv_files(folder), server.lake, date(2026, 11, day), tables=tables)
        for when in (NOON, NOON + DAY):
            before = read_star(catalogue, BOURNE)
            star = with_observations(before, BOURNE, seen(when, *films_of_2017()))
            keep_star(catalogue, BOURNE, before, star, RUN)
        others = ["trusted.sales", "refined.fact_film_day", "refined.dim_film", "refined.dim_date"]
        requested = [*typed, *((name, None) for name in others)]
        ours = []
        for name, snapshot in requested:
            rows = open_table(catalogue, name).scan(snapshot_id=snapshot).to_arrow().to_pylist()
            ours.append(_hash(map(plain, row.values()) for row in rows))
        theirs = read_with_it(
            _attachment(catalogue_properties(server.lake, tmp_path)),
            [
                f"SELECT * FROM lake.{name}" + (f" AT (VERSION => {snapshot})" if snapshot else "")
                for name, snapshot in requested
            ],
        )
    assert [_hash(rows) for rows in theirs] == ours
    assert [count for count, _ in ours] == [51, 62, 1, 10, 5, 2]
