"""A copy of a CSV file that DuckDB can read: UTF-8, one kind of line end, no line too long.

Made only where the file itself is not plain, in constant memory, a line for each line, so that a
line's number is the same in both. A line that no reader should see (bytes that are no text, NUL,
over-long, a quote that never ends) is noted, and replaced by one that fits no header.
What must not be put here: which lines fit the header (`reading`).
"""

import codecs
import re
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.bounds import DecompressedReader, DiskRoom, open_bytes
from bourne_assets.csvs.reading.dialect import Dialect
from bourne_assets.csvs.reading.scan import BLOCK, MAXIMUM_LINE_BYTES

#: So much of a rejected line is kept beside its reason, and less of it where there are many; all
#: of it lies in the landed file.
MAXIMUM_TEXT_BYTES = 64 * 1024
_SHORT_TEXT_BYTES = 1024
_LONG_TEXTS = 100
#: DuckDB keeps every line that does not fit in memory; a file with this many is another format.
MAXIMUM_REJECTED = 100_000
#: A quoted field that goes on for so many lines was never meant to.
_MAXIMUM_QUOTED_LINES = 1_000
_END = re.compile(rb"\r\n|\r|\n")
_BLANK = re.compile(rb"\n(?=\n)")


@dataclass(frozen=True)
class RejectedLine:
    """A line that does not parse; `text` may be cut, `size` is all of its bytes."""

    line: int
    reason: str
    text: str
    size: int


@dataclass
class NormalisedCopy:
    """What became of a copy.

    Attributes:
        records: Records after the header: lines, but for those that go on in a quoted field.
        noted: Lines that were replaced, by number.
    """

    records: int = 0
    noted: dict[int, RejectedLine] = field(default_factory=dict)


def normalise(
    path: Path, target: Path, dialect: Dialect, stop: Callable[[], None] = lambda: None
) -> NormalisedCopy:
    """Write a copy of a file that DuckDB can read.

    Args:
        path: The file.
        target: The copy.
        dialect: The file's dialect.
        stop: Called between blocks; what it raises ends the copy.

    Raises:
        CsvRejected: Too many lines do not parse, the gzip stream is damaged, or the copy would be
            too large.
        OSError: The file cannot be read, or the copy not written.
    """
    writer, room = _Writer(dialect), DiskRoom(target.parent)

    def go_on(size: int) -> None:
        stop()
        room.take(size)

    with (
        open_bytes(path, is_gzip=dialect.is_gzip) as source,
        target.open("wb") as copy,
        closing(_lines(source, dialect, go_on, writer.takes_whole)) as lines,
    ):
        for chunk in lines:
            if isinstance(chunk, bytes):
                writer.add_clean(copy, chunk)
            else:
                writer.add(copy, *chunk)
        writer.end(copy)
    return writer.result


class _Writer:
    """Writes lines, holding those of a quoted field until it ends."""

    def __init__(self, dialect: Dialect) -> None:
        self.result = NormalisedCopy()
        self._number = 0
        self._held: list[bytes] = []
        self._is_record, self._is_open = _shapes(dialect)
        self._quote = dialect.quote.encode()
        self._blank_is_record = len(dialect.columns) == 1
        self._in_header = dialect.has_header
        sign = dialect.delimiter.encode()
        self._replacement = sign.join([b"x"] * (len(dialect.columns) + 2)) + b"\n"

    def takes_whole(self, chunk: bytes) -> bool:
        """Whether nothing in whole lines needs to be looked at line by line."""
        return not (self._held or self._in_header or (self._quote and self._quote in chunk))

    def add_clean(self, copy: BinaryIO, chunk: bytes) -> None:
        """Take whole lines of which none is bad, and none goes on in quotes."""
        copy.write(chunk)
        lines = chunk.count(b"\n")
        self._number += lines
        self.result.records += lines
        if not self._blank_is_record:
            self.result.records -= len(_BLANK.findall(b"\n" + chunk))

    def add(self, copy: BinaryIO, line: bytes, bad: str, size: int) -> None:
        """Take one line; `bad` says why it is none."""
        if bad:
            self.end(copy)
            self._replace(copy, line, bad, size)
        elif not self._quote:
            self._write(copy, [line])
        else:
            self._take([line], copy)

    def end(self, copy: BinaryIO) -> None:
        """No line follows that could end a quoted field."""
        while self._held:
            self._give_up(copy)

    def _take(self, waiting: list[bytes], copy: BinaryIO) -> None:
        waiting.reverse()
        while waiting:
            line = waiting.pop()
            together = [*self._held, line]
            if not self._held and self._quote not in line:
                self._write(copy, together)
            elif self._held and self._quote not in line and not self._is_too_long(together):
                self._held = together
            else:
                self._settle(together, waiting, copy)

    def _settle(self, together: list[bytes], waiting: list[bytes], copy: BinaryIO) -> None:
        text = b"\n".join(together)
        self._held = []
        if self._is_record.fullmatch(text):
            self._write(copy, together)
        elif self._is_open.fullmatch(text) and not self._is_too_long(together):
            self._held = together
        else:
            first, *rest = together
            reason = "a quote in it never ends" if rest else "its quotes do not match"
            self._replace(copy, first, reason, len(first))
            waiting.extend(reversed(rest))

    def _give_up(self, copy: BinaryIO) -> None:
        first, *rest = self._held
        self._held = []
        self._replace(copy, first, "a quote in it never ends", len(first))
        self._take(rest, copy)

    def _is_too_long(self, lines: list[bytes]) -> bool:
        return len(lines) > _MAXIMUM_QUOTED_LINES or sum(map(len, lines)) > MAXIMUM_LINE_BYTES

    def _write(self, copy: BinaryIO, lines: list[bytes]) -> None:
        self._number += len(lines)
        copy.write(b"\n".join(lines) + b"\n")
        if not self._in_header:
            self.result.records += self._blank_is_record or lines != [b""]
        self._in_header = False

    def _replace(self, copy: BinaryIO, line: bytes, reason: str, size: int) -> None:
        self._number += 1
        if self._in_header:
            raise CsvRejected(f"its header cannot be read: {reason}")
        copy.write(self._replacement)
        self.result.records += 1
        self.result.noted[self._number] = rejected_line(
            self._number, reason, line, size, len(self.result.noted)
        )
        if len(self.result.noted) >= MAXIMUM_REJECTED:
            raise CsvRejected(f"{MAXIMUM_REJECTED:,} lines or more do not parse")


