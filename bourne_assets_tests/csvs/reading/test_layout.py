"""Delimiter and header are those that split the file evenly; what was decided is reported."""

import csv
import io
import re
from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.translations import retold
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
        "# made by a, b\n# on, Monday,\n#\n",
        "##made,by,me\n# a\n",
        "\n\n",
        "Title\nmade by somebody\n\n",
        "T,,\n,,\n",
        "Made,2024-01-01,\n",
        "T,,\nMade,2024-01-01,\n,,\n",
    ],
)
def test_lines_above_the_header_are_passed_over_and_named(tmp_path: Path, above: str) -> None:
    found = read(tmp_path, above + "id,name,x\n1,a,2\n2,b,3\nbad\n")
    assert found.columns == ("id", "name", "x")
    assert found.rows == [(1, "a", 2), (2, "b", 3)]
    assert found.rejected == [above.count("\n") + 4]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Title,Films\nMade,2024-01-01\n\nid,name,v\n" + "1,a,2\n" * 3, ("id", "name", "v")),
        ("Title,Films\nMade,2024-01-01\nid,name,v\n" + "1,a,2\n" * 6, ("id", "name", "v")),
        (  # as the World Bank writes it
            "Source,WDI,\n\nUpdated,2019-03-21,\n\nName,Code,1960,1961,\n" + "A,AB,1,2,\n" * 3,
            ("Name", "Code", "1960", "1961", "column_5"),
        ),
    ],
)
def test_keys_with_values_above_a_wider_table_are_not_a_table(
    tmp_path: Path, text: str, names: tuple[str, ...]
) -> None:
    found = read(tmp_path, text)
    assert (found.columns, found.rejected) == (names, [])
    assert len({*found.rows}) == 1


def test_names_behind_a_sign_of_comments_are_the_header(tmp_path: Path) -> None:
    found = read(tmp_path, "##made,by me\n#chrom,pos\n1,100\n2,200\n")
    assert (found.columns, found.rows) == (("#chrom", "pos"), [(1, 100), (2, 200)])


def test_why_the_header_is_where_it_is_stands_in_the_notes(tmp_path: Path) -> None:
    found = read(tmp_path, "Report\nof 2024\nid,name\n1,a\n2,b\n")
    assert found.reading.dialect.notes == ("header in line 3: 2 lines above it have 1 field",)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "Report\nof 2024\nid,name\n1,a\n2,b\n",
            "cabeçalho na linha 3: 2 linhas acima dele têm 1 campo",
        ),
        ("sep=;\nid;name\n1;a\n2;b\n", "a linha 1 nomeia o delimitador: sep=;"),
        ("id,name\n--,----\n1,a\n2,b\n", "a linha 2 traça um risco abaixo dos nomes"),
        (
            "a,b c;d\n1,2 3;4\n",
            "',' e ';' dividem as poucas linhas igualmente bem: vale o primeiro",
        ),
    ],
)
def test_the_notes_are_read_in_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, note: str
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    assert [retold(each) for each in read(tmp_path, text).reading.dialect.notes] == [note]


@pytest.mark.parametrize(
    "first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffSep=;", '"Sep=;"', "sep=;;;"]
)
def test_the_line_of_excel_names_the_delimiter(tmp_path: Path, first: str) -> None:
    found = read(tmp_path, f"{first}\nid;a,b\n1;a,b\n")
    assert (found.columns, found.rows) == (("id", "a,b"), [(1, "a,b")])


def test_a_header_of_groups_and_names_is_joined(tmp_path: Path) -> None:
    text = "Country,Population,,GDP,\n,2019,2020,2019,2020\nUS,1,2,3,4\nUK,2,3,4,5\n"
    found = read(tmp_path, text)
    groups = ("Population 2019", "Population 2020", "GDP 2019", "GDP 2020")
    assert found.columns == ("Country", *groups)
    assert found.rows == [("US", 1, 2, 3, 4), ("UK", 2, 3, 4, 5)]
    assert "2 lines" in found.reading.dialect.notes[0]


