"""A typed value says exactly what the text of the file says, or the column is text."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bourne_assets.csvs.reading.kinds import plain_family
from bourne_assets_tests.csvs.reading.reads import read
from bourne_assets_tests.support.tiers import in_every_run


def _column(folder: Path, *values: str) -> tuple[str, list[Any]]:
    text = "id,x\n" + "".join(f"a{n},{value}\n" for n, value in enumerate(values))
    found = read(folder, text)
    return found.types[1], [row[1] for row in found.rows]


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        (["1", "-20", ""], "BIGINT", [1, -20, None]),
        (["1.50", "2", "-0.25"], "DOUBLE", [1.5, 2.0, -0.25]),
        (["12345678901234567890", "1"], "DECIMAL(38,0)", [12345678901234567890, 1]),
        (
            ["82544000000000707.52", "0.01"],
            "DECIMAL(19,2)",
            [Decimal("82544000000000707.52"), Decimal("0.01")],
        ),
        (  # as a DOUBLE it would end in 6
            ["9007199254740995", "0.5"],
            "DECIMAL(17,1)",
            [Decimal(9007199254740995), Decimal("0.5")],
        ),
        (["2024-01-31", "1999-12-01"], "DATE", [date(2024, 1, 31), date(1999, 12, 1)]),
        (
            ["2024-01-31 10:00:01", "2024-01-31T10:00:01.25"],
            "TIMESTAMP",
            [datetime(2024, 1, 31, 10, 0, 1), datetime(2024, 1, 31, 10, 0, 1, 250_000)],  # noqa: DTZ001 - the file has no zone
        ),
        (
            ["2024-01-31T10:00:01Z", "2024-01-31 10:00:01+00:00"],
            "TIMESTAMP WITH TIME ZONE",
            [datetime(2024, 1, 31, 10, 0, 1, tzinfo=UTC)] * 2,
        ),
        (["true", "False"], "BOOLEAN", [True, False]),
    ],
)
def test_plain_values_are_typed(
    tmp_path: Path, values: list[str], kind: str, stored: list[Any]
) -> None:
    assert _column(tmp_path, *values) == (kind, stored)


@pytest.mark.parametrize(
    "values",
    [
        ["02134", "10001"],
        ["+5511999990000"],
        ["1_000", "2_000"],
        ["1E3", "12E12"],
        ["0x046d"],
        ["123456789012345678901234567890123456789"],
        ["0.1234567890123456789012345678901234567891"],
        ["inf", "1"],
        ["NaN", "1.5"],
        ["2025-01-01 23:00:00.020643808"],
        ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00"],
        ["2024-01-01T10:00:00+02:00"],
        ["2024-01-01", "2024-01-01 10:00:00"],
        ["2023-02-29"],
        ["1/2/19"],
        ["03/02/2018"],
        ["3:45", "12:07"],
        ["T", "F"],
        ["yes", "no"],
        ["-0", "1"],
    ],
)
def test_values_that_a_type_would_change_are_text(tmp_path: Path, values: list[str]) -> None:
    assert _column(tmp_path, *values) == ("VARCHAR", values)


@pytest.mark.parametrize("quote", in_every_run(["", '"']))
def test_a_value_far_below_the_sample_decides_the_type_of_its_column(
    tmp_path: Path, quote: str
) -> None:
    lines = [f"{n},{quote}{n}{quote}" for n in range(250_000)]
    lines[180_000] = f"180000,{quote}1.5{quote}"
    found = read(tmp_path, "id,x\n" + "\n".join(lines) + "\n")
    assert found.types == ["BIGINT", "DOUBLE"]
    assert found.rows[180_000] == (180_000, 1.5)


@pytest.mark.exhaustive
def test_columns_with_single_misfits_far_below_the_sample_are_text_and_no_others(
    tmp_path: Path,
) -> None:
    lines = [f"{n},{n}.5,2020-01-01,{n},true" for n in range(300_000)]
    for n, line in {120_000: "5.2e-05,1.5", 150_000: "150001,x", 180_000: "1,1E5"}.items():
        lines[n] = f"{line},2020-01-01,7,true"
    found = read(tmp_path, "id,x,day,n,flag\n" + "\n".join(lines) + "\n")
    assert found.types == ["VARCHAR", "VARCHAR", "DATE", "BIGINT", "BOOLEAN"]
    assert found.reading.almost == {
        "id": "would be BIGINT but for 1 value, the first in line 120,002",
        "x": "would be DOUBLE but for 2 values, the first in line 150,002",
    }


@pytest.mark.parametrize("header", in_every_run([b"id,xxx\r\n", b"id,xxxx\r\n", b"id,xxxxx\r\n"]))
def test_half_a_line_end_at_the_end_of_the_sample_changes_no_type(
    tmp_path: Path, header: bytes
) -> None:
    rows = [b"%d.5,%d\r\n" % (n, n) for n in range(100_000, 145_000)]
    assert read(tmp_path, header + b"".join(rows)).types == ["DOUBLE", "BIGINT"]


def test_rows_keep_the_order_of_the_file_beside_truth_values(tmp_path: Path) -> None:
    lines = [f"{n},{str(n % 3 == 0).lower()},{n}.25" for n in range(250_000)]
    found = read(tmp_path, "id,flag,x\n" + "\n".join(lines) + "\n")
    assert [row[0] for row in found.rows] == list(range(250_000))


def test_numbers_of_seventeen_digits_are_numbers_where_a_double_prints_them_so(
    tmp_path: Path,
) -> None:
    exact = ["0.8469598062476803", "0.06670108260572805", "17.5"]
    assert _column(tmp_path, *exact) == ("DOUBLE", [float(text) for text in exact])
    assert _column(tmp_path, *exact, "0.84695980624768031")[0] == "DECIMAL(19,17)"


def test_a_column_that_is_nearly_numeric_says_which_value_is_not_a_number(tmp_path: Path) -> None:
    lines = ["id,x", *(f"{n},{n}" for n in range(2, 60)), "60,n/a", "bad", "61,0x3"]
    found = read(tmp_path, "\n".join(lines))
    assert found.types == ["BIGINT", "VARCHAR"]
    assert found.reading.almost == {"x": "would be BIGINT but for 2 values, the first in line 60"}


def test_a_line_that_blank_lines_make_uncertain_is_not_named(tmp_path: Path) -> None:
    lines = ["id,x", *(f"{n},{n}" for n in range(50)), "", "", "50,n/a", *(f"{n},1" for n in "123")]
    found = read(tmp_path, "\n".join(lines))
    assert found.reading.almost == {"x": "would be BIGINT but for 1 value"}


@pytest.mark.exhaustive
def test_hundreds_of_columns_have_each_the_type_of_all_its_values(tmp_path: Path) -> None:
    row, late = ['"a\nb"', *["7"] * 299], ['"a\nb"', *["7", "1.5", "x"] * 99, "7", "7"]
    names = ",".join(f"c{n}" for n in range(300))
    found = read(tmp_path, "\n".join([names, *[",".join(row)] * 20, ",".join(late), ""]))
    assert found.types[1:4] == found.types[295:298] == ["BIGINT", "DOUBLE", "VARCHAR"]
    assert found.rows[20][:4] == ("a\nb", 7, 1.5, "x")


def test_a_rejected_line_has_no_vote(tmp_path: Path) -> None:
    assert read(tmp_path, "id,x\n1,2\nSource: somebody\n3,4\nx\n").types == ["BIGINT", "BIGINT"]


def test_declared_formats_and_words_type_columns(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "day;at;paid;price\n31/01/2024;31/01/2024 10:00;sim;1.234,5\n01/02/2024;;não;2\n",
        date_format="%d/%m/%Y",
        timestamp_format="%d/%m/%Y %H:%M",
        true=["sim"],
        false=["não"],
        decimal=",",
        thousands=".",
    )
    assert found.types == ["DATE", "TIMESTAMP", "BOOLEAN", "DOUBLE"]
    assert found.rows == [
        (date(2024, 1, 31), datetime(2024, 1, 31, 10, 0), True, 1234.5),  # noqa: DTZ001 - no zone
        (date(2024, 2, 1), None, False, 2.0),
    ]


def test_declared_words_may_be_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "id,x,y\n5,1,1\n6,0,2\n", true=["1"], false=["0"])
    assert found.types == ["BIGINT", "BOOLEAN", "BIGINT"]


def test_dates_in_a_declared_format_may_look_like_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "day,n\n20240131,5\n20241231,20240199\n", date_format="%Y%m%d")
    assert found.types == ["DATE", "BIGINT"]
    assert [str(row[0]) for row in found.rows] == ["2024-01-31", "2024-12-31"]


@pytest.mark.parametrize("quoted", ["", '"'])
def test_a_value_that_is_not_of_its_declared_type_rejects_its_line_by_name(
    tmp_path: Path, quoted: str
) -> None:
    text = f"id,x,y\n1,{quoted}100{quoted},a\n2,n/a,b\n3,1.5,c\n4,7,d\n"
    found = read(tmp_path, text, types={"X": "int"})
    assert found.rows == [(1, 100, "a"), (4, 7, "d")]
    assert [(line.line, line.reason, line.text) for line in found.reading.rejected] == [
        (3, "x is 'n/a', which is not of the type INTEGER", "2,n/a,b"),
        (4, "x is '1.5', which is not of the type INTEGER", "3,1.5,c"),
    ]


def test_a_value_that_is_not_of_its_declared_type_may_be_null_and_is_counted(
    tmp_path: Path,
) -> None:
    found = read(tmp_path, "id,x\n1,n/a\n2,5\n", types={"x": "BIGINT"}, on_error="null")
    assert found.rows == [(1, None), (2, 5)]
    assert found.reading.cast_failures == {"x": (1, "n/a")}


def test_a_declared_number_with_decimal_commas_is_read_so(tmp_path: Path) -> None:
    found = read(tmp_path, "m;v\nA;1,5\nB;1.234,75\n", types={"v": "DOUBLE"})
    assert found.rows == [("A", 1.5), ("B", 1234.75)]
    ambiguous = read(tmp_path, "m;v\nA;1,500\nB;1,234\n", types={"v": "DOUBLE"})
    assert (ambiguous.rows, ambiguous.rejected) == ([], [2, 3])


@pytest.mark.parametrize(
    "odd", in_every_run(["infinity", "-infinity", "12024-01-01", "0044-03-15 (BC)"])
)
def test_a_day_that_no_calendar_has_keeps_its_column_text_however_far_down_it_stands(
    tmp_path: Path, odd: str
) -> None:
    lines = [f"{n},2024-01-31" for n in range(150_000)]
    lines[80_000] = f"80000,{odd}"
    found = read(tmp_path, "id,day\n" + "\n".join(lines) + "\n")
    assert (found.types[1], found.rows[80_000][1]) == ("VARCHAR", odd)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("DOUBLE", ["1.10", "1e5", "-0.5", "0.30000000000000004"], ["1e400", "9007199254740993"]),
        ("FLOAT", ["0.1", "16777216"], ["16777217", "1e-60"]),
        ("DECIMAL(5,2)", ["1.2", "1.230"], ["1.234", "12345", "1e2"]),
        ("TIME", ["10:00", "9:00:00.123456"], ["10:00:00.1234567", "24:00:00", "2024-01-01"]),
        ("TIMESTAMP", ["2024-01-01 10:00:00.5"], ["2024-01-01 10:00:00.1234567", "infinity"]),
        ("TIMESTAMP_S", ["2024-01-01 10:00:00"], ["2024-01-01 10:00:00.5"]),
        ("DATE", ["2024-01-05"], ["epoch", "today", "12024-01-01", "2023-02-29"]),
        ("INTEGER", ["7"], ["1.5", "2147483648", "0x10"]),
        ("BOOLEAN", ["true", "0"], ["2", "maybe"]),
        ("HUGEINT", ["12345678901234567890", "-7"], ["1" + "0" * 38, "1.5"]),
        ("TIME WITH TIME ZONE", ["10:00:00+02"], ["24:30:00+00"]),
    ],
)
def test_a_value_that_its_declared_type_would_change_is_named(
    tmp_path: Path, kind: str, right: list[str], wrong: list[str]
) -> None:
    text = "id,x\n" + "".join(f"{n},{value}\n" for n, value in enumerate([*right, *wrong]))
    found = read(tmp_path, text, types={"x": kind})
    assert found.rejected == [n + 2 for n in range(len(right), len(right) + len(wrong))]
    lenient = read(tmp_path, text, types={"x": kind}, on_error="null")
    assert lenient.reading.cast_failures == {"x": (len(wrong), wrong[0])}


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        ("HUGEINT", "12345678901234567891", Decimal(12345678901234567891)),
        ("TIME WITH TIME ZONE", "10:00:00+02", "10:00:00+02"),
    ],
)
def test_a_declared_type_that_files_of_tables_lack_is_held_without_loss(
    tmp_path: Path, kind: str, text: str, stored: Any
) -> None:
    assert read(tmp_path, f"id,x\n1,{text}\n", types={"x": kind}).rows == [(1, stored)]


def test_a_declared_format_takes_nothing_that_it_does_not_say(tmp_path: Path) -> None:
    text = "id,day\n1,31/01/2024\n2,infinity\n3,31/01/24\n4,epoch\n"
    found = read(tmp_path, text, date_format="%d/%m/%Y", types={"day": "DATE"})
    assert (found.rows, found.rejected) == ([(1, date(2024, 1, 31))], [3, 4, 5])


def test_a_format_with_an_offset_says_an_instant(tmp_path: Path) -> None:
    text = "id,at\n1,2024-01-31 10:30 +0200\n2,2024-01-31 10:30 -0300\n"
    found = read(tmp_path, text, timestamp_format="%Y-%m-%d %H:%M %z")
    assert found.types[1] == "TIMESTAMP WITH TIME ZONE"
    assert [row[1] for row in found.rows] == [
        datetime(2024, 1, 31, 8, 30, tzinfo=UTC),
        datetime(2024, 1, 31, 13, 30, tzinfo=UTC),
    ]


@given(st.text(alphabet="0123456789-+.eE_ ", min_size=1, max_size=22))
@example("9007199254740993")
@example("0.30000000000000004")
def test_what_is_taken_for_a_plain_number_is_one(text: str) -> None:
    if plain_family(text) == "number":
        assert not text.startswith(("+", "00"))
        assert Decimal(text).is_finite()
        assert "e" not in text.lower()