def _shapes(dialect: Dialect) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Patterns of a whole record, and of one whose last field is quoted and goes on."""
    # Atomic groups: up to Python 3.11.4 a possessive quantifier of a group matches too little.
    sign, quote = re.escape(dialect.delimiter.encode()), re.escape(dialect.quote.encode() or b'"')
    escape = re.escape(dialect.escape.encode())
    inside, end = rb"(?>(?:[^%b]++|%b%b)*)" % (quote, quote, quote), b""
    if dialect.escape != dialect.quote:
        inside = rb"(?>(?:[^%b%b]++|%b.)*)" % (quote, escape, escape)
        end = rb"(?:%b)?" % escape  # of the line end that comes before the next line
    field = rb"(?:%b%b%b(?=%b|\Z)|(?!%b)[^%b\n]*+)" % (quote, inside, quote, sign, quote, sign)
    record = rb"%b(?>(?:%b%b)*)" % (field, sign, field)
    is_open = rb"(?>(?:%b%b)*)%b%b%b" % (field, sign, quote, inside, end)
    return re.compile(record, re.DOTALL), re.compile(is_open, re.DOTALL)


def rejected_line(number: int, reason: str, line: bytes, size: int, before: int) -> RejectedLine:
    """A rejected line as text; bytes that are none are escaped, and a long one is cut.

    Args:
        number: Number of the line in its file; the first is 1.
        reason: Why it is rejected.
        line: Its bytes, or the first of them.
        size: How many there are.
        before: How many lines have been rejected before.
    """
    most = MAXIMUM_TEXT_BYTES if before < _LONG_TEXTS else _SHORT_TEXT_BYTES
    return RejectedLine(number, reason, line[:most].decode("utf-8", "backslashreplace"), size)


def _lines(
    source: IO[bytes] | DecompressedReader,
    dialect: Dialect,
    go_on: Callable[[int], None],
    takes_whole: Callable[[bytes], bool],
) -> Generator[bytes | tuple[bytes, str, int]]:
    """Lines in UTF-8: many at once where they are clean and may be taken so, else one by one.

    One is without its end, and comes with the reason why it is none, and its whole size.
    """
    decode = _decoder(dialect)
    source.read(len(dialect.bom))
    held, skipped = b"", 0
    while block := source.read(BLOCK):
        go_on(len(block))
        data = held + decode(block)
        # A carriage return at the end may be half of a Windows line end.
        keep = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(keep)]
        if b"\r" in data:
            data = _END.sub(b"\n", data)
        whole, end, rest = data.rpartition(b"\n")
        held = rest + keep
        if end and not skipped and takes_whole(whole) and not _judged(whole, 0, dialect):
            yield whole + end
        elif end:
            for line in whole.split(b"\n"):
                yield line, _judged(line, skipped, dialect), len(line) + skipped
                skipped = 0
        if len(held) > MAXIMUM_LINE_BYTES:
            skipped += len(held) - MAXIMUM_TEXT_BYTES
            held = held[:MAXIMUM_TEXT_BYTES]
    for line in _last_lines(held + decode(b"")):
        yield line, _judged(line, skipped, dialect), len(line) + skipped


def _last_lines(data: bytes) -> list[bytes]:
    """What follows the last line feed: a line without an end, or some that end otherwise."""
    lines = _END.split(data)
    return lines[:-1] if not lines[-1] else lines


def _judged(line: bytes, skipped: int, dialect: Dialect) -> str:
    """Why no reader should see a line; empty where it may."""
    if len(line) + skipped > MAXIMUM_LINE_BYTES:
        return f"it is longer than {MAXIMUM_LINE_BYTES:,} bytes"
    if b"\0" in line:
        return "it holds a NUL byte"
    if not line.isascii() and not _is_text(line, dialect):
        return f"it holds bytes that are no {dialect.encoding}"
    return ""


def _is_text(line: bytes, dialect: Dialect) -> bool:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return dialect.encoding == "utf-8" or "\ufffd" not in text


def _decoder(dialect: Dialect) -> Callable[[bytes], bytes]:
    """Bytes of the file's encoding to UTF-8; what is no text becomes U+FFFD, and is judged so."""
    if dialect.encoding == "utf-8":
        return lambda block: block
    decoder = codecs.getincrementaldecoder(dialect.encoding)("replace")
    return lambda block: decoder.decode(block, not block).encode("utf-8", "replace")
