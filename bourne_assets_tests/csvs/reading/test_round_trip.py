"""A table of any texts, written with any dialect of Python's csv, is read back as it was."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bourne_assets_tests.csvs.reading.reads import read

_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from("\",;|\t\\\n\r' aé1"),
    max_size=8,
)
_TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(_TEXTS, min_size=width, max_size=width), max_size=5)
)


@st.composite
def _dialects(draw: st.DrawFn) -> dict[str, Any]:
    quoting = draw(
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE, csv.QUOTE_NONNUMERIC])
    )
    escape = draw(st.sampled_from([None, "\\"]))
    return {
        "delimiter": draw(st.sampled_from(",;|\t ~^:\x01\x1f")),
        "quotechar": draw(st.sampled_from("\"'")),
        "quoting": quoting,
        "doublequote": draw(st.booleans()),
        "escapechar": escape,
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
    }


@settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_TABLES, _dialects())
def test_any_table_in_any_dialect_is_read_back(
    table: list[list[str]], dialect: dict[str, Any]
) -> None:
    width = len(table[0]) if table else 2
    # A carriage return that the writer leaves bare before its line end is half of a line end.
    assume(not any(row[-1].endswith("\r") for row in table))
    names = [f"n{number}" for number in range(width)]
    file = io.StringIO(newline="")
    try:
        csv.writer(file, **dialect).writerows([names, *table])
    except csv.Error:  # what this dialect cannot write
        assume(False)
    options: dict[str, Any] = {
        "delimiter": dialect["delimiter"],
        "quote": "" if dialect["quoting"] == csv.QUOTE_NONE else dialect["quotechar"],
        "header": True,
        "types": dict.fromkeys(names, "VARCHAR"),
    }
    if dialect["escapechar"]:
        options["escape"] = dialect["escapechar"]
    elif not dialect["doublequote"]:
        assume(False)
    with TemporaryDirectory() as folder:
        found = read(Path(folder), file.getvalue(), **options)
    expected = [row for row in table if width == 1 or any(row) or True]
    assert found.rejected == []
    assert [[value or "" for value in row] for row in found.rows] == expected


@settings(
    deadline=None,
    max_examples=40,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.lists(st.sampled_from(["Ann, Lee", "Bob", 'a "b"', "x;y", "5"]), min_size=12, max_size=30),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(",;"),
    st.data(),
)
def test_a_quote_that_is_lost_or_too_many_costs_no_other_line(
    names: list[str], quoting: Any, delimiter: str, data: st.DataObject
) -> None:
    rows = [[str(n), name, f"{n}.5", f"in {delimiter}{name}"] for n, name in enumerate(names)]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([["id", "name", "v", "note"], *rows])
    lines = file.getvalue().splitlines()
    broken = data.draw(st.integers(1, len(rows)))
    line = lines[broken]
    place = data.draw(st.sampled_from([n for n, char in enumerate(line) if char == '"']))
    lines[broken] = line[:place] + data.draw(st.sampled_from(["", '""'])) + line[place + 1 :]
    with TemporaryDirectory() as folder:
        types = dict.fromkeys(["id", "name", "v", "note"], "VARCHAR")
        found = read(Path(folder), "\n".join(lines) + "\n", types=types)
    expected = [tuple(row) for row in rows if row[0] != str(broken - 1)]
    assert [row for row in found.rows if row in expected] == expected
    assert len(found.rows) <= len(rows)
