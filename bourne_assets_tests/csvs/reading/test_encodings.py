"""Encodings, bytes that are not text, and the ends of lines and of files."""

from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvRejected
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
from bourne_assets_tests.csvs.reading.reads import read

_FIRST_BLOCK = 64 * 1024


# Encodings and bytes


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbfid,title\n1,a\n")
    form = detected(path)
    assert form.bom
    assert form.columns == ("id", "title")
    assert rows_of(path) == [("1", "a")]


def test_a_file_without_a_byte_order_mark_says_so(tmp_path: Path) -> None:
    assert not dialect_of(tmp_path, b"id,title\n1,a\n").bom


def test_text_in_utf_8_keeps_its_letters(tmp_path: Path) -> None:
    path = written(tmp_path, "id|título\n1|Amélie 日本 🎬\n".encode())
    form = detected(path)
    assert form.encoding == "utf-8"
    assert form.columns == ("id", "título")
    assert rows_of(path) == [("1", "Amélie 日本 🎬")]


def test_bytes_that_are_not_utf_8_are_latin_1_and_keep_their_letters(tmp_path: Path) -> None:
    path = written(tmp_path, "id|título\n1|Amélie\n".encode("latin-1"))
    form = detected(path)
    assert form.encoding == "latin-1"
    assert form.columns == ("id", "título")
    assert rows_of(path) == [("1", "Amélie")]


@pytest.mark.exhaustive
def test_one_latin_1_byte_far_down_decides_the_encoding(tmp_path: Path) -> None:
    data = b"id,title\n" + b"1,plain\n" * 200_000 + b"2,caf\xe9\n"
    found = read(tmp_path, data)
    assert found.reading.dialect.encoding == "latin-1"
    assert (len(found.rows), found.rows[-1], found.rejected) == (200_001, (2, "café"), [])


def test_a_letter_of_several_bytes_across_two_blocks_is_still_utf_8(tmp_path: Path) -> None:
    block = 1024 * 1024
    data = b"id,title\n1,"
    data += b"x" * (block - len(data) - 1) + "é\n".encode()
    path = written(tmp_path, data)
    form = detected(path)
    assert form.encoding == "utf-8"
    assert count_lines(path, form) == CsvCounts(rows=1, rejected_rows=0)


def test_a_letter_cut_off_at_the_end_is_neither_utf_8_nor_another_letter(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="set encoding"):
        dialect_of(tmp_path, b"id,title\n1,caf\xc3")
    assert read(tmp_path, "id,title\n1,é\n2,café".encode()[:-1]).rejected == [3]


@pytest.mark.parametrize(("byte", "sign"), [(b"\x80", "€"), (b"\x85", "…"), (b"\x93", "“")])
def test_bytes_that_latin_1_has_no_letters_for_are_those_of_windows(
    tmp_path: Path, byte: bytes, sign: str
) -> None:
    path = written(tmp_path, b"id,title\n1,a" + byte + b"\n")
    assert detected(path).encoding == "cp1252"
    assert rows_of(path) == [("1", f"a{sign}")]


def test_a_byte_that_no_encoding_has_a_letter_for_rejects_its_line(tmp_path: Path) -> None:
    reading = read_balanced(written(tmp_path, b"id,title\n1,a\x81\n2,b\x93\n"))
    assert [(line.line, line.reason) for line in reading.rejected] == [
        (2, "it contains bytes that are not valid CP1252")
    ]


def test_bytes_that_are_not_utf_8_reject_their_line_where_the_file_is_in_utf_8(
    tmp_path: Path,
) -> None:
    reading = read_balanced(written(tmp_path, "id,title\n1,é\n2,è\n".encode() + b"3,\xe9\n4,x\n"))
    assert reading.dialect.encoding == "utf-8"
    ((line,),) = [reading.rejected]
    assert (line.line, line.text) == (4, "3,\\xe9")
    assert "UTF-8" in line.reason


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    data = "id,title\n1,Amélie\n2\n3,日本\n".encode(encoding)
    path = written(tmp_path, data)
    assert rows_of(path) == [("1", "Amélie"), ("3", "日本")]
    assert [line.line for line in read_balanced(path).rejected] == [3]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("big5", "台北,電影"),
        ("mac_roman", "“Zürich”,café"),
        ("iso8859_2", "Łódź,Kraków"),
        ("cp1250", "złoty,każdy"),
        ("iso8859_15", "€5,œuvre"),
        ("cp1254", "şehir,ğ ü"),
        ("cp437", "Zürich,café"),
        ("iso2022_jp", "東京都,日本"),
    ],
)
def test_letters_of_other_alphabets_are_not_taken_for_western_ones(
    tmp_path: Path, encoding: str, text: str
) -> None:
    data = f"a,b\n{text}\n".encode(encoding)
    with pytest.raises(CsvRejected, match="set encoding"):
        read(tmp_path, data)
    assert read(tmp_path, data, encoding=encoding).rows == [tuple(text.split(","))]


@pytest.mark.parametrize(
    "text", ["¿Qué?,¡Olé!", "L’été,“œuvre”", "20°C,5 m²", "£5,½ cup", "Þór,það", "ÉCOLE,Señor"]
)
def test_letters_and_signs_of_western_europe_are_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"a,b\n{text}\n".encode("cp1252")).rows == [tuple(text.split(","))]


