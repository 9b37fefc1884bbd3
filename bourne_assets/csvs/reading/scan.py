"""One pass over the bytes of a file: its digest, its lines, and what stands in them.

Reading rows is DuckDB's; what DuckDB must know, or cannot cope with, is found here.
What must not be put here: delimiters and columns (`dialect`).
"""

import codecs
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bourne_assets.csvs.errors import CsvRejected

BLOCK = 1024 * 1024
GZIP = b"\x1f\x8b"
#: The longest line that is read; a longer one is a rejected line.
MAXIMUM_LINE_BYTES = 16 * 1024 * 1024
_BLANK = re.compile(rb"\n(?=\r?\n)")
_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass
class Scan:
    """What stands in a file.

    Attributes:
        size: Bytes.
        sha256: Hex digest of all bytes.
        is_gzip: Whether they are compressed; nothing else is known then.
        lines: Line feeds, and one more for a last line without.
        crlf: Windows line ends among them.
        lone_cr: Carriage returns that no line feed follows.
        has_nul: Whether a NUL byte stands in it.
        longest_line: Bytes of the longest line, at least.
        unended: Bytes after the last line feed.
    """

    size: int = 0
    sha256: str = ""
    is_gzip: bool = False
    lines: int = 0
    crlf: int = 0
    lone_cr: int = 0
    has_nul: bool = False
    longest_line: int = 0
    unended: int = 0

    @property
    def reads_directly(self) -> bool:
        """Whether DuckDB can read the lines as they are."""
        mixed = self.lone_cr > 0 or 0 < self.crlf < self.lines - (self.unended > 0)
        too_long = self.longest_line > MAXIMUM_LINE_BYTES
        return not (self.is_gzip or self.has_nul or mixed or too_long)


@dataclass
class Utf8Evidence:
    """Which letters a file holds that are no ASCII.

    Attributes:
        sequences: Bytes of valid UTF-8, less one a letter.
        invalid: Bytes that are no UTF-8.
        has_c1_controls: Whether a byte of 0x80 to 0x9F is among the invalid ones.
    """

    sequences: int = 0
    invalid: int = 0
    has_c1_controls: bool = False

    @property
    def encoding(self) -> str:
        """UTF-8, unless most of the letters are none of it."""
        if self.invalid <= self.sequences:
            return "utf-8"
        return "cp1252" if self.has_c1_controls else "latin-1"


def scan(
    path: Path, looked: Callable[[int], None] = lambda _: None, size: int | None = None
) -> Scan:
    """Read a file once.

    Args:
        path: The file.
        looked: Called with the bytes of each block; what it raises ends the scan.
        size: Bytes that the file has; None where it is not known.

    Raises:
        CsvRejected: It has more bytes than that.
        OSError: It cannot be read.
    """
    found, digest, ends_with_cr = Scan(), hashlib.sha256(), False
    with path.open("rb", buffering=0) as source:
        while block := source.read(BLOCK):
            looked(len(block))
            if not found.size:
                found.is_gzip = block.startswith(GZIP)
            digest.update(block)
            found.size += len(block)
            if size is not None and found.size > size:
                raise CsvRejected("it grows while it is read")
            if not found.is_gzip:
                _look(found, block, ends_with_cr=ends_with_cr)
                ends_with_cr = block.endswith(b"\r")
    found.sha256 = digest.hexdigest()
    found.lines += found.unended > 0
    return found


def weigh_utf8(blocks: Iterable[bytes]) -> Utf8Evidence:
    """Look at the letters of a file, or of a part of it, in blocks of any size."""
    found, decoder = Utf8Evidence(), codecs.getincrementaldecoder("utf-8")()
    for block in blocks:
        held = decoder.getstate()[0]
        if block.isascii() and not held:
            continue
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError:
            decoder.reset()
            _count_invalid(found, held + block)
        else:
            found.sequences += len(held) + len(block) - len(text) - len(decoder.getstate()[0])
    _count_invalid(found, decoder.getstate()[0])
    return found


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


def _count_invalid(found: Utf8Evidence, data: bytes) -> None:
    found.sequences += sum(len(each) - 1 for each in _SEQUENCE.findall(data))
    invalid = _HIGH.findall(_SEQUENCE.sub(b"", data))
    found.invalid += len(invalid)
    found.has_c1_controls = found.has_c1_controls or any(byte < b"\xa0" for byte in invalid)
