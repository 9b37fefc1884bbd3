"""The form of a CSV file is found and not assumed, and lines that do not fit it are named."""

import gzip
from pathlib import Path

import pytest
from pydantic import ValidationError

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.dialect import MAXIMUM_COLUMNS
from bourne_assets.csvs.reading.reader import read_csv
from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES
from bourne_assets.settings import DATA_DIR
from bourne_assets_tests.csvs.reading.dialects import (
    CsvCounts,
    count_lines,
    counts_of,
    detected,
    dialect_of,
    read_balanced,
    rows_of,
    written,
)
from bourne_assets_tests.csvs.reading.reads import shared_session

_FIRST_BLOCK = 64 * 1024


# The delimiter and the quotes


@pytest.mark.parametrize("delimiter", ["|", ";", "\t", ","])
def test_the_delimiter_is_the_one_that_the_header_holds_most_often(
    tmp_path: Path, delimiter: str
) -> None:
    text = delimiter.join(["id", "title", "year"]) + "\n" + delimiter.join(["1", "a", "2"]) + "\n"
    path = written(tmp_path, text.encode())
    form = detected(path)
    assert form.delimiter == delimiter
    assert form.columns == ("id", "title", "year")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_commas_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    form = dialect_of(tmp_path, b"id|title, original|genres\n1|a|b\n")
    assert form.delimiter == "|"
    assert form.columns == ("id", "title, original", "genres")


