"""A sample of a file's text, from its beginning, its middle and its end.

What a dialect is detected from. Lines that hold quotes are in it wherever they are.
Not here: what the sample says (`dialect`).
"""

from dataclasses import dataclass
from pathlib import Path

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.encoding import detect_encoding
from bourne_assets.csvs.reading.scan import END_MARK, MAXIMUM_LINE_BYTES, Scan, blocks_of
from bourne_assets.translations import in_english

HEADER_TOO_LONG = in_english(
    "its header is longer than {maximum_line_bytes:,} bytes", maximum_line_bytes=MAXIMUM_LINE_BYTES
)
_HEAD_BYTES = 512 * 1024
_PART_BYTES = 256 * 1024
#: Characters of UTF-16 and UTF-32 begin at multiples of this.
_ALIGNED = 4
_END = 1
_QUOTED_LINES = 500
#: So few quotes may be inch marks, while others further down enclose fields.
_FEW_QUOTES = 100


@dataclass(frozen=True)
class Sample:
    """Text of a file.

    Attributes:
        encoding: The file's encoding.
        bom: The byte order mark that it begins with.
        head: Its first lines; all of them where `is_whole`.
        parts: Whole lines from its middle, from its end, and lines with quotes from anywhere.
        is_whole: Whether the head is the whole file.
        last: The last characters of the file.
    """

    encoding: str
    bom: bytes
    head: str
    parts: tuple[str, ...]
    is_whole: bool
    last: str

    @property
    def text(self) -> str:
        """All of it."""
        return "".join((self.head, *self.parts))

    @property
    def end(self) -> str:
        """The last lines of the file."""
        return self.head if self.is_whole else self.parts[_END]


def take_sample(path: Path, found: Scan, options: DatasetOptions) -> Sample:
    """Read a sample of a file that is not compressed.

    Args:
        path: The file.
        found: What is in it.
        options: What the user declares of its dataset.

    Raises:
        CsvRejected: Its first line is too long, or its encoding cannot be determined.
        OSError: It cannot be read.
    """
    start = _start(path)
    bom, encoding = detect_encoding(path, start, options.encoding)
    size = path.stat().st_size
    head = _without_marks(start[len(bom) :].decode(encoding, "replace"))
    if len(start) >= size:
        head = head.rstrip(END_MARK)
        return Sample(encoding, bom, head, (), is_whole=True, last=head[-2:])
    places = [max(len(start), size // 2), max(len(start), size - _PART_BYTES)]
    parts = [_part(path, place - place % _ALIGNED, encoding) for place in places]
    if found.has_quote and sum(text.count('"') for text in (head, *parts)) < _FEW_QUOTES:
        parts.append(_quoted_lines(path, encoding))
    whole = _whole_lines(head)
    with path.open("rb") as file:
        file.seek(size - size % _ALIGNED - _ALIGNED)
        last = file.read().decode(encoding, "replace").rstrip(END_MARK)[-2:]
    return Sample(encoding, bom, whole, tuple(parts), is_whole=False, last=last)


def _start(path: Path) -> bytes:
    """The first bytes, and more where the first line is longer."""
    with path.open("rb") as file:
        start = file.read(_HEAD_BYTES)
        if not any(end in start for end in (b"\n", b"\r")):
            start += file.read(MAXIMUM_LINE_BYTES)
    if len(start) > MAXIMUM_LINE_BYTES and not any(end in start for end in (b"\n", b"\r")):
        raise CsvRejected(HEADER_TOO_LONG)
    return start


def _whole_lines(head: str) -> str:
    """The text up to its last line end; a CR at its end may be the half of one."""
    text = head.removesuffix("\r")
    whole = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or head
    return whole.removesuffix("\r") if text[len(whole) : len(whole) + 1] == "\n" else whole


def _part(path: Path, place: int, encoding: str) -> str:
    """Whole lines from a place on."""
    with path.open("rb") as file:
        file.seek(place)
        text = file.read(_PART_BYTES + _ALIGNED).decode(encoding, "replace")
        is_last = not file.read(1)
    end = "\n" if "\n" in text else "\r"
    _, _, rest = text.partition(end)
    whole = rest.rstrip(END_MARK) if is_last else rest[: rest.rfind(end) + 1]
    return _without_marks(whole)


def _without_marks(text: str) -> str:
    """The text without the byte order marks that lines begin with where files were put together."""
    return text.replace("\n\ufeff", "\n") if "\ufeff" in text else text


def _quoted_lines(path: Path, encoding: str) -> str:
    """Lines with quotes, from anywhere in a file."""
    lines: list[bytes] = []
    tail = b""
    for block in blocks_of(path):
        *whole, tail = (tail + block).split(b"\n") if b'"' in tail + block else [b""]
        lines += [line for line in whole if b'"' in line]
        if len(lines) >= _QUOTED_LINES:
            break
    text = b"\n".join(lines[:_QUOTED_LINES])[:_PART_BYTES]
    return text.decode(encoding, "replace") + "\n"
