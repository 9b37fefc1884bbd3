"""Runs in the second engine's environment: SQL from standard input, rows as JSON to the output.

Nothing of this project is imported here but by tests, which make their own rows plain with `plain`.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_EXTENSIONS = ("avro", "httpfs", "iceberg")


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"at {moment.astimezone(UTC).isoformat()}"


#: A datetime is a date too, and stands before it.
_TEXTS: dict[type, Callable[[Any], str]] = {
    datetime: _moment,
    date: lambda value: f"on {value.isoformat()}",
    time: lambda value: f"on {value.isoformat()}",
    Decimal: lambda value: f"decimal {value}",
    float: lambda value: f"float {value!r}",
    bytes: lambda value: f"bytes {value.hex()}",
}


def plain(value: Any) -> Any:
    """A value as JSON has it, the same for equal values of whatever engine."""
    for kind, text in _TEXTS.items():
        if isinstance(value, kind):
            return text(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def main() -> None:
    """Load the extensions from their packages, without any network, and send the results."""
    import duckdb

    given = json.load(sys.stdin)
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as db:
        for name in _EXTENSIONS:
            package = find_spec(f"duckdb_extension_{name}")
            assert package is not None
            assert package.origin is not None
            (path,) = Path(package.origin).parent.glob(f"extensions/*/{name}.duckdb_extension")
            db.execute(f"LOAD '{path}'")
        db.execute("SET TimeZone = 'UTC'")
        db.execute(given["preparation"])
        results = [_rows(db, query) for query in given["queries"]]
    json.dump(results, sys.stdout)


def _rows(db: Any, query: str) -> list[Any]:
    # A moment with a time zone would need another package to become Python's.
    columns = ", ".join(
        f"timezone('UTC', {_quoted(row[0])}) AS {_quoted(row[0])}"
        if row[1] == "TIMESTAMP WITH TIME ZONE"
        else _quoted(row[0])
        for row in db.execute(f"DESCRIBE {query}").fetchall()
    )
    found = db.execute(f"SELECT {columns} FROM ({query})").fetchall()
    return [[plain(value) for value in row] for row in found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