def test_a_file_of_one_column_has_that_column(tmp_path: Path) -> None:
    path = written(tmp_path, b"id\n1\n2\n")
    assert detected(path).columns == ("id",)
    assert count_lines(path, detected(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_a_lone_quote_is_data_where_the_delimiter_is_a_pipe(tmp_path: Path) -> None:
    path = written(tmp_path, b'id|title\n1|"Crocodile" Dundee\n2|7" single\n"3|open\n4|"\n')
    assert detected(path).quote == ""
    assert rows_of(path) == [
        ("1", '"Crocodile" Dundee'),
        ("2", '7" single'),
        ('"3', "open"),
        ("4", '"'),
    ]
    assert count_lines(path, detected(path)) == CsvCounts(rows=4, rejected_rows=0)


def test_quotes_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    assert dialect_of(tmp_path, b'"id"|a"b\n1|2\n').columns == ('"id"', 'a"b')


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_quotes_enclose_delimiters_where_the_delimiter_is_not_a_pipe(
    tmp_path: Path, delimiter: str
) -> None:
    data = f'id{delimiter}title\n1{delimiter}"a{delimiter}b"\n2{delimiter}"say ""hi"""\n'
    path = written(tmp_path, data.encode())
    assert detected(path).quote == '"'
    assert rows_of(path) == [("1", f"a{delimiter}b"), ("2", 'say "hi"')]


def test_a_quoted_name_in_the_header_may_hold_the_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, b'"title, original",id\na,1\n')
    assert detected(path).columns == ("title, original", "id")
    assert count_lines(path, detected(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_name_in_the_header_may_hold_a_line_break(tmp_path: Path) -> None:
    path = written(tmp_path, b'"title\n(original)",id\na,1\n')
    assert detected(path).columns == ("title\n(original)", "id")
    assert count_lines(path, detected(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_field_may_hold_a_line_break(tmp_path: Path) -> None:
    path = written(tmp_path, b'id,title\n1,"two\nlines"\n2,one\n')
    assert rows_of(path) == [("1", "two\nlines"), ("2", "one")]
    assert count_lines(path, detected(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_quotes_enclose_where_a_file_of_pipes_uses_them_so(tmp_path: Path) -> None:
    path = written(tmp_path, b'id|title\n1|"two|parts"\n2|"two\nlines"\n')
    assert rows_of(path) == [("1", "two|parts"), ("2", "two\nlines")]


_ESCAPED = b'id,title\n1,"say \\"yes\\""\n2,"ends in \\\\"\n3,plain\n4,"two \\"\nlines"\n5,"a,b"\n'
_TITLES = ['say "yes"', "ends in \\", "plain", 'two "\nlines', "a,b"]


@pytest.mark.parametrize("is_compressed", [False, True])
def test_quotes_after_a_backslash_are_part_of_the_text(tmp_path: Path, is_compressed: bool) -> None:
    data = gzip.compress(_ESCAPED) if is_compressed else _ESCAPED
    path = written(tmp_path, data)
    reading = read_balanced(path)
    assert (reading.dialect.quote, reading.dialect.escape) == ('"', "\\")
    assert [row[1] for row in rows_of(path)] == _TITLES
    assert (reading.rows, len(reading.rejected)) == (5, 0)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_backslash_may_stand_before_a_line_end_in_quotes(
    tmp_path: Path,
    is_compressed: bool,
) -> None:
    data = b'id,title\n1,"a\\\nb \\"c\\""\n2,"x\\\ny"\n3,z\n'
    path = written(tmp_path, gzip.compress(data) if is_compressed else data)
    assert [row[1] for row in rows_of(path)] == ['a\nb "c"', "x\ny", "z"]
    assert read_balanced(path).lines == 3


@pytest.mark.parametrize("escape", ["é", "\n", "ab", ";"])
def test_what_cannot_escape_a_quote_is_refused(escape: str) -> None:
    with pytest.raises(ValidationError):
        DatasetOptions(delimiter=";", escape=escape)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_quote_that_never_ends_is_found_where_a_backslash_escapes(
    tmp_path: Path,
    is_compressed: bool,
) -> None:
    data = _ESCAPED + b'6,"never ends \\"\n7,b\n'
    path = written(tmp_path, gzip.compress(data) if is_compressed else data)
    reading = read_balanced(path)
    assert reading.rows + len(reading.rejected) == reading.lines
    assert [line.text for line in reading.rejected] == ['6,"never ends \\"']


@pytest.mark.parametrize(
    "data",
    [
        b'id,folder\n1,"C:\\"\n2,"D:\\films\\"\n',
        b'id,folder,note\n1,"C:\\",",",\n',
        b'id,folder\n1,"a ""b"" c\\"\n',
    ],
)
def test_a_backslash_at_the_end_of_a_quoted_path_escapes_nothing(
    tmp_path: Path, data: bytes
) -> None:
    path = written(tmp_path, data)
    assert detected(path).escape == '"'
    assert rows_of(path)[0][1] in {"C:\\", 'a "b" c\\'}


def test_what_escapes_a_quote_can_be_declared(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,title\n1,'say ^'yes^''\n")
    options = DatasetOptions(quote="'", escape="^")
    session = shared_session(tmp_path)
    reading = read_csv(path, tmp_path / "table.parquet", session=session, declared=options)
    assert (reading.rows, len(reading.rejected)) == (1, 0)
    assert (reading.dialect.quote, reading.dialect.escape) == ("'", "^")


def test_a_quote_is_always_data_in_a_file_of_the_challenge(tmp_path: Path) -> None:
    header = (DATA_DIR / "sample_csvs" / "movies.csv").read_bytes().partition(b"\n")[0]
    line = b'tt1|"two|lines"|2000|90|Drama|7.0|5|actor|a|b|1950|N|actor|tt1'
    path = written(tmp_path, header + b"\n" + line + b"\n")
    assert detected(path).is_challenge
    assert rows_of(path)[0][:4] == ("tt1", '"two', 'lines"', "2000")


# The header


def test_columns_of_one_name_stay_two_columns(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,name,NAME\n1,a,b\n")
    assert detected(path).columns == ("id", "name", "NAME_2")
    assert rows_of(path) == [("1", "a", "b")]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (b"id,", ("id", "column_2")),
        (b",id", ("column_1", "id")),
        (b"id,,title", ("id", "column_2", "title")),
        (b"id, ,title", ("id", "column_2", "title")),
        (b'id,"",title', ("id", "column_2", "title")),
    ],
)
def test_a_column_without_a_name_gets_its_number(
    tmp_path: Path, header: bytes, names: tuple[str, ...]
) -> None:
    assert dialect_of(tmp_path, header + b"\n1,2,3\n").columns == names


def test_a_file_whose_first_line_is_like_the_others_has_no_header(tmp_path: Path) -> None:
    path = written(tmp_path, b"1,a,2.5\n2,b,3.5\n")
    assert not detected(path).has_header
    assert detected(path).columns == ("column_1", "column_2", "column_3")
    assert rows_of(path) == [("1", "a", "2.5"), ("2", "b", "3.5")]


@pytest.mark.parametrize("name", ["a'b", "--", "c0", "select", "x\u2028y", "x\x0by", "(é)"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, f"id,{name}\n1,a\n".encode())
    assert detected(path).columns == ("id", name)
    assert rows_of(path) == [("1", "a")]


@pytest.mark.exhaustive
def test_a_header_of_two_thousand_columns_is_read(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(2_000)]
    path = written(tmp_path, ",".join(names).encode() + b"\n" + b",".join([b"1"] * 2_000) + b"\n")
    form = detected(path)
    assert form.columns == tuple(names)
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_the_first_block_is_read_whole(tmp_path: Path) -> None:
    long = "x" * (_FIRST_BLOCK + 10)
    path = written(tmp_path, f"{long},id\n1,2\n".encode())
    form = detected(path)
    assert form.columns == (long, "id")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_any_line_may_be_rejects_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, b"x" * (MAXIMUM_LINE_BYTES + 10) + b",id\n1,2\n")
    with pytest.raises(CsvRejected):
        count_lines(path, detected(path))


# Lines that do not fit


def test_lines_with_too_few_or_too_many_fields_are_counted_as_rejected(tmp_path: Path) -> None:
    data = b"id,title\n1\n2,b\n3,c,extra\n4,d\n5,e,extra,extra\n"
    assert counts_of(tmp_path, data) == CsvCounts(rows=2, rejected_rows=3)


def test_ragged_lines_are_rejected_in_a_file_of_pipes_as_well(tmp_path: Path) -> None:
    assert counts_of(tmp_path, b"a|b|c\n1|2|3\n1|2\n1|2|3|4\n") == CsvCounts(
        rows=1, rejected_rows=2
    )


def test_empty_fields_fit_the_header(tmp_path: Path) -> None:
    path = written(tmp_path, b"a|b|c\n||\n1||3\n")
    assert count_lines(path, detected(path)) == CsvCounts(rows=2, rejected_rows=0)
    assert rows_of(path)[1] in [("1", None, "3"), ("1", "", "3")]


def test_every_line_of_a_file_may_be_rejected(tmp_path: Path) -> None:
    assert counts_of(tmp_path, b"a,b\n1\n2\n3\n") == CsvCounts(rows=0, rejected_rows=3)


def test_a_quote_that_never_ends_is_rejected_and_not_a_row(tmp_path: Path) -> None:
    data = b'id,title\n1,"a,b"\n2,"open\n3,c\n' + b"4,d\n" * 2_000
    reading = read_balanced(written(tmp_path, data))
    assert reading.rows == 2_002
    ((line,),) = [reading.rejected]
    assert (line.line, line.text, line.reason) == (3, '2,"open', "unterminated quote")


def test_a_lone_quote_is_data_where_no_field_is_enclosed(tmp_path: Path) -> None:
    path = written(tmp_path, b'id,size\n1,7"\n2,"\n')
    assert rows_of(path) == [("1", '7"'), ("2", '"')]


def test_a_line_of_twenty_megabytes_is_rejected_and_its_neighbours_are_rows(
    tmp_path: Path,
) -> None:
    data = b"id,title\n1,a\n2," + b"x" * 20_000_000 + b"\n3,c\n"
    assert counts_of(tmp_path, data) == CsvCounts(rows=2, rejected_rows=1)


def test_a_line_of_some_megabytes_is_a_row(tmp_path: Path) -> None:
    data = b"id|title\n1|" + b"x" * 5_000_000 + b"\n2|b\n"
    assert counts_of(tmp_path, data) == CsvCounts(rows=2, rejected_rows=0)


def test_numbers_keep_all_of_their_digits_or_stay_text(tmp_path: Path) -> None:
    path = written(tmp_path, b"zip|number|code|d\n007|15|12345678901234567890| x \n")
    assert dict(read_balanced(path).types) == {
        "zip": "VARCHAR",
        "number": "BIGINT",
        "code": "DECIMAL(38,0)",
        "d": "VARCHAR",
    }
    assert rows_of(path) == [("007", "15", "12345678901234567890", " x ")]


def test_a_type_that_a_late_value_does_not_fit_costs_no_row(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n" + b"1,2\n" * 30_000 + b"x,2\n")
    reading = read_balanced(path)
    assert dict(reading.types) == {"a": "VARCHAR", "b": "BIGINT"}
    assert (reading.rows, len(reading.rejected)) == (30_001, 0)
    assert rows_of(path)[-1] == ("x", "2")


def test_a_file_of_more_columns_than_are_read_is_rejected(tmp_path: Path) -> None:
    header = b",".join(b"c%d" % number for number in range(MAXIMUM_COLUMNS + 1))
    with pytest.raises(CsvRejected, match=r"2,049 columns"):
        dialect_of(tmp_path, header + b"\n")


# The file's own name


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted".csv',
        "a*[x].csv",
        "what?{a,b}.csv",
        "two words.csv",
        "Amélie 日本.csv",
        "percent%20.csv",
        "-dash.csv",
        "semi;colon.csv",
    ],
)
def test_a_file_is_read_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, b"id,title\n1,a\n", name)
    written(tmp_path, b"id,title\n2,b\n3,c\n", "ax.csv")
    assert count_lines(path, detected(path)) == CsvCounts(rows=1, rejected_rows=0)
    assert rows_of(path) == [("1", "a")]


def test_a_file_that_cannot_be_opened_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        detected(tmp_path / "missing.csv")


def test_a_file_that_is_gone_when_it_is_read_is_the_systems_error(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,title\n1,a\n")
    form = detected(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        count_lines(path, form)
