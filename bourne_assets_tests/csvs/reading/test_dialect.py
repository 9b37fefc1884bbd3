"""The form of a CSV file is found and not assumed, and lines that do not fit it are named."""

import gzip
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from pydantic import ValidationError

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.dialect import MAXIMUM_COLUMNS, Dialect
from bourne_assets.csvs.reading.dialect import detect_dialect as form_of
from bourne_assets.csvs.reading.reader import Reading, read_csv
from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES, scan
from bourne_assets.settings import DATA_DIR

_FIRST_BLOCK = 64 * 1024


class CsvCounts(NamedTuple):
    """Lines below the header."""

    rows: int
    rejected_rows: int


def _written(folder: Path, data: bytes, name: str = "films.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def detect_dialect(path: Path) -> Dialect:
    return form_of(path, scan(path))


def _form(folder: Path, data: bytes) -> Dialect:
    return detect_dialect(_written(folder, data))


def _read(path: Path) -> Reading:
    """A reading whose books balance, as those of any file must."""
    reading = read_csv(path, path.with_name("table.parquet"))
    assert reading.lines == reading.rows + len(reading.rejected)
    return reading


def count_lines(path: Path, form: Dialect) -> CsvCounts:
    reading = _read(path)
    assert reading.dialect.columns == form.columns
    return CsvCounts(reading.rows, len(reading.rejected))


def _counts(folder: Path, data: bytes) -> CsvCounts:
    path = _written(folder, data)
    return count_lines(path, detect_dialect(path))


def _rows(path: Path) -> list[tuple[str | None, ...]]:
    table = _read(path).table
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM '{table}'").fetchall()


# The delimiter and the quotes


@pytest.mark.parametrize("delimiter", ["|", ";", "\t", ","])
def test_the_delimiter_is_the_one_that_the_header_holds_most_often(
    tmp_path: Path, delimiter: str
) -> None:
    text = delimiter.join(["id", "title", "year"]) + "\n" + delimiter.join(["1", "a", "2"]) + "\n"
    path = _written(tmp_path, text.encode())
    form = detect_dialect(path)
    assert form.delimiter == delimiter
    assert form.columns == ("id", "title", "year")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_commas_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    form = _form(tmp_path, b"id|title, original|genres\n1|a|b\n")
    assert form.delimiter == "|"
    assert form.columns == ("id", "title, original", "genres")


def test_a_file_of_one_column_has_that_column(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id\n1\n2\n")
    assert detect_dialect(path).columns == ("id",)
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_a_lone_quote_is_data_where_the_delimiter_is_a_pipe(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id|title\n1|"Crocodile" Dundee\n2|7" single\n"3|open\n4|"\n')
    assert detect_dialect(path).quote == ""
    assert _rows(path) == [
        ("1", '"Crocodile" Dundee'),
        ("2", '7" single'),
        ('"3', "open"),
        ("4", '"'),
    ]
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=4, rejected_rows=0)


def test_quotes_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    assert _form(tmp_path, b'"id"|a"b\n1|2\n').columns == ('"id"', 'a"b')


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_quotes_enclose_delimiters_where_the_delimiter_is_no_pipe(
    tmp_path: Path, delimiter: str
) -> None:
    data = f'id{delimiter}title\n1{delimiter}"a{delimiter}b"\n2{delimiter}"say ""hi"""\n'
    path = _written(tmp_path, data.encode())
    assert detect_dialect(path).quote == '"'
    assert _rows(path) == [("1", f"a{delimiter}b"), ("2", 'say "hi"')]


def test_a_quoted_name_in_the_header_may_hold_the_delimiter(tmp_path: Path) -> None:
    path = _written(tmp_path, b'"title, original",id\na,1\n')
    assert detect_dialect(path).columns == ("title, original", "id")
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_name_in_the_header_may_hold_a_line_break(tmp_path: Path) -> None:
    path = _written(tmp_path, b'"title\n(original)",id\na,1\n')
    assert detect_dialect(path).columns == ("title\n(original)", "id")
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_field_may_hold_a_line_break(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id,title\n1,"two\nlines"\n2,one\n')
    assert _rows(path) == [("1", "two\nlines"), ("2", "one")]
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_quotes_enclose_where_a_file_of_pipes_uses_them_so(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id|title\n1|"two|parts"\n2|"two\nlines"\n')
    assert _rows(path) == [("1", "two|parts"), ("2", "two\nlines")]


_ESCAPED = b'id,title\n1,"say \\"yes\\""\n2,"ends in \\\\"\n3,plain\n4,"two \\"\nlines"\n5,"a,b"\n'
_TITLES = ['say "yes"', "ends in \\", "plain", 'two "\nlines', "a,b"]


@pytest.mark.parametrize("is_compressed", [False, True])
def test_quotes_after_a_backslash_are_part_of_the_text(tmp_path: Path, is_compressed: bool) -> None:
    data = gzip.compress(_ESCAPED) if is_compressed else _ESCAPED
    path = _written(tmp_path, data)
    reading = _read(path)
    assert (reading.dialect.quote, reading.dialect.escape) == ('"', "\\")
    assert [row[1] for row in _rows(path)] == _TITLES
    assert (reading.rows, len(reading.rejected)) == (5, 0)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_backslash_may_stand_before_a_line_end_in_quotes(
    tmp_path: Path,
    is_compressed: bool,
) -> None:
    data = b'id,title\n1,"a\\\nb \\"c\\""\n2,"x\\\ny"\n3,z\n'
    path = _written(tmp_path, gzip.compress(data) if is_compressed else data)
    assert [row[1] for row in _rows(path)] == ['a\nb "c"', "x\ny", "z"]
    assert _read(path).lines == 3


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
    path = _written(tmp_path, gzip.compress(data) if is_compressed else data)
    reading = _read(path)
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
    path = _written(tmp_path, data)
    assert detect_dialect(path).escape == '"'
    assert _rows(path)[0][1] in {"C:\\", 'a "b" c\\'}


def test_what_escapes_a_quote_can_be_said(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id,title\n1,'say ^'yes^''\n")
    said = DatasetOptions(quote="'", escape="^")
    reading = read_csv(path, tmp_path / "table.parquet", said=said)
    assert (reading.rows, len(reading.rejected)) == (1, 0)
    assert (reading.dialect.quote, reading.dialect.escape) == ("'", "^")


def test_a_quote_is_always_data_in_a_file_of_the_challenge(tmp_path: Path) -> None:
    header = (DATA_DIR / "sample_csvs" / "movies.csv").read_bytes().partition(b"\n")[0]
    line = b'tt1|"two|lines"|2000|90|Drama|7.0|5|actor|a|b|1950|N|actor|tt1'
    path = _written(tmp_path, header + b"\n" + line + b"\n")
    assert detect_dialect(path).is_challenge
    assert _rows(path)[0][:4] == ("tt1", '"two', 'lines"', "2000")


# Encodings and bytes


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = _written(tmp_path, b"\xef\xbb\xbfid,title\n1,a\n")
    form = detect_dialect(path)
    assert form.bom
    assert form.columns == ("id", "title")
    assert _rows(path) == [("1", "a")]


def test_a_file_without_a_byte_order_mark_says_so(tmp_path: Path) -> None:
    assert not _form(tmp_path, b"id,title\n1,a\n").bom


def test_text_in_utf_8_keeps_its_letters(tmp_path: Path) -> None:
    path = _written(tmp_path, "id|título\n1|Amélie 日本 🎬\n".encode())
    form = detect_dialect(path)
    assert form.encoding == "utf-8"
    assert form.columns == ("id", "título")
    assert _rows(path) == [("1", "Amélie 日本 🎬")]


def test_bytes_that_are_no_utf_8_are_latin_1_and_keep_their_letters(tmp_path: Path) -> None:
    path = _written(tmp_path, "id|título\n1|Amélie\n".encode("latin-1"))
    form = detect_dialect(path)
    assert form.encoding == "latin-1"
    assert form.columns == ("id", "título")
    assert _rows(path) == [("1", "Amélie")]


def test_one_latin_1_byte_far_down_decides_the_encoding(tmp_path: Path) -> None:
    data = b"id,title\n" + b"1,plain\n" * 200_000 + b"2,caf\xe9\n"
    path = _written(tmp_path, data)
    assert _read(path).dialect.encoding == "latin-1"
    assert _rows(path)[-1] == ("2", "café")
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=200_001, rejected_rows=0)


def test_a_letter_of_several_bytes_across_two_blocks_is_still_utf_8(tmp_path: Path) -> None:
    block = 1024 * 1024
    data = b"id,title\n1,"
    data += b"x" * (block - len(data) - 1) + "é\n".encode()
    path = _written(tmp_path, data)
    form = detect_dialect(path)
    assert form.encoding == "utf-8"
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_letter_cut_off_at_the_end_is_no_utf_8(tmp_path: Path) -> None:
    assert _form(tmp_path, b"id,title\n1,caf\xc3").encoding == "latin-1"


@pytest.mark.parametrize(("byte", "sign"), [(b"\x80", "€"), (b"\x85", "…"), (b"\x93", "“")])
def test_bytes_that_latin_1_has_no_letters_for_are_those_of_windows(
    tmp_path: Path, byte: bytes, sign: str
) -> None:
    path = _written(tmp_path, b"id,title\n1,a" + byte + b"\n")
    assert detect_dialect(path).encoding == "cp1252"
    assert _rows(path) == [("1", f"a{sign}")]


def test_a_byte_that_no_encoding_has_a_letter_for_rejects_its_line(tmp_path: Path) -> None:
    reading = _read(_written(tmp_path, b"id,title\n1,a\x81\n2,b\x93\n"))
    assert [(line.line, line.reason) for line in reading.rejected] == [
        (2, "it contains bytes that are not valid CP1252")
    ]


def test_bytes_that_are_no_utf_8_reject_their_line_where_the_file_is_in_utf_8(
    tmp_path: Path,
) -> None:
    reading = _read(_written(tmp_path, "id,title\n1,é\n2,è\n".encode() + b"3,\xe9\n4,x\n"))
    assert reading.dialect.encoding == "utf-8"
    ((line,),) = [reading.rejected]
    assert (line.line, line.text) == (4, "3,\\xe9")
    assert "UTF-8" in line.reason


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    data = "id,title\n1,Amélie\n2\n3,日本\n".encode(encoding)
    path = _written(tmp_path, data)
    assert _rows(path) == [("1", "Amélie"), ("3", "日本")]
    assert [line.line for line in _read(path).rejected] == [3]


def test_a_nul_byte_in_the_header_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="NUL"):
        _form(tmp_path, b"id,ti\x00tle\n1,a\n")


@pytest.mark.parametrize("rows", [1, 2 * _FIRST_BLOCK // 8])
def test_a_nul_byte_rejects_its_line(tmp_path: Path, rows: int) -> None:
    data = b"id,title\n" + b"1,plain\n" * rows + b"1,\x00\n2,b\n"
    path = _written(tmp_path, data)
    (line,) = _read(path).rejected
    assert (line.line, line.reason, line.text) == (rows + 2, "it contains a NUL byte", "1,\x00")
    assert len(_rows(path)) == rows + 1


# Ends of lines and of the file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, end: str) -> None:
    path = _written(tmp_path, f"id,title{end}1,a{end}2,b{end}".encode())
    assert detect_dialect(path).columns == ("id", "title")
    assert _rows(path) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("data", [b"id,title\r\n1,a\n2,b\r\n", b"id,title\n1,a\r\n2,b\n"])
def test_a_file_that_mixes_line_ends_is_read(tmp_path: Path, data: bytes) -> None:
    path = _written(tmp_path, data)
    assert _rows(path) == [("1", "a"), ("2", "b")]
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=2, rejected_rows=0)


@pytest.mark.parametrize("delimiter", ["|", ","])
def test_the_last_line_needs_no_line_end(tmp_path: Path, delimiter: str) -> None:
    data = f"id{delimiter}title\n1{delimiter}a\n2{delimiter}b".encode()
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=0)


def test_a_last_line_that_is_cut_off_is_rejected(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"id|title\n1|a\n2") == CsvCounts(rows=1, rejected_rows=1)


@pytest.mark.parametrize("data", [b"id,title", b"id,title\n", b"id,title\r\n"])
def test_a_header_alone_is_a_file_without_rows(tmp_path: Path, data: bytes) -> None:
    assert _form(tmp_path, data).columns == ("id", "title")
    assert _counts(tmp_path, data) == CsvCounts(rows=0, rejected_rows=0)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_without_text_is_rejected_as_empty(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CsvRejected, match="empty"):
        _form(tmp_path, data)


def test_blank_lines_above_the_header_are_passed_over(tmp_path: Path) -> None:
    path = _written(tmp_path, b"\n\nid,title\n1,a\n2\n")
    reading = _read(path)
    assert reading.dialect.columns == ("id", "title")
    assert (reading.rows, [line.line for line in reading.rejected]) == (1, [5])


def test_blank_lines_between_rows_are_neither_rows_nor_rejected(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"id,title\n1,a\n\n2,b\n\n") == CsvCounts(rows=2, rejected_rows=0)


# The header


def test_columns_of_one_name_stay_two_columns(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id,name,NAME\n1,a,b\n")
    assert detect_dialect(path).columns == ("id", "name", "NAME_2")
    assert _rows(path) == [("1", "a", "b")]


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
    assert _form(tmp_path, header + b"\n1,2,3\n").columns == names


def test_a_file_whose_first_line_is_like_the_others_has_no_header(tmp_path: Path) -> None:
    path = _written(tmp_path, b"1,a,2.5\n2,b,3.5\n")
    assert not detect_dialect(path).has_header
    assert detect_dialect(path).columns == ("column_1", "column_2", "column_3")
    assert _rows(path) == [("1", "a", "2.5"), ("2", "b", "3.5")]


@pytest.mark.parametrize("name", ["a'b", "--", "c0", "select", "x\u2028y", "x\x0by", "(é)"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = _written(tmp_path, f"id,{name}\n1,a\n".encode())
    assert detect_dialect(path).columns == ("id", name)
    assert _rows(path) == [("1", "a")]


def test_a_header_of_two_thousand_columns_is_read(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(2_000)]
    path = _written(tmp_path, ",".join(names).encode() + b"\n" + b",".join([b"1"] * 2_000) + b"\n")
    form = detect_dialect(path)
    assert form.columns == tuple(names)
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_the_first_block_is_read_whole(tmp_path: Path) -> None:
    long = "x" * (_FIRST_BLOCK + 10)
    path = _written(tmp_path, f"{long},id\n1,2\n".encode())
    form = detect_dialect(path)
    assert form.columns == (long, "id")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_any_line_may_be_rejects_the_file(tmp_path: Path) -> None:
    path = _written(tmp_path, b"x" * (MAXIMUM_LINE_BYTES + 10) + b",id\n1,2\n")
    with pytest.raises(CsvRejected):
        count_lines(path, detect_dialect(path))


# Lines that do not fit


def test_lines_with_too_few_or_too_many_fields_are_counted_as_rejected(tmp_path: Path) -> None:
    data = b"id,title\n1\n2,b\n3,c,extra\n4,d\n5,e,extra,extra\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=3)


def test_ragged_lines_are_rejected_in_a_file_of_pipes_as_well(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"a|b|c\n1|2|3\n1|2\n1|2|3|4\n") == CsvCounts(rows=1, rejected_rows=2)


def test_empty_fields_fit_the_header(tmp_path: Path) -> None:
    path = _written(tmp_path, b"a|b|c\n||\n1||3\n")
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=2, rejected_rows=0)
    assert _rows(path)[1] in [("1", None, "3"), ("1", "", "3")]


def test_every_line_of_a_file_may_be_rejected(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"a,b\n1\n2\n3\n") == CsvCounts(rows=0, rejected_rows=3)


def test_a_quote_that_never_ends_is_rejected_and_not_a_row(tmp_path: Path) -> None:
    data = b'id,title\n1,"a,b"\n2,"open\n3,c\n' + b"4,d\n" * 2_000
    reading = _read(_written(tmp_path, data))
    assert reading.rows == 2_002
    ((line,),) = [reading.rejected]
    assert (line.line, line.text, line.reason) == (3, '2,"open', "unterminated quote")


def test_a_lone_quote_is_data_where_no_field_is_enclosed(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id,size\n1,7"\n2,"\n')
    assert _rows(path) == [("1", '7"'), ("2", '"')]


def test_a_line_of_twenty_megabytes_is_rejected_and_its_neighbours_are_rows(
    tmp_path: Path,
) -> None:
    data = b"id,title\n1,a\n2," + b"x" * 20_000_000 + b"\n3,c\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=1)


def test_a_line_of_some_megabytes_is_a_row(tmp_path: Path) -> None:
    data = b"id|title\n1|" + b"x" * 5_000_000 + b"\n2|b\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=0)


def test_numbers_keep_all_of_their_digits_or_stay_text(tmp_path: Path) -> None:
    path = _written(tmp_path, b"zip|number|code|d\n007|15|12345678901234567890| x \n")
    assert dict(_read(path).types) == {
        "zip": "VARCHAR",
        "number": "BIGINT",
        "code": "DECIMAL(38,0)",
        "d": "VARCHAR",
    }
    assert _rows(path) == [("007", "15", "12345678901234567890", " x ")]


def test_a_type_that_a_late_value_does_not_fit_costs_no_row(tmp_path: Path) -> None:
    path = _written(tmp_path, b"a,b\n" + b"1,2\n" * 30_000 + b"x,2\n")
    reading = _read(path)
    assert dict(reading.types) == {"a": "VARCHAR", "b": "BIGINT"}
    assert (reading.rows, len(reading.rejected)) == (30_001, 0)
    assert _rows(path)[-1] == ("x", "2")


def test_a_file_of_more_columns_than_are_read_is_rejected(tmp_path: Path) -> None:
    header = b",".join(b"c%d" % number for number in range(MAXIMUM_COLUMNS + 1))
    with pytest.raises(CsvRejected, match=r"2,049 columns"):
        _form(tmp_path, header + b"\n")


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
    path = _written(tmp_path, b"id,title\n1,a\n", name)
    _written(tmp_path, b"id,title\n2,b\n3,c\n", "ax.csv")
    assert count_lines(path, detect_dialect(path)) == CsvCounts(rows=1, rejected_rows=0)
    assert _rows(path) == [("1", "a")]


def test_a_file_that_cannot_be_opened_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        detect_dialect(tmp_path / "missing.csv")


def test_a_file_that_is_gone_when_it_is_read_is_the_systems_error(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id,title\n1,a\n")
    form = detect_dialect(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        count_lines(path, form)
