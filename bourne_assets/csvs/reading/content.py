"""What a file is by its content: refused where it is not a CSV file, decompressed where it is one.

Not here: encodings (`encoding`), and how lines are divided (`dialect`).
"""

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.bounds import CompressedFile, DecompressedReader, DiskRoom
from bourne_assets.csvs.reading.scan import BLOCK
from bourne_assets.translations import in_english

#: Compressed files are read where their names say so; gzip under any name.
_EXTENSIONS = {"zip": ".zip", "bzip2": ".bz2", "zstd": ".zst", "xz": ".xz"}

#: What the readers of compressed files raise where one is damaged or encrypted: `OSError` without a
#: number, which the system's own errors have.
_DAMAGED = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    ValueError,
)

_BINARY = (
    (b"%PDF-", in_english("a PDF document")),
    (b"\x89PNG", in_english("a PNG picture")),
    (b"\xff\xd8\xff", in_english("a JPEG picture")),
    (b"GIF8", in_english("a GIF picture")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        in_english("an Excel workbook or another Office document"),
    ),
    (b"PAR1", in_english("a Parquet file")),
    (b"ARROW1", in_english("an Arrow file")),
    (b"Obj\x01", in_english("an Avro file")),
    (b"ORC", in_english("an ORC file")),
    (b"SQLite format 3\x00", in_english("an SQLite database")),
    (b"\x89HDF", in_english("an HDF5 file")),
    (b"7z\xbc\xaf\x27\x1c", in_english("a 7z archive")),
    (b"Rar!\x1a\x07", in_english("a RAR archive")),
    (b"\x7fELF", in_english("a program")),
    (b"\x93NUMPY", in_english("a NumPy array")),
)
_TAR_MAGIC = slice(257, 262)
_MARKUP = re.compile(
    r"<(\?xml|!doctype|!--|html|head|body|svg|rss|error|[a-z][\w:.-]*(\s[^<>]*)?>)", re.IGNORECASE
)
_TEXTS = (
    (
        re.compile(r'[\[{]\s*(["\[{\]}]|-?\d+(\.\d+)?\s*[,\]]|(true|false|null)\b|\Z)'),
        in_english("a JSON document"),
    ),
    (re.compile(r"{\\rtf"), in_english("an RTF document")),
    (
        re.compile(
            r"(--[^\n]*\s+)*(CREATE\s+(TABLE|DATABASE)|DROP\s+TABLE|INSERT\s+INTO)\s",
            re.IGNORECASE,
        ),
        in_english("an SQL script"),
    ),
    (  # the line below the names of a table in Markdown, or the first one of a terminal's
        re.compile(
            r"[^\n]*[|+][^\n]*\n[ |+:-]*-{3,}[ :]*[|+][ |+:-]*\r?(\n|\Z)"
            r"|\+[-=]{2,}[-=+]*\+\r?\n"
        ),
        in_english("a table drawn with lines"),
    ),
    (
        re.compile(r"\[[^\]\n]+\]\s+([;#][^\n]*\s+)*[\w.-]+[ \t]*="),
        in_english("an INI file"),
    ),
    (re.compile(r"@relation\s", re.IGNORECASE), in_english("an ARFF file")),
    (re.compile(r"BEGIN:V(CARD|CALENDAR)\s"), in_english("a vCard or a calendar")),
)
_LFS = "version https://git-lfs.github.com/spec/"


def ensure_readable(name: str, compression: str) -> None:
    """Refuse an archive that is not named as one.

    Args:
        name: The file's name.
        compression: What its first bytes say, as `Scan` has it.

    Raises:
        CsvRejected: It is an archive under the name of a plain file.
    """
    extension = _EXTENSIONS.get(compression)
    if extension and not name.casefold().endswith(extension):
        raise CsvRejected(
            in_english(
                "it is a {compression} file, not a CSV file (one that holds CSV is called "
                ".csv{extension})",
                compression=compression,
                extension=extension,
            )
        )


def refuse_compressed_twice(outside: str, inside: str) -> None:
    """Refuse a compressed file that holds another one.

    Raises:
        CsvRejected: It does.
    """
    if inside:
        raise CsvRejected(
            in_english(
                "it is compressed twice: what its {outside} stream holds is a {inside} file, not "
                "a CSV file; decompress it once",
                outside=outside,
                inside=inside,
            )
        )


def refuse_binary(head: bytes) -> None:
    """Refuse what is another format by its first bytes.

    Raises:
        CsvRejected: It is.
    """
    for magic, name in _BINARY:
        # Letters alone may begin a header too; a text has no NUL among the next bytes.
        if head.startswith(magic) and not (magic.isalnum() and b"\0" not in head[:4096]):
            raise CsvRejected(in_english("it is {name}, not a CSV file", name=name))
    if head[_TAR_MAGIC] == b"ustar":
        raise CsvRejected(in_english("it is a tar archive, not a CSV file"))


def refuse_documents(text: str) -> None:
    """Refuse text that is another format: markup, JSON, a pointer of Git LFS.

    Args:
        text: The first characters of a file.

    Raises:
        CsvRejected: It is one.
    """
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if start.startswith(_LFS):
        raise CsvRejected(
            in_english("it is a pointer of Git LFS, not the CSV file that it stands for")
        )
    if _MARKUP.match(start) and re.search(r">\s*(<|$|\S[^<]*<)", start):
        raise CsvRejected(in_english("it is an HTML or XML document, not a CSV file"))
    for pattern, name in _TEXTS:
        if pattern.match(start):
            raise CsvRejected(in_english("it is {name}, not a CSV file", name=name))


def decompress(
    path: Path, target: Path, compression: str, stop: Callable[[], None] = lambda: None
) -> None:
    """Write what a compressed file holds.

    Args:
        path: The compressed file.
        target: The file that is written.
        compression: Its kind, as `Scan` has it.
        stop: Called between blocks; what it raises ends it.

    Raises:
        CsvRejected: The stream is damaged, an archive does not hold one file, or it is a bomb.
        OSError: The file cannot be read, or the other one not written.
    """
    room = DiskRoom(target.parent)
    try:
        with _opened(path, compression, stop) as source, target.open("wb") as file:
            while block := source.read(BLOCK):
                stop()
                room.take(len(block))
                file.write(block)
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CsvRejected(
            in_english(
                "its {compression} stream is damaged ({error})",
                compression=compression,
                error=error,
            )
        ) from error


@contextmanager
def _opened(path: Path, compression: str, stop: Callable[[], None]) -> Iterator[DecompressedReader]:
    size = path.stat().st_size
    if compression == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as member:
            yield DecompressedReader(member, size)
    elif compression == "zstd":
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            yield DecompressedReader(cast("IO[bytes]", stream), size)
    else:
        kinds: dict[str, Callable[[Any], object]] = {
            "gzip": gzip.open,
            "bzip2": bz2.open,
            "xz": lzma.open,
        }
        with path.open("rb") as file:
            compressed = CompressedFile(file, stop)
            with cast("IO[bytes]", kinds[compression](compressed)) as content:
                yield DecompressedReader(content, size, compressed)


def _only_member(archive: zipfile.ZipFile) -> str:
    names = [
        each.filename
        for each in archive.infolist()
        if not each.is_dir() and not each.filename.startswith(("__MACOSX/", "."))
    ]
    if "[Content_Types].xml" in names:
        raise CsvRejected(
            in_english("it is an Excel workbook or another Office document, not a CSV file")
        )
    if len(names) != 1:
        raise CsvRejected(
            in_english(
                "it is a zip archive of {count} files, and must hold exactly one", count=len(names)
            )
        )
    return names[0]
