"""Delimiter and header are those that divide the file evenly; what was decided is said."""

from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets_tests.csvs.reading.reads import read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "\x01", " "])
def test_each_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "name", "rate"], ["1", "Ann", "2.5"], ["2", "Bob", "3.5"]]
    found = read(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))
    assert found.columns == ("id", "name", "rate")
    assert found.rows == [(1, "Ann", 2.5), (2, "Bob", 3.5)]


def test_blanks_after_all_delimiters_belong_to_them(tmp_path: Path) -> None:
    found = read(tmp_path, 'id, name\n1, "Smith, John"\n2, Bob\n')
    assert (found.columns, found.rows) == (("id", "name"), [(1, "Smith, John"), (2, "Bob")])


def test_a_delimiter_of_the_names_alone_divides_nothing(tmp_path: Path) -> None:
    assert (
        read(tmp_path, "ts,Q1 (yes|no),Q2\n2024,yes,no\n2025,no,no\n").columns[1] == "Q1 (yes|no)"
    )


def test_single_quotes_are_found_where_they_divide_evenly(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name\n1,'Smith, John'\n2,'O''Hara, Ann'\n3,'x'\n")
    assert [row[1] for row in found.rows] == ["Smith, John", "O'Hara, Ann", "x"]


@pytest.mark.parametrize(
    "above",
    [
        "Report of 2024\n",
        "# exported 2024-01-01\n",
        "\n\n",
        "Title\nmade by somebody\n\n",
        "T,,\n,,\n",
    ],
)
def test_lines_above_the_header_are_passed_over_and_named(tmp_path: Path, above: str) -> None:
    found = read(tmp_path, above + "id,name,x\n1,a,2\n2,b,3\nbad\n")
    assert found.columns == ("id", "name", "x")
    assert found.rows == [(1, "a", 2), (2, "b", 3)]
    assert found.rejected == [above.count("\n") + 4]


def test_why_the_header_is_where_it_is_stands_in_the_notes(tmp_path: Path) -> None:
    found = read(tmp_path, "Report\nof 2024\nid,name\n1,a\n2,b\n")
    assert found.reading.dialect.notes == ("header in line 3: 2 lines above it have 1 field",)


@pytest.mark.parametrize("quote", ["", '"'])
def test_the_line_of_excel_names_the_delimiter(tmp_path: Path, quote: str) -> None:
    found = read(tmp_path, f"{quote}sep=;{quote}\nid;name\n1;a,b\n")
    assert (found.columns, found.rows) == (("id", "name"), [(1, "a,b")])


@pytest.mark.parametrize(
    "first", ["1,Ann,2.5", "2/28/2008,1:00:00,NaN", '"00000001","0001","91"', "$1.50,a,01-Jan-1995"]
)
def test_a_file_of_values_alone_has_no_header(tmp_path: Path, first: str) -> None:
    found = read(tmp_path, "\n".join([first] * 3) + "\n")
    assert found.columns == ("column_1", "column_2", "column_3")
    assert len(found.rows) == 3


def test_years_may_name_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "Country,Code,1960,1961\nAruba,ABW,54608,55811\nEast,AFE,13,14\n")
    assert found.columns == ("Country", "Code", "1960", "1961")


def test_units_below_the_names_are_no_row_and_are_named(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-0{n},{n}.5,{n}\n" for n in range(1, 5))
    found = read(tmp_path, "time,lat,depth\nUTC,degrees_north,m\n" + rows)
    assert found.types == ["DATE", "DOUBLE", "BIGINT"]
    assert found.reading.dialect.notes == ("line 2 names units: UTC,degrees_north,m",)


def test_a_footer_is_rejected_and_types_are_those_of_the_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "id,x\n1,1.5\n2,2.5\n\nSource: somebody\n")
    assert (found.types, found.rejected) == (["BIGINT", "DOUBLE"], [5])


def test_declared_lines_are_skipped_whatever_they_hold(tmp_path: Path) -> None:
    found = read(tmp_path, 'a "title, with\nquotes,\nid,x\n1,2\n3\n', skip=2)
    assert (found.columns, found.rows, found.rejected) == (("id", "x"), [(1, 2)], [5])


def test_prose_is_refused_and_a_list_of_names_is_not(tmp_path: Path) -> None:
    for text in (
        "# A project\n\nIt reads files, and it writes them.\n- one\n- two\n",
        "It reads files, and it writes them.\nThat is all it does; nothing more is meant.\n"
        "See the documentation for how it works, please.\n",
        "a: 1\nb: 2\nc:\n  - x\n",
    ):
        with pytest.raises(CsvRejected, match="no delimiter divides its lines evenly"):
            read(tmp_path, text)
    found = read(tmp_path, "name\nSmith, John\nDoe; Jane\na|b, c\n")
    assert (found.columns, len(found.rows)) == (("name",), 3)


def test_quotes_that_enclose_nothing_are_data(tmp_path: Path) -> None:
    found = read(tmp_path, 'id\ttitle\tyear\n1\t"Giliap"\t1975\n2\t"Rome in Flames\t1966\n')
    assert [row[1] for row in found.rows] == ['"Giliap"', '"Rome in Flames']


def test_quotes_far_below_the_sample_are_quotes(tmp_path: Path) -> None:
    lines = [f"{n}|plain row number {n}" for n in range(60_000)]
    lines[45_000] = '45000|"a|b"'
    found = read(tmp_path, "\n".join(["id|t", *lines, ""]))
    assert found.rows[45_000] == (45_000, "a|b")
    assert found.rejected == []