def test_a_row_below_a_header_with_a_name_missing_stays_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name,\n,a,x\n2,b,y\n,c,z\n")
    assert [row[0] for row in found.rows] == [None, 2, None]


@pytest.mark.parametrize(
    "first", ["1,Ann,2.5", "2/28/2008,1:00:00,NaN", '"00000001","0001","91"', "$1.50,a,01-Jan-1995"]
)
def test_a_file_of_values_alone_has_no_header(tmp_path: Path, first: str) -> None:
    found = read(tmp_path, "\n".join([first] * 3) + "\n")
    assert found.columns == ("column_1", "column_2", "column_3")
    assert len(found.rows) == 3


@pytest.mark.parametrize("row", ["5", "7,2024-01-01,2.5", "Ann,5,7.5", '"00000001";"LOJA"'])
def test_a_single_line_of_values_is_a_row(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, row)
    assert (len(found.rows), found.columns[0]) == (1, "column_1")


@pytest.mark.parametrize("header", ["a", "id;name", "name,2024", "geo,2019,2020"])
def test_a_single_line_of_names_is_a_header(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, header)
    assert (found.rows, found.columns) == ([], tuple(re.split("[,;]", header)))


def test_years_may_name_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "Country,Code,1960,1961\nAruba,ABW,54608,55811\nEast,AFE,13,14\n")
    assert found.columns == ("Country", "Code", "1960", "1961")


@pytest.mark.parametrize("years", [["2010", "2015", "2019"], ["2021 ", "2020 "]])
def test_years_with_gaps_or_blanks_may_name_columns(tmp_path: Path, years: list[str]) -> None:
    lines = [["land", *years], ["DE", *["1.5"] * len(years)], ["FR", *["2.5"] * len(years)]]
    found = read(tmp_path, "".join("\t".join(line) + "\n" for line in lines))
    assert (found.columns, len(found.rows)) == (("land", *years), 2)


def test_years_above_years_are_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, "Ann,1950,2010\nBob,1960,2020\nCid,1900,1999\n")
    assert found.rows[0] == ("Ann", 1950, 2010)


@pytest.mark.parametrize(("sign", "delimiter"), [("#", " "), ("%", " "), ("#", ",")])
def test_a_comment_character_before_the_names_is_not_a_name(
    tmp_path: Path, sign: str, delimiter: str
) -> None:
    lines = [f"{sign} x y z", "1 2 3", "4 5 6", "7 8 9"]
    found = read(tmp_path, "\n".join(lines).replace(" ", delimiter))
    assert (found.columns, found.rows[0]) == (("x", "y", "z"), (1, 2, 3))


def test_commas_before_blanks_are_punctuation(tmp_path: Path) -> None:
    found = read(tmp_path, "Name, given;Town, code;Sum, EUR\nA, B;C, 1;5,5\nD, E;F, 2;6,5\n")
    assert found.rows == [("A, B", "C, 1", "5,5"), ("D, E", "F, 2", "6,5")]


def test_quotes_around_as_many_delimiters_in_all_lines_are_quotes(tmp_path: Path) -> None:
    found = read(tmp_path, '::1 - "GET /a HTTP/1.0" 200\n::2 - "GET /b HTTP/1.0" 404\n' * 2)
    assert found.rows[0] == ("::1", "-", "GET /a HTTP/1.0", 200)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ('1,"Smith, John",6" pipe\n2,"Doe, Jane",8" pipe\n3,"Roe, Max",9" pipe\n', "Roe, Max"),
        ('1;"Rua A; 10";TV 42"\n2;"Rua B; 20";TV\n3;"Rua C; 7";TV\n', "Rua C; 7"),
        ("1,'Smith, J',it's\n2,'Doe, J',x\n3,'Roe, M',y\n4,'Poe, A',z\n", "Poe, A"),
    ],
    ids=["inches", "semicolons", "single"],
)
def test_they_are_quotes_whatever_quotes_stand_in_other_fields(
    tmp_path: Path, text: str, last: str
) -> None:
    found = read(tmp_path, text, header=False)
    assert (len(found.columns), found.rows[-1][1]) == (3, last)