def test_a_blank_that_groups_digits_is_read_and_the_same_byte_in_a_word_is_a_letter(
    tmp_path: Path,
) -> None:
    found = read(tmp_path, "a;b\n1\xa0234;x\n12\xa0345\xa0678;y\n".encode("latin-1"))
    assert found.rows == [("1\xa0234", "x"), ("12\xa0345\xa0678", "y")]
    with pytest.raises(CsvRejected, match="set encoding"):
        read(tmp_path, "a;b\nTomás;x\nSabará;y\n".encode("cp850"))


def test_a_mark_in_the_middle_of_files_put_together_is_not_text(tmp_path: Path) -> None:
    one = b"\xef\xbb\xbfid,name\n1,a\n"
    found = read(tmp_path, one + one.replace(b"1", b"2"))
    assert (found.rows, found.rejected) == ([(1, "a"), (2, "a")], [3])


def test_a_nul_byte_in_the_header_is_not_text(tmp_path: Path) -> None:
    with pytest.raises(CsvRejected, match="NUL"):
        dialect_of(tmp_path, b"id,ti\x00tle\n1,a\n")


@pytest.mark.parametrize("rows", [1, 2 * _FIRST_BLOCK // 8])
def test_a_nul_byte_rejects_its_line(tmp_path: Path, rows: int) -> None:
    data = b"id,title\n" + b"1,plain\n" * rows + b"1,\x00\n2,b\n"
    path = written(tmp_path, data)
    (line,) = read_balanced(path).rejected
    assert (line.line, line.reason, line.text) == (rows + 2, "it contains a NUL byte", "1,\x00")
    assert len(rows_of(path)) == rows + 1


# Ends of lines and of the file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\r", "\r\r\n"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, f"id,title{end}1,a{end}2,b{end}".encode())
    assert detected(path).columns == ("id", "title")
    assert rows_of(path) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("data", [b"id,title\r\n1,a\n2,b\r\n", b"id,title\n1,a\r\n2,b\n"])
def test_a_file_that_mixes_line_ends_is_read(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, data)
    assert rows_of(path) == [("1", "a"), ("2", "b")]
    assert count_lines(path, detected(path)) == CsvCounts(rows=2, rejected_rows=0)


def test_a_carriage_return_in_the_header_ends_it(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,title\r1,a\n2,b\r\n3,c\r4\n")
    assert rows_of(path) == [("1", "a"), ("2", "b"), ("3", "c")]
    assert [line.line for line in read_balanced(path).rejected] == [5]


@pytest.mark.parametrize("end", ["\n\r", "\r\r\n"])
def test_lines_are_counted_as_they_stand_whatever_ends_them(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, end.join(["id,title", '1,"a, b"', "", "2", "3,c", ""]).encode())
    assert rows_of(path) == [("1", "a, b"), ("3", "c")]
    assert [(line.line, line.text) for line in read_balanced(path).rejected] == [(4, "2")]


@pytest.mark.parametrize("delimiter", ["|", ","])
def test_the_last_line_needs_no_line_end(tmp_path: Path, delimiter: str) -> None:
    data = f"id{delimiter}title\n1{delimiter}a\n2{delimiter}b".encode()
    assert counts_of(tmp_path, data) == CsvCounts(rows=2, rejected_rows=0)


def test_a_last_line_that_is_cut_off_is_rejected(tmp_path: Path) -> None:
    assert counts_of(tmp_path, b"id|title\n1|a\n2") == CsvCounts(rows=1, rejected_rows=1)


@pytest.mark.parametrize("data", [b"id,title", b"id,title\n", b"id,title\r\n"])
def test_a_header_alone_is_a_file_without_rows(tmp_path: Path, data: bytes) -> None:
    assert dialect_of(tmp_path, data).columns == ("id", "title")
    assert counts_of(tmp_path, data) == CsvCounts(rows=0, rejected_rows=0)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_without_text_is_rejected_as_empty(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CsvRejected, match="empty"):
        dialect_of(tmp_path, data)


@pytest.mark.parametrize("data", ["n\r\n1\r\n2\r\n\x1a", "n,t\n1,2\n2,3\x1a", "n\n1\n2\n\x1a\x1a"])
def test_the_character_that_ended_texts_in_dos_is_not_text(tmp_path: Path, data: str) -> None:
    found = read(tmp_path, data)
    assert (set(found.types), [row[0] for row in found.rows]) == ({"BIGINT"}, [1, 2])
    assert not found.rejected


def test_blank_lines_above_the_header_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, b"\n\nid,title\n1,a\n2\n")
    reading = read_balanced(path)
    assert reading.dialect.columns == ("id", "title")
    assert (reading.rows, [line.line for line in reading.rejected]) == (1, [5])


def test_blank_lines_between_rows_are_neither_rows_nor_rejected(tmp_path: Path) -> None:
    assert counts_of(tmp_path, b"id,title\n1,a\n\n2,b\n\n") == CsvCounts(rows=2, rejected_rows=0)
