"""The form of a CSV file is found and not assumed, and lines that do not fit it are counted."""

from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.form import (
    MAXIMUM_LINE_BYTES,
    CsvCounts,
    CsvForm,
    count_lines,
    find_form,
    opened,
)

_FIRST_BLOCK = 64 * 1024


def _written(folder: Path, data: bytes, name: str = "films.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _form(folder: Path, data: bytes) -> CsvForm:
    return find_form(_written(folder, data))


def _counts(folder: Path, data: bytes) -> CsvCounts:
    path = _written(folder, data)
    return count_lines(path, find_form(path))


def _rows(path: Path) -> list[tuple[str | None, ...]]:
    with opened(path, find_form(path)) as connection:
        return connection.execute("SELECT * FROM csv").fetchall()


# The delimiter and the quotes


@pytest.mark.parametrize("delimiter", ["|", ";", "\t", ","])
def test_the_delimiter_is_the_one_that_the_header_holds_most_often(
    tmp_path: Path, delimiter: str
) -> None:
    text = delimiter.join(["id", "title", "year"]) + "\n" + delimiter.join(["1", "a", "2"]) + "\n"
    path = _written(tmp_path, text.encode())
    form = find_form(path)
    assert form.delimiter == delimiter
    assert form.columns == ("id", "title", "year")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_commas_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    form = _form(tmp_path, b"id|title, original|genres\n1|a|b\n")
    assert form.delimiter == "|"
    assert form.columns == ("id", "title, original", "genres")


def test_a_file_of_one_column_has_that_column(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id\n1\n2\n")
    assert find_form(path).columns == ("id",)
    assert count_lines(path, find_form(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_a_lone_quote_is_data_where_the_delimiter_is_a_pipe(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id|title\n1|"Crocodile" Dundee\n2|7" single\n"3|open\n4|"\n')
    assert find_form(path).quote == ""
    assert _rows(path) == [
        ("1", '"Crocodile" Dundee'),
        ("2", '7" single'),
        ('"3', "open"),
        ("4", '"'),
    ]
    assert count_lines(path, find_form(path)) == CsvCounts(rows=4, rejected_rows=0)


def test_quotes_in_a_header_of_pipes_are_part_of_the_names(tmp_path: Path) -> None:
    assert _form(tmp_path, b'"id"|a"b\n1|2\n').columns == ('"id"', 'a"b')


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_quotes_enclose_delimiters_where_the_delimiter_is_no_pipe(
    tmp_path: Path, delimiter: str
) -> None:
    data = f'id{delimiter}title\n1{delimiter}"a{delimiter}b"\n2{delimiter}"say ""hi"""\n'
    path = _written(tmp_path, data.encode())
    assert find_form(path).quote == '"'
    assert _rows(path) == [("1", f"a{delimiter}b"), ("2", 'say "hi"')]


def test_a_quoted_name_in_the_header_may_hold_the_delimiter(tmp_path: Path) -> None:
    path = _written(tmp_path, b'"title, original",id\na,1\n')
    assert find_form(path).columns == ("title, original", "id")
    assert count_lines(path, find_form(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_name_in_the_header_may_hold_a_line_break(tmp_path: Path) -> None:
    path = _written(tmp_path, b'"title\n(original)",id\na,1\n')
    assert find_form(path).columns == ("title\n(original)", "id")
    assert count_lines(path, find_form(path)) == CsvCounts(rows=1, rejected_rows=0)


def test_a_quoted_field_may_hold_a_line_break(tmp_path: Path) -> None:
    path = _written(tmp_path, b'id,title\n1,"two\nlines"\n2,one\n')
    assert _rows(path) == [("1", "two\nlines"), ("2", "one")]
    assert count_lines(path, find_form(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_a_line_break_ends_a_row_in_a_file_of_pipes_even_after_a_quote(tmp_path: Path) -> None:
    assert _counts(tmp_path, b'id|title\n1|"two\nlines"\n') == CsvCounts(rows=1, rejected_rows=1)


# Encodings and bytes


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = _written(tmp_path, b"\xef\xbb\xbfid,title\n1,a\n")
    form = find_form(path)
    assert form.has_byte_order_mark
    assert form.columns == ("id", "title")
    assert _rows(path) == [("1", "a")]


def test_a_file_without_a_byte_order_mark_says_so(tmp_path: Path) -> None:
    assert not _form(tmp_path, b"id,title\n1,a\n").has_byte_order_mark


def test_text_in_utf_8_keeps_its_letters(tmp_path: Path) -> None:
    path = _written(tmp_path, "id|título\n1|Amélie 日本 🎬\n".encode())
    form = find_form(path)
    assert form.encoding == "utf-8"
    assert form.columns == ("id", "título")
    assert _rows(path) == [("1", "Amélie 日本 🎬")]


def test_bytes_that_are_no_utf_8_are_latin_1_and_keep_their_letters(tmp_path: Path) -> None:
    path = _written(tmp_path, "id|título\n1|Amélie\n".encode("latin-1"))
    form = find_form(path)
    assert form.encoding == "latin-1"
    assert form.columns == ("id", "título")
    assert _rows(path) == [("1", "Amélie")]


def test_one_latin_1_byte_far_down_decides_the_encoding(tmp_path: Path) -> None:
    data = b"id,title\n" + b"1,plain\n" * 200_000 + b"2,caf\xe9\n"
    path = _written(tmp_path, data)
    form = find_form(path)
    assert form.encoding == "latin-1"
    assert count_lines(path, form) == CsvCounts(rows=200_001, rejected_rows=0)


def test_a_letter_of_several_bytes_across_two_blocks_is_still_utf_8(tmp_path: Path) -> None:
    block = 1024 * 1024
    data = b"id,title\n1,"
    data += b"x" * (block - len(data) - 1) + "é\n".encode()
    path = _written(tmp_path, data)
    form = find_form(path)
    assert form.encoding == "utf-8"
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_letter_cut_off_at_the_end_is_no_utf_8(tmp_path: Path) -> None:
    assert _form(tmp_path, b"id,title\n1,caf\xc3").encoding == "latin-1"


@pytest.mark.parametrize("byte", [b"\x80", b"\x85", b"\x93"])
def test_bytes_that_latin_1_has_no_letters_for_reject_the_file_and_name_the_encoding(
    tmp_path: Path, byte: bytes
) -> None:
    path = _written(tmp_path, b"id,title\n1,a" + byte + b"\n")
    with pytest.raises(CsvRejected, match="latin-1"):
        count_lines(path, find_form(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_rejected_with_the_reason(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(CsvRejected, match="NUL"):
        _form(tmp_path, "id,title\n1,a\n".encode(encoding))


def test_a_nul_byte_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="NUL"):
        _form(tmp_path, b"id,title\n1,\x00\n")


def test_a_nul_byte_far_down_is_no_text_either(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="NUL"):
        _form(tmp_path, b"id,title\n" + b"1,plain\n" * (2 * _FIRST_BLOCK // 8) + b"1,\x00\n")


# Ends of lines and of the file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, end: str) -> None:
    path = _written(tmp_path, f"id,title{end}1,a{end}2,b{end}".encode())
    assert find_form(path).columns == ("id", "title")
    assert _rows(path) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("data", [b"id,title\r\n1,a\n2,b\r\n", b"id,title\n1,a\r\n2,b\n"])
def test_a_file_that_mixes_line_ends_is_read(tmp_path: Path, data: bytes) -> None:
    path = _written(tmp_path, data)
    assert _rows(path) == [("1", "a"), ("2", "b")]
    assert count_lines(path, find_form(path)) == CsvCounts(rows=2, rejected_rows=0)


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


def test_a_blank_first_line_is_no_header_and_the_reason_says_so(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="header"):
        _counts(tmp_path, b"\nid,title\n1,a\n")


def test_blank_lines_between_rows_are_neither_rows_nor_rejected(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"id,title\n1,a\n\n2,b\n\n") == CsvCounts(rows=2, rejected_rows=0)


# The header


def test_columns_of_one_name_stay_two_columns(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id,name,name\n1,a,b\n")
    assert find_form(path).columns == ("id", "name", "name")
    assert _rows(path) == [("1", "a", "b")]


@pytest.mark.parametrize("header", [b"id,", b",id", b"id,,title", b"id, ,title", b'id,"",title'])
def test_an_empty_column_name_rejects_the_file(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(CsvRejected, match="empty column name"):
        _form(tmp_path, header + b"\n1,2,3\n")


@pytest.mark.parametrize("name", ["a'b", "--", "c0", "select", "x\u2028y", "x\x0by", "(é)"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = _written(tmp_path, f"id,{name}\n1,a\n".encode())
    assert find_form(path).columns == ("id", name)
    assert _rows(path) == [("1", "a")]


def test_a_header_of_two_thousand_columns_is_read(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(2_000)]
    path = _written(tmp_path, ",".join(names).encode() + b"\n" + b",".join([b"1"] * 2_000) + b"\n")
    form = find_form(path)
    assert form.columns == tuple(names)
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_the_first_block_is_read_whole(tmp_path: Path) -> None:
    long = "x" * (_FIRST_BLOCK + 10)
    path = _written(tmp_path, f"{long},id\n1,2\n".encode())
    form = find_form(path)
    assert form.columns == (long, "id")
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_header_longer_than_any_line_may_be_rejects_the_file(tmp_path: Path) -> None:
    path = _written(tmp_path, b"x" * (MAXIMUM_LINE_BYTES + 10) + b",id\n1,2\n")
    with pytest.raises(CsvRejected):
        count_lines(path, find_form(path))


# Lines that do not fit


def test_lines_with_too_few_or_too_many_fields_are_counted_as_rejected(tmp_path: Path) -> None:
    data = b"id,title\n1\n2,b\n3,c,extra\n4,d\n5,e,extra,extra\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=3)


def test_ragged_lines_are_rejected_in_a_file_of_pipes_as_well(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"a|b|c\n1|2|3\n1|2\n1|2|3|4\n") == CsvCounts(rows=1, rejected_rows=2)


def test_empty_fields_fit_the_header(tmp_path: Path) -> None:
    path = _written(tmp_path, b"a|b|c\n||\n1||3\n")
    assert count_lines(path, find_form(path)) == CsvCounts(rows=2, rejected_rows=0)
    assert _rows(path)[1] in [("1", None, "3"), ("1", "", "3")]


def test_every_line_of_a_file_may_be_rejected(tmp_path: Path) -> None:
    assert _counts(tmp_path, b"a,b\n1\n2\n3\n") == CsvCounts(rows=0, rejected_rows=3)


def test_a_quote_that_never_ends_is_rejected_and_not_a_row(tmp_path: Path) -> None:
    counts = _counts(tmp_path, b'id,title\n1,a\n2,"open\n')
    assert counts == CsvCounts(rows=1, rejected_rows=1)


def test_a_line_of_twenty_megabytes_is_rejected_and_its_neighbours_are_rows(
    tmp_path: Path,
) -> None:
    data = b"id,title\n1,a\n2," + b"x" * 20_000_000 + b"\n3,c\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=1)


def test_a_line_of_some_megabytes_is_a_row(tmp_path: Path) -> None:
    data = b"id|title\n1|" + b"x" * 5_000_000 + b"\n2|b\n"
    assert _counts(tmp_path, data) == CsvCounts(rows=2, rejected_rows=0)


def test_values_are_text_as_they_stand(tmp_path: Path) -> None:
    path = _written(tmp_path, b"a|b|c|d\n007|1e5|\\N| x \n")
    assert _rows(path) == [("007", "1e5", "\\N", " x ")]


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
    assert count_lines(path, find_form(path)) == CsvCounts(rows=1, rejected_rows=0)
    assert _rows(path) == [("1", "a")]


def test_a_file_that_cannot_be_opened_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_form(tmp_path / "missing.csv")


def test_a_file_that_is_gone_when_it_is_counted_is_rejected(tmp_path: Path) -> None:
    path = _written(tmp_path, b"id,title\n1,a\n")
    form = find_form(path)
    path.unlink()
    with pytest.raises(CsvRejected, match="DuckDB"):
        count_lines(path, form)