def test_days_may_name_columns_of_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "country,2020-01-01,2020-01-02\nUS,1,2\nUK,3,4\n")
    assert (found.columns[1], found.rows[0]) == ("2020-01-01", ("US", 1, 2))


def test_columns_that_blanks_align_are_refused(tmp_path: Path) -> None:
    for text in (
        "id   name   v\n1    ab     2\n2    cd     3\n3    ef     4\n",
        "ID  NAME      AMOUNT\n001 Alice     100.00\n002 Bob Smith 200.00\n",
    ):
        with pytest.raises(CsvRejected, match="blanks align its columns"):
            read(tmp_path, text)


def test_units_below_the_names_are_not_a_row_and_are_named(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-0{n},{n}.5,{n}\n" for n in range(1, 5))
    found = read(tmp_path, "time,lat,depth\nUTC,degrees_north,m\n" + rows)
    assert found.types == ["DATE", "DOUBLE", "BIGINT"]
    assert found.reading.dialect.notes == ("line 2 names units: UTC,degrees_north,m",)


def test_a_line_drawn_below_the_names_is_not_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name \n--,-----\n1,Ann\n2,Bob\n")
    assert (found.rows, found.types[0]) == ([(1, "Ann"), (2, "Bob")], "BIGINT")
    assert found.reading.dialect.notes == ("line 2 draws a line below the names",)


@pytest.mark.parametrize(
    ("above", "columns"),
    [
        ("Price,Close,Volume\nTicker,AAPL,AAPL\nDate,,\n", ("Date", "Close", "Volume")),
        ("Price,Close,Close\nTicker,AAPL,MSFT\nDate,,\n", ("Date", "Close AAPL", "Close MSFT")),
    ],
)
def test_columns_of_two_levels_are_told_apart_and_the_index_has_its_name(
    tmp_path: Path, above: str, columns: tuple[str, ...]
) -> None:
    rows = "".join(f"2024-01-0{n},{n}.5,{n}\n" for n in range(1, 5))
    found = read(tmp_path, above + rows)
    assert (found.columns, found.types) == (columns, ["DATE", "DOUBLE", "BIGINT"])
    assert len(found.rows) == 4


def test_a_footer_is_rejected_and_types_are_those_of_the_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "id,x\n1,1.5\n2,2.5\n\nSource: somebody\n")
    assert (found.types, found.rejected) == (["BIGINT", "DOUBLE"], [5])


@pytest.mark.parametrize("rows", [4, 60_000])
def test_a_footer_that_a_spreadsheet_padded_is_rejected(tmp_path: Path, rows: int) -> None:
    lines = [f"{n},{n}.5,a film of some length" for n in range(rows)]
    found = read(tmp_path, "\n".join(["id,x,t", *lines, ",,", "Source: somebody,,", ""]))
    assert (found.types, found.rejected) == (["BIGINT", "DOUBLE", "VARCHAR"], [rows + 2, rows + 3])


def test_a_last_row_of_which_only_the_id_is_known_is_not_a_footer(tmp_path: Path) -> None:
    assert read(tmp_path, "id,x,t\na1,1,a\na2,2,b\na3,3,c\na4,,\n").rejected == []


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
    for text in ("404: Not Found", "Error: too many requests, please retry later.\n"):
        with pytest.raises(CsvRejected, match="its only line is words"):
            read(tmp_path, text)
        assert read(tmp_path, text, header=True).rows == []
    found = read(tmp_path, "name\nSmith, John\nDoe; Jane\na|b, c\n")
    assert (found.columns, len(found.rows)) == (("name",), 3)


