"""The dialect of a CSV file: encoding, delimiter, quoting, header, columns.

Found, not assumed, and what the user says of the dataset comes first. The challenge's files know
no quoting: a lone `"` is data there. In any other file quotes are quotes where fields are enclosed
in them, and data where they stand inside of fields.
What must not be put here: bytes (`scan`), rows (`reading`), and what columns mean (`options`).
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions, is_challenge
from bourne_assets.csvs.reading.bounds import open_bytes
from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES, Scan, blocks_of, weigh_utf8

_DELIMITERS = ("|", ";", "\t", ",")
_SAMPLE = 256 * 1024
#: Of a text in UTF-16 at least so many letters are ASCII: names, digits, delimiters.
_WIDE_SHARE = 0.4
#: DuckDB holds some 2,000 rows of all columns at once: more would not fit into the memory that
#: reading may take.
MAXIMUM_COLUMNS = 2_048
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


#: What may stand inside of quotes, by what escapes a quote there; the likelier one first.
_INSIDE = {'"': r'(?:[^"]|"")*', "\\": r'(?:[^"\\]|\\.)*'}


class _Quoting(NamedTuple):
    """The quoting character, and what escapes it inside of quotes."""

    quote: str
    escape: str


_UNQUOTED = _Quoting("", "")


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read.

    Attributes:
        encoding: As Python names it.
        bom: The byte order bom that the file begins with, if any.
        delimiter: One character.
        quote: The quoting character; empty where quotes are data.
        escape: What stands before a quote inside of quotes: the quote itself, or a backslash, or
            what the user says.
        has_header: Whether the first line names the columns.
        header: The fields of the first line, as they stand.
        columns: Names of the columns: none empty, no two alike, whatever their case.
        is_gzip: Whether the file is compressed.
        is_challenge: Whether its columns are the challenge's.
    """

    encoding: str
    bom: bytes
    delimiter: str
    quote: str
    escape: str
    has_header: bool
    header: tuple[str, ...]
    columns: tuple[str, ...]
    is_gzip: bool
    is_challenge: bool

    @property
    def has_byte_order_mark(self) -> bool:
        """Whether the file begins with a byte order bom."""
        return bool(self.bom)


def detect_dialect(path: Path, found: Scan, said: DatasetOptions | None = None) -> Dialect:
    """Find how a file is to be read.

    Args:
        path: The file.
        found: What stands in it.
        said: What the user says of its dataset.

    Raises:
        CsvRejected: The file is empty, has no header, too many columns, or is no text.
        OSError: It cannot be read.
    """
    said = said or DatasetOptions()
    sample = _sample(path, found)
    bom, encoding = _encoding(path, sample, found, said)
    text = sample[len(bom) :].decode(encoding, "replace")
    if not text.strip("\0 \t\r\n\f\v"):
        raise CsvRejected("it is empty")
    first = re.match(r"[^\r\n]*", text)
    if not first or not first[0].strip():
        raise CsvRejected("its first line, which should be the header, is blank")
    if "\0" in first[0]:
        raise CsvRejected("it is no text (its first line holds NUL bytes)")
    delimiter = said.delimiter or _delimiter(text)
    quoting = _quoting(text, delimiter, said)
    header = _fields(text, delimiter, quoting)
    if said.quote is None and delimiter == "|" and is_challenge(header):
        quoting = _UNQUOTED
    if len(header) > MAXIMUM_COLUMNS:
        raise CsvRejected(
            f"it has {len(header):,} columns, and at most {MAXIMUM_COLUMNS:,} are read"
        )
    is_known = is_challenge(header)
    has_header = is_known or _has_header(header, text, delimiter, quoting, said)
    return Dialect(
        encoding=encoding,
        bom=bom,
        delimiter=delimiter,
        quote=quoting.quote,
        escape=quoting.escape,
        has_header=has_header,
        header=header,
        columns=_names(header if has_header else ("",) * len(header), said),
        is_gzip=found.is_gzip,
        is_challenge=is_known,
    )


def _sample(path: Path, found: Scan) -> bytes:
    """The first block, or more where the first line is longer."""
    with open_bytes(path, is_gzip=found.is_gzip) as file:
        start = file.read(_SAMPLE)
        if not any(end in start for end in (b"\n", b"\r")):
            start += file.read(MAXIMUM_LINE_BYTES)
    if len(start) > MAXIMUM_LINE_BYTES and not any(end in start for end in (b"\n", b"\r")):
        raise CsvRejected(f"its header is longer than {MAXIMUM_LINE_BYTES:,} bytes")
    return start


