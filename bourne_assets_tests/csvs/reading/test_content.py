"""What is not a CSV file is refused by its content, and compressed ones are read."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets_tests.csvs.reading.reads import read

_CSV = b"id,name\n1,caf\xc3\xa9\n2\n"


def _zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, "zstd", asbytes=True))


#: Not the bytes, in which the time of compression stands: workers must agree on the names of tests.
_NAMES = [
    "pdf", "png", "parquet", "excel", "sqlite", "xml", "html", "json-list", "json-object",
    "git-lfs", "zip", "bzip2", "xz", "zstd", "rtf", "sql", "markdown", "psql",
    "mysql", "ini", "arff", "vcard",
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        (b"PAR1\x15\x04\x15\x00", "Parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "Excel"),
        (b"SQLite format 3\x00", "SQLite"),
        (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "XML"),
        (b"\n<!DOCTYPE html>\n<html><body>Sign in, please</body></html>\n", "HTML"),
        (b'[{"id": 1, "name": "a"},\n {"id": 2, "name": "b"}]\n', "JSON"),
        (b'{"error": "denied", "code": 403}\n', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:46\nsize 12345\n", "Git LFS"),
        (_zipped(**{"a.csv": _CSV}), "zip"),
        (bz2.compress(_CSV), "bzip2"),
        (lzma.compress(_CSV), "xz"),
        (_zstd(_CSV), "zstd"),
        (b"{\\rtf1\\ansi one, two}\n", "RTF"),
        (b"-- a dump\nCREATE TABLE x (a int, b int);\nINSERT INTO x VALUES (1, 2);\n", "SQL"),
        (b"| id | name |\n|----|:----:|\n| 1  | a    |\n", "drawn with lines"),
        (b" id | name \n----+------\n  1 | a\n", "drawn with lines"),
        (b"+----+------+\n| id | name |\n+----+------+\n|  1 | a    |\n", "drawn with lines"),
        (b"[main]\r\n; hosts\r\nhost = a,b\r\n", "INI"),
        (b"@RELATION iris\n@attribute b {x,y}\n@data\n5.1,x\n", "ARFF"),
        (b"BEGIN:VCARD\nVERSION:3.0\nN:Doe;John;;;\nEND:VCARD\n", "vCard"),
    ],
    ids=_NAMES,
)
def test_another_format_is_refused_and_named(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(CsvRejected, match=reason):
        read(tmp_path, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", gzip.compress(_CSV)),
        ("a.csv.gz", gzip.compress(_CSV[:9]) + gzip.compress(_CSV[9:])),
        ("a.csv.bz2", bz2.compress(_CSV)),
        ("a.csv.xz", lzma.compress(_CSV)),
        ("A.CSV.ZST", _zstd(_CSV)),
        ("a.csv.zip", _zipped(**{"a.csv": _CSV, "__MACOSX/a": b"x"})),
    ],
    ids=["unnamed-gzip", "gzip", "bzip2", "xz", "zstd", "zip"],
)
def test_a_compressed_file_is_read_as_its_content(tmp_path: Path, name: str, data: bytes) -> None:
    found = read(tmp_path, data, name)
    assert (found.rows, found.rejected) == ([(1, "café")], [3])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv.gz", gzip.compress(_CSV * 99)[:-9]),
        ("a.csv.bz2", bz2.compress(_CSV * 99)[:-9]),
        ("a.csv.xz", lzma.compress(_CSV * 99)[:-9]),
        ("a.csv.zst", _zstd(_CSV * 99)[:-9]),
        ("a.csv.zip", _zipped(**{"a.csv": _CSV, "b.csv": _CSV})),
        ("a.csv.zip", _zipped(**{"[Content_Types].xml": b"<x/>"})),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "two-members", "office"],
)
def test_a_damaged_file_and_an_archive_of_several_are_refused(
    tmp_path: Path, name: str, data: bytes
) -> None:
    with pytest.raises(CsvRejected):
        read(tmp_path, data, name)


@pytest.mark.parametrize(
    ("name", "data", "inside"),
    [
        ("a.csv.gz", gzip.compress(gzip.compress(_CSV)), "gzip"),
        ("a.csv.gz", gzip.compress(bz2.compress(_CSV)), "bzip2"),
        ("a.csv.zip", _zipped(**{"a.csv.gz": gzip.compress(_CSV)}), "gzip"),
    ],
    ids=["gzip-in-gzip", "bzip2-in-gzip", "gzip-in-zip"],
)
def test_a_file_that_is_compressed_twice_is_refused_by_that_name(
    tmp_path: Path, name: str, data: bytes, inside: str
) -> None:
    with pytest.raises(CsvRejected, match=f"compressed twice: .* holds is a {inside} file"):
        read(tmp_path, data, name)


def test_empty_members_of_a_gzip_file_are_passed_over(tmp_path: Path) -> None:
    nothing = gzip.compress(b"") * 2_000
    data = nothing + gzip.compress(_CSV[:9]) + nothing + gzip.compress(_CSV[9:]) + nothing
    assert read(tmp_path, data, "a.csv.gz").rows == [(1, "café")]
    with pytest.raises(CsvRejected, match="empty"):
        read(tmp_path, nothing, "b.csv.gz")


@pytest.mark.parametrize("encoding", ["cp932", "gb18030", "euc_kr"])
def test_a_legacy_encoding_is_read_right_or_not_at_all(tmp_path: Path, encoding: str) -> None:
    words = {"cp932": "東京都の日本語", "gb18030": "北京的中国人民", "euc_kr": "서울특별시"}[
        encoding
    ]
    text = "id,t\n" + "".join(f"{n},{words}\n" for n in range(40))
    assert read(tmp_path, text.encode(encoding)).rows[0] == (0, words)
    with pytest.raises(CsvRejected, match="set encoding"):
        read(tmp_path, f"id,t\n1,{words[:3]}\n".encode(encoding))
    assert read(tmp_path, f"id,t\n1,{words[:3]}\n".encode(encoding), encoding=encoding).rows


def test_a_mark_decides_what_a_declared_utf_16_leaves_open(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-16-be"):
        data = b"\xfe\xff" * (encoding == "utf-16-be") + "id,name\n1,café\n".encode(encoding)
        assert read(tmp_path, data, encoding="utf-16").rows == [(1, "café")]


def test_a_mark_is_more_exact_than_a_declared_encoding(tmp_path: Path) -> None:
    text = "\ufeffid,name\n1,café\n"
    for encoding, declared in (("utf-8", "latin-1"), ("utf-16-le", "utf-16-be")):
        found = read(tmp_path, text.encode(encoding), encoding=declared)
        assert (found.columns, found.rows) == (("id", "name"), [(1, "café")])
    for options in ({"encoding": "latin-1"}, {}):  # a mark that a program put above other bytes
        data = b"\xef\xbb\xbf" + "1,café\n2,São\n3,dés\n".encode("latin-1")
        rows = read(tmp_path, data, header=False, **options).rows
        assert rows == [(1, "café"), (2, "São"), (3, "dés")]


def test_two_byte_order_marks_are_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf\xef\xbb\xbfid,name\n1,a\n").columns == ("id", "name")