@pytest.mark.parametrize("delimiter", ["~", "^", ":", "#", "\x1f", "\x01", "\x02", "\xa6", "|"])
def test_what_seldom_divides_fields_does_where_all_lines_agree(
    tmp_path: Path, delimiter: str
) -> None:
    rows = [["id", "name", "v"], ["1", "ab", "2.5"], ["2", "c d", "3.5"], ["3", "e", "4.5"]]
    found = read(tmp_path, "\n".join(map(delimiter.join, rows)) + "\n")
    assert (found.columns, found.rows[1]) == (("id", "name", "v"), (2, "c d", 3.5))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "~", ":", " ", "^"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_around_all_fields_are_quotes_whatever_stands_in_them(
    tmp_path: Path, delimiter: str, quote: str
) -> None:
    rows = [["a", "b"], ["1,5", "x"], ["two\nlines", "y; z"], ["3,5", ""], ["", "f"]]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_ALL).writerows(rows)
    found = read(tmp_path, file.getvalue())
    assert [list(found.columns), *([v or "" for v in row] for row in found.rows)] == rows


@pytest.mark.parametrize("text", ["at\n10:00:01\n10:00:02\n", "10:00:01\n10:00:02\n10:00:03\n"])
def test_times_of_day_are_one_column(tmp_path: Path, text: str) -> None:
    assert len(read(tmp_path, text).columns) == 1


@pytest.mark.parametrize("delimiter", ["||", "::", ";;"])
def test_two_characters_that_divide_fields_are_refused_by_name(
    tmp_path: Path, delimiter: str
) -> None:
    lines = [delimiter.join([f"{n}", f"t{n}", "978300760"]) for n in range(5)]
    with pytest.raises(CsvRejected, match=f"separated by '{re.escape(delimiter)}'"):
        read(tmp_path, "\n".join(lines))


def test_a_column_without_name_and_values_between_two_commas_is_a_column(tmp_path: Path) -> None:
    assert read(tmp_path, "a,,b\n1,,2\n3,,4\n").rows == [(1, None, 2), (3, None, 4)]


def test_single_quotes_are_quotes_where_they_are_nothing_else(tmp_path: Path) -> None:
    found = read(tmp_path, "id,t\n1,'O''Hara'\n2,Bob\n")
    assert [row[1] for row in found.rows] == ["O'Hara", "Bob"]
    found = read(tmp_path, "id,t\n1,O'Hara\n2,'tis\n3,rock 'n' roll\n")
    assert [row[1] for row in found.rows] == ["O'Hara", "'tis", "rock 'n' roll"]
    found = read(tmp_path, "id,t\n1,'O''Hara'\n2,rock 'n' roll\n")
    assert [row[1] for row in found.rows] == ["'O''Hara'", "rock 'n' roll"]


def test_single_quotes_may_be_escaped_by_a_backslash(tmp_path: Path) -> None:
    found = read(tmp_path, "'id','name'\n'1','O\\'Neil'\n'2','b,c'\n'3','d'\n")
    assert found.rows == [(1, "O'Neil"), (2, "b,c"), (3, "d")]


def test_quotes_that_enclose_nothing_are_data(tmp_path: Path) -> None:
    found = read(tmp_path, 'id\ttitle\tyear\n1\t"Giliap"\t1975\n2\t"Rome in Flames\t1966\n')
    assert [row[1] for row in found.rows] == ['"Giliap"', '"Rome in Flames']


def test_quotes_far_below_the_sample_are_quotes(tmp_path: Path) -> None:
    lines = [f"{n}|plain row number {n}" for n in range(60_000)]
    lines[45_000] = '45000|"a|b"'
    found = read(tmp_path, "\n".join(["id|t", *lines, ""]))
    assert found.rows[45_000] == (45_000, "a|b")
    assert found.rejected == []