def _encoding(path: Path, sample: bytes, found: Scan, said: DatasetOptions) -> tuple[bytes, str]:
    bom, bom_encoding = next((each for each in _BOMS if sample.startswith(each[0])), (b"", ""))
    if said.encoding:
        return bom, codecs.lookup(said.encoding).name
    if bom_encoding:
        return bom, bom_encoding
    if wide := _wide(sample):
        return b"", wide
    in_sample = weigh_utf8([sample])
    # A letter may be cut off at the sample's end; whatever else is odd, all of the file decides.
    if in_sample.invalid > (0 if len(sample) < _SAMPLE else 3) and not found.is_gzip:
        return b"", weigh_utf8(blocks_of(path)).encoding
    return b"", in_sample.encoding


def _wide(sample: bytes) -> str:
    """UTF-16 without a bom: of plain letters every second byte is NUL, beginning at once."""
    even, odd = sample[:4096:2].count(0), sample[1:4096:2].count(0)
    pairs = len(sample[:4096]) // 2
    if odd > _WIDE_SHARE * pairs > even and sample[0] and not sample[1]:
        return "utf-16-le"
    if even > _WIDE_SHARE * pairs > odd and sample[1] and not sample[0]:
        return "utf-16-be"
    return ""


def _delimiter(text: str) -> str:
    """The one that splits the first line into most fields."""
    return max(_DELIMITERS, key=lambda each: len(_fields(text, each, _found_quoting(text, each))))


def _quoting(text: str, delimiter: str, said: DatasetOptions) -> _Quoting:
    """What the user says of quotes, and what is found where nothing is said."""
    found = _found_quoting(text, delimiter)
    quote = said.quote
    if quote is None:
        quote = found.quote or ('"' if said.escape else "")
    if not quote:
        return _UNQUOTED
    return _Quoting(quote, said.escape or (found.escape if quote == found.quote else quote))


def _found_quoting(text: str, delimiter: str) -> _Quoting:
    """Whether fields are enclosed in quotes, or hold them as data; and what escapes quotes."""
    if '"' not in text:
        return _UNQUOTED if delimiter == "|" else _Quoting('"', '"')
    # The first of equals: most files double their quotes, and a backslash may be one of a path.
    escape = min(_INSIDE, key=lambda each: _enclosed(text, delimiter, each)[1])
    enclosed, strange = _enclosed(text, delimiter, escape)
    # Where it is a draw, quotes are data in a file of pipes, which seldom quotes.
    needed = max(1, strange + (delimiter == "|"))
    return _Quoting('"', escape) if enclosed >= needed else _UNQUOTED


def _enclosed(text: str, delimiter: str, escape: str) -> tuple[int, int]:
    """How many fields are enclosed in quotes, and how many quotes stand elsewhere."""
    sign = re.escape(delimiter)
    field = rf'(?:^|(?<={sign})|(?<=\n)|(?<=\r))"{_INSIDE[escape]}"(?={sign}|\r|\n|$)'
    rest, count = re.subn(field, "", text, flags=re.DOTALL)
    return count, rest.count('"')


def _fields(text: str, delimiter: str, quoting: _Quoting) -> tuple[str, ...]:
    """The fields of the first line."""
    limit = csv.field_size_limit(MAXIMUM_LINE_BYTES + _SAMPLE)
    try:
        return tuple(next(_reader(text, delimiter, quoting), []))
    except (csv.Error, ValueError):  # of signs that no reader tells apart
        return ()
    finally:
        csv.field_size_limit(limit)


def _reader(text: str, delimiter: str, quoting: _Quoting) -> Iterator[list[str]]:
    has_doubled = quoting.escape == quoting.quote
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quoting.quote or '"',
        quoting=csv.QUOTE_MINIMAL if quoting.quote else csv.QUOTE_NONE,
        doublequote=has_doubled,
        escapechar=None if has_doubled else quoting.escape,
    )


def _has_header(
    first: tuple[str, ...], text: str, delimiter: str, quoting: _Quoting, said: DatasetOptions
) -> bool:
    """Whether the first line names columns: names are no numbers, where the others hold some."""
    if said.header is not None:
        return said.header
    if not any(_is_number(name) for name in first):
        return True
    try:
        rows = _reader(text, delimiter, quoting)
        second = next(row for number, row in enumerate(rows) if number and row)
    except (StopIteration, csv.Error, ValueError):
        return True
    return [_is_number(value) for value in first] != [_is_number(value) for value in second]


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?\s*", text))


def _names(given: tuple[str, ...], said: DatasetOptions) -> tuple[str, ...]:
    """Names for all columns: what is empty is numbered, what is there already too."""
    if said.columns:
        if len(said.columns) != len(given):
            raise CsvRejected(
                f"it has {len(given)} columns, and BOURNE_CSV_DATASETS names {len(said.columns)}"
            )
        given = said.columns
    names: list[str] = []
    taken: set[str] = set()
    for number, name in enumerate(given, start=1):
        wanted = base = name.replace("\0", "") if name.strip() else f"column_{number}"
        again = 1
        while wanted.casefold() in taken:
            again += 1
            wanted = f"{base}_{again}"
        taken.add(wanted.casefold())
        names.append(wanted)
    return tuple(names)
