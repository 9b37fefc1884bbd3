"""One pass over the bytes of a file: its digest, its lines, and what is in them.

Reading rows is DuckDB's; what DuckDB must know, or cannot cope with, is found here.
Not here: delimiters and columns (`dialect`).
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.translations import in_english

BLOCK = 1024 * 1024
#: The longest line that is read; a longer one is a rejected line.
MAXIMUM_LINE_BYTES = 16 * 1024 * 1024
#: DOS ended texts with it.
END_MARK = "\x1a"
_MARK = b"\n\xef\xbb\xbf"
_BLANK = re.compile(rb"\n(?=\r?\n)")
#: First bytes of compressed files.
_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
}
_BZIP2_BLOCK = b"1AY&SY"


@dataclass
class Scan:
    """What is in a file.

    Attributes:
        size: Bytes.
        sha256: Hex digest of all bytes.
        compression: How they are compressed, if at all: nothing below is known then.
        lines: Line feeds, and one more for a last line without.
        crlf: Windows line ends among them.
        lone_cr: Carriage returns that no line feed follows.
        has_quote: Whether it contains a `"`.
        has_nul: Whether it contains a NUL byte.
        has_inner_mark: Whether a line below the first begins with a byte order mark, as where
            files were put together.
        has_end_mark: Whether its last byte is a Ctrl-Z, with which DOS ended texts.
        longest_line: Bytes of the longest line, at least.
        unended: Bytes after the last line feed.
    """

    size: int = 0
    sha256: str = ""
    compression: str = ""
    lines: int = 0
    crlf: int = 0
    lone_cr: int = 0
    has_quote: bool = False
    has_nul: bool = False
    has_inner_mark: bool = False
    has_end_mark: bool = False
    longest_line: int = 0
    unended: int = 0

    @property
    def reads_directly(self) -> bool:
        """Whether DuckDB can read the lines as they are."""
        mixed = self.lone_cr > 0 or 0 < self.crlf < self.lines - (self.unended > 0)
        too_long = self.longest_line > MAXIMUM_LINE_BYTES
        has_marks = self.has_inner_mark or self.has_end_mark
        return not (self.compression or self.has_nul or has_marks or mixed or too_long)


def scan(
    path: Path, on_block: Callable[[int], None] = lambda _: None, size: int | None = None
) -> Scan:
    """Read a file once.

    Args:
        path: The file.
        on_block: Called with the bytes of each block; what it raises ends the scan.
        size: Bytes that the file has; None where it is not known.

    Raises:
        CsvRejected: It has more bytes than that.
        OSError: It cannot be read.
    """
    found, digest, ends_with_cr = Scan(), hashlib.sha256(), False
    with path.open("rb", buffering=0) as source:
        while block := source.read(BLOCK):
            on_block(len(block))
            if not found.size:
                found.compression = compression_of(block)
            digest.update(block)
            found.size += len(block)
            if size is not None and found.size > size:
                raise CsvRejected(in_english("it is growing while it is read"))
            if not found.compression:
                _look(found, block, ends_with_cr=ends_with_cr)
                ends_with_cr = block.endswith(b"\r")
    found.sha256 = digest.hexdigest()
    found.lines += found.unended > 0
    return found


def compression_of(start: bytes) -> str:
    """How a file is compressed, by its first bytes; empty where it is not."""
    found = next((kind for magic, kind in _COMPRESSIONS.items() if start.startswith(magic)), "")
    is_text = found == "bzip2" and start[4:10] != _BZIP2_BLOCK
    return "" if is_text else found


def blank_lines(path: Path) -> int:
    """Lines without a byte, the first one aside.

    Raises:
        OSError: The file cannot be read.
    """
    count, tail = 0, b""
    for block in blocks_of(path):
        count += len(_BLANK.findall(tail + block)) - len(_BLANK.findall(tail))
        tail = (tail + block)[-2:]
    return count


def blocks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, block by block."""
    with path.open("rb", buffering=0) as source:
        while block := source.read(BLOCK):
            yield block


def _look(found: Scan, block: bytes, *, ends_with_cr: bool) -> None:
    found.has_nul = found.has_nul or b"\0" in block
    found.has_quote = found.has_quote or b'"' in block
    found.has_inner_mark = found.has_inner_mark or _MARK in block
    found.has_end_mark = block.endswith(END_MARK.encode())
    feeds = block.count(b"\n")
    found.lines += feeds
    if feeds:
        found.longest_line = max(found.longest_line, found.unended + block.find(b"\n"))
        found.unended = len(block) - block.rfind(b"\n") - 1
    else:
        found.unended += len(block)
    found.longest_line = max(found.longest_line, found.unended)
    if ends_with_cr or b"\r" in block:
        pairs = block.count(b"\r\n") + (ends_with_cr and block.startswith(b"\n"))
        found.crlf += pairs
        # The last one may be half of a pair whose other half comes with the next block.
        found.lone_cr += block.count(b"\r") - pairs
